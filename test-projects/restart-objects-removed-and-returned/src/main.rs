//@ why: a type goes away with its objects still there, and comes back with another layout
//@ pair: fn-signature-there-and-back
//@ ask: x => 1: cat 7
//@ edit src/main.rs: replace "struct Cat(u8);" with ""
//@ edit+ src/main.rs: replace "\nimpl Animal for Cat {\n    fn name(&self) -> String {\n        format!(\"cat {}\", self.0)\n    }\n}\n" with "\n"
//@ edit+ src/main.rs: replace "    animals.push(Box::new(Cat(7)));" with "    let _ = &animals;"
//@ expect: patched
//@ warm-only: one animal was made by the old code
//@ ask: x => 1: cat 7
//@ edit src/main.rs: replace "    let _ = &animals;" with "    animals.push(Box::new(Cat(\"Tom\".to_owned())));"
//@ edit+ src/main.rs: append "\nstruct Cat(String);\n\nimpl Animal for Cat {\n    fn name(&self) -> String {\n        format!(\"cat {}\", self.0)\n    }\n}\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Cat
//@ ask: x => 1: cat Tom

trait Animal {
    fn name(&self) -> String;
}

struct Cat(u8);

impl Animal for Cat {
    fn name(&self) -> String {
        format!("cat {}", self.0)
    }
}

fn main() {
    let mut animals: Vec<Box<dyn Animal>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut animals, &line));
    }
}

fn answer(animals: &mut Vec<Box<dyn Animal>>, _request: &str) -> String {
    animals.push(Box::new(Cat(7)));
    let names: Vec<String> = animals.iter().map(|animal| animal.name()).collect();
    format!("{}: {}", names.len(), names.join(" "))
}
