//@ why: two functions, each with a static of the same name; one function is edited, and a static of another name comes
//@ pair: restart-local-static-inserted
//@ ask: a => a1
//@ ask: b => b1
//@ ask: b => b2
//@ edit src/main.rs: replace "format!(\"b{}\", COUNT.fetch_add(1, Relaxed) + 1)" with "static EXTRA: AtomicU32 = AtomicU32::new(7);\n    format!(\"b{} {}\", COUNT.fetch_add(1, Relaxed) + 1, EXTRA.load(Relaxed))"
//@ expect: patched
//@ ask: b => b3 7
//@ ask: a => a2

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", if line == "a" { a() } else { b() });
    }
}

fn a() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("a{}", COUNT.fetch_add(1, Relaxed) + 1)
}

fn b() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("b{}", COUNT.fetch_add(1, Relaxed) + 1)
}
