//@ why: a static's initialiser has not run when it is edited, and runs as it is then
//@ pair: restart-closure-lazy-static-type
//@ ask: x => not yet
//@ edit src/main.rs: replace "String::from(\"old\")" with "String::from(\"new\")"
//@ expect: patched
//@ ask: now => new

use std::sync::LazyLock;

static TEXT: LazyLock<String> = LazyLock::new(|| String::from("old"));

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    if request == "now" {
        TEXT.clone()
    } else {
        "not yet".to_owned()
    }
}
