//@ why: the new value of an immutable static that only a running frame reads: it is written over the old one
//@ pair: restart-const-in-running-loop
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ ask: x => two

static GREETING: &str = "one";

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{GREETING}");
    }
}
