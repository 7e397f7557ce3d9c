//@ why: optimised: the edited function is part of a caller's code as well, and that caller also passes its address on
//@ pair: fn-optimised-body
//@ ask: 4 => direct 14, passed 14
//@ edit src/main.rs: replace "number + 10" with "number * 10"
//@ expect: restarted
//@ code: HP0205
//@ ask: 4 => direct 40, passed 40

use std::hint::black_box;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[inline(never)]
fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    let passed: fn(u64) -> u64 = black_box(shifted);
    format!("direct {}, passed {}", shifted(number), passed(number))
}

fn shifted(number: u64) -> u64 {
    number + 10
}
