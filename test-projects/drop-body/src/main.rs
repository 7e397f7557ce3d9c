//@ why: values made before the edit are dropped by the new destructor
//@ ask: keep => 1 kept, log: []
//@ ask: drop => 0 kept, log: ["old drop 1"]
//@ ask: keep => 1 kept, log: ["old drop 1"]
//@ edit src/main.rs: replace "\"old drop {}\"" with "\"new drop {}\""
//@ expect: patched
//@ only: <drop_body::Token as core::ops::drop::Drop>::drop::{closure#0} patched
//@ warm-only: the first token was dropped by the old destructor
//@ ask: drop => 0 kept, log: ["old drop 1", "new drop 2"]

use std::cell::RefCell;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Token(u32);

impl Drop for Token {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(format!("old drop {}", self.0)));
    }
}

fn main() {
    let mut kept: Vec<Token> = Vec::new();
    let mut made = 0;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "keep" {
            made += 1;
            kept.push(Token(made));
        } else {
            kept.clear();
        }
        println!(
            "{} kept, log: {}",
            kept.len(),
            LOG.with_borrow(|log| format!("{log:?}"))
        );
    }
    kept.clear();
}
