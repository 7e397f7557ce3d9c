//@ why: the value of a LazyLock that was initialised is of the old type
//@ pair: lazy-lock
//@ ask: 1 => two
//@ edit src/main.rs: replace "LazyLock<Vec<&'static str>> = LazyLock::new(|| vec![\"one\", \"two\"])" with "LazyLock<Vec<String>> = LazyLock::new(|| vec![\"ein\".to_owned(), \"zwei\".to_owned()])"
//@ expect: restarted
//@ code: HP0501
//@ reason: NAMES
//@ ask: 1 => zwei

use std::sync::LazyLock;

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| vec!["one", "two"]);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", name(line.trim().parse().unwrap_or(0)));
    }
}

fn name(index: usize) -> String {
    NAMES[index].to_string()
}
