//@ why: the associated type of an operator changes, with direct callers only
//@ pair: restart-generic-operator-output-dyn
//@ ask: 3000000000 => 3000000010
//@ edit src/main.rs: replace "type Output = u32;" with "type Output = u64;"
//@ edit+ src/main.rs: replace "fn add(self, other: Self) -> u32 {\n        self.0 + other.0" with "fn add(self, other: Self) -> u64 {\n        u64::from(self.0) * u64::from(other.0)"
//@ expect: patched
//@ ask: 3000000000 => 30000000000

use std::ops::Add;

struct Number(u32);

impl Add for Number {
    type Output = u32;
    fn add(self, other: Self) -> u32 {
        self.0 + other.0
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    summed(Number(request.trim().parse().unwrap_or(0)), Number(10))
}

fn summed<T: Add>(one: T, two: T) -> String
where
    T::Output: std::fmt::Display,
{
    (one + two).to_string()
}
