//@ why: the initial value of a thread-local is edited: threads that have theirs keep it
//@ pair: restart-thread-local-lazy
//@ ask: x => 5
//@ edit src/main.rs: replace "const { Cell::new(5) }" with "const { Cell::new(50) }"
//@ edit+ src/main.rs: replace "count.to_string()" with "format!(\"now {count}\")"
//@ expect: patched
//@ note: LEVEL
//@ warm-only: a cold start begins with 50
//@ ask: x => now 6

use std::cell::Cell;

thread_local! {
    static LEVEL: Cell<u32> = const { Cell::new(5) };
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next()
        });
    }
}

fn next() -> String {
    let count = LEVEL.replace(LEVEL.get() + 1);
    count.to_string()
}
