//@ why: what a closure inside of a closure returns is part of the type of a static
//@ pair: closure-nested
//@ ask: 4 => [104]
//@ ask: 5 => [104, 105]
//@ edit src/main.rs: replace "Mutex<Vec<u64>>" with "Mutex<Vec<(u64, u64)>>"
//@ edit+ src/main.rs: replace "move |number: u64| number + base" with "move |number: u64| (number, base)"
//@ expect: restarted
//@ code: HP0501
//@ reason: ALL
//@ ask: 4 => [(4, 100)]

use std::sync::Mutex;

static ALL: Mutex<Vec<u64>> = Mutex::new(Vec::new());

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let outer = |base: u64| move |number: u64| number + base;
    let inner = outer(100);
    let mut all = ALL.lock().unwrap();
    all.push(inner(request.trim().parse().unwrap_or(0)));
    format!("{all:?}")
}
