//@ why: what cargo reads, cargo has to follow
//@ pair: new-module
//@ ask: x => version 0.0.0, call 1
//@ edit Cargo.toml: replace "0.0.0" with "0.0.1"
//@ expect: restarted
//@ code: HP0601
//@ ask: x => version 0.0.1, call 1
//@ edit src/main.rs: replace "call" with "number"
//@ expect: patched
//@ ask: x => version 0.0.1, number 2

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!(
        "version {}, call {}",
        env!("CARGO_PKG_VERSION"),
        COUNT.fetch_add(1, Relaxed) + 1
    )
}
