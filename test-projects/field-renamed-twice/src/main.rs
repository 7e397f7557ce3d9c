//@ why: one field gets a new name and then another one; each time it is the only candidate
//@ pair: restart-renames-chained
//@ ask: x => 1 of 9
//@ edit src/main.rs: replace "    a: u32," with "    c: u32,"
//@ edit+ src/main.rs: replace "Pair { a: 0," with "Pair { c: 0,"
//@ edit+ src/main.rs: replace "pair.a += 1" with "pair.c += 2"
//@ edit+ src/main.rs: replace "pair.a, pair.b" with "pair.c, pair.b"
//@ expect: patched
//@ warm-only: a cold start counts by twos from the beginning
//@ ask: x => 3 of 9
//@ edit src/main.rs: replace "    c: u32," with "    d: u32,"
//@ edit+ src/main.rs: replace "Pair { c: 0," with "Pair { d: 0,"
//@ edit+ src/main.rs: replace "pair.c += 2" with "pair.d += 3"
//@ edit+ src/main.rs: replace "pair.c, pair.b" with "pair.d, pair.b"
//@ expect: patched
//@ warm-only: a cold start counts in the new way from the beginning
//@ ask: x => 6 of 9

struct Pair {
    a: u32,
    b: u32,
}

fn main() {
    let mut pair = Pair { a: 0, b: 9 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", {
            let _ = line;
            next(&mut pair)
        });
    }
}

fn next(pair: &mut Pair) -> String {
    pair.a += 1;
    format!("{} of {}", pair.a, pair.b)
}
