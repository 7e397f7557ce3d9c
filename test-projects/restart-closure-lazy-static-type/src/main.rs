//@ why: a static's initialiser returns another type
//@ pair: closure-lazy-static
//@ ask: x => not yet
//@ edit src/main.rs: replace "LazyLock<String> = LazyLock::new(|| String::from(\"old\"))" with "LazyLock<&str> = LazyLock::new(|| \"new\")"
//@ edit+ src/main.rs: replace "TEXT.clone()" with "TEXT.to_string()"
//@ expect: restarted
//@ code: HP0501
//@ reason: TEXT
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
