//@ why: implementations of std's traits, reached through format machinery
//@ ask: 3 => 3 EUR [Money { cents: 300 }]
//@ edit src/main.rs: replace "{} EUR" with "€ {}.00"
//@ expect: patched
//@ only: <display_impl::Money as core::fmt::Display>::fmt patched
//@ ask: 3 => € 3.00 [Money { cents: 300 }]

use std::fmt;

#[derive(Debug)]
struct Money {
    cents: i64,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} EUR", self.cents / 100)
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let money = Money {
        cents: 100 * request.trim().parse::<i64>().unwrap_or(0),
    };
    format!("{money} [{money:?}]")
}
