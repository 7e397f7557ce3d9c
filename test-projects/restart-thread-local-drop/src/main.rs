//@ why: a thread-local's type gets a destructor: the standard library keeps such values in another way
//@ pair: thread-local-lazy
//@ ask: x => 1
//@ edit src/main.rs: append "\nimpl Drop for Level {\n    fn drop(&mut self) {}\n}\n"
//@ expect: restarted
//@ code: HP0501 or HP0503
//@ reason: LEVEL
//@ ask: x => 1

use std::cell::Cell;

struct Level(Cell<u32>);

thread_local! {
    static LEVEL: Level = Level(Cell::new(std::env::args().count() as u32 - 1));
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
    LEVEL.with(|level| {
        level.0.set(level.0.get() + 1);
        level.0.get().to_string()
    })
}
