//@ why: values that the running program has built keep the old layout
//@ pair: new-type
//@ ask: a => a seen 1
//@ ask: a => a seen 2
//@ edit src/main.rs: replace "    seen: u32,\n}" with "    seen: u32,\n    last: String,\n}"
//@ edit+ src/main.rs: replace "Counter { seen: 0 }" with "Counter { seen: 0, last: String::new() }"
//@ expect: restarted
//@ code: HP0101
//@ reason: Counter
//@ ask: a => a seen 1
//@ edit src/main.rs: replace "{name} seen {}" with "{name} was seen {}"
//@ expect: patched
//@ ask: a => a was seen 2

#[allow(dead_code)]
struct Counter {
    seen: u32,
}

fn main() {
    let mut counter = Counter { seen: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", count(&mut counter, &line));
    }
}

fn count(counter: &mut Counter, name: &str) -> String {
    counter.seen += 1;
    format!("{name} seen {}", counter.seen)
}
