//@ why: an edit two crates below the program
//@ ask: 5 => app(middle(base(5)))
//@ edit crates/base/src/lib.rs: replace "base({number})" with "BASE({number})"
//@ expect: patched
//@ only: base::base patched
//@ ask: 5 => app(middle(BASE(5)))
//@ edit crates/middle/src/lib.rs: replace "[\"middle(" with "[\"MIDDLE("
//@ expect: patched
//@ only: middle::middle patched
//@ ask: 5 => app(MIDDLE(BASE(5)))

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!(
        "app({})",
        middle::middle(request.trim().parse().unwrap_or(0))
    )
}
