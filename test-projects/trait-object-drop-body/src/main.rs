//@ why: objects that exist are dropped by the new body of their type's destructor
//@ pair: restart-trait-object-drop-added
//@ ask: x => dropped 1
//@ edit src/main.rs: replace "fetch_add(self.0, Relaxed)" with "fetch_add(self.0 * 10, Relaxed)"
//@ expect: patched
//@ warm-only: one object was dropped before
//@ ask: x => dropped 11

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

impl Drop for Plain {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Relaxed);
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
