//@ why: a thread-local with a constant value becomes one that is initialised at its first use: another thing in memory
//@ pair: thread-local-const
//@ ask: x => 5
//@ edit src/main.rs: replace "const { Cell::new(5) }" with "Cell::new(50)"
//@ expect: restarted
//@ code: HP0501 or HP0503
//@ reason: LEVEL
//@ ask: x => 50

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
