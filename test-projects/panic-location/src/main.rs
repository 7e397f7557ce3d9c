//@ why: a panic's message names the right line after lines were inserted above it, with code that is otherwise the same
//@ ask: 9 => index out of bounds: the len is 3 but the index is 9 at app.rs:3
//@ edit src/app.rs: prepend "//! Documentation.\n//! It takes two lines.\n"
//@ expect: unchanged
//@ ask: 9 => index out of bounds: the len is 3 but the index is 9 at app.rs:5
//@ ask: 1 => 20
//@ edit src/app.rs: replace "[10, 20, 30]" with "[10, 21, 30, 40]"
//@ expect: patched
//@ ask: 1 => 21
//@ ask: 9 => index out of bounds: the len is 4 but the index is 9 at app.rs:5

use std::cell::RefCell;
use std::panic::catch_unwind;

mod app;

thread_local! {
    static LAST: RefCell<String> = RefCell::new(String::new());
}

fn main() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("?");
        let place = info.location().map_or(String::new(), |at| {
            format!(
                "{}:{}",
                at.file().rsplit('/').next().unwrap_or_default(),
                at.line()
            )
        });
        LAST.set(format!("{message} at {place}"));
    }));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let index = line.trim().parse().unwrap_or(0);
        match catch_unwind(|| app::value(index)) {
            Ok(value) => println!("{value}"),
            Err(_) => println!("{}", LAST.take()),
        }
    }
}
