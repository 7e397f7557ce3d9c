//@ why: a type gets a marker trait, and new code asks for it
//@ pair: restart-trait-marker-supertrait
//@ ask: x => cat
//@ edit src/main.rs: append "\ntrait Tame {}\nimpl Tame for Cat {}\n\nfn tame<T: Tame + Animal>(animal: &T) -> String {\n    format!(\"tame {}\", animal.name())\n}\n"
//@ edit+ src/main.rs: replace "    cat.name()" with "    tame(cat) + &object.name()"
//@ expect: patched
//@ ask: x => tame catcat

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
    let object: Box<dyn Animal> = Box::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&cat, &*object, &line));
    }
}

#[allow(unused_variables)]
fn answer(cat: &Cat, object: &dyn Animal, _request: &str) -> String {
    cat.name()
}
