//@ why: a field that holds a function now holds an unsafe one: what was a promise of its type is one of the caller
//@ pair: fn-unsafe-added
//@ ask: 1 => 20
//@ edit src/main.rs: replace "at: fn(usize) -> u32," with "at: unsafe fn(usize) -> u32,"
//@ edit+ src/main.rs: replace "(table.at)(request.trim().parse().unwrap_or(0)).to_string()" with "unsafe { (table.at)(request.trim().parse().unwrap_or(0)).to_string() + \"!\" }"
//@ expect: restarted
//@ code: HP0101 or HP0102
//@ reason: Table
//@ ask: 1 => 20!

struct Table {
    at: fn(usize) -> u32,
}

fn main() {
    let table = Table { at };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&table, &line));
    }
}

fn answer(table: &Table, request: &str) -> String {
    (table.at)(request.trim().parse().unwrap_or(0)).to_string()
}

fn at(index: usize) -> u32 {
    [5, 10, 15][index] * 2
}
