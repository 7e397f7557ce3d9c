//@ why: the new value of an immutable static that only a running frame reads
//@ pair: static-read-by-a-callee
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: restarted
//@ code: HP0902
//@ ask: x => two

static GREETING: &str = "one";

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{GREETING}");
    }
}
