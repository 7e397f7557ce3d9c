//@ why: a method of the type itself is added and hides that of the trait: callers whose text is as before call another one
//@ pair: restart-trait-object-impl-of-reference
//@ ask: x => trait, dyn trait
//@ edit src/main.rs: append "\nimpl Cat {\n    fn name(&self) -> String {\n        \"own\".to_owned()\n    }\n}\n"
//@ expect: patched
//@ ask: x => own, dyn trait

trait Animal {
    fn name(&self) -> String;
}

struct Cat;

impl Animal for Cat {
    fn name(&self) -> String {
        "trait".to_owned()
    }
}

fn main() {
    let cat = Cat;
    let object: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&cat, &*object, &line));
    }
}

fn answer(cat: &Cat, object: &dyn Animal, _request: &str) -> String {
    format!("{}, dyn {}", cat.name(), object.name())
}
