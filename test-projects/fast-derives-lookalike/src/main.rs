//@ why: a crate that is called serde, and is another: its derives stay in what the fast way compiles
//@ driven-by: fast.rs

use serde::Serialize;

fn main() {
    println!("ready");
    for request in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&request));
    }
}

#[derive(Serialize)]
struct Page;

fn answer(request: &str) -> String {
    format!("answer one {request} {}", Page.name())
}
