//@ why: an edit needs a generic for a type that it was never compiled for
//@ pair: restart-generic-field
//@ ask: 3 => 6
//@ edit src/main.rs: replace "doubled(number)" with "doubled(f64::from(number) + 0.25)"
//@ expect: patched
//@ function: generic_new_instance::compute patched
//@ ask: 3 => 6.5
//@ edit src/main.rs: replace "value + value" with "value + value + value"
//@ expect: patched
//@ ask: 3 => 9.75

use std::ops::Add;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    compute(request.trim().parse().unwrap_or(0))
}

fn compute(number: u32) -> String {
    doubled(number).to_string()
}

fn doubled<T: Add<Output = T> + Copy>(value: T) -> T {
    value + value
}
