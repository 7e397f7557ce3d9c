//@ why: a constant that belongs to a trait's implementation changes: code, and no value
//@ pair: restart-associated-type
//@ ask: 2 => 2 m
//@ edit src/main.rs: replace "const NAME: &'static str = \"m\"" with "const NAME: &'static str = \"metres\""
//@ expect: patched
//@ ask: 3 => 5 metres

trait Unit {
    type Number: std::ops::AddAssign + std::fmt::Display + Copy + From<u16>;
    const NAME: &'static str;
}

struct Metric;

impl Unit for Metric {
    type Number = u32;
    const NAME: &'static str = "m";
}

struct Length<U: Unit> {
    number: U::Number,
}

impl<U: Unit> Length<U> {
    fn add(&mut self, number: u16) -> String {
        self.number += number.into();
        format!("{} {}", self.number, U::NAME)
    }
}

fn main() {
    let mut length: Length<Metric> = Length {
        number: 0_u16.into(),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", length.add(line.trim().parse().unwrap_or(0)));
    }
}
