//@ why: a type that gets methods, and no field: its values are what they were
//@ pair: restart-field-at-end
//@ ask: 5 => 1 items, 5 in all
//@ ask: 6 => 2 items, 11 in all
//@ edit src/main.rs: replace "impl Item {" with "impl Item {\n    fn doubled(&self) -> u32 {\n        self.price * 2\n    }\n"
//@ edit+ src/main.rs: replace "items.iter().map(Item::price)" with "items.iter().map(Item::doubled)"
//@ expect: patched
//@ function: <method_added::Item>::doubled new
//@ ask: 7 => 3 items, 36 in all

struct Item {
    price: u32,
}

impl Item {
    fn price(&self) -> u32 {
        self.price
    }
}

fn main() {
    let mut items = Vec::new();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut items, &line));
    }
}

fn add(items: &mut Vec<Item>, request: &str) -> String {
    items.push(Item {
        price: request.trim().parse().unwrap_or(0),
    });
    let sum: u32 = items.iter().map(Item::price).sum();
    format!("{} items, {sum} in all", items.len())
}
