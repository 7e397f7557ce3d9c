//@ why: a stored function pointer calls the new code, and is still equal to the function
//@ ask: 5 => 10 (equal: true)
//@ edit src/main.rs: replace "number * 2" with "number * 3"
//@ expect: patched
//@ only: fn_pointer::compute patched
//@ ask: 5 => 15 (equal: true)
//@ edit src/main.rs: replace "(equal: {})" with "[equal: {}]"
//@ expect: patched
//@ ask: 5 => 15 [equal: true]

use std::sync::OnceLock;

type Compute = fn(i64) -> i64;
static STORED: OnceLock<Compute> = OnceLock::new();

fn main() {
    STORED.get_or_init(|| compute);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let stored = *STORED.get_or_init(|| compute);
    let value = stored(request.trim().parse().unwrap_or(0));
    format!(
        "{value} (equal: {})",
        std::hint::black_box(stored) as usize == (compute as Compute) as usize
    )
}

fn compute(number: i64) -> i64 {
    number * 2
}
