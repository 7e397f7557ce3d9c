//@ why: a static keeps address and value, so it cannot change its type
//@ pair: static-initialiser
//@ ask: x => 1
//@ edit src/main.rs: replace "static COUNT: AtomicU32 = AtomicU32::new(0);" with "static COUNT: AtomicU64 = AtomicU64::new(0);"
//@ expect: restarted
//@ code: HP0501
//@ reason: COUNT
//@ ask: x => 1

#[allow(unused_imports)]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!("{}", COUNT.fetch_add(1, Relaxed) + 1)
}
