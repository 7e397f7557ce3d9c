//@ why: a thread-local goes away and comes back with another type, while its old value still lies in the thread
//@ ask: 4 => 4
//@ edit src/main.rs: replace "thread_local! {\n    static KEPT: Cell<u64> = const { Cell::new(0) };\n}\n" with ""
//@ edit+ src/main.rs: replace "    KEPT.set(KEPT.get() + number);\n    KEPT.get()" with "    number"
//@ expect: patched
//@ ask: 5 => 5
//@ edit src/main.rs: replace "    number\n        .to_string" with "    KEPT.set(KEPT.get() + number as f64);\n    KEPT.get()\n        .to_string"
//@ edit+ src/main.rs: append "\nthread_local! {\n    static KEPT: Cell<f64> = const { Cell::new(0.0) };\n}\n"
//@ expect: restarted
//@ code: HP0501
//@ ask: 6 => 6
//@ ask: 7 => 13

#[allow(unused_imports)]
use std::cell::Cell;

thread_local! {
    static KEPT: Cell<u64> = const { Cell::new(0) };
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[rustfmt::skip]
fn answer(request: &str) -> String {
    let number: u64 = request.trim().parse().unwrap_or(0);
    KEPT.set(KEPT.get() + number);
    KEPT.get()
        .to_string()
}
