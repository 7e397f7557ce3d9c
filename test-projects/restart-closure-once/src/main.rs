//@ why: a closure that only looked at what it owns now consumes it: it takes itself by value where it took a reference
//@ pair: closure-once
//@ ask: call => one 3, dropped 1
//@ edit src/main.rs: replace "let kept = &token;" with "let kept = token;"
//@ expect: restarted
//@ code: HP0201 or HP0202 or HP0301
//@ ask: call => one 3, dropped 1
//@ ask: call => one 3, dropped 2

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

type Once = Box<dyn FnOnce() -> String>;

struct Token(u32);

impl Drop for Token {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
    }
}

fn main() {
    let mut functions: Vec<Once> = (0..9).map(|_| made(Token(3))).collect();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut functions, &line));
    }
}

fn answer(functions: &mut Vec<Once>, _request: &str) -> String {
    let answer = functions.pop().unwrap()();
    format!("{answer}, dropped {}", DROPPED.load(Relaxed))
}

fn made(token: Token) -> Once {
    let once = move || {
        let kept = &token;
        format!("one {}", kept.0)
    };
    Box::new(once)
}
