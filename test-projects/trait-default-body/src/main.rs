//@ why: a default method behind vtables of two types, and one that calls another method of the same object
//@ pair: restart-trait-default-signature
//@ ask: x => [cat meow] [dog woof]
//@ edit src/main.rs: replace "\"[{} {}]\"" with "\"<{}: {}>\""
//@ expect: patched
//@ ask: x => <cat: meow> <dog: woof>

trait Animal {
    fn name(&self) -> String;
    fn voice(&self) -> String;
    fn shown(&self) -> String {
        format!("[{} {}]", self.name(), self.voice())
    }
}

struct Cat;
struct Dog;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
    fn voice(&self) -> String {
        "meow".to_owned()
    }
}

impl Animal for Dog {
    fn name(&self) -> String {
        "dog".to_owned()
    }
    fn voice(&self) -> String {
        "woof".to_owned()
    }
}

fn main() {
    let animals: Vec<Box<dyn Animal>> = vec![Box::new(Cat), Box::new(Dog)];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&animals, &line));
    }
}

fn answer(animals: &[Box<dyn Animal>], _request: &str) -> String {
    let shown: Vec<String> = animals.iter().map(|animal| animal.shown()).collect();
    shown.join(" ")
}
