//@ why: derives bring new functions for an old type
//@ pair: restart-repr
//@ ask: 3 => 3
//@ edit src/main.rs: replace "#[derive(Clone)]" with "#[derive(Clone, Debug, PartialEq, PartialOrd)]"
//@ edit+ src/main.rs: replace "money.cents.to_string()" with "format!(\"{money:?} {}\", money > Money { cents: 2 })"
//@ expect: patched
//@ ask: 3 => Money { cents: 3 } true

#[derive(Clone)]
struct Money {
    cents: i64,
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let money = Money {
        cents: request.trim().parse().unwrap_or(0),
    }
    .clone();
    money.cents.to_string()
}
