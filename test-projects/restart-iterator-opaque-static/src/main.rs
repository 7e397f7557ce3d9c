//@ why: a static holds an iterator of a type that is named by an alias, and the alias means another one
//@ pair: iterator-opaque
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: replace "type Numbers = RangeFrom<u32>;" with "type Numbers = StepBy<RangeFrom<u32>>;"
//@ edit+ src/main.rs: replace "    1..\n" with "    (1..).step_by(5)\n"
//@ expect: restarted
//@ code: HP0501
//@ reason: NUMBERS
//@ ask: x => 1
//@ ask: x => 6

#[allow(unused_imports)]
use std::iter::StepBy;
use std::ops::RangeFrom;
use std::sync::{LazyLock, Mutex};

type Numbers = RangeFrom<u32>;

static NUMBERS: LazyLock<Mutex<Numbers>> = LazyLock::new(|| Mutex::new(numbers()));

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    NUMBERS.lock().unwrap().next().unwrap_or(0).to_string()
}

fn numbers() -> Numbers {
    1..
}
