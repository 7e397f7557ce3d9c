//@ why: a method of a trait that has objects is deleted, with its caller
//@ pair: fn-method-deleted
//@ ask: x => 7, 14
//@ edit src/main.rs: replace "    fn plain(&self) -> u32;\n" with ""
//@ edit+ src/main.rs: replace "    fn plain(&self) -> u32 {\n        self.0\n    }\n" with ""
//@ edit+ src/main.rs: replace "\"{}, {}\", number.plain(), number.doubled()" with "\"only {}\", number.doubled()"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => only 14

trait Value {
    fn plain(&self) -> u32;
    fn doubled(&self) -> u32;
}

struct Number(u32);

impl Value for Number {
    fn plain(&self) -> u32 {
        self.0
    }
    fn doubled(&self) -> u32 {
        self.0 * 2
    }
}

fn main() {
    let number: Box<dyn Value> = Box::new(Number(7));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*number, &line));
    }
}

fn answer(number: &dyn Value, _request: &str) -> String {
    format!("{}, {}", number.plain(), number.doubled())
}
