//@ why: a const is compiled into whatever uses it
//@ pair: restart-const-in-type
//@ ask: 3 => 30 of 100
//@ edit src/main.rs: replace "FACTOR: i64 = 10" with "FACTOR: i64 = 20"
//@ expect: patched
//@ only: const_value::scaled patched
//@ ask: 3 => 60 of 100
//@ edit src/main.rs: replace "LIMITS: [i64; 2] = [0, 100]" with "LIMITS: [i64; 2] = [0, 50]"
//@ expect: patched
//@ ask: 3 => 50 of 50

const FACTOR: i64 = 10;
const LIMITS: [i64; 2] = [0, 100];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!(
        "{} of {}",
        clamped(scaled(request.trim().parse().unwrap_or(0))),
        LIMITS[1]
    )
}

fn scaled(number: i64) -> i64 {
    number * FACTOR
}

fn clamped(number: i64) -> i64 {
    let limits = LIMITS;
    number.clamp(limits[0], limits[1])
}
