//@ why: a table of references to statics, of which all become wider
//@ pair: table-of-statics
//@ ask: 0 => 1 at 0
//@ edit src/main.rs: replace "static A: AtomicU32 = AtomicU32::new(0);\nstatic B: AtomicU32 = AtomicU32::new(0);\nstatic TABLE: [&AtomicU32; 2]" with "static A: AtomicU64 = AtomicU64::new(0);\nstatic B: AtomicU64 = AtomicU64::new(0);\nstatic TABLE: [&AtomicU64; 2]"
//@ expect: restarted
//@ code: HP0501
//@ ask: 0 => 1 at 0

#[allow(unused_imports)]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

static A: AtomicU32 = AtomicU32::new(0);
static B: AtomicU32 = AtomicU32::new(0);
static TABLE: [&AtomicU32; 2] = [&A, &B];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", count(line.trim().parse().unwrap_or(0)));
    }
}

fn count(index: usize) -> String {
    let count = TABLE[index].fetch_add(1, Relaxed) + 1;
    format!("{count} at {index}")
}
