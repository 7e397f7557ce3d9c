//@ why: a static that comes with one patch keeps its value through the next ones
//@ ask: x => none
//@ edit src/main.rs: replace "\"none\".to_owned()" with "format!(\"{}\", NEW.fetch_add(1, Relaxed))"
//@ edit+ src/main.rs: append "\nstatic NEW: AtomicU32 = AtomicU32::new(40);\n"
//@ expect: patched
//@ warm-only: a cold start asks the new static once more
//@ ask: x => 40
//@ ask: x => 41
//@ edit src/main.rs: replace "\"{}\", NEW" with "\"second {}\", NEW"
//@ expect: patched
//@ warm-only: a cold start asks the new static once more
//@ ask: x => second 42
//@ edit src/main.rs: replace "\"second {}\", NEW" with "\"third {}\", NEW"
//@ expect: patched
//@ warm-only: as above
//@ ask: x => third 43

#[allow(unused_imports)]
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    "none".to_owned()
}
