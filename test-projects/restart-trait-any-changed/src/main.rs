//@ why: a value of a type that did change would still be found by its type, which has the same identity
//@ pair: trait-any-unchanged
//@ ask: 4 => 1 of 1, sum 4
//@ edit src/main.rs: replace "struct Own(u32);" with "struct Own(u64);"
//@ expect: restarted
//@ code: HP0101
//@ reason: Own
//@ ask: 5000000000 => 1 of 1, sum 5000000000

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
        .map(|own| u64::from(own.0))
        .collect();
    let sum: u64 = own.iter().sum();
    format!("{} of {}, sum {sum}", own.len(), values.len())
}
