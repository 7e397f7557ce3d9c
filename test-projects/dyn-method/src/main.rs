//@ why: trait objects made before the edit reach the new code
//@ pair: restart-trait-method
//@ ask: x => circle 3, square 4
//@ edit src/main.rs: replace "self.radius * 3" with "self.radius * 30"
//@ expect: patched
//@ only: <dyn_method::Circle as dyn_method::Shape>::area patched
//@ ask: x => circle 30, square 4
//@ edit src/main.rs: replace "format!(\"{} {}\", self.name(), self.area())" with "format!(\"{}={}\", self.name(), self.area())"
//@ expect: patched
//@ ask: x => circle=30, square=4

trait Shape {
    fn name(&self) -> &'static str;
    fn area(&self) -> u32;
    fn describe(&self) -> String {
        format!("{} {}", self.name(), self.area())
    }
}

struct Circle {
    radius: u32,
}

struct Square {
    side: u32,
}

impl Shape for Circle {
    fn name(&self) -> &'static str {
        "circle"
    }
    fn area(&self) -> u32 {
        self.radius * 3
    }
}

impl Shape for Square {
    fn name(&self) -> &'static str {
        "square"
    }
    fn area(&self) -> u32 {
        self.side * self.side
    }
}

fn main() {
    let shapes: Vec<Box<dyn Shape>> =
        vec![Box::new(Circle { radius: 1 }), Box::new(Square { side: 2 })];
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let described: Vec<String> = shapes.iter().map(|shape| shape.describe()).collect();
        println!("{}", described.join(", "));
    }
}
