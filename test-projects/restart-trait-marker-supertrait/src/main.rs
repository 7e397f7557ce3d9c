//@ why: a marker trait becomes a supertrait of a trait that has objects
//@ pair: trait-marker
//@ ask: x => cat
//@ edit src/main.rs: replace "trait Animal {" with "trait Tame {\n    fn tame(&self) -> String {\n        \"tame\".to_owned()\n    }\n}\nimpl Tame for Cat {}\n\ntrait Animal: Tame {"
//@ edit+ src/main.rs: replace "    object.name()" with "    object.tame() + &object.name()"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => tamecat

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
    let object: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*object, &line));
    }
}

fn answer(object: &dyn Animal, _request: &str) -> String {
    object.name()
}
