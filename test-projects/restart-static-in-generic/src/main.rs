//@ why: a second static of the same name above the one in a generic function: which value belongs to which?
//@ pair: static-in-generic
//@ ask: x => u8 1, u16 2
//@ edit src/main.rs: replace "    static COUNT: AtomicU32 = AtomicU32::new(0);\n" with "    let first = {\n        static COUNT: AtomicU32 = AtomicU32::new(50);\n        COUNT.fetch_add(1, Relaxed)\n    };\n    static COUNT: AtomicU32 = AtomicU32::new(0);\n"
//@ edit+ src/main.rs: replace "format!(\"{} {}\", std::any::type_name::<T>(), count)" with "format!(\"{} {} {}\", std::any::type_name::<T>(), count, first)"
//@ expect: restarted
//@ code: HP0503
//@ reason: COUNT
//@ ask: x => u8 1 50, u16 2 51

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
