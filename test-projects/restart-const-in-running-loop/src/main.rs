//@ why: the new value of a constant that only a running frame has in it
//@ pair: static-in-running-loop
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: restarted
//@ code: HP0902
//@ ask: x => two

const GREETING: &str = "one";

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{GREETING}");
    }
}
