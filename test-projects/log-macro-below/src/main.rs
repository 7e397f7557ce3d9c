//@ why: a macro with a hidden static is used once more, below the others: theirs keep their numbers
//@ pair: restart-log-macro-expands
//@ ask: a => a 1
//@ ask: b => b 1
//@ ask: b => b 2
//@ edit src/main.rs: replace "        _ => counted!(\"b\")," with "        \"b\" => counted!(\"b\"),\n        _ => counted!(\"c\"),"
//@ expect: patched
//@ ask: b => b 3
//@ ask: c => c 1
//@ ask: a => a 2

macro_rules! counted {
    ($name:expr) => {{
        static HITS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let hits = HITS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        format!("{} {}", $name, hits)
    }};
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    match request {
        "a" => counted!("a"),
        _ => counted!("b"),
    }
}
