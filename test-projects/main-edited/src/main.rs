//@ why: main runs and never returns: its frame stays old, and the report says so
//@ pair: restart-no-effect
//@ ask: x => main calls: 1
//@ edit src/main.rs: replace "main calls" with "new main calls"
//@ edit+ src/main.rs: replace "count + 1" with "count + 10"
//@ expect: patched
//@ function: main_edited::next patched
//@ function: main_edited::main still-running
//@ warm-only: main's frame is the old one
//@ ask: x => main calls: 11

fn main() {
    let mut count = 0;
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        count = next(count);
        println!("main calls: {count}");
    }
}

fn next(count: u32) -> u32 {
    count + 1
}
