//@ why: the associated type of a trait changes that is part of the type of its objects
//@ pair: generic-operator-output
//@ ask: 3000000000 => 3000000010
//@ edit src/main.rs: replace "fn add(&self, other: u32) -> u32 {\n        self.0 + other" with "fn add(&self, other: u32) -> u64 {\n        u64::from(self.0) * u64::from(other)"
//@ edit+ src/main.rs: replace "    type Sum = u32;\n" with "    type Sum = u64;\n"
//@ edit+ src/main.rs: replace "type Object = Box<dyn Sum<Sum = u32>>;" with "type Object = Box<dyn Sum<Sum = u64>>;"
//@ expect: restarted
//@ code: HP0401 or HP0201 or HP0101 or HP0902
//@ ask: 3000000000 => 30000000000

type Object = Box<dyn Sum<Sum = u32>>;

trait Sum {
    type Sum;
    fn add(&self, other: u32) -> Self::Sum;
}

struct Number(u32);

impl Sum for Number {
    type Sum = u32;
    fn add(&self, other: u32) -> u32 {
        self.0 + other
    }
}

fn main() {
    let number: Object = Box::new(Number(10));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&number, &line));
    }
}

#[allow(clippy::borrowed_box)]
fn answer(number: &Object, request: &str) -> String {
    number.add(request.trim().parse().unwrap_or(0)).to_string()
}
