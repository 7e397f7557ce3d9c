//@ why: a function that runs before main has run; what it calls is also called later, and is edited
//@ pair: restart-start-up-entry
//@ ask: x => set to 1
//@ edit src/main.rs: replace "set to {}" with "was set to {}"
//@ expect: patched
//@ only: start_up_function::shown patched
//@ ask: x => was set to 1

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
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            shown()
        });
    }
}

fn shown() -> String {
    format!("set to {}", VALUE.load(Relaxed))
}
