//@ why: a static keeps its place, and there is no room for a second number
//@ pair: static-counter
//@ ask: x => 1
//@ edit src/main.rs: replace "static COUNT: AtomicU32 = AtomicU32::new(0);" with "static COUNT: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];"
//@ edit+ src/main.rs: replace "COUNT.fetch_add" with "COUNT[1].fetch_add"
//@ expect: restarted
//@ code: HP0501
//@ reason: COUNT
//@ ask: x => 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            count()
        });
    }
}

fn count() -> String {
    (COUNT.fetch_add(1, Relaxed) + 1).to_string()
}
