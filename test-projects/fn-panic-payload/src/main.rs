//@ why: a panic passes changed functions, its payload is read by old and new code, and what stands in between is dropped
//@ pair: restart-fn-panic-payload
//@ ask: 3 => failed with 3, dropped 1
//@ edit src/main.rs: replace "panic_any(Failure { code: number })" with "panic_any(Failure { code: number * 100 })"
//@ edit+ src/main.rs: replace "let _guard = Guard;" with "let _guards = [Guard, Guard];"
//@ expect: patched
//@ ask: 3 => failed with 300, dropped 2

use std::panic::{catch_unwind, panic_any};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Failure {
    code: u64,
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Relaxed);
    }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    DROPPED.store(0, Relaxed);
    let payload = catch_unwind(|| guarded(request.trim().parse().unwrap_or(0))).unwrap_err();
    let failure = payload.downcast_ref::<Failure>().unwrap();
    format!(
        "failed with {}, dropped {}",
        failure.code,
        DROPPED.load(Relaxed)
    )
}

fn guarded(number: u64) {
    let _guard = Guard;
    fail(number);
}

fn fail(number: u64) {
    panic_any(Failure { code: number })
}
