//@ why: an impl block above all others renumbers them; nobody's state goes to its neighbour
//@ ask: x => a1 b1
//@ ask: x => a2 b2
//@ edit src/main.rs: replace "impl Log<u8> {" with "impl Log<i64> {\n    fn next() -> String {\n        static COUNT: AtomicU32 = AtomicU32::new(70);\n        format!(\"c{}\", COUNT.fetch_add(1, Relaxed))\n    }\n}\n\nimpl Log<u8> {"
//@ edit+ src/main.rs: replace "\"{} {}\", Log::<u8>::next(), Log::<u16>::next()" with "\"{} {} {}\", Log::<u8>::next(), Log::<u16>::next(), Log::<i64>::next()"
//@ expect: patched
//@ ask: reset => reset
//@ ask: x => a2 b2 c70

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

static RESET: AtomicBool = AtomicBool::new(false);

struct Log<T>(T);

impl Log<u8> {
    fn next() -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if RESET.load(Relaxed) {
            COUNT.store(0, Relaxed);
        }
        format!("a{}", COUNT.fetch_add(1, Relaxed) + 1)
    }
}

impl Log<u16> {
    fn next() -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if RESET.load(Relaxed) {
            COUNT.store(0, Relaxed);
        }
        format!("b{}", COUNT.fetch_add(1, Relaxed) + 1)
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    RESET.store(request == "reset", Relaxed);
    if request == "reset" {
        let _ = (Log(0_u8).0, Log(0_u16).0, Log(0_i64).0);
        Log::<u8>::next();
        Log::<u16>::next();
        return "reset".to_owned();
    }
    format!("{} {}", Log::<u8>::next(), Log::<u16>::next())
}
