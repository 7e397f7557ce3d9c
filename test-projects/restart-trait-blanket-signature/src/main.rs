//@ why: the method of a blanket implementation takes one more argument, and old vtables lead to it
//@ pair: trait-blanket-body
//@ ask: x => <One> <Two>
//@ edit src/main.rs: replace "fn shown(&self) -> String;" with "fn shown(&self, width: usize) -> String;"
//@ edit+ src/main.rs: replace "fn shown(&self) -> String {\n        format!(\"<{self:?}>\")" with "fn shown(&self, width: usize) -> String {\n        format!(\"<{self:?} {width}>\")"
//@ edit+ src/main.rs: replace "one.shown()" with "one.shown(3)"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => <One 3> <Two 3>

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
