//@ why: a `const fn` decides how large a static is
//@ pair: fn-const-body
//@ ask: x => [2, 1, 1]
//@ edit src/main.rs: replace "base() + 2" with "base() + 3"
//@ expect: restarted
//@ code: HP0501
//@ ask: x => [2, 1, 1, 1]

use std::sync::Mutex;

static TABLE: Mutex<[u32; rows()]> = Mutex::new([1; rows()]);

const fn base() -> usize {
    1
}

const fn rows() -> usize {
    base() + 2
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let mut table = TABLE.lock().unwrap();
    table[0] += 1;
    format!("{table:?}")
}
