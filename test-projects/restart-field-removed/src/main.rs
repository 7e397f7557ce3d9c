//@ why: without one field the others lie elsewhere
//@ pair: field-last-read
//@ ask: 3 => 3 (was 100)
//@ edit src/main.rs: replace "    first: u64,\n" with ""
//@ edit+ src/main.rs: replace "        first: 1,\n" with ""
//@ edit+ src/main.rs: replace "memory.last * memory.first" with "memory.last"
//@ expect: restarted
//@ code: HP0101
//@ reason: Memory
//@ ask: 4 => 4 (was 100)

struct Memory {
    first: u64,
    last: u64,
}

fn main() {
    let mut memory = Memory {
        first: 1,
        last: 100,
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", put(&mut memory, line.trim().parse().unwrap_or(0)));
    }
}

fn put(memory: &mut Memory, value: u64) -> String {
    let before = memory.last * memory.first;
    memory.last = value;
    format!("{value} (was {before})")
}
