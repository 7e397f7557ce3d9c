//@ why: another static takes over, on purpose: the one that was used stays where it is
//@ pair: restart-static-renamed
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: append "\n#[allow(dead_code)]\nstatic TALLY: AtomicU32 = AtomicU32::new(100);\n"
//@ edit+ src/main.rs: replace "COUNT.fetch_add" with "TALLY.fetch_add"
//@ expect: patched
//@ warm-only: a cold start asks the new static from the beginning
//@ ask: x => 101
//@ edit src/main.rs: replace "TALLY.fetch_add" with "COUNT.fetch_add"
//@ expect: patched
//@ warm-only: a cold start asks the first static for all
//@ ask: x => 3

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

#[allow(dead_code)]
static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next()
        });
    }
}

fn next() -> String {
    let count = COUNT.fetch_add(1, Relaxed) + 1;
    format!("{count}")
}
