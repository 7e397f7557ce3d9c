//@ why: an implementation and its type are gone from the source, and others of the same name have come
//@ pair: trait-impl-removed
//@ ask: x => cat 3
//@ edit src/main.rs: replace "struct Cat(u32);" with "enum Cat {\n    Tom(u8),\n    #[allow(dead_code)]\n    Tim,\n}"
//@ edit+ src/main.rs: replace "format!(\"cat {}\", self.0)" with "match self {\n            Cat::Tom(age) => format!(\"Tom {age}\"),\n            Cat::Tim => \"Tim\".to_owned(),\n        }"
//@ edit+ src/main.rs: replace "Box::new(Cat(3))" with "Box::new(Cat::Tom(3))"
//@ expect: restarted
//@ code: HP0101 or HP0103
//@ reason: Cat
//@ ask: x => Tom 3

trait Animal {
    fn name(&self) -> String;
}

struct Cat(u32);

impl Animal for Cat {
    fn name(&self) -> String {
        format!("cat {}", self.0)
    }
}

fn main() {
    let cat: Box<dyn Animal> = Box::new(Cat(3));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*cat, &line));
    }
}

fn answer(cat: &dyn Animal, _request: &str) -> String {
    cat.name()
}
