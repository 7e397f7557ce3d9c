//@ why: a table of numbers that nobody could write becomes one of counters: it would have to move to writable memory
//@ pair: static-immutable
//@ ask: 1 => 20
//@ edit src/main.rs: replace "static TABLE: [u32; 3] = [10, 20, 30];" with "static TABLE: [AtomicU32; 3] = [AtomicU32::new(10), AtomicU32::new(20), AtomicU32::new(30)];"
//@ edit+ src/main.rs: replace "TABLE[index].to_string()" with "TABLE[index].fetch_add(1, Relaxed).to_string()"
//@ expect: restarted
//@ code: HP0501 or HP0502
//@ reason: TABLE
//@ ask: 1 => 20
//@ ask: 1 => 21

#[allow(unused_imports)]
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static TABLE: [u32; 3] = [10, 20, 30];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", look(line.trim().parse().unwrap_or(0)));
    }
}

fn look(index: usize) -> String {
    TABLE[index].to_string()
}
