//@ why: the program runs on while the source does not compile, and takes the next good one
//@ pair: restart-after-compile-error
//@ ask: 4 => 5
//@ edit src/main.rs: replace "number + 1" with "number + \"one\""
//@ expect: compile-error
//@ stderr: error[E0277]
//@ ask: 4 => 5
//@ edit src/main.rs: replace "number + \"one\"" with "(number + 10"
//@ expect: compile-error
//@ ask: 4 => 5
//@ edit src/main.rs: replace "(number + 10" with "number + 10"
//@ expect: patched
//@ only: compile_error::compute patched
//@ ask: 4 => 14

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    compute(request.trim().parse().unwrap_or(0)).to_string()
}

fn compute(number: i64) -> i64 {
    number + 1
}
