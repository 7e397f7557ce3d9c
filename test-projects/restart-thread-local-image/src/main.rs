//@ why: threads that run already cannot get an initial value that is not zero
//@ pair: new-thread-local
//@ ask: x => plain
//@ edit src/main.rs: replace "\"plain\".to_owned()" with "COUNT.replace(COUNT.get() + 1).to_string()"
//@ edit+ src/main.rs: append "\nthread_local! {\n    static COUNT: Cell<u32> = const { Cell::new(3) };\n}\n"
//@ expect: restarted
//@ code: HP0504
//@ ask: x => 3
//@ ask: x => 4

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
