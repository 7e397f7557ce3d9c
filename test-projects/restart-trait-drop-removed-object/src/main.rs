//@ why: a type loses its destructor, and the vtables of its objects hold it
//@ pair: trait-drop-removed-static
//@ ask: x => dropped 1
//@ edit src/main.rs: replace "\nimpl Drop for Token {\n    fn drop(&mut self) {\n        DROPPED.fetch_add(self.0, Relaxed);\n    }\n}\n" with ""
//@ edit+ src/main.rs: replace "\"dropped {}\"" with "\"dropped: {}\""
//@ expect: restarted
//@ code: HP0401
//@ ask: x => dropped: 0

use std::any::Any;
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
    let mut tokens: Vec<Box<dyn Any>> =
        (0..9).map(|_| Box::new(Token(1)) as Box<dyn Any>).collect();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tokens, &line));
    }
}

fn answer(tokens: &mut Vec<Box<dyn Any>>, _request: &str) -> String {
    tokens.pop();
    format!("dropped {}", DROPPED.load(Relaxed))
}
