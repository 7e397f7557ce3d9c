//@ why: a constant table of references to statics, in another order: the statics stay what and where they are
//@ pair: restart-table-of-statics
//@ ask: 0 => 1 at 0
//@ ask: 0 => 2 at 0
//@ edit src/main.rs: replace "[&A, &B]" with "[&B, &A]"
//@ edit+ src/main.rs: replace "{count} at {index}" with "{count} in {index}"
//@ expect: patched
//@ warm-only: a cold start counts in the other order from the beginning
//@ ask: 1 => 3 in 1
//@ ask: 0 => 1 in 0

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

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
