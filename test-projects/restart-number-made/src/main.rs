//@ why: numbers of an enum's variants are kept; they come from a constant, or from a macro's arguments, in another file
//@ ask: apple => apple
//@ edit src/numbers.rs: replace "FIRST: u8 = 1" with "FIRST: u8 = 3"
//@ expect: restarted
//@ code: HP0102
//@ reason: `FIRST`
//@ ask: apple => apple
//@ write src/kinds.rs from edits/by-macro.rs
//@ expect: restarted
//@ ask: apple => apple
//@ edit src/kinds.rs: replace "Apple, Pear" with "Pear, Apple"
//@ expect: restarted
//@ code: HP0103
//@ reason: `kinds!` makes an enum
//@ ask: apple => apple

use std::sync::Mutex;

use kinds::Kind;

mod kinds;
mod numbers;

static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let Ok(mut kept) = KEPT.lock() else {
        return "poisoned".to_owned();
    };
    match request {
        "apple" => kept.push(Kind::Apple as u8),
        "pear" => kept.push(Kind::Pear as u8),
        _ => {}
    }
    let names = kept.iter().map(|number| name(*number));
    names.collect::<Vec<_>>().join(" ")
}

fn name(number: u8) -> &'static str {
    if number == Kind::Apple as u8 {
        "apple"
    } else if number == Kind::Pear as u8 {
        "pear"
    } else {
        "?"
    }
}
