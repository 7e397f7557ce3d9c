//@ why: frames that are on the stack finish in the old code; each call from them reaches the new one
//@ ask: 1 => old 1
//@ ask: 2 => old 2
//@ edit src/main.rs: replace "(\"old\")" with "(\"new\")"
//@ expect: patched
//@ function: recursion_running::level patched
//@ function: recursion_running::level still-running
//@ warm-only: three calls were made by the old code
//@ ask: 3 => old 3
//@ ask: 4 => new 4
//@ send: up
//@ line: new back in 4
//@ line: old back in 3
//@ line: old back in 2
//@ line: old back in 1
//@ ask: 1 => new 1

use std::io::Lines;
use std::io::StdinLock;

fn main() {
    let mut lines = std::io::stdin().lines();
    println!("ready");
    while level(&mut lines, 1) {}
}

/// Reads one line, prints, and goes one level deeper until `up` is read.
fn level(lines: &mut Lines<StdinLock<'static>>, depth: u32) -> bool {
    let version = named("old");
    let Some(Ok(line)) = lines.next() else {
        return false;
    };
    if line == "up" {
        return true;
    }
    println!("{version} {depth}");
    if !level(lines, depth + 1) {
        return false;
    }
    println!("{version} back in {depth}");
    true
}

fn named(name: &str) -> &str {
    name
}
