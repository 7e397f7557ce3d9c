//@ why: the destructor reads a field that values that exist do not have
//@ pair: fn-drop-body
//@ ask: drop => dropped 1
//@ edit src/main.rs: replace "struct Token(u32);" with "struct Token(u32, u32);"
//@ edit+ src/main.rs: replace "fetch_add(self.0, Relaxed)" with "fetch_add(self.0 * 100 + self.1, Relaxed)"
//@ edit+ src/main.rs: replace "Box::new(Token(1))" with "Box::new(Token(1, 7))"
//@ expect: restarted
//@ code: HP0101
//@ reason: Token
//@ ask: drop => dropped 107

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
