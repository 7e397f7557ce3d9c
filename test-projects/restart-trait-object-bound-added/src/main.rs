//@ why: a static's objects get a bound that those in it were not checked for
//@ pair: trait-object-bound
//@ ask: x => cat
//@ edit src/main.rs: replace "RefCell<Vec<Box<dyn Animal>>>" with "RefCell<Vec<Box<dyn Animal + Send>>>"
//@ expect: restarted
//@ code: HP0501
//@ reason: ALL
//@ ask: x => cat

use std::cell::RefCell;

thread_local! {
    static ALL: RefCell<Vec<Box<dyn Animal>>> = RefCell::default();
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
