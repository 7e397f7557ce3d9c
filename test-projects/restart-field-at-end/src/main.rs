//@ why: a field behind the others makes each element of a vector longer than those that are there
//@ pair: method-added
//@ ask: 5 => 1 items, 5 in all
//@ ask: 6 => 2 items, 11 in all
//@ edit src/main.rs: replace "    price: u32,\n}" with "    price: u32,\n    weight: u32,\n}"
//@ edit+ src/main.rs: replace "unwrap_or(0),\n    });" with "unwrap_or(0),\n        weight: 1,\n    });"
//@ edit+ src/main.rs: replace "self.price\n" with "self.price * self.weight\n"
//@ expect: restarted
//@ code: HP0101
//@ reason: Item
//@ ask: 7 => 1 items, 7 in all

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
