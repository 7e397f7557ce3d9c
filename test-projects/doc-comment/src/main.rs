//@ why: documentation, attributes for the compiler's own eyes, and lines that move
//@ pair: restart-attributes-with-repr
//@ ask: x => 1
//@ edit src/main.rs: replace "fn count(" with "/// Counts.\n#[allow(clippy::all)]\nfn count("
//@ edit+ src/main.rs: replace "struct Counter" with "/// A counter.\n#[allow(dead_code)]\nstruct Counter"
//@ expect: unchanged
//@ ask: x => 2

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
