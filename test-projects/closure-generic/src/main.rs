//@ why: closures of a generic function, of two instances
//@ pair: restart-closure-generic-type
//@ ask: 4 => 7 4, text 4
//@ edit src/main.rs: replace "\"{value} {number}\"" with "\"{value}: {number}\""
//@ expect: patched
//@ ask: 4 => 7: 4, text: 4

use std::fmt::Display;

type Function = Box<dyn Fn(u32) -> String>;

fn main() {
    let functions = [made(7_u8), made("text")];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&functions, &line));
    }
}

fn answer(functions: &[Function], request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions.iter().map(|function| function(number)).collect();
    answers.join(", ")
}

fn made<T: Display + 'static>(value: T) -> Function {
    Box::new(move |number| format!("{value} {number}"))
}
