//@ why: a value of a type that did not change is found by its type, by old and by new code
//@ pair: restart-trait-any-changed
//@ ask: 4 => 1 of 1, sum 4
//@ edit src/main.rs: replace "\"{} of {}, sum {sum}\"" with "\"{} out of {}, sum {sum}\""
//@ edit+ src/main.rs: replace "own.0 as u64" with "own.0 as u64 * 10"
//@ expect: patched
//@ warm-only: one value was made before
//@ ask: 5 => 2 out of 2, sum 90

use std::any::Any;

struct Own(u32);

fn main() {
    let mut values: Vec<Box<dyn Any>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut values, &line));
    }
}

fn answer(values: &mut Vec<Box<dyn Any>>, request: &str) -> String {
    values.push(Box::new(Own(request.trim().parse().unwrap_or(0))));
    let own: Vec<u64> = values
        .iter()
        .filter_map(|value| value.downcast_ref::<Own>())
        .map(|own| own.0 as u64)
        .collect();
    let sum: u64 = own.iter().sum();
    format!("{} of {}, sum {sum}", own.len(), values.len())
}
