//! Answers each line with one line. What is made before the first request lives on.

use std::io::{BufRead as _, stdin};
use std::panic::{catch_unwind, set_hook, take_hook};

fn main() {
    let stock = shop::Stock::new(&["apple", "pear"]);
    for line in stdin().lock().lines().map_while(Result::ok) {
        match line.as_str() {
            "till" => println!("{}", shop::till()),
            line => println!("{}", answer(&stock, line)),
        }
    }
}

fn answer(stock: &shop::Stock, line: &str) -> String {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place.unwrap_or_default());
    }));
    let answer = catch_unwind(|| match line.split_once(' ') {
        Some(("count", name)) => stock.count(name).to_string(),
        Some(("label", name)) => stock.label(name),
        _ => "?".to_owned(),
    });
    let _ = take_hook();
    answer.unwrap_or_else(|_| format!("panic at {}", PLACE.take()))
}

thread_local! {
    static PLACE: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}
