//@ why: numbers of an enum's variants are kept, and a variant behind them comes in
//@ pair: restart-number-kept
//@ ask: apple => apple
//@ edit src/kinds.rs: replace "    Pear,\n" with "    Pear,\n    Quince,\n"
//@ edit+ src/main.rs: replace "kept.push(Kind::Pear as u8)" with "kept.push(Kind::Quince as u8)"
//@ edit+ src/main.rs: replace "\"?\"" with "\"quince\""
//@ expect: patched
//@ warm-only: a cold start has kept nothing
//@ ask: pear => apple quince

use std::sync::Mutex;

use kinds::Kind;

mod kinds;

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
