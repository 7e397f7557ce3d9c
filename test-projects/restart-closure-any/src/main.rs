//@ why: an old closure is found by its type, which is the same as before, by new code that knows other captures
//@ pair: closure-same-captures
//@ ask: 4 => sum 104, kept 0
//@ ask: 4 => sum 104, kept 1
//@ edit src/main.rs: replace "let function = move |number: u64| number + base;" with "let function = move |number: u64| number + base + more;"
//@ expect: restarted
//@ code: HP0301
//@ ask: 4 => sum 1104, kept 0
//@ ask: 4 => sum 1104, kept 1

use std::any::Any;

fn main() {
    let mut kept: Vec<Box<dyn Any>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut kept, &line));
    }
}

#[allow(unused_variables)]
fn answer(kept: &mut Vec<Box<dyn Any>>, request: &str) -> String {
    let (base, more) = (100, 1000);
    let function = move |number: u64| number + base;
    called(function, kept, request.trim().parse().unwrap_or(0))
}

/// Calls those of its kind that were kept before as well.
fn called<F: Fn(u64) -> u64 + 'static>(
    function: F,
    kept: &mut Vec<Box<dyn Any>>,
    number: u64,
) -> String {
    let sum = function(number);
    let others = kept.iter().filter_map(|other| other.downcast_ref::<F>());
    let count = others.filter(|other| other(number) == sum).count();
    kept.push(Box::new(function));
    format!("sum {sum}, kept {count}")
}
