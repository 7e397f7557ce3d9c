//@ why: editors that write a new file and rename it over the old one, more than once
//@ save: atomic
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ ask: x => two
//@ edit src/main.rs: replace "\"two\"" with "\"three\""
//@ expect: patched
//@ ask: x => three
//@ save: in-place
//@ edit src/main.rs: replace "\"three\"" with "\"four\""
//@ expect: patched
//@ ask: x => four

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    "one".to_owned()
}
