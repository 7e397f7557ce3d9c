//@ why: old code panics through new frames: their drops run, and a new catch_unwind catches
//@ ask: calm => fine []
//@ ask: boom => caught by main []
//@ edit src/main.rs: replace "    risky(request)\n" with "    let _guard = Guard(\"outer\");\n    middle(request)\n"
//@ edit+ src/main.rs: append "\nfn middle(request: &str) -> String {\n    let _guard = Guard(\"middle\");\n    match std::panic::catch_unwind(|| inner(request)) {\n        Ok(text) => text,\n        Err(_) if request == \"boom\" => String::from(\"caught by middle\"),\n        Err(panic) => std::panic::resume_unwind(panic),\n    }\n}\n\nfn inner(request: &str) -> String {\n    let _guard = Guard(\"inner\");\n    risky(request)\n}\n"
//@ expect: patched
//@ function: panic_old_through_new::inner new
//@ ask: calm => fine [inner middle outer]
//@ ask: boom => caught by middle [inner middle outer]
//@ ask: bang => caught by main [inner middle outer]

use std::cell::RefCell;

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let answer =
            std::panic::catch_unwind(|| answer(&line)).unwrap_or("caught by main".to_owned());
        println!("{answer} [{}]", DROPPED.take().join(" "));
    }
    drop(Guard("at the end"));
}

fn answer(request: &str) -> String {
    risky(request)
}

fn risky(request: &str) -> String {
    if request == "calm" {
        "fine".to_owned()
    } else {
        panic!("{request}")
    }
}
