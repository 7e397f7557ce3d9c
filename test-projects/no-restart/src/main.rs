//@ why: with `--no-restart` the program goes on with the code that it has, until the source is compatible again
//@ tool-args: --no-restart
//@ ask: x => 1 x
//@ edit src/main.rs: replace "calls: u32," with "calls: u64,"
//@ expect: refused
//@ code: HP0101
//@ reason: Counter
//@ ask: x => 2 x
//@ edit src/main.rs: replace "{} {request}" with "{}: {request}"
//@ expect: refused
//@ code: HP0101
//@ ask: x => 3 x
//@ edit src/main.rs: replace "calls: u64," with "calls: u32,"
//@ expect: patched
//@ ask: x => 4: x

struct Counter {
    calls: u32,
}

fn main() {
    let mut counter = Counter { calls: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut counter, &line));
    }
}

fn answer(counter: &mut Counter, request: &str) -> String {
    counter.calls += 1;
    format!("{} {request}", counter.calls)
}
