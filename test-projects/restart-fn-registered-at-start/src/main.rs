//@ why: a function is put into the list of those that run before `main`, which is over
//@ pair: fn-link-section
//@ ask: x => 1
//@ edit src/main.rs: append "\n#[used]\n#[unsafe(link_section = \".init_array\")]\nstatic SECOND: extern \"C\" fn() = count;\n"
//@ expect: restarted
//@ code: HP0505
//@ ask: x => 2

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static FIRST: extern "C" fn() = count;

extern "C" fn count() {
    CALLS.fetch_add(1, Relaxed);
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    CALLS.load(Relaxed).to_string()
}
