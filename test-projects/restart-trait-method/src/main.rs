//@ why: trait objects made before the edit have vtables with the old slots
//@ pair: dyn-method
//@ ask: x => dog woof
//@ edit src/main.rs: replace "    fn name(&self) -> String;\n" with "    fn legs(&self) -> u32;\n    fn name(&self) -> String;\n"
//@ edit+ src/main.rs: replace "impl Animal for Dog {\n" with "impl Animal for Dog {\n    fn legs(&self) -> u32 {\n        4\n    }\n"
//@ edit+ src/main.rs: replace "\"{} {}\", animal.name()" with "\"{} {} {}\", animal.legs(), animal.name()"
//@ expect: restarted
//@ code: HP0401
//@ reason: Animal
//@ ask: x => 4 dog woof

trait Animal {
    fn name(&self) -> String;
    fn voice(&self) -> String;
}

struct Dog;

impl Animal for Dog {
    fn name(&self) -> String {
        "dog".to_owned()
    }
    fn voice(&self) -> String {
        "woof".to_owned()
    }
}

fn main() {
    let animal: Box<dyn Animal> = Box::new(Dog);
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", describe(&*animal));
    }
}

fn describe(animal: &dyn Animal) -> String {
    format!("{} {}", animal.name(), animal.voice())
}
