//@ why: the body of a function that the loader called before main, and that is called again later
//@ pair: restart-start-up-body
//@ ask: x => set to 2
//@ edit src/main.rs: replace "add(1," with "add(2,"
//@ expect: patched
//@ warm-only: the call before main counted as well
//@ ask: x => set to 4

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static VALUE: AtomicU32 = AtomicU32::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE: extern "C" fn() = before;

extern "C" fn before() {
    VALUE.fetch_add(1, Relaxed);
}

fn main() {
    println!("ready");
    for _line in std::io::stdin().lines().map_while(Result::ok) {
        before();
        println!("set to {}", VALUE.load(Relaxed));
    }
}
