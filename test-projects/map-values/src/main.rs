//@ why: a map whose values are an own type, changed in place by new code
//@ pair: restart-map-key
//@ ask: a => a 1
//@ ask: b => b 1
//@ edit src/main.rs: replace "\"{} {}\"" with "\"{}: {}\""
//@ expect: patched
//@ only: map_values::see patched
//@ ask: a => a: 2
//@ ask: b => b: 2

use std::collections::HashMap;

#[derive(PartialEq, Eq, Hash, Clone)]
struct Key {
    name: String,
    part: u8,
}

#[derive(Default)]
struct Entry {
    seen: u32,
}

fn main() {
    let mut map = HashMap::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", see(&mut map, &line));
    }
}

fn see(map: &mut HashMap<Key, Entry>, name: &str) -> String {
    let key = Key {
        name: name.to_owned(),
        part: 0,
    };
    let entry = map.entry(key.clone()).or_default();
    entry.seen += 1;
    format!("{} {}", key.name, entry.seen)
}
