//@ why: a static that nobody uses any more goes away with its last use
//@ pair: restart-static-moved
//@ ask: x => 1 of 10
//@ edit src/main.rs: replace "static LIMIT: AtomicU32 = AtomicU32::new(10);\n" with ""
//@ edit+ src/main.rs: replace "format!(\"{count} of {}\", LIMIT.load(Relaxed))" with "format!(\"{count}\")"
//@ expect: patched
//@ ask: x => 2

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);
static LIMIT: AtomicU32 = AtomicU32::new(10);

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
    format!("{count} of {}", LIMIT.load(Relaxed))
}
