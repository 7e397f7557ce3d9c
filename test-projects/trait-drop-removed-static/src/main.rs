//@ why: a type loses its destructor; values that exist are dropped by new code, without one
//@ pair: restart-trait-drop-removed-object
//@ ask: x => dropped 1
//@ edit src/main.rs: replace "\nimpl Drop for Token {\n    fn drop(&mut self) {\n        DROPPED.fetch_add(self.0, Relaxed);\n    }\n}\n" with ""
//@ edit+ src/main.rs: replace "\"dropped {}\"" with "\"dropped: {}\""
//@ expect: patched
//@ warm-only: one value was dropped before
//@ ask: x => dropped: 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[allow(dead_code)]
struct Token(u32);

impl Drop for Token {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Relaxed);
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    use_one();
    format!("dropped {}", DROPPED.load(Relaxed))
}

fn use_one() {
    let _token = Token(1);
}
