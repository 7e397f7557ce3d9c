//@ why: a closure that was made before the edit runs the new body over what it captured then
//@ pair: restart-captures-no-effect
//@ ask: 5 => 105
//@ edit src/main.rs: replace "base + number" with "base * number"
//@ expect: patched
//@ only: closure_stored::make::{closure#0} patched
//@ ask: 5 => 500

fn main() {
    let compute = make(100);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", compute(line.trim().parse().unwrap_or(0)));
    }
}

fn make(base: i64) -> Box<dyn Fn(i64) -> i64> {
    Box::new(move |number| base + number)
}
