//@ why: optimised: the edited function is part of its callers' code, and they change with it
//@ pair: restart-fn-optimised-signature
//@ ask: 4 => one 14, two 28
//@ edit src/main.rs: replace "number + 10" with "number * 100"
//@ expect: patched
//@ ask: 4 => one 400, two 800

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("one {}, two {}", one(number), two(number))
}

#[inline(never)]
fn one(number: u64) -> u64 {
    shifted(number)
}

#[inline(never)]
fn two(number: u64) -> u64 {
    shifted(number) * 2
}

#[inline(always)]
fn shifted(number: u64) -> u64 {
    number + 10
}
