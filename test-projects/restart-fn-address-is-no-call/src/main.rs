//@ why: who takes a function's address and stays the same does not show how it is called; the frame that calls it is old
//@ pair: fn-address-taken
//@ ask: 2 => 27, same true
//@ edit src/main.rs: replace "extern \"C\" fn folded(triple: Triple) -> i64 {\n    triple.a + triple.b + triple.c" with "fn folded(triple: Triple) -> i64 {\n    triple.a * triple.b * triple.c"
//@ expect: restarted
//@ code: HP0202
//@ ask: 2 => 300, same true

#[repr(C)]
struct Triple {
    a: i64,
    b: i64,
    c: i64,
}

fn main() {
    let stored = address();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let a = line.trim().parse().unwrap_or(0);
        let folded = folded(Triple { a, b: 10, c: 15 });
        println!("{folded}, same {}", stored == address());
    }
}

fn address() -> usize {
    folded as *const () as usize
}

extern "C" fn folded(triple: Triple) -> i64 {
    triple.a + triple.b + triple.c
}
