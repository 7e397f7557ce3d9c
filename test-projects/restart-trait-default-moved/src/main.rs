//@ why: a default method moves into a supertrait, and stands elsewhere in the vtables
//@ pair: trait-default-overridden
//@ ask: x => [cat]
//@ edit src/main.rs: replace "    fn shown(&self) -> String {\n        \"[cat]\".to_owned()\n    }\n" with ""
//@ edit+ src/main.rs: replace "trait Animal {" with "trait Shown {\n    fn shown(&self) -> String {\n        \"<cat>\".to_owned()\n    }\n}\n\nimpl Shown for Cat {}\n\ntrait Animal: Shown {"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => <cat>

trait Animal {
    #[allow(dead_code)]
    fn name(&self) -> String;
    fn shown(&self) -> String {
        "[cat]".to_owned()
    }
}

struct Cat;

impl Animal for Cat {
    fn name(&self) -> String {
        "cat".to_owned()
    }
}

fn main() {
    let animal: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*animal, &line));
    }
}

fn answer(animal: &dyn Animal, _request: &str) -> String {
    animal.shown()
}
