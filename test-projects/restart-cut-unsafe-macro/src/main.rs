//@ why: a macro of the workspace hides the unsafe code that gives an address a type by inference
//@ pair: cut-captures-macro
//@ ask: make => made
//@ ask: call => 105 whole
//@ edit src/main.rs: replace "let found = number + base;" with "let found = number + base + factor;"
//@ expect: restarted
//@ code: HP0301
//@ reason: contains `unsafe`
//@ ask: make => made

use std::sync::atomic::{AtomicPtr, Ordering};

static KEPT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

macro_rules! called {
    ($pointer:expr, $number:expr) => {
        // SAFETY: it was made by an earlier call. (An edit of its captures would break this.)
        unsafe { (*$pointer)($number) }
    };
}

macro_rules! five {
    ($pointer:expr) => {
        called!($pointer, 5)
    };
}

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
    let mut pointer: *mut _ = Box::leak(Box::new(compute));
    if request == "make" {
        KEPT.store(pointer.cast(), Ordering::Release);
        return "made".to_owned();
    }
    pointer = KEPT.load(Ordering::Acquire).cast();
    five!(pointer)
}
