//@ why: the new value of an immutable static that a function reads which is called again
//@ ask: x => one
//@ edit src/main.rs: replace "\"one\"" with "\"two\""
//@ expect: patched
//@ ask: x => two

static GREETING: &str = "one";

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", greeting());
    }
}

fn greeting() -> String {
    GREETING.to_owned()
}
