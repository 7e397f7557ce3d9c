//@ why: a type gets a destructor: nothing holds one behind a vtable, so values made from now on have it
//@ ask: x => made, dropped 0
//@ edit src/main.rs: append "\nimpl Drop for Token {\n    fn drop(&mut self) {\n        DROPPED.fetch_add(self.0, Relaxed);\n    }\n}\n"
//@ expect: patched
//@ ask: x => made, dropped 5

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[allow(dead_code)]
struct Token(u32);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    DROPPED.store(0, Relaxed);
    make();
    format!("made, dropped {}", DROPPED.load(Relaxed))
}

fn make() {
    let _tokens = [Token(2), Token(3)];
}
