//@ why: a OnceLock and a Mutex in statics, with heap memory behind them
//@ pair: restart-once-lock-type
//@ ask: a => first a, all ["a"]
//@ ask: b => first a, all ["a", "b"]
//@ edit src/main.rs: replace "first {}, all" with "{} was first of"
//@ expect: patched
//@ ask: c => a was first of ["a", "b", "c"]

use std::sync::{Mutex, OnceLock};

static FIRST: OnceLock<String> = OnceLock::new();
static ALL: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let first = FIRST.get_or_init(|| request.to_owned());
    let mut all = ALL.lock().unwrap();
    all.push(request.to_owned());
    format!("first {}, all {:?}", first, all)
}
