//@ why: a function is put in front of two others of the same path, which keep their bodies: each is found by what it holds
//@ pair: restart-inner-function-doubtful
//@ ask: x => first x, second 1
//@ edit src/main.rs: replace "let mut parts = Vec::new();" with "let mut parts = Vec::new();\n    {\n        fn part(text: &str) -> String {\n            text.to_uppercase()\n        }\n        parts.push(part(request));\n    }"
//@ expect: patched
//@ ask: x => X, first x, second 1
//@ edit src/main.rs: replace "first {text}" with "one {text}"
//@ expect: patched
//@ ask: x => X, one x, second 1
//@ edit src/main.rs: replace "text.to_uppercase()" with "text.repeat(2)"
//@ expect: patched
//@ ask: x => xx, one x, second 1
//@ edit src/main.rs: replace "    {\n        fn part(text: &str) -> String {\n            text.repeat(2)\n        }\n        parts.push(part(request));\n    }\n" with ""
//@ expect: patched
//@ ask: x => one x, second 1
//@ edit src/main.rs: replace "second {}" with "two {}"
//@ expect: patched
//@ ask: x => one x, two 1

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
