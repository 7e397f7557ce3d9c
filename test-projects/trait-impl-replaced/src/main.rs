//@ why: an implementation is removed, and a blanket one takes its place for the same type: objects that exist follow
//@ pair: restart-trait-impl-replaced-track-caller
//@ ask: x => cat
//@ edit src/main.rs: replace "impl Animal for Cat {\n    fn name(&self) -> String {\n        \"cat\".to_owned()" with "impl<T: std::fmt::Debug> Animal for T {\n    fn name(&self) -> String {\n        format!(\"{self:?}\")"
//@ expect: patched
//@ ask: x => Cat

trait Animal {
    fn name(&self) -> String;
}

#[derive(Debug)]
struct Cat;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
}

fn main() {
    let cat: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*cat, &line));
    }
}

fn answer(cat: &dyn Animal, _request: &str) -> String {
    cat.name()
}
