//@ why: a function that nothing calls is not in the program
//@ ask: x => x
//@ edit src/main.rs: replace "println!(\"never\")" with "println!(\"not ever\")"
//@ expect: unchanged
//@ ask: x => x
//@ edit src/main.rs: replace "request.to_owned()" with "{ never(); request.to_owned() }"
//@ expect: patched
//@ send: x
//@ line: not ever
//@ line: x

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    request.to_owned()
}

#[allow(dead_code)]
fn never() {
    println!("never")
}
