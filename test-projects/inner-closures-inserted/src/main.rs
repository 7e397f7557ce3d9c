//@ why: functions with closures inside of a function, and one more above them of the same path
//@ ask: x => first x, second 1
//@ edit src/main.rs: replace "let mut parts = Vec::new();" with "let mut parts = Vec::new();\n    {\n        fn part(text: &str) -> String {\n            let shout = |it: &str| it.to_uppercase();\n            shout(text)\n        }\n        parts.push(part(request));\n    }"
//@ expect: patched
//@ ask: x => X, first x, second 1
//@ edit src/main.rs: replace "first {it}" with "one {it}"
//@ expect: patched
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
            let show = |it: &str| format!("first {it}");
            show(text)
        }
        parts.push(part(request));
    }
    {
        fn part(text: &str) -> String {
            let show = |it: &str| format!("second {}", it.len());
            show(text)
        }
        parts.push(part(request));
    }
    parts.join(", ")
}
