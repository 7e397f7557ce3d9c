//@ why: a closure owns what it only referred to, and an old one is found by its type: it would drop what it does not own
//@ pair: closure-capture-owned
//@ ask: 4 => 4 text
//@ edit src/main.rs: replace "let text: &'static String = text();" with "let text: Box<String> = Box::new(\"TEXT\".to_owned());"
//@ expect: restarted
//@ code: HP0301
//@ reason: asks for its type
//@ ask: 4 => 4 TEXT
//@ ask: 5 => 5 TEXT 5 TEXT

use std::any::Any;
use std::sync::OnceLock;

type Function = Box<dyn Any>;

fn main() {
    let mut functions = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut functions, &line));
    }
}

fn answer(functions: &mut Vec<Function>, request: &str) -> String {
    let text: &'static String = text();
    let function = move |number: u64| format!("{number} {text}");
    called(function, functions, request.trim().parse().unwrap_or(0))
}

/// Calls it, and those of its kind that were kept before as well.
fn called<F: Fn(u64) -> String + 'static>(
    function: F,
    kept: &mut Vec<Function>,
    number: u64,
) -> String {
    kept.push(Box::new(function));
    let functions = kept.iter().filter_map(|other| other.downcast_ref::<F>());
    let answers: Vec<String> = functions.map(|function| function(number)).collect();
    answers.join(" ")
}

/// Not a box of its own: who drops it ends the program.
fn text() -> &'static String {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| "text".to_owned())
}
