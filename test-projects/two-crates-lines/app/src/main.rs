//@ why: lines move above a generic function that another crate has compiled for itself: its panics name the new line
//@ ask: 0 => 10
//@ ask: 7 => price/src/lib.rs:6:5
//@ edit price/src/lib.rs: prepend "// Prices.\n\n"
//@ expect: unchanged
//@ ask: 0 => 10
//@ ask: 7 => price/src/lib.rs:8:5
//@ edit price/src/lib.rs: replace "    count * 10" with "    let each = 10;\n    count * each"
//@ expect: patched
//@ ask: 7 => price/src/lib.rs:9:5

use std::panic::{catch_unwind, set_hook};
use std::sync::Mutex;

static PLACE: Mutex<String> = Mutex::new(String::new());

fn main() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        *PLACE.lock().unwrap() = place.unwrap_or_default();
    }));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let index = request.trim().parse().unwrap_or(0);
    match catch_unwind(|| price::generic(&[price::plain(1)], index)) {
        Ok(price) => price.to_string(),
        Err(_) => PLACE.lock().unwrap().clone(),
    }
}
