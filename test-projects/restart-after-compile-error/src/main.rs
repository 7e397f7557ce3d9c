//@ why: the first save does not compile, the second does, and both together change a type
//@ pair: compile-error
//@ ask: x => 1
//@ edit src/main.rs: replace "    seen: u32,\n" with "    seen: u64,\n    last: Strin,\n"
//@ expect: compile-error
//@ stderr: Strin
//@ ask: x => 2
//@ edit src/main.rs: replace "    last: Strin,\n" with ""
//@ expect: restarted
//@ code: HP0101
//@ reason: Counter
//@ ask: x => 1

#[derive(Default)]
struct Counter {
    seen: u32,
}

fn main() {
    let mut counter = Counter::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            count(&mut counter)
        });
    }
}

fn count(counter: &mut Counter) -> String {
    counter.seen += 1;
    counter.seen.to_string()
}
