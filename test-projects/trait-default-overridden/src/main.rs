//@ why: one of two types overrides a default method, and later no longer does: its objects follow, the other's do not
//@ pair: restart-trait-default-moved
//@ ask: x => [cat] [dog]
//@ edit src/main.rs: replace "        \"cat\".to_owned()\n    }\n" with "        \"cat\".to_owned()\n    }\n    fn shown(&self) -> String {\n        \"a cat\".to_owned()\n    }\n"
//@ expect: patched
//@ ask: x => a cat [dog]
//@ edit src/main.rs: replace "    fn shown(&self) -> String {\n        \"a cat\".to_owned()\n    }\n" with ""
//@ edit+ src/main.rs: replace "\"[{}]\"" with "\"<{}>\""
//@ expect: patched
//@ ask: x => <cat> <dog>

trait Animal {
    fn name(&self) -> String;
    fn shown(&self) -> String {
        format!("[{}]", self.name())
    }
}

struct Cat;
struct Dog;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
}

impl Animal for Dog {
    fn name(&self) -> String {
        "dog".to_owned()
    }
}

fn main() {
    let cat: Box<dyn Animal> = Box::new(Cat);
    let dog: Box<dyn Animal> = Box::new(Dog);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*cat, &*dog, &line));
    }
}

fn answer(cat: &dyn Animal, dog: &dyn Animal, _request: &str) -> String {
    format!("{} {}", cat.shown(), dog.shown())
}
