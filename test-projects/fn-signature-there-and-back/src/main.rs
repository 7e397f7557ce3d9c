//@ why: a signature changes and changes back; each caller reaches code that takes what it passes
//@ pair: restart-objects-removed-and-returned
//@ ask: 4 => direct 8, stored 8
//@ edit src/main.rs: replace "compute(number)," with "compute(number, \"text\"),"
//@ edit+ src/main.rs: replace "fn compute(number: i64) -> i64 {\n    number * 2" with "fn compute(number: i64, text: &str) -> i64 {\n    number * text.len() as i64"
//@ edit+ src/main.rs: replace "let stored: Compute = compute;" with "let stored: Compute = |number| number;"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 => direct 16, stored 8
//@ edit src/main.rs: replace "compute(number, \"text\")," with "compute(number),"
//@ edit+ src/main.rs: replace "fn compute(number: i64, text: &str) -> i64 {\n    number * text.len() as i64" with "fn compute(number: i64) -> i64 {\n    number * 5"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 =~ direct 20, stored

type Compute = fn(i64) -> i64;

fn main() {
    let stored: Compute = compute;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

#[rustfmt::skip]
fn answer(stored: Compute, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", compute(number), stored(number))
}

fn compute(number: i64) -> i64 {
    number * 2
}
