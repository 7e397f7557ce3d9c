//@ why: objects that may go to other threads are sent there, by code that is edited
//@ pair: restart-trait-object-bound-added
//@ ask: x => cat cat
//@ edit src/main.rs: replace "join().unwrap()" with "join().unwrap_or_default().to_uppercase()"
//@ expect: patched
//@ ask: x => cat CAT

use std::sync::Arc;

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
    let cat: Arc<dyn Animal + Send + Sync> = Arc::new(Cat);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&cat, &line));
    }
}

fn answer(cat: &Arc<dyn Animal + Send + Sync>, _request: &str) -> String {
    let other = Arc::clone(cat);
    let name = move || other.name();
    format!(
        "{} {}",
        cat.name(),
        std::thread::spawn(name).join().unwrap()
    )
}
