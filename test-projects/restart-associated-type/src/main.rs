//@ why: a type that belongs to a trait's implementation changes, and with it a field of a type that is generic over it
//@ pair: associated-const
//@ ask: 2 => 2 m
//@ edit src/main.rs: replace "type Number = u32;" with "type Number = f32;"
//@ edit+ src/main.rs: replace "const NAME: &'static str = \"m\"" with "const NAME: &'static str = \"metres\""
//@ expect: restarted
//@ code: HP0101
//@ reason: Length<
//@ ask: 3 => 3 metres

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
