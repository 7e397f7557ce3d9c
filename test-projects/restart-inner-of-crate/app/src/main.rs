//@ why: a private field of another crate's type grows; the program's own source is as it was
//@ pair: inner-of-crate
//@ ask: 4 => 4 of 10
//@ edit parts/src/lib.rs: replace "    filled: u32,\n}" with "    filled: u64,\n}"
//@ edit+ parts/src/lib.rs: replace "self.filled += amount;" with "self.filled += u64::from(amount);"
//@ edit+ parts/src/lib.rs: replace "        self.filled\n" with "        self.filled as u32\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Tank
//@ ask: 7 => 7 of 10

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
