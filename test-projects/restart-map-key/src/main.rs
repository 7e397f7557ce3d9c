//@ why: the keys of a map that lives have another layout, and another hash
//@ pair: map-values
//@ ask: a => a 1
//@ ask: b => b 1
//@ edit src/main.rs: replace "    part: u8,\n}" with "    part: u64,\n}"
//@ expect: restarted
//@ code: HP0101
//@ reason: Key
//@ ask: a => a 1

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
