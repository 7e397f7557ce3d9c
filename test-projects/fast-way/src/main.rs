//@ why: which edits go the fast way, and what the full way says of them afterwards
//@ driven-by: fast.rs

#![deny(unused_variables)]

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};

mod length;
mod shapes;

const LIMIT: u32 = limit();

macro_rules! answered {
    ($text:literal) => {
        fn from_macro() -> String {
            $text.to_owned()
        }
    };
}

answered!("macro one");

fn main() {
    println!("ready");
    let mut kept = shapes::kept();
    for request in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&request, &mut kept));
    }
}

fn answer(request: &str, kept: &mut dyn FnMut() -> u32) -> String {
    match request {
        "plain" => plain(),
        "closure" => closure(3),
        "place" => place(),
        "caught" => caught(),
        "generic" => generic(1),
        "constant" => format!("limit {LIMIT}"),
        "opaque" => opaque().to_string(),
        "stated" => stated(),
        "macro" => from_macro(),
        "length" => length::length(),
        "derived" => derived(),
        "used" => used(),
        "kept" => kept().to_string(),
        "area" => shapes::Square { side: 3 }.area().to_string(),
        "shown" => shapes::Square { side: 3 }.to_string(),
        other => format!("what is {other}?"),
    }
}

fn plain() -> String {
    let helped = helper(1);
    format!("plain one {helped}")
}

fn helper(number: u32) -> u32 {
    number + 1
}

fn closure(number: u32) -> String {
    let add = |other: u32| other + number;
    let all: Vec<String> = (0..2).map(|it| (add(it) * 1).to_string()).collect();
    all.join(" ")
}

fn place() -> String {
    let here = std::panic::Location::caller();
    format!("{}:{}:{}", here.file(), here.line(), here.column())
}

fn caught() -> String {
    std::panic::set_hook(Box::new(|_| {}));
    match std::panic::catch_unwind(fails) {
        Ok(number) => number.to_string(),
        Err(_) => "caught one".to_owned(),
    }
}

fn fails() -> u32 {
    let nothing: Vec<u32> = Vec::new();
    nothing[helper(0) as usize]
}

fn generic<T: Display>(it: T) -> String {
    format!("generic one {it}")
}

const fn limit() -> u32 {
    10
}

fn opaque() -> impl Display {
    "opaque one"
}

#[derive(Clone)]
struct Derived {
    number: u32,
}

fn derived() -> String {
    let first = Derived { number: 4 };
    format!("derived one {}", first.clone().number)
}

fn used() -> String {
    "used one".to_owned()
}

#[allow(dead_code)]
fn unused() -> String {
    "unused one".to_owned()
}

fn stated() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("stated one {}", COUNT.fetch_add(1, Ordering::Relaxed))
}
