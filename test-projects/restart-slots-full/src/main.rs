//@ why: new functions take spare places of the jump table; when they are in use, the program starts again with a new table
//@ env: CARGO_HOTPATCH_TRIAL_SPARE_SLOTS=2
//@ ask: x => a x 1
//@ edit src/main.rs: replace "format!(\"a {request} {count}\")" with "one(format!(\"a {request} {count}\"))"
//@ edit+ src/main.rs: append "\nfn one(text: String) -> String {\n    text + \" one\"\n}\n"
//@ expect: patched
//@ function: restart_slots_full::one new
//@ ask: x => a x 2 one
//@ edit src/main.rs: replace "one(format!(" with "two(format!("
//@ edit+ src/main.rs: append "\nfn two(text: String) -> String {\n    three(one(text)) + \" two\"\n}\n\nfn three(text: String) -> String {\n    text + \" three\"\n}\n"
//@ expect: restarted
//@ code: HP0802
//@ reason: all 2 spare places
//@ stderr: HP0802
//@ ask: x => a x 1 one three two
//@ edit src/main.rs: replace "two(format!(" with "four(format!("
//@ edit+ src/main.rs: append "\nfn four(text: String) -> String {\n    two(text) + \" four\"\n}\n"
//@ expect: patched
//@ ask: x => a x 2 one three two four

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
