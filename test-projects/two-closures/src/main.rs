//@ why: two closures of one function, stored before the edit; one of them is edited
//@ pair: restart-closure-inserted-no-effect
//@ ask: 4 => 14 40
//@ edit src/main.rs: replace "number * 10" with "number * 100"
//@ expect: patched
//@ only: two_closures::make::{closure#1} patched
//@ ask: 4 => 14 400
//@ edit src/main.rs: replace "number + 10" with "number + 20"
//@ expect: patched
//@ only: two_closures::make::{closure#0} patched
//@ ask: 4 => 24 400

type Compute = Box<dyn Fn(i64) -> i64>;

fn main() {
    let (add, multiply) = make();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let number = line.trim().parse().unwrap_or(0);
        println!("{} {}", add(number), multiply(number));
    }
}

fn make() -> (Compute, Compute) {
    (
        Box::new(|number| number + 10),
        Box::new(|number| number * 10),
    )
}
