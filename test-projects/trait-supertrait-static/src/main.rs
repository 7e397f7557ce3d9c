//@ why: a trait without objects gets a supertrait
//@ pair: restart-trait-supertrait-object
//@ ask: x => cat
//@ edit src/main.rs: replace "trait Animal {" with "trait Animal: std::fmt::Debug {"
//@ edit+ src/main.rs: replace "struct Cat;" with "#[derive(Debug)]\nstruct Cat;"
//@ edit+ src/main.rs: replace "    animal.name()" with "    format!(\"{animal:?} {}\", animal.name())"
//@ expect: patched
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
    let cat = Cat;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&cat, &line));
    }
}

fn answer(cat: &Cat, _request: &str) -> String {
    shown(cat)
}

fn shown(animal: &impl Animal) -> String {
    animal.name()
}
