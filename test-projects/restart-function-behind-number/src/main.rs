//@ why: a function's address is kept as a number; its signature changes, and so does what the number is taken for
//@ ask: 3 => 6
//@ edit src/main.rs: replace "fn(u32) -> u32 = unsafe" with "fn(&str) -> String = unsafe"
//@ edit+ src/main.rs: replace "handler(line.trim().parse().unwrap_or(0))" with "handler(line.trim())"
//@ edit+ src/main.rs: replace "fn double(number: u32) -> u32 {\n    number * 2\n}" with "fn double(text: &str) -> String {\n    text.repeat(2)\n}"
//@ expect: restarted
//@ code: HP0103
//@ reason: takes memory
//@ ask: 3 => 33

use std::sync::atomic::{AtomicUsize, Ordering};

static HANDLER: AtomicUsize = AtomicUsize::new(0);

fn main() {
    HANDLER.store(double as *const () as usize, Ordering::Relaxed);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", call(&line));
    }
}

fn call(line: &str) -> String {
    // SAFETY: `main` stored the address of such a function.
    let handler: fn(u32) -> u32 = unsafe { std::mem::transmute(HANDLER.load(Ordering::Relaxed)) };
    handler(line.trim().parse().unwrap_or(0)).to_string()
}

fn double(number: u32) -> u32 {
    number * 2
}
