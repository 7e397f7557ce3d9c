//@ why: a type gets a destructor, and only main, which runs, drops values of it
//@ pair: drop-in-a-callee
//@ ask: x => dropped 0
//@ edit src/main.rs: append "\nimpl Drop for Guard {\n    fn drop(&mut self) {\n        DROPPED.fetch_add(self.0, Relaxed);\n    }\n}\n"
//@ expect: restarted
//@ code: HP0902
//@ ask: x => dropped 1

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Guard(u32);

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        {
            let guard = Guard(1);
            assert!(guard.0 > 0, "{line}");
        }
        println!("dropped {}", DROPPED.load(Relaxed));
    }
}
