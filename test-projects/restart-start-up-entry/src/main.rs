//@ why: one more function that would have to run before main
//@ pair: start-up-function
//@ ask: x => set to 1
//@ edit src/main.rs: append "\n#[used]\n#[unsafe(link_section = \".init_array\")]\nstatic ALSO: extern \"C\" fn() = also;\n\nextern \"C\" fn also() {\n    VALUE.fetch_add(10, Relaxed);\n}\n"
//@ expect: restarted
//@ code: HP0505
//@ ask: x => set to 11

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
