//@ why: the methods of the trait are written in another order, and nothing else: vtables follow it
//@ pair: trait-impl-methods-reordered
//@ ask: x => cat meow
//@ edit src/main.rs: replace "    fn name(&self) -> String;\n    fn voice(&self) -> String;\n" with "    fn voice(&self) -> String;\n    fn name(&self) -> String;\n"
//@ edit+ src/main.rs: replace "\"{} {}\"" with "\"{}, {}\""
//@ expect: restarted
//@ code: HP0401
//@ ask: x => cat, meow

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
