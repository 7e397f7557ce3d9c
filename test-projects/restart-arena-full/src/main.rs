//@ why: patches are never unmapped; when there is no place for another one, the program starts again with all places free
//@ env: CARGO_HOTPATCH_TRIAL_WINDOWS=2
//@ ask: x => a x 1
//@ edit src/main.rs: replace "\"a {request}" with "\"b {request}"
//@ expect: patched
//@ ask: x => b x 2
//@ edit src/main.rs: replace "\"b {request}" with "\"c {request}"
//@ expect: patched
//@ ask: x => c x 3
//@ edit src/main.rs: replace "\"c {request}" with "\"d {request}"
//@ expect: restarted
//@ code: HP0801
//@ reason: no place
//@ stderr: HP0801
//@ ask: x => d x 1
//@ edit src/main.rs: replace "\"d {request}" with "\"e {request}"
//@ expect: patched
//@ ask: x => e x 2
//@ edit src/main.rs: replace "\"e {request}" with "\"f {request}"
//@ expect: patched
//@ ask: x => f x 3
//@ edit src/main.rs: replace "\"f {request}" with "\"g {request}"
//@ expect: restarted
//@ code: HP0801
//@ ask: x => g x 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let count = COUNT.fetch_add(1, Relaxed) + 1;
    format!("a {request} {count}")
}
