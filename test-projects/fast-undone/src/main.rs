//@ why: a fast patch is undone after an immutable static got a new value, which stays
//@ driven-by: fast.rs

#![deny(unused_variables)]

static LEVEL: &str = "level one";
static TABLE: [&&str; 1] = [&LEVEL];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    match request {
        "level" => format!("{LEVEL} {}", TABLE[0]),
        _ => plain(),
    }
}

fn plain() -> String {
    let number = 1;
    format!("plain one {number}")
}
