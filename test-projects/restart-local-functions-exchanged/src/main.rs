//@ why: two functions of one name in two blocks of one function; the blocks change places, and kept pointers must not
//@ pair: local-functions
//@ ask: a => a1 b2
//@ edit src/main.rs: replace "    {\n        fn part() -> u32 {\n            1\n        }\n        parts.push((\"a\", part));\n    }\n    {\n        fn part() -> u32 {\n            2\n        }\n        parts.push((\"b\", part));\n    }\n" with "    {\n        fn part() -> u32 {\n            2\n        }\n        parts.push((\"b\", part));\n    }\n    {\n        fn part() -> u32 {\n            1\n        }\n        parts.push((\"a\", part));\n    }\n"
//@ expect: restarted
//@ code: HP0204
//@ ask: a => b2 a1

type Parts = Vec<(&'static str, fn() -> u32)>;

fn parts() -> Parts {
    let mut parts: Parts = Vec::new();
    {
        fn part() -> u32 {
            1
        }
        parts.push(("a", part));
    }
    {
        fn part() -> u32 {
            2
        }
        parts.push(("b", part));
    }
    parts
}

fn answer(parts: &Parts) -> String {
    let all = parts.iter().map(|(name, part)| format!("{name}{}", part()));
    all.collect::<Vec<_>>().join(" ")
}

fn main() {
    let parts = parts();
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&parts));
    }
}
