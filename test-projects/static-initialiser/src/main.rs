//@ why: the value of a live static stays when its initialiser is edited; new code sees the old value
//@ pair: restart-static-type
//@ ask: x => 5
//@ edit src/main.rs: replace "AtomicU32::new(5)" with "AtomicU32::new(50)"
//@ edit+ src/main.rs: replace "format!(\"{}\"" with "format!(\"now {}\""
//@ expect: patched
//@ warm-only: a cold start begins with 50
//@ ask: x => now 6

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(5);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!("{}", COUNT.fetch_add(1, Relaxed))
}
