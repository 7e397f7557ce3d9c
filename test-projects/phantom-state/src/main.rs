//@ why: a state machine whose states are only types
//@ ask: x => shut, then open, then shut
//@ edit src/main.rs: replace "\"open\"" with "\"wide open\""
//@ expect: patched
//@ ask: x => shut, then wide open, then shut

use std::marker::PhantomData;

struct Open;
struct Shut;
struct Door<S>(PhantomData<S>);

trait Named {
    fn name() -> &'static str;
}

impl Named for Open {
    fn name() -> &'static str {
        "open"
    }
}

impl Named for Shut {
    fn name() -> &'static str {
        "shut"
    }
}

impl<S: Named> Door<S> {
    fn turn<T: Named>(self) -> (&'static str, Door<T>) {
        (S::name(), Door(PhantomData))
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(_request: &str) -> String {
    let (first, door) = Door::<Shut>(PhantomData).turn::<Open>();
    let (second, door) = door.turn::<Shut>();
    let (third, _) = door.turn::<Open>();
    format!("{first}, then {second}, then {third}")
}
