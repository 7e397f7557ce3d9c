//@ why: the condition of a field is turned around: the type has one field more
//@ pair: cfg-on-statement
//@ ask: x => 1
//@ edit src/main.rs: replace "    #[cfg(not(unix))]\n    first" with "    #[cfg(unix)]\n    first"
//@ expect: restarted
//@ code: HP0101
//@ reason: Counter
//@ ask: x => 1

#[derive(Default)]
#[repr(C)]
#[allow(dead_code)]
struct Counter {
    #[cfg(not(unix))]
    first: u64,
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
