//@ why: a trait that has objects gets a method at its end, where their vtables are over
//@ pair: trait-method-appended-static
//@ ask: x => cat
//@ edit src/main.rs: replace "fn name(&self) -> String;\n" with "fn name(&self) -> String;\n    fn legs(&self) -> u32 {\n        4\n    }\n"
//@ edit+ src/main.rs: replace "    animal.name()" with "    format!(\"{} {}\", animal.name(), animal.legs())"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => cat 4

trait Animal {
    fn name(&self) -> String;
}

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
    shown(cat)
}

fn shown(animal: &dyn Animal) -> String {
    animal.name()
}
