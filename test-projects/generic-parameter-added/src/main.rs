//@ why: a generic function gets one more type parameter; a pointer to an old instance keeps it
//@ pair: restart-generic-parameter-added-dyn
//@ ask: 4 => direct 4 and 4, stored 4 and 1
//@ edit src/main.rs: replace "shown(&number, &number)" with "shown(&number, &\"text\")"
//@ edit+ src/main.rs: replace "fn shown<T: Display>(one: &T, two: &T) -> String {\n    format!(\"{one} and {two}\")" with "fn shown<T: Display, U: Display>(one: &T, two: &U) -> String {\n    format!(\"{one}, {two}\")"
//@ edit+ src/main.rs: replace "let stored: Shown = shown::<u32>;" with "let stored: Shown = shown::<u32, u32>;"
//@ expect: patched
//@ warm-only: main has stored the old instance
//@ ask: 4 => direct 4, text, stored 4 and 1

use std::fmt::Display;

type Shown = fn(&u32, &u32) -> String;

fn main() {
    let stored: Shown = shown::<u32>;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Shown, request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    format!(
        "direct {}, stored {}",
        shown(&number, &number),
        stored(&number, &1)
    )
}

fn shown<T: Display>(one: &T, two: &T) -> String {
    format!("{one} and {two}")
}
