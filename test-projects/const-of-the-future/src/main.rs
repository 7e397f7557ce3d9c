//@ why: a constant that a function reads which is called again, beside a running frame and one that has returned for good
//@ pair: restart-const-of-the-past
//@ ask: x => 3 of 3, 3
//@ edit src/main.rs: replace "u32 = 3" with "u32 = 4"
//@ expect: patched
//@ note: `const_of_the_future::init` was called for the last time
//@ function: const_of_the_future::main still-running
//@ warm-only: what has been read stays
//@ ask: x => 3 of 3, 4

const LIMIT: u32 = 3;

fn main() {
    let first = init();
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{first} of {LIMIT}, {}", now());
    }
}

fn init() -> u32 {
    LIMIT
}

fn now() -> u32 {
    LIMIT
}
