//@ why: a type goes away and comes back with another layout; the value that was kept has its old one, and the same type to all who ask
//@ pair: fn-removed-and-returned
//@ ask: x => 1 of 1, sum 7
//@ edit src/main.rs: replace "struct Own(u8);" with ""
//@ edit+ src/main.rs: replace "values.push(Box::new(Own(7)));" with "let _ = &values;"
//@ edit+ src/main.rs: replace "values.iter().filter_map(|value| value.downcast_ref::<Own>()).map(|own| own.0.into()).collect()" with "vec![]"
//@ expect: patched
//@ warm-only: the value was made by the old code
//@ ask: x => 0 of 1, sum 0
//@ edit src/main.rs: replace "let _ = &values;" with "values.push(Box::new(Own([7; 4])));"
//@ edit+ src/main.rs: replace "vec![]" with "values.iter().filter_map(|value| value.downcast_ref::<Own>()).map(|own| own.0[3]).collect()"
//@ edit+ src/main.rs: append "\nstruct Own([u64; 4]);\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Own
//@ ask: x => 1 of 1, sum 7

use std::any::Any;

struct Own(u8);

fn main() {
    let mut values: Vec<Box<dyn Any>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut values, &line));
    }
}

#[rustfmt::skip]
fn answer(values: &mut Vec<Box<dyn Any>>, _request: &str) -> String {
    values.push(Box::new(Own(7)));
    let own: Vec<u64> = found(values);
    let sum: u64 = own.iter().sum();
    format!("{} of {}, sum {sum}", own.len(), values.len())
}

#[rustfmt::skip]
#[allow(unused_variables)]
fn found(values: &[Box<dyn Any>]) -> Vec<u64> {
    values.iter().filter_map(|value| value.downcast_ref::<Own>()).map(|own| own.0.into()).collect()
}
