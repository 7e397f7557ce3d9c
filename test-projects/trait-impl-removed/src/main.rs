//@ why: an implementation and its type are gone from the source; objects of it that exist keep their code
//@ pair: restart-trait-impl-type-replaced
//@ ask: x => cat cat
//@ edit src/main.rs: replace "animals.push(Box::new(Cat));" with "animals.push(Box::new(Dog));"
//@ edit+ src/main.rs: replace "struct Cat;" with "struct Dog;"
//@ edit+ src/main.rs: replace "impl Animal for Cat {\n    fn name(&self) -> String {\n        \"cat\".to_owned()" with "impl Animal for Dog {\n    fn name(&self) -> String {\n        \"dog\".to_owned()"
//@ edit+ src/main.rs: replace "vec![Box::new(Cat)]" with "vec![Box::new(Dog)]"
//@ expect: patched
//@ warm-only: the first two animals were made by the old code
//@ ask: x => cat cat dog

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
    let mut animals: Vec<Box<dyn Animal>> = vec![Box::new(Cat)];
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut animals, &line));
    }
}

fn answer(animals: &mut Vec<Box<dyn Animal>>, _request: &str) -> String {
    animals.push(Box::new(Cat));
    let names: Vec<String> = animals.iter().map(|animal| animal.name()).collect();
    names.join(" ")
}
