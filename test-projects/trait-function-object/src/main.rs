//@ why: a boxed function in a static is replaced by new code, and the one before it still runs
//@ pair: restart-trait-function-object-type
//@ ask: 4 => now 8, before none
//@ edit src/main.rs: replace "Box::new(twice)" with "Box::new(|number| number * 10)"
//@ expect: patched
//@ warm-only: there is one from before
//@ ask: 4 => now 40, before 8
//@ ask: 4 => now 40, before 40

use std::sync::Mutex;

type Function = Box<dyn Fn(u32) -> u32 + Send>;

static SLOT: Mutex<Option<Function>> = Mutex::new(None);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
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
fn twice(number: u32) -> u32 {
    number * 2
}
