//@ why: a constant that only a running frame and a function read that has returned for good
//@ pair: const-of-the-future
//@ ask: x => 3 of 3
//@ edit src/main.rs: replace "u32 = 3" with "u32 = 4"
//@ expect: restarted
//@ code: HP0902
//@ ask: x => 4 of 4

const LIMIT: u32 = 3;

fn main() {
    let first = init();
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{first} of {LIMIT}");
    }
}

fn init() -> u32 {
    LIMIT
}
