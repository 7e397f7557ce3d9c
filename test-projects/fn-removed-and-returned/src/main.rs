//@ why: a function goes away and comes back with another signature, while the pointer to the first one is still called
//@ pair: restart-type-removed-and-returned
//@ ask: 4 => direct 8, stored 8
//@ edit src/main.rs: replace "compute(number)," with "number * 3,"
//@ edit+ src/main.rs: replace "\nfn compute(number: i64) -> i64 {\n    number * 2\n}\n" with "\n"
//@ edit+ src/main.rs: replace "let stored: Compute = compute;" with "let stored: Compute = |number| number;"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 => direct 12, stored 8
//@ edit src/main.rs: replace "number * 3," with "compute(\"text\", number),"
//@ edit+ src/main.rs: append "\nfn compute(text: &str, number: i64) -> i64 {\n    text.len() as i64 + number\n}\n"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 4 => direct 8, stored 8
//@ ask: 5 => direct 9, stored 10
//@ edit src/main.rs: replace "text.len() as i64 + number" with "text.len() as i64 * number"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 5 => direct 20, stored 10

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
