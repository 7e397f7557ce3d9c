//@ why: the same lines above a type, but one of them moves the fields
//@ pair: doc-comment
//@ ask: x => 1
//@ edit src/main.rs: replace "struct Counter" with "/// A counter.\n#[repr(C)]\nstruct Counter"
//@ expect: restarted
//@ code: HP0101
//@ reason: Counter
//@ ask: x => 1

struct Counter {
    seen: u8,
    large: u64,
}

fn main() {
    let mut counter = Counter { seen: 0, large: 0 };
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
    counter.large = u64::from(counter.seen);
    counter.large.to_string()
}
