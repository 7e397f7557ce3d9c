//@ why: a closure owns what it only referred to: the same size, and another destructor
//@ pair: restart-closure-capture-owned-any
//@ ask: 4 => 4 text
//@ edit src/main.rs: replace "let text: &'static String = text();" with "let text: Box<String> = Box::new(\"TEXT\".to_owned());"
//@ expect: patched
//@ note: closures made before keep the old ones
//@ warm-only: the old ones go on
//@ ask: 4 => 4 text
//@ ask: new => new
//@ ask: 4 => 4 text 4 TEXT
//@ ask: drop => dropped
//@ ask: 4 => 4 TEXT
//@ ask: drop => dropped

use std::sync::OnceLock;

type Function = Box<dyn Fn(u64) -> String>;

fn main() {
    let mut functions = made(10, 20);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut functions, &line));
    }
}

fn answer(functions: &mut Vec<Function>, request: &str) -> String {
    if request == "new" {
        functions.extend(made(10, 20));
        return "new".to_owned();
    }
    if request == "drop" {
        functions.remove(0);
        return "dropped".to_owned();
    }
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions.iter().map(|function| function(number)).collect();
    answers.join(" ")
}

fn made(_base: u64, _more: u64) -> Vec<Function> {
    let text: &'static String = text();
    vec![Box::new(move |number| format!("{number} {text}"))]
}

/// Not a box of its own: who drops it ends the program.
fn text() -> &'static String {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| "text".to_owned())
}
