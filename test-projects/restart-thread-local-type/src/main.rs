//@ why: threads that run hold the old value
//@ pair: thread-local
//@ ask: x => 1
//@ edit src/main.rs: replace "COUNT: Cell<u32>" with "COUNT: Cell<u64>"
//@ expect: restarted
//@ code: HP0501
//@ ask: x => 1

use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    COUNT.set(COUNT.get() + 1);
    format!("{}", COUNT.get())
}
