//@ why: a tuple and an Option inside of a type that a static holds
//@ ask: x => (1, 2) None
//@ edit src/main.rs: replace "pair: (u16, u16)," with "pair: (u16, u16, u16),"
//@ edit+ src/main.rs: replace "pair: (1, 2)," with "pair: (1, 2, 3),"
//@ expect: restarted
//@ code: HP0101 or HP0501
//@ ask: x => (1, 2, 3) None

use std::sync::Mutex;

#[derive(Debug)]
struct State {
    pair: (u16, u16),
    last: Option<u8>,
}

static STATE: Mutex<State> = Mutex::new(State {
    pair: (1, 2),
    last: None,
});

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let state = STATE.lock().unwrap();
    format!("{:?} {:?}", state.pair, state.last)
}
