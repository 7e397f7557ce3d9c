//@ why: as its pair, but a value of the inferred type exists
//@ pair: generic-inference-moved
//@ ask: x => 4 bytes
//@ edit src/main.rs: replace "type Wanted = u32;" with "type Wanted = u8;"
//@ expect: restarted
//@ code: HP0101 or HP0201 or HP0501
//@ ask: x => 1 bytes

use std::sync::Mutex;

type Wanted = u32;

struct Kept<T> {
    values: Vec<T>,
}

static KEPT: Mutex<Kept<Wanted>> = Mutex::new(Kept { values: Vec::new() });

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let mut kept = KEPT.lock().unwrap();
    kept.values.push(7);
    format!("{} bytes", size_of_val(&kept.values[0]))
}
