//@ why: a type gets a destructor, and the vtables of its objects say that it has none
//@ pair: trait-object-drop-body
//@ ask: x => dropped 0
//@ edit src/main.rs: append "\nimpl Drop for Plain {\n    fn drop(&mut self) {\n        DROPPED.fetch_add(self.0, Relaxed);\n    }\n}\n"
//@ expect: restarted
//@ code: HP0401
//@ reason: drop glue
//@ ask: x => dropped 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

trait Token {
    fn value(&self) -> u32;
}

struct Plain(u32);

impl Token for Plain {
    fn value(&self) -> u32 {
        self.0
    }
}

fn main() {
    let mut tokens: Vec<Box<dyn Token>> = (0..9)
        .map(|_| Box::new(Plain(1)) as Box<dyn Token>)
        .collect();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tokens, &line));
    }
}

fn answer(tokens: &mut Vec<Box<dyn Token>>, _request: &str) -> String {
    assert_eq!(tokens.pop().map(|token| token.value()), Some(1));
    format!("dropped {}", DROPPED.load(Relaxed))
}
