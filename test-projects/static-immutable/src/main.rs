//@ why: the value of an immutable static is code, more or less: new code sees the new value
//@ pair: restart-table-to-counters
//@ ask: x => 3 names, first is ada
//@ edit src/main.rs: replace "[\"ada\", \"bob\", \"cleo\"]" with "[\"zoe\", \"bob\", \"cleo\"]"
//@ edit+ src/main.rs: replace "first is" with "the first is"
//@ expect: patched
//@ ask: x => 3 names, the first is zoe

static NAMES: [&str; 3] = ["ada", "bob", "cleo"];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    format!("{} names, first is {}", NAMES.len(), NAMES[0])
}
