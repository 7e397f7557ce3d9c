//@ why: a method behind a vtable gets the attribute: it takes a hidden argument that callers through the vtable do not pass
//@ pair: trait-object-track-caller
//@ ask: x => by x
//@ edit src/main.rs: replace "    fn place(&self, by: &str) -> String {\n        format!(\"by {by}\")" with "    #[track_caller]\n    fn place(&self, by: &str) -> String {\n        format!(\"by {by} of {}\", Location::caller().file())"
//@ expect: restarted
//@ code: HP0401 or HP0202
//@ ask: x => by x of src/main.rs

#[allow(unused_imports)]
use std::panic::Location;

trait Placed {
    fn place(&self, by: &str) -> String;
}

struct Plain;

impl Placed for Plain {
    fn place(&self, by: &str) -> String {
        format!("by {by}")
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
