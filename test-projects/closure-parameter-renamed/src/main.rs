//@ why: a closure's parameter and a variable inside of it get other names
//@ pair: restart-closure-capture-renamed
//@ ask: 4 => 104
//@ edit src/main.rs: replace "move |number| {\n        let sum = number + base;\n        sum" with "move |value| {\n        let total = value + base * 2;\n        total"
//@ expect: patched
//@ ask: 4 => 204

type Function = Box<dyn Fn(u64) -> u64>;

fn main() {
    let function = made(100, 7);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&function, &line));
    }
}

fn answer(function: &Function, request: &str) -> String {
    function(request.trim().parse().unwrap_or(0)).to_string()
}

#[allow(clippy::let_and_return, unused_variables)]
fn made(base: u64, other: u64) -> Function {
    Box::new(move |number| {
        let sum = number + base;
        sum
    })
}
