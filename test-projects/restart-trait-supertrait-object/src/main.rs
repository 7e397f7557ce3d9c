//@ why: a trait that has objects gets a supertrait, whose methods stand in front of its own
//@ pair: trait-supertrait-static
//@ ask: x => cat
//@ edit src/main.rs: replace "trait Animal {" with "trait Animal: std::fmt::Debug {"
//@ edit+ src/main.rs: replace "struct Cat;" with "#[derive(Debug)]\nstruct Cat;"
//@ edit+ src/main.rs: replace "    animal.name()" with "    format!(\"{animal:?} {}\", animal.name())"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => Cat cat

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
