//@ why: a value that is found by its type is lost when the type gets another name: the program would begin to count anew
//@ pair: type-id-added
//@ ask: 3 => 3
//@ edit src/main.rs: replace "struct Counter" with "struct Tally"
//@ edit+ src/main.rs: replace "let counter: &mut Counter" with "let counter: &mut Tally"
//@ expect: restarted
//@ code: HP0103
//@ reason: Counter
//@ ask: 4 => 4

use std::any::{Any, TypeId};
use std::collections::HashMap;

#[derive(Default)]
struct Counter {
    count: u32,
}

struct World {
    resources: HashMap<TypeId, Box<dyn Any>>,
}

impl World {
    fn get<T: Any + Default>(&mut self) -> &mut T {
        let entry = self
            .resources
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(T::default()));
        entry.downcast_mut().expect("the key is the type")
    }
}

fn main() {
    let mut world = World {
        resources: HashMap::new(),
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut world, line.trim().parse().unwrap_or(0)));
    }
}

fn add(world: &mut World, number: u32) -> String {
    let counter: &mut Counter = world.get();
    counter.count += number;
    counter.count.to_string()
}
