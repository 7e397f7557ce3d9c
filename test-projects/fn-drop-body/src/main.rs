//@ why: values that exist are dropped by the new body of their type's destructor
//@ pair: restart-fn-drop-field
//@ ask: drop => dropped 1
//@ edit src/main.rs: replace "fetch_add(self.0, Relaxed)" with "fetch_add(self.0 * 100, Relaxed)"
//@ expect: patched
//@ warm-only: one value was dropped before
//@ ask: drop => dropped 101
//@ ask: drop => dropped 201

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Token(u32);

impl Drop for Token {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Relaxed);
    }
}

fn main() {
    let mut tokens: Vec<Box<Token>> = (0..9).map(|_| Box::new(Token(1))).collect();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut tokens, &line));
    }
}

#[allow(clippy::vec_box)]
fn answer(tokens: &mut Vec<Box<Token>>, _request: &str) -> String {
    tokens.pop();
    format!("dropped {}", DROPPED.load(Relaxed))
}
