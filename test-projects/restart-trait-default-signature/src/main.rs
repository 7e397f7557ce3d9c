//@ why: a default method behind vtables takes one more argument
//@ pair: trait-default-body
//@ ask: x => [cat]
//@ edit src/main.rs: replace "fn shown(&self) -> String {\n        format!(\"[{}]\", self.name())" with "fn shown(&self, more: &str) -> String {\n        format!(\"[{} {more}]\", self.name())"
//@ edit+ src/main.rs: replace "animal.shown()" with "animal.shown(\"more\")"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => [cat more]

trait Animal {
    fn name(&self) -> String;
    fn shown(&self) -> String {
        format!("[{}]", self.name())
    }
}

struct Cat;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
}

fn main() {
    let animal: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*animal, &line));
    }
}

fn answer(animal: &dyn Animal, _request: &str) -> String {
    animal.shown()
}
