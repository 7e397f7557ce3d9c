//@ why: an edit that is taken back brings the first code back
//@ ask: 1 => one 1
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ ask: 1 => two 1
//@ edit src/main.rs: replace "\"two\"" with "\"one\""
//@ expect: patched
//@ only: reverted::name patched
//@ ask: 1 => one 1
//@ edit src/main.rs: replace "\"one\"" with "\"three\""
//@ expect: patched
//@ ask: 1 => three 1

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!("{} {request}", name())
}

fn name() -> &'static str {
    "one"
}
