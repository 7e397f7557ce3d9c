//@ why: a macro with a hidden static gets a second one, in front of the first, wherever it is used
//@ pair: log-macro-below
//@ ask: a => a 1
//@ ask: b => b 1
//@ ask: b => b 2
//@ edit src/main.rs: replace "        static HITS" with "        {\n            static HITS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(100);\n            HITS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);\n        }\n        static HITS"
//@ expect: restarted
//@ code: HP0503
//@ reason: HITS
//@ ask: b => b 1

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
