//@ why: patch upon patch of the same and of other functions, with a restart in between
//@ ask: 1 => a1 b1 1
//@ edit src/main.rs: replace "format!(\"a{number}\")" with "format!(\"A{number}\")"
//@ expect: patched
//@ ask: 1 => A1 b1 2
//@ edit src/main.rs: replace "format!(\"b{number}\")" with "format!(\"B{number}\")"
//@ expect: patched
//@ ask: 1 => A1 B1 3
//@ edit src/main.rs: replace "format!(\"A{number}\")" with "[\"A\", &right(number)].concat()"
//@ expect: patched
//@ ask: 1 => AB1 B1 4
//@ edit src/main.rs: replace "AtomicU32 = AtomicU32::new(0)" with "AtomicU64 = AtomicU64::new(0)"
//@ expect: restarted
//@ ask: 1 => AB1 B1 1
//@ edit src/main.rs: replace "format!(\"B{number}\")" with "format!(\"C{number}\")"
//@ expect: patched
//@ ask: 1 => AC1 C1 2
//@ edit src/main.rs: replace "[\"A\", &right(number)].concat()" with "right(number) + \"!\""
//@ expect: patched
//@ ask: 1 => C1! C1 3

#[allow(unused_imports)]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!(
        "{} {} {}",
        left(number),
        right(number),
        COUNT.fetch_add(1, Relaxed) + 1
    )
}

fn left(number: u32) -> String {
    format!("a{number}")
}

fn right(number: u32) -> String {
    format!("b{number}")
}
