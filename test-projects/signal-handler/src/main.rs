//@ why: the kernel holds the address of a handler
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: replace "fetch_add(1, Relaxed)" with "fetch_add(100, Relaxed)"
//@ expect: patched
//@ only: signal_handler::on_signal patched
//@ warm-only: two signals were counted by the old handler
//@ ask: x => 102

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const SIGUSR1: c_int = 10;

unsafe extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn raise(number: c_int) -> c_int;
}

static SEEN: AtomicU32 = AtomicU32::new(0);

extern "C" fn on_signal(_number: c_int) {
    SEEN.fetch_add(1, Relaxed);
}

fn main() {
    unsafe { signal(SIGUSR1, on_signal) };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    unsafe { raise(SIGUSR1) };
    SEEN.load(Relaxed).to_string()
}
