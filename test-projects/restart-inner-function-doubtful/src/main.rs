//@ why: a function is put in front of two others of the same path, and one of these changes: which is which, nobody can tell
//@ pair: inner-function-inserted
//@ ask: x => first x, second 1
//@ edit src/main.rs: replace "let mut parts = Vec::new();" with "let mut parts = Vec::new();\n    {\n        fn part(text: &str) -> String {\n            text.to_uppercase()\n        }\n        parts.push(part(request));\n    }"
//@ edit+ src/main.rs: replace "first {text}" with "one {text}"
//@ expect: restarted
//@ code: HP0204
//@ ask: x => X, one x, second 1

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let mut parts = Vec::new();
    {
        fn part(text: &str) -> String {
            format!("first {text}")
        }
        parts.push(part(request));
    }
    {
        fn part(text: &str) -> String {
            format!("second {}", text.len())
        }
        parts.push(part(request));
    }
    parts.join(", ")
}
