//@ why: two functions that are alike, of one name in two blocks, change places: kept pointers must know theirs at the next edit
//@ ask: a => a1 b1
//@ edit src/main.rs: replace "    {\n        fn part() -> u32 {\n            1\n        }\n        parts.push((\"a\", part));\n    }\n    {\n        fn part() -> u32 {\n            1\n        }\n        parts.push((\"b\", part));\n    }\n" with "    {\n        fn part() -> u32 {\n            1\n        }\n        parts.push((\"b\", part));\n    }\n    {\n        fn part() -> u32 {\n            1\n        }\n        parts.push((\"a\", part));\n    }\n"
//@ expect: restarted
//@ code: HP0204
//@ edit src/main.rs: replace "            1\n        }\n        parts.push((\"b\", part));" with "            2\n        }\n        parts.push((\"b\", part));"
//@ expect: patched
//@ ask: a => a1 b2

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
            1
        }
        parts.push(("b", part));
    }
    parts
}

fn answer(parts: &Parts) -> String {
    let all = parts.iter().map(|(name, part)| format!("{name}{}", part()));
    let mut all = all.collect::<Vec<_>>();
    all.sort();
    all.join(" ")
}

fn main() {
    let parts = parts();
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{}", answer(&parts));
    }
}
