//@ why: the payload of panics changes, and one that was caught before is still there
//@ pair: fn-panic-payload
//@ ask: 3 => now 3, first 3
//@ edit src/main.rs: replace "struct Failure {\n    code: u64" with "struct Failure {\n    code: u8"
//@ edit+ src/main.rs: replace "fn fail(number: u64) {" with "fn fail(number: u8) {"
//@ expect: restarted
//@ code: HP0101
//@ reason: Failure
//@ ask: 4 => now 4, first 4

use std::any::Any;
use std::panic::{catch_unwind, panic_any};

struct Failure {
    code: u64,
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut caught: Vec<Box<dyn Any + Send>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut caught, &line));
    }
}

fn answer(caught: &mut Vec<Box<dyn Any + Send>>, request: &str) -> String {
    caught.push(catch_unwind(|| fail(request.trim().parse().unwrap_or(0))).unwrap_err());
    let code = |index: usize| caught[index].downcast_ref::<Failure>().unwrap().code;
    format!("now {}, first {}", code(caught.len() - 1), code(0))
}

fn fail(number: u64) {
    panic_any(Failure { code: number })
}
