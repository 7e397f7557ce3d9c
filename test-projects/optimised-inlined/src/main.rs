//@ why: the edited function is inlined into its caller: the caller gets the new code
//@ ask: 4 => 8
//@ edit src/main.rs: replace "number * 2" with "number * 3 + 1"
//@ expect: patched
//@ only: optimised_inlined::answer patched
//@ ask: 4 => 13

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

#[inline(never)]
fn answer(request: &str) -> String {
    compute(request.trim().parse().unwrap_or(0)).to_string()
}

#[inline]
fn compute(number: i64) -> i64 {
    number * 2
}
