//@ why: a type of another crate, by value inside of one of the program, gets another body for a method
//@ pair: restart-inner-of-crate
//@ ask: 4 => 4 of 10
//@ edit parts/src/lib.rs: replace "self.filled += amount;" with "self.filled = (self.filled + amount).min(9);"
//@ expect: patched
//@ only: <parts::Tank>::fill patched
//@ ask: 7 => 9 of 10

struct Engine {
    tank: parts::Tank,
    size: u32,
}

fn main() {
    let mut engine = Engine {
        tank: parts::Tank::new(),
        size: 10,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", go(&mut engine, line.trim().parse().unwrap_or(0)));
    }
}

fn go(engine: &mut Engine, amount: u32) -> String {
    engine.tank.fill(amount);
    format!("{} of {}", engine.tank.filled(), engine.size)
}
