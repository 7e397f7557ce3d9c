//@ why: a new thread-local is larger than the space that threads have for those that come later
//@ ask: x => plain
//@ edit src/main.rs: replace "\"plain\".to_owned()" with "TALLY.with(|tally| tally[9].replace(tally[9].get() + 1)).to_string()"
//@ edit+ src/main.rs: append "\nthread_local! {\n    static TALLY: [Cell<u32>; 8000] = const { [const { Cell::new(0) }; 8000] };\n}\n"
//@ expect: restarted
//@ code: HP0506
//@ ask: x => 0
//@ ask: x => 1

#[allow(unused_imports)]
use std::cell::Cell;

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    "plain".to_owned()
}
