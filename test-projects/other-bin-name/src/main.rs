//@ why: the program is called unlike its package
//@ ask: x => served-hot says x
//@ edit src/main.rs: replace "says" with "repeats"
//@ expect: patched
//@ only: served_hot::answer patched
//@ ask: x => served-hot repeats x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let program = std::env::args().next().unwrap_or_default();
    format!(
        "{} says {request}",
        program.rsplit('/').next().unwrap_or_default()
    )
}
