//@ why: a LazyLock that was initialised stays so, even when its initialiser is edited
//@ pair: restart-lazy-lock-type
//@ ask: x => init 1: start
//@ edit src/main.rs: replace "init {}: {}" with "initialised {} time(s): {}"
//@ expect: patched
//@ ask: x => initialised 1 time(s): start
//@ edit src/main.rs: replace "\"start\"" with "\"other\""
//@ expect: patched
//@ warm-only: a cold start runs the new initialiser
//@ ask: x => initialised 1 time(s): start

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static RUNS: AtomicU32 = AtomicU32::new(0);
static TEXT: LazyLock<String> = LazyLock::new(|| {
    RUNS.fetch_add(1, Relaxed);
    String::from("start")
});

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let text = &*TEXT;
    format!("init {}: {}", RUNS.load(Relaxed), text)
}
