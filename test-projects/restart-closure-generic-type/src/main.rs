//@ why: a closure's capture keeps its name, and its type gets another layout
//@ pair: closure-generic
//@ ask: 4 => 7 4
//@ edit src/main.rs: replace "struct Value(u8);" with "struct Value(u8, u32);"
//@ edit+ src/main.rs: replace "made(Value(7))" with "made(Value(7, 1))"
//@ edit+ src/main.rs: replace "value.0" with "value.0 as u32 + value.1"
//@ expect: restarted
//@ code: HP0101
//@ reason: Value
//@ ask: 4 => 8 4

type Function = Box<dyn Fn(u32) -> String>;

struct Value(u8);

fn main() {
    let function = made(Value(7));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&function, &line));
    }
}

fn answer(function: &Function, request: &str) -> String {
    function(request.trim().parse().unwrap_or(0))
}

fn made(value: Value) -> Function {
    let value = Box::new(value);
    Box::new(move |number| format!("{} {number}", value.0))
}
