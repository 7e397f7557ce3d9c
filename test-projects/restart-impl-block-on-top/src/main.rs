//@ why: a block on top renumbers the others, and a static in one of them, which is followed to its new number, gets another type
//@ pair: impl-block-on-top
//@ ask: x => a1 b1
//@ ask: x => a2 b2
//@ edit src/main.rs: replace "impl Log {\n    fn a()" with "impl Log {\n    fn c() -> String {\n        fn next() -> u32 {\n            static COUNT: AtomicU32 = AtomicU32::new(70);\n            COUNT.fetch_add(1, Relaxed)\n        }\n        format!(\"c{}\", next())\n    }\n}\n\nimpl Log {\n    fn a()"
//@ edit+ src/main.rs: replace "format!(\"{} {}\", Log::a(), Log::b())" with "format!(\"{} {} {}\", Log::a(), Log::b(), Log::c())"
//@ edit+ src/main.rs: replace "static COUNT: AtomicU32 = AtomicU32::new(1)" with "static COUNT: AtomicU64 = AtomicU64::new(1)"
//@ expect: restarted
//@ code: HP0501
//@ reason: COUNT
//@ ask: x => a1 b1 c70

#[allow(unused_imports)]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

struct Log;

impl Log {
    fn a() -> String {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        format!("a{}", COUNT.fetch_add(1, Relaxed))
    }
}

impl Log {
    fn b() -> String {
        static TALLY: AtomicU32 = AtomicU32::new(1);
        format!("b{}", TALLY.fetch_add(1, Relaxed))
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            answer()
        });
    }
}

fn answer() -> String {
    format!("{} {}", Log::a(), Log::b())
}
