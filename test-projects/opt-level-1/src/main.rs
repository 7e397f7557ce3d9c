//@ why: an optimised program whose edited function is called by a function that stays the same
//@ ask: 4 => 4 -> 8
//@ edit src/main.rs: replace "number * 2" with "number * 3 + 1"
//@ expect: patched
//@ function: opt_level_1::compute patched
//@ ask: 4 => 4 -> 13

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[inline(never)]
fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("{number} -> {}", compute(number))
}

#[inline(never)]
fn compute(number: i64) -> i64 {
    number * 2
}
