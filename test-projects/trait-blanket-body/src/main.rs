//@ why: the body of a blanket implementation, behind vtables of two types; then each of them has an implementation of its own
//@ pair: restart-trait-blanket-signature
//@ ask: x => <One> <Two>
//@ edit src/main.rs: replace "\"<{self:?}>\"" with "\"[{self:?}]\""
//@ expect: patched
//@ ask: x => [One] [Two]
//@ edit src/main.rs: replace "impl<T: std::fmt::Debug> Shown for T {\n    fn shown(&self) -> String {\n        format!(\"[{self:?}]\")\n    }\n}" with "impl Shown for Two {\n    fn shown(&self) -> String {\n        format!(\"2 {self:?}\")\n    }\n}\n\nimpl Shown for One {\n    fn shown(&self) -> String {\n        format!(\"1 {self:?}\")\n    }\n}"
//@ expect: patched
//@ ask: x => 1 One 2 Two

trait Shown {
    fn shown(&self) -> String;
}

#[derive(Debug)]
struct One;
#[derive(Debug)]
struct Two;

impl<T: std::fmt::Debug> Shown for T {
    fn shown(&self) -> String {
        format!("<{self:?}>")
    }
}

fn main() {
    let all: Vec<Box<dyn Shown>> = vec![Box::new(One), Box::new(Two)];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&all, &line));
    }
}

fn answer(all: &[Box<dyn Shown>], _request: &str) -> String {
    let shown: Vec<String> = all.iter().map(|one| one.shown()).collect();
    shown.join(" ")
}
