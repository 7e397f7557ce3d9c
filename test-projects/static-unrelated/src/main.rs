//@ why: a static goes in one module, and in another module one of its type comes under another name: neither was renamed or moved
//@ ask: x => 1 7
//@ ask: x => 2 7
//@ edit src/main.rs: replace "    static HITS: AtomicU32 = AtomicU32::new(0);\n" with ""
//@ edit+ src/main.rs: replace "HITS.fetch_add(1, Relaxed) + 1" with "1"
//@ edit+ src/main.rs: replace "        7\n" with "        OPEN.fetch_add(1, Relaxed)\n"
//@ edit+ src/main.rs: replace "mod visits {" with "mod visits {\n    static OPEN: AtomicU32 = AtomicU32::new(5);\n"
//@ expect: patched
//@ ask: x => 1 5
//@ ask: x => 1 6

mod pages {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static HITS: AtomicU32 = AtomicU32::new(0);

    pub fn hits() -> u32 {
        let _ = AtomicU32::new(0).load(Relaxed);
        HITS.fetch_add(1, Relaxed) + 1
    }
}

mod visits {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    pub fn open() -> u32 {
        let _ = AtomicU32::new(0).load(Relaxed);
        7
    }
}

fn main() {
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer());
    }
}

fn answer() -> String {
    format!("{} {}", pages::hits(), visits::open())
}
