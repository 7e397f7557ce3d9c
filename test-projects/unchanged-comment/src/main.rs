//@ why: comments, blank lines and formatting change nothing
//@ ask: x => 1 x
//@ edit src/main.rs: append "\n// The end.\n"
//@ expect: unchanged
//@ ask: x => 2 x
//@ edit src/main.rs: prepend "// The beginning.\n\n\n"
//@ expect: unchanged
//@ ask: x => 3 x
//@ edit src/main.rs: replace "format!(\"{count} {request}\")" with "format!(\n        \"{count} {request}\"\n    )"
//@ expect: unchanged
//@ ask: x => 4 x
//@ edit src/main.rs: replace "\"{count} {request}\"" with "\"{count}: {request}\""
//@ expect: patched
//@ ask: x => 5: x

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
    format!("{count} {request}")
}
