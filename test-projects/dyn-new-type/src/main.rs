//@ why: a new type behind an old trait: a new vtable, met by old code
//@ pair: restart-trait-methods-swapped
//@ ask: x => ["one"]
//@ edit src/main.rs: replace "items.push(Box::new(One));" with "items.push(Box::new(Two { text: request.to_owned() }));"
//@ edit+ src/main.rs: append "\nstruct Two {\n    text: String,\n}\n\nimpl Item for Two {\n    fn name(&self) -> String {\n        format!(\"two {}\", self.text)\n    }\n}\n"
//@ expect: patched
//@ warm-only: the first item was made by the old code
//@ ask: y => ["one", "two y"]
//@ edit src/main.rs: replace "\"two {}\"" with "\"TWO {}\""
//@ expect: patched
//@ warm-only: as above
//@ ask: z => ["one", "TWO y", "TWO z"]

trait Item {
    fn name(&self) -> String;
}

#[allow(dead_code)]
struct One;

impl Item for One {
    fn name(&self) -> String {
        "one".to_owned()
    }
}

fn main() {
    let mut items: Vec<Box<dyn Item>> = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        add(&mut items, &line);
        println!(
            "{:?}",
            items.iter().map(|item| item.name()).collect::<Vec<_>>()
        );
    }
}

#[allow(unused_variables)]
fn add(items: &mut Vec<Box<dyn Item>>, request: &str) {
    items.push(Box::new(One));
}
