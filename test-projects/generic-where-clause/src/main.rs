//@ why: a bound is added to a generic function whose body needs it
//@ pair: restart-generic-where-sized
//@ ask: 4 => direct 4, stored 7
//@ edit src/main.rs: replace "where\n    T: Display,\n{\n    format!(\"{value}\")" with "where\n    T: Display + Default + PartialOrd,\n{\n    format!(\"{value} {}\", *value > T::default())"
//@ expect: patched
//@ ask: 4 => direct 4 true, stored 7 true

use std::fmt::Display;

fn main() {
    let stored: fn(&u32) -> String = shown::<u32>;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn(&u32) -> String, request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", shown(&number), stored(&7))
}

fn shown<T>(value: &T) -> String
where
    T: Display,
{
    format!("{value}")
}
