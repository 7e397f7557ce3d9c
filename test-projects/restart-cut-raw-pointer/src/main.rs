//@ why: a raw pointer that is handed to a function of the closure's type could be an old closure's
//@ pair: cut-raw-pointer-inside
//@ ask: make => made
//@ ask: call => 105 whole
//@ edit src/main.rs: replace "let found = number + base;" with "let found = number + base + factor;"
//@ expect: restarted
//@ code: HP0301
//@ reason: in its signature
//@ ask: make => made

use std::sync::atomic::{AtomicPtr, Ordering};

static KEPT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line, 100, 0x600d, 7));
    }
}

#[allow(unused_variables)]
fn answer(request: &str, base: i64, mark: i64, factor: i64) -> String {
    let compute = move |number: i64| {
        let found = number + base;
        let state = if mark == 0x600d { "whole" } else { "torn" };
        format!("{found} {state}")
    };
    if request == "make" {
        KEPT.store(erased::keep(compute), Ordering::Release);
        return "made".to_owned();
    }
    erased::call(&compute, KEPT.load(Ordering::Acquire), 5)
}
