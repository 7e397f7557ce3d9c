//@ why: a module with a type gets another name, and a value of the type is in a static
//@ pair: module-renamed
//@ ask: x => 1 visits
//@ edit src/main.rs: replace "mod counter {" with "mod tally {"
//@ edit+ src/main.rs: replace "Mutex<counter::Counter> = Mutex::new(counter::Counter(0))" with "Mutex<tally::Counter> = Mutex::new(tally::Counter(0))"
//@ expect: restarted
//@ code: HP0501
//@ reason: STATE
//@ ask: x => 1 visits

use std::sync::Mutex;

mod counter {
    pub struct Counter(pub u32);
}

static STATE: Mutex<counter::Counter> = Mutex::new(counter::Counter(0));

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            answer()
        });
    }
}

fn answer() -> String {
    let Ok(mut state) = STATE.lock() else {
        return String::new();
    };
    state.0 += 1;
    format!("{} visits", state.0)
}
