//@ why: a function that a OnceLock calls once may have been called for the last time, which is said at once
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ note: `once_lock_loaded::load` is called only through `OnceLock`
//@ warm-only: what was loaded stays
//@ ask: x => one

use std::sync::OnceLock;

static NAME: OnceLock<String> = OnceLock::new();

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", name());
    }
}

fn name() -> &'static str {
    NAME.get_or_init(load)
}

fn load() -> String {
    String::from("one")
}
