//@ why: generic functions inside of a generic function, and one more above them of the same path
//@ ask: x => first 1 x, second 1
//@ edit src/main.rs: replace "let mut parts = Vec::new();" with "let mut parts = Vec::new();\n    {\n        fn part<U: ToString>(text: U) -> String {\n            text.to_string().to_uppercase()\n        }\n        parts.push(part(request.to_string()));\n    }"
//@ expect: patched
//@ ask: x => X, first 1 x, second 1
//@ edit src/main.rs: replace "first {}" with "one {}"
//@ expect: patched
//@ ask: x => X, one 1 x, second 1

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(line));
    }
}

fn answer<T: ToString>(request: T) -> String {
    let mut parts = Vec::new();
    {
        fn part<U: ToString>(text: U) -> String {
            format!("first {} {}", text.to_string().len(), text.to_string())
        }
        parts.push(part(request.to_string()));
    }
    {
        fn part<U: ToString>(text: U) -> String {
            format!("second {}", text.to_string().len())
        }
        parts.push(part(request.to_string()));
    }
    parts.join(", ")
}
