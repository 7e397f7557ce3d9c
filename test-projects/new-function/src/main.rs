//@ why: a new function takes a spare place, and can be patched as any other later
//@ ask: 4 => 4
//@ edit src/main.rs: replace "    number\n}" with "    twice(number)\n}\n\nfn twice(number: i64) -> i64 {\n    number * 2\n}"
//@ expect: patched
//@ only: new_function::compute patched, new_function::twice new
//@ ask: 4 => 8
//@ edit src/main.rs: replace "number * 2" with "number * 2 + 1"
//@ expect: patched
//@ only: new_function::twice patched
//@ ask: 4 => 9
//@ edit src/main.rs: replace "number * 2 + 1" with "number * 2 + 1 + thrice(number)"
//@ edit+ src/main.rs: append "\nfn thrice(number: i64) -> i64 {\n    number * 3\n}\n"
//@ expect: patched
//@ function: new_function::twice patched
//@ function: new_function::thrice new
//@ ask: 4 => 21

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    compute(request.trim().parse().unwrap_or(-1)).to_string()
}

fn compute(number: i64) -> i64 {
    number
}
