//@ why: a static inside of a function that gets another name: its path is another one
//@ pair: function-renamed
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: replace "fn count(" with "fn tally("
//@ edit+ src/main.rs: replace "    count()" with "    tally()"
//@ expect: restarted
//@ code: HP0503
//@ reason: STATE
//@ ask: x => 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            answer()
        });
    }
}

fn answer() -> String {
    count()
}

fn count() -> String {
    static STATE: AtomicU32 = AtomicU32::new(0);
    (STATE.fetch_add(1, Relaxed) + 1).to_string()
}
