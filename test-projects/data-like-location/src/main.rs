//@ why: data that is laid out as the place of a panic is data: in statics, behind other data, and in code that reads it
//@ ask: x => 100 80, 7 1, 50 5, 3 3
//@ edit src/main.rs: replace "max: 100" with "max: 200"
//@ expect: patched
//@ ask: x => 200 80, 7 1, 50 5, 3 3
//@ edit src/main.rs: replace "max: 7" with "max: 9"
//@ expect: patched
//@ ask: x => 200 80, 9 1, 50 5, 3 3
//@ edit src/main.rs: replace "warn: 5 }" with "warn: 6 }"
//@ expect: patched
//@ function: look patched
//@ ask: x => 200 80, 9 1, 50 6, 3 3
//@ edit src/main.rs: replace "warn: 3 }" with "warn: 4 }"
//@ expect: patched
//@ function: own patched
//@ ask: x => 200 80, 9 1, 50 6, 3 4

#[derive(Clone, Copy)]
struct Rule {
    file: &'static str,
    max: u32,
    warn: u32,
}

static NAMED: Rule = Rule {
    file: "lib.rs",
    max: 100,
    warn: 80,
};
static BEHIND: [&Rule; 1] = [&Rule {
    file: "src/main.rs",
    max: 7,
    warn: 1,
}];

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let rules = [NAMED, *BEHIND[0], *look(), *own()];
    let texts = rules.map(|rule| {
        assert!(rule.file.ends_with(".rs"));
        format!("{} {}", rule.max, rule.warn)
    });
    texts.join(", ")
}

#[rustfmt::skip]
fn look() -> &'static Rule {
    &Rule { file: "lib.rs", max: 50, warn: 5 }
}

#[rustfmt::skip]
fn own() -> &'static Rule {
    &Rule { file: "src/main.rs", max: 3, warn: 3 }
}
