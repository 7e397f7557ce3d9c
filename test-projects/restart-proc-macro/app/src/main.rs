//@ why: a procedural macro of the workspace runs inside the compiler
//@ pair: macro-rules
//@ ask: x => 42 and 1
//@ edit numbers/src/lib.rs: replace "\"42\"" with "\"43\""
//@ expect: restarted
//@ code: HP0603
//@ ask: x => 43 and 1
//@ edit app/src/main.rs: replace "{} and {}" with "{} + {}"
//@ expect: patched
//@ ask: x => 43 + 2

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!(
        "{} and {}",
        numbers::favourite!(),
        COUNT.fetch_add(1, Relaxed) + 1
    )
}
