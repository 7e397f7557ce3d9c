//@ why: the supertraits of a trait that has objects change places, and with them what a cast takes from the vtable
//@ pair: trait-upcast
//@ ask: x => name cat, legs 4
//@ edit src/main.rs: replace "trait Animal: Named + Legged {}" with "trait Animal: Legged + Named {}"
//@ edit+ src/main.rs: replace "\"name {}, legs {}\"" with "\"named {} with {} legs\""
//@ expect: restarted
//@ code: HP0401
//@ ask: x => named cat with 4 legs

trait Named {
    fn name(&self) -> String;
}

trait Legged {
    fn legs(&self) -> u32;
    fn tail(&self) -> u32 {
        1
    }
}

trait Animal: Named + Legged {}

struct Cat;

impl Named for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
}

impl Legged for Cat {
    fn legs(&self) -> u32 {
        4
    }
}

impl Animal for Cat {}

fn main() {
    let cat: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*cat, &line));
    }
}

fn answer(cat: &dyn Animal, _request: &str) -> String {
    let (named, legged): (&dyn Named, &dyn Legged) = (cat, cat);
    format!("name {}, legs {}", named.name(), legged.legs())
}
