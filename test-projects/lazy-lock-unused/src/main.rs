//@ why: the initialiser of a LazyLock that nobody has asked yet: the first to ask gets what stands there now
//@ pair: restart-lazy-lock-by-value
//@ ask: no => not asked
//@ edit src/main.rs: replace "vec![\"one\", \"two\"]" with "vec![\"eins\", \"zwei\", \"drei\"]"
//@ expect: patched
//@ note: NAMES
//@ ask: 2 => drei
//@ edit src/main.rs: replace "vec![\"eins\", \"zwei\", \"drei\"]" with "vec![\"un\", \"deux\", \"trois\"]"
//@ expect: patched
//@ note: NAMES
//@ warm-only: a cold start asks the new initialiser
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
