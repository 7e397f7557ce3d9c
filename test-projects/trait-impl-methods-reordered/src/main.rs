//@ why: the methods of an implementation are written in another order: the trait decides, not the implementation
//@ pair: restart-trait-methods-reordered
//@ ask: x => cat meow
//@ edit src/main.rs: replace "    fn name(&self) -> String {\n        \"cat\".to_owned()\n    }\n    fn voice(&self) -> String {\n        \"meow\".to_owned()\n    }\n" with "    fn voice(&self) -> String {\n        \"MEOW\".to_owned()\n    }\n    fn name(&self) -> String {\n        \"CAT\".to_owned()\n    }\n"
//@ expect: patched
//@ ask: x => CAT MEOW

trait Animal {
    fn name(&self) -> String;
    fn voice(&self) -> String;
}

struct Cat;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
    fn voice(&self) -> String {
        "meow".to_owned()
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
    format!("{} {}", cat.name(), cat.voice())
}
