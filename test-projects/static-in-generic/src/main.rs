//@ why: a static inside of a generic function is one for all instances; the function's body is edited
//@ pair: restart-static-in-generic
//@ ask: x => u8 1, u16 2
//@ edit src/main.rs: replace "format!(\"{} {}\"" with "format!(\"{}: {}\""
//@ expect: patched
//@ ask: x => u8: 3, u16: 4

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            format!("{}, {}", count::<u8>(), count::<u16>())
        });
    }
}

fn count<T>() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Relaxed) + 1;
    format!("{} {}", std::any::type_name::<T>(), count)
}
