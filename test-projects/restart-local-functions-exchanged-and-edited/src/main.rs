//@ why: two functions of one name in two blocks of one function; they change places, and one of them is edited in the same save
//@ ask: a => a1 b2
//@ edit src/main.rs: replace "            1\n        }\n        parts.push((\"a\", part));" with "            2\n        }\n        parts.push((\"b\", part));"
//@ edit+ src/main.rs: replace "            2\n        }\n        parts.push((\"b\", part));\n    }\n    parts\n" with "            3\n        }\n        parts.push((\"a\", part));\n    }\n    parts\n"
//@ expect: restarted
//@ code: HP0204
//@ ask: a => b2 a3

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
