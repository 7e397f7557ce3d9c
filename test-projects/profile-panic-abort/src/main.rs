//@ why: a program that is compiled to abort at a panic
//@ ask: x => one x
//@ edit src/main.rs: replace "one {request}" with "two {}"
//@ edit+ src/main.rs: replace "{}\")" with "{}\", request.to_uppercase())"
//@ expect: patched
//@ ask: x => two X

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!("one {request}")
}
