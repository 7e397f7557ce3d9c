//@ why: a stored pointer to a function whose signature changed calls what it was made for
//@ ask: 5 => stored 10, direct 10
//@ edit src/main.rs: replace "fn compute(number: i64) -> i64 {\n    number * 2" with "fn compute(number: i64, by: String) -> i64 {\n    number * by.len() as i64"
//@ edit+ src/main.rs: replace "let stored: Compute = compute;" with "let stored: Compute = |number| compute(number, String::new());"
//@ edit+ src/main.rs: replace "compute(number))" with "compute(number, \"three\".to_owned()))"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 5 => stored 10, direct 25

type Compute = fn(i64) -> i64;

fn main() {
    let stored: Compute = compute;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, line.trim().parse().unwrap_or(0)));
    }
}

fn answer(stored: Compute, number: i64) -> String {
    format!("stored {}, direct {}", stored(number), compute(number))
}

fn compute(number: i64) -> i64 {
    number * 2
}
