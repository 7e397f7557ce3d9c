//@ why: a lazily initialised thread-local with a destructor keeps its value
//@ pair: restart-thread-local-drop
//@ ask: a => ["a"]
//@ edit src/main.rs: replace "list.push(request.to_owned())" with "list.insert(0, request.to_uppercase())"
//@ expect: patched
//@ warm-only: the first entry was made by the old code
//@ ask: b => ["B", "a"]

use std::cell::RefCell;

thread_local! {
    static LIST: RefCell<Vec<String>> = RefCell::new(Vec::new());
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    LIST.with_borrow_mut(|list| {
        list.push(request.to_owned());
        format!("{list:?}")
    })
}
