//@ why: a registered handler takes more arguments than the kernel was told to pass
//@ pair: fn-signal-handler
//@ ask: x => 1
//@ edit src/main.rs: replace "handler: extern \"C\" fn(c_int)" with "handler: extern \"C\" fn(c_int, *const u32)"
//@ edit+ src/main.rs: replace "fn count(_signal: c_int) {\n    SIGNALS.fetch_add(1" with "fn count(_signal: c_int, data: *const u32) {\n    SIGNALS.fetch_add(if data.is_null() { 100 } else { 200 }"
//@ expect: restarted
//@ code: HP0201
//@ reason: outside of Rust
//@ ask: x =~ 00

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static SIGNALS: AtomicU32 = AtomicU32::new(0);
const SIGUSR2: c_int = 12;

unsafe extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn raise(number: c_int) -> c_int;
}

fn main() {
    unsafe { signal(SIGUSR2, count) };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    unsafe { raise(SIGUSR2) };
    SIGNALS.load(Relaxed).to_string()
}

extern "C" fn count(_signal: c_int) {
    SIGNALS.fetch_add(1, Relaxed);
}
