//@ why: what a OnceLock holds already is of the old type
//@ pair: once-lock
//@ ask: 5 => [5]
//@ edit src/main.rs: replace "OnceLock<Mutex<Vec<u32>>>" with "OnceLock<Mutex<Vec<u64>>>"
//@ edit+ src/main.rs: replace "number: u32" with "number: u64"
//@ expect: restarted
//@ code: HP0501
//@ reason: SEEN
//@ ask: 6 => [6]

use std::sync::{Mutex, OnceLock};

static SEEN: OnceLock<Mutex<Vec<u32>>> = OnceLock::new();

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", see(line.trim().parse().unwrap_or(0)));
    }
}

fn see(number: u32) -> String {
    let Ok(mut seen) = SEEN.get_or_init(Mutex::default).lock() else {
        return String::new();
    };
    seen.push(number);
    format!("{seen:?}")
}
