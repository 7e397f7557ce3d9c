//@ why: two blocks of one function, each with a static of the same name, and a third one above them
//@ pair: local-statics
//@ ask: a => a1
//@ ask: b => b1
//@ ask: b => b2
//@ edit src/main.rs: replace "        \"a\" => {" with "        \"c\" => {\n            static COUNT: AtomicU32 = AtomicU32::new(0);\n            format!(\"c{}\", COUNT.fetch_add(1, Relaxed) + 1)\n        }\n        \"a\" => {"
//@ expect: restarted
//@ code: HP0503
//@ reason: COUNT
//@ ask: b => b1
//@ ask: c => c1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    match request {
        "a" => {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            format!("a{}", COUNT.fetch_add(1, Relaxed) + 1)
        }
        _ => {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            format!("b{}", COUNT.fetch_add(1, Relaxed) + 1)
        }
    }
}
