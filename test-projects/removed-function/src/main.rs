//@ why: a function that is gone from the source leaves nothing behind that matters
//@ ask: 4 => 14
//@ edit src/main.rs: replace "offset(number)" with "number * 100"
//@ edit+ src/main.rs: replace "\nfn offset(number: i64) -> i64 {\n    number + 10\n}\n" with ""
//@ expect: patched
//@ function: removed_function::compute patched
//@ ask: 4 => 400

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
    offset(number)
}

fn offset(number: i64) -> i64 {
    number + 10
}
