//@ why: functions, types and statics inside of functions
//@ ask: x => left 1
//@ ask: y => right 1
//@ edit src/main.rs: replace "\"right {}\"" with "\"to the right {}\""
//@ expect: patched
//@ only: inner_items::right::helper patched
//@ ask: y => to the right 2
//@ ask: x => left 2

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    if request == "x" { left() } else { right() }
}

fn left() -> String {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    fn helper(count: u32) -> String {
        format!("left {}", count)
    }
    helper(COUNT.fetch_add(1, Relaxed) + 1)
}

fn right() -> String {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    fn helper(count: u32) -> String {
        format!("right {}", count)
    }
    helper(COUNT.fetch_add(1, Relaxed) + 1)
}
