//@ why: optimised: a function that is called from functions that stay the same, with a constant and through a pointer
//@ pair: restart-fn-optimised-caller
//@ ask: 4 => direct 14, constant 52, stored 14
//@ edit src/main.rs: replace "number + 10" with "number * 10"
//@ expect: patched
//@ only: fn_optimised_body::shifted patched
//@ ask: 4 => direct 40, constant 420, stored 40

use std::hint::black_box;

fn main() {
    let stored: fn(u64) -> u64 = shifted;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

#[inline(never)]
fn answer(stored: fn(u64) -> u64, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!(
        "direct {}, constant {}, stored {}",
        shifted(number),
        constant(),
        black_box(stored)(number)
    )
}

#[inline(never)]
fn constant() -> u64 {
    shifted(42)
}

#[inline(never)]
fn shifted(number: u64) -> u64 {
    number + 10
}
