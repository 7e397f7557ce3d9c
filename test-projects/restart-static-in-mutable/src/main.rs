//@ why: a static needs another place, and mutable data has its address
//@ pair: static-behind-table
//@ ask: x => a
//@ edit src/title.rs: replace "Some(\"a\")" with "None"
//@ expect: restarted
//@ code: HP0507
//@ reason: LIST
//@ ask: x => -

mod title;

use std::sync::Mutex;

static LIST: Mutex<[&Option<&str>; 1]> = Mutex::new([&title::TITLE]);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let list = LIST.lock().unwrap();
    list[0].unwrap_or("-").to_owned()
}
