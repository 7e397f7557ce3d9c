//@ why: a static moves into a module: to whoever goes by paths it is another one, and its value would be lost
//@ pair: static-removed
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: replace "static COUNT: AtomicU32 = AtomicU32::new(0);\n" with "mod state {\n    pub static COUNT: super::AtomicU32 = super::AtomicU32::new(0);\n}\n"
//@ edit+ src/main.rs: replace "COUNT.fetch_add" with "state::COUNT.fetch_add"
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
