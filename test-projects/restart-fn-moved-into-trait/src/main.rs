//@ why: a function becomes a method of a trait that has objects
//@ pair: fn-moved-into-impl
//@ ask: 4 => square 16
//@ edit src/main.rs: replace "        area(" with "        shape.area("
//@ edit+ src/main.rs: replace "\nfn area(side: u64) -> u64 {\n    side * side\n}\n" with ""
//@ edit+ src/main.rs: replace "fn name(&self) -> String;" with "fn area(&self, side: u64) -> u64;\n    fn name(&self) -> String;"
//@ edit+ src/main.rs: replace "impl Shape for Square {" with "impl Shape for Square {\n    fn area(&self, side: u64) -> u64 {\n        side * side + 1\n    }"
//@ expect: restarted
//@ code: HP0401
//@ ask: 4 => square 17

trait Shape {
    fn name(&self) -> String;
}

struct Square;

impl Shape for Square {
    fn name(&self) -> String {
        "square".to_owned()
    }
}

fn main() {
    let shape: Box<dyn Shape> = Box::new(Square);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*shape, &line));
    }
}

fn answer(shape: &dyn Shape, request: &str) -> String {
    format!(
        "{} {}",
        shape.name(),
        area(request.trim().parse().unwrap_or(0))
    )
}

fn area(side: u64) -> u64 {
    side * side
}
