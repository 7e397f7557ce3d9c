//@ why: the objects in a thread-local become references to objects: one pointer more on the way to the method
//@ pair: trait-inherent-shadows
//@ ask: x => cat
//@ edit src/main.rs: replace "type Object = Box<dyn Animal>;" with "type Object = Box<Box<dyn Animal>>;"
//@ edit+ src/main.rs: replace "all.push(Box::new(Cat));" with "all.push(Box::new(Box::new(Cat)));"
//@ expect: restarted
//@ code: HP0501
//@ reason: ALL
//@ ask: x => cat

use std::cell::RefCell;

type Object = Box<dyn Animal>;

thread_local! {
    static ALL: RefCell<Vec<Object>> = RefCell::default();
}

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
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    ALL.with_borrow_mut(|all| {
        all.push(Box::new(Cat));
        let names: Vec<String> = all.iter().map(|animal| animal.name()).collect();
        names.join(" ")
    })
}
