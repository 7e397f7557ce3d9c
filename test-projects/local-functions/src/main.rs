//@ why: two functions of one name in two blocks of one function; one of them is edited, then the other
//@ pair: restart-local-functions-exchanged
//@ ask: a => a1 b2
//@ edit src/main.rs: replace "            2\n" with "            20\n"
//@ expect: patched
//@ ask: a => a1 b20
//@ edit src/main.rs: replace "            1\n" with "            10\n"
//@ expect: patched
//@ ask: a => a10 b20

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
