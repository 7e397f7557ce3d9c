//@ why: a type that nobody has values of yet
//@ pair: restart-field-added
//@ ask: 3 => 3
//@ edit src/main.rs: replace "number.to_string()" with "{\n        let shape = Shape::Square { side: number };\n        format!(\"{shape:?} {}\", shape.area())\n    }"
//@ edit+ src/main.rs: append "\n#[derive(Debug)]\n#[allow(dead_code)]\nenum Shape {\n    Square { side: u32 },\n    Empty,\n}\n\nimpl Shape {\n    fn area(&self) -> u32 {\n        match self {\n            Shape::Square { side } => side * side,\n            Shape::Empty => 0,\n        }\n    }\n}\n"
//@ expect: patched
//@ ask: 3 => Square { side: 3 } 9

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number: u32 = request.trim().parse().unwrap_or(0);
    number.to_string()
}
