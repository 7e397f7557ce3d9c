//@ why: editors that delete a file and create it again
//@ save: recreate
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ ask: x => two
//@ edit src/main.rs: replace "\"two\"" with "\"three\""
//@ expect: patched
//@ ask: x => three

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    "one".to_owned()
}
