//@ why: a changed signature is a new function for new callers; whoever holds the old address keeps the old code
//@ pair: restart-vtable-signature
//@ ask: 4 => 5
//@ ask: stored => 11
//@ edit src/main.rs: replace "add(number)" with "add(number, 1000)"
//@ edit+ src/main.rs: replace "fn add(number: i64) -> i64 {\n    number + 1" with "fn add(number: i64, more: i64) -> i64 {\n    number + more"
//@ expect: patched
//@ function: signature::compute patched
//@ ask: 4 => 1004
//@ edit src/main.rs: replace "number + more" with "number - more"
//@ expect: patched
//@ ask: 4 => -996

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    if request == "stored" {
        stored().to_string()
    } else {
        compute(request.trim().parse().unwrap_or(-1)).to_string()
    }
}

fn stored() -> i64 {
    11
}

fn compute(number: i64) -> i64 {
    add(number)
}

fn add(number: i64) -> i64 {
    number + 1
}
