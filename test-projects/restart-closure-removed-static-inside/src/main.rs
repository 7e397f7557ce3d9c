//@ why: the first of two closures is gone, and the second one has its number and a static inside
//@ pair: closure-removed
//@ ask: 4 => 14 40
//@ edit src/main.rs: replace "        Box::new(move |number| (number + base).to_string()),\n" with ""
//@ expect: restarted
//@ code: HP0302 or HP0503
//@ reason: CALLS
//@ ask: 4 => 40
//@ ask: 4 => 41

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
    let number = request.trim().parse().unwrap_or(0);
    let answers: Vec<String> = functions.iter().map(|function| function(number)).collect();
    answers.join(" ")
}

fn made(base: u64, _more: u64) -> Vec<Function> {
    vec![
        Box::new(move |number| (number + base).to_string()),
        Box::new(move |number| {
            static CALLS: AtomicU64 = AtomicU64::new(0);
            (number * base + CALLS.fetch_add(1, Relaxed)).to_string()
        }),
    ]
}
