//@ why: new code panics through a frame that runs old code; what the old frame owns is dropped, and its caller catches
//@ ask: a => worked a
//@ edit src/main.rs: replace "format!(\"worked {line}\")" with "if line == \"boom\" { panic!(\"new code\") } else { format!(\"works {line}\") }"
//@ edit+ src/main.rs: replace "Guard(\"first guard\")" with "Guard(\"second guard\")"
//@ expect: patched
//@ function: panic_new_through_old::session still-running
//@ warm-only: the frame with the guard began before
//@ ask: b => works b
//@ ask: boom => caught `new code`, dropped `first guard`
//@ ask: boom => caught `new code`, dropped `second guard`

use std::cell::RefCell;
use std::io::{Lines, StdinLock};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DROPPED: RefCell<String> = RefCell::new(String::new());
}

struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push_str(self.0));
    }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut lines = std::io::stdin().lines();
    println!("ready");
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| session(&mut lines))) {
        let text = panic.downcast_ref::<&str>().copied().unwrap_or("?");
        println!("caught `{text}`, dropped `{}`", DROPPED.take());
    }
}

fn session(lines: &mut Lines<StdinLock<'static>>) {
    let _guard = Guard("first guard");
    while let Some(Ok(line)) = lines.next() {
        println!("{}", work(&line));
    }
}

fn work(line: &str) -> String {
    format!("worked {line}")
}
