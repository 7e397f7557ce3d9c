//@ why: objects are seen as objects of both supertraits of their trait, by old and by new code
//@ pair: restart-trait-upcast-reordered
//@ ask: x => name cat, legs 4
//@ edit src/main.rs: replace "\"cat\".to_owned()" with "\"tomcat\".to_owned()"
//@ edit+ src/main.rs: replace "\"name {}, legs {}\"" with "\"named {} with {} legs\""
//@ expect: patched
//@ ask: x => named tomcat with 4 legs

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
