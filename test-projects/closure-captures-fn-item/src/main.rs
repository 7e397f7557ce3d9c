//@ why: a closure that was kept holds a function item, of which nothing is in memory: the edited function is what it calls. (Debug info gives all items of one signature one name, and so their vtables: another item restarts)
//@ ask: x => 7
//@ edit src/main.rs: replace "number + 2" with "number * 2"
//@ expect: patched
//@ function: closure_captures_fn_item::changed patched
//@ ask: x => 10
//@ edit src/main.rs: replace "twice(changed)" with "twice(other)"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => 105

fn main() {
    let kept = made();
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", kept(5));
    }
}

fn made() -> Box<dyn Fn(i64) -> i64> {
    twice(changed)
}

fn twice<F: Fn(i64) -> i64 + 'static>(compute: F) -> Box<dyn Fn(i64) -> i64> {
    Box::new(move |number| compute(number))
}

fn changed(number: i64) -> i64 {
    number + 2
}

#[allow(dead_code)]
fn other(number: i64) -> i64 {
    number + 100
}
