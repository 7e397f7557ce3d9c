//@ why: numbers of an enum's variants are kept; the enum stands in another file, and the code that casts it is not edited
//@ pair: number-kept
//@ ask: apple => apple
//@ edit src/kinds.rs: replace "Apple,\n    Pear," with "Pear,\n    Apple,"
//@ expect: restarted
//@ code: HP0102
//@ reason: `Apple` was 0, now it is 1
//@ ask: apple => apple
//@ edit src/kinds.rs: replace "Pear,\n    Apple," with "Pear,\n    Quince,\n    Apple,"
//@ expect: restarted
//@ code: HP0102
//@ ask: pear => pear

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
