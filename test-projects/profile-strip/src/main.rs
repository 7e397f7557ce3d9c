//@ why: symbols are needed, so the tool keeps them in its own build, and says so
//@ warning: HP0003
//@ ask: x => one x
//@ edit src/main.rs: replace "one {request}" with "two {request}"
//@ expect: patched
//@ ask: x => two x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!("one {request}")
}
