//@ why: what the build reads from the environment is the same in a patch; the program's own environment stays, too
//@ pair: restart-cargo-config
//@ env: COLOUR=blue
//@ program-args: first second
//@ ask: x => env-macro 0.0.0 blue, 2 arguments
//@ edit src/main.rs: replace "{} {} {}, {} arguments" with "{} v{} {}: {}"
//@ expect: patched
//@ ask: x => env-macro v0.0.0 blue: 2
//@ edit src/main.rs: replace "option_env!(\"COLOUR\").unwrap_or(\"none\")" with "std::env::var(\"COLOUR\").unwrap()"
//@ expect: patched
//@ ask: x => env-macro v0.0.0 blue: 2

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let count = std::env::args().count() - 1;
    format!(
        "{} {} {}, {} arguments",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        option_env!("COLOUR").unwrap_or("none"),
        count
    )
}
