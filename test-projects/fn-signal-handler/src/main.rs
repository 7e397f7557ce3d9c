//@ why: a handler that was registered before the edit runs the new code
//@ pair: restart-fn-signal-handler-signature
//@ ask: x => 1
//@ edit src/main.rs: replace "fetch_add(1, Relaxed)" with "fetch_add(100, Relaxed)"
//@ expect: patched
//@ only: fn_signal_handler::count patched
//@ warm-only: one signal came before
//@ ask: x => 101

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
