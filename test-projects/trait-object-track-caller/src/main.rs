//@ why: a method behind a vtable that knows its caller: the attribute stays, the body changes
//@ pair: restart-trait-object-track-caller-added
//@ ask: x => at column 0
//@ edit src/main.rs: replace "at column {}\", place.column() - place.column()" with "column {}\", place.column() / place.column()"
//@ expect: patched
//@ ask: x => column 1

use std::panic::Location;

trait Placed {
    fn place(&self, by: &str) -> String;
}

struct Plain;

impl Placed for Plain {
    #[track_caller]
    fn place(&self, _by: &str) -> String {
        let place = Location::caller();
        format!("at column {}", place.column() - place.column())
    }
}

fn main() {
    let placed: Box<dyn Placed> = Box::new(Plain);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*placed, &line));
    }
}

fn answer(placed: &dyn Placed, request: &str) -> String {
    placed.place(request)
}
