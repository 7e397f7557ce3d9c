//@ why: the boxed functions in a static take another type
//@ pair: trait-function-object
//@ ask: 4 => now 8, before none
//@ edit src/main.rs: replace "type Number = u32;" with "type Number = f64;"
//@ edit+ src/main.rs: replace "number * 2" with "number * 2.5"
//@ expect: restarted
//@ code: HP0501
//@ reason: SLOT
//@ ask: 4 => now 10, before none

use std::sync::Mutex;

type Number = u32;
type Function = Box<dyn Fn(Number) -> Number + Send>;

static SLOT: Mutex<Option<Function>> = Mutex::new(None);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or_default();
    let mut slot = SLOT.lock().unwrap();
    let before = match slot.replace(made()) {
        Some(function) => function(number).to_string(),
        None => "none".to_owned(),
    };
    let now = slot.as_ref().unwrap()(number);
    format!("now {now}, before {before}")
}

fn made() -> Function {
    Box::new(twice)
}

#[allow(dead_code)]
fn twice(number: Number) -> Number {
    number * 2
}
