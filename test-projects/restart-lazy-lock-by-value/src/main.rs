//@ why: a lazy static becomes one that is there from the beginning
//@ pair: lazy-lock-unused
//@ ask: no => not asked
//@ edit src/main.rs: replace "LazyLock<Vec<&'static str>> = LazyLock::new(|| vec![\"one\", \"two\"])" with "[&str; 3] = [\"eins\", \"zwei\", \"drei\"]"
//@ edit+ src/main.rs: replace "use std::sync::LazyLock;\n" with ""
//@ expect: restarted
//@ code: HP0501
//@ reason: NAMES
//@ ask: 2 => drei

use std::sync::LazyLock;

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| vec!["one", "two"]);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", name(&line));
    }
}

fn name(request: &str) -> String {
    match request.parse::<usize>() {
        Ok(index) => NAMES[index].to_owned(),
        Err(_) => "not asked".to_owned(),
    }
}
