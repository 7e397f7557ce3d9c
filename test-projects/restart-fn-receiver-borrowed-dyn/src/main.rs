//@ why: the receiver of a method behind a vtable changes
//@ pair: fn-receiver-borrowed
//@ ask: 4 => 16
//@ edit src/main.rs: replace "fn area(&self, side: u64) -> u64;" with "fn area(self: Box<Self>, side: u64) -> u64;"
//@ edit+ src/main.rs: replace "fn area(&self, side: u64) -> u64 {\n        side * side * self.0" with "fn area(self: Box<Self>, side: u64) -> u64 {\n        side * side * self.0 + 1"
//@ edit+ src/main.rs: replace ".last()" with ".pop()"
//@ expect: restarted
//@ code: HP0401
//@ ask: 4 => 17

trait Shape {
    fn area(&self, side: u64) -> u64;
}

struct Square(u64);

impl Shape for Square {
    fn area(&self, side: u64) -> u64 {
        side * side * self.0
    }
}

fn main() {
    let mut shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(1))];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut shapes, &line));
    }
}

#[allow(clippy::ptr_arg)]
fn answer(shapes: &mut Vec<Box<dyn Shape>>, request: &str) -> String {
    let side = request.trim().parse().unwrap_or(0);
    shapes
        .last()
        .map_or(0, |shape| shape.area(side))
        .to_string()
}
