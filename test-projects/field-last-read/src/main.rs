//@ why: nothing reads the field any more, but it stays in the type
//@ pair: restart-field-removed
//@ ask: 3 => 3 (was 100)
//@ edit src/main.rs: replace "format!(\"{value} (was {before})\")" with "{\n        let _ = before;\n        format!(\"just {value}\")\n    }"
//@ expect: patched
//@ only: field_last_read::put patched
//@ ask: 4 => just 4

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
