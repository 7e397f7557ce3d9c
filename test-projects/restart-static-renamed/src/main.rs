//@ why: a static gets another name: nobody can tell whether the value is meant to come along, and it would be lost without a word
//@ pair: static-unused
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: replace "static COUNT: AtomicU32" with "static TALLY: AtomicU32"
//@ edit+ src/main.rs: replace "COUNT.fetch_add" with "TALLY.fetch_add"
//@ expect: restarted
//@ code: HP0503
//@ ask: x => 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

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
