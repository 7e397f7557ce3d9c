//@ why: a type moves into a file of its own and grows on the way; values of it live
//@ pair: moved-to-module
//@ ask: x => 1 visits
//@ edit src/main.rs: replace "#[derive(Default)]\nstruct Counter {\n    count: u32,\n}\n" with "mod counter;\nuse counter::Counter;\n"
//@ write+ src/counter.rs from edits/counter.rs
//@ expect: restarted
//@ code: HP0101 or HP0501 or HP0902
//@ ask: x => 1 visits

use std::sync::Mutex;

#[derive(Default)]
struct Counter {
    count: u32,
}

static STATE: Mutex<Vec<Counter>> = Mutex::new(Vec::new());

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
    if state.is_empty() {
        state.push(Counter::default());
    }
    state[0].count += 1;
    format!("{} visits", state[0].count)
}
