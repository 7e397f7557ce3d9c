//@ why: commas at the end of a generic function's lists come and go without a meaning, while all its callers change
//@ pair: restart-track-caller
//@ ask: 4 => direct 4
//@ edit src/main.rs: replace "fn shown<T>(value: &T) -> String\nwhere\n    T: Display,\n{\n    format!(\"{value}\")" with "fn shown<T,>(value: &T,) -> String\nwhere\n    T: Display\n{\n    format!(\"<{value}>\")"
//@ edit+ src/main.rs: replace "direct {}" with "straight {}"
//@ expect: patched
//@ ask: 4 => straight <4>

use std::fmt::Display;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    format!("direct {}", shown(&number))
}

#[rustfmt::skip]
fn shown<T>(value: &T) -> String
where
    T: Display,
{
    format!("{value}")
}
