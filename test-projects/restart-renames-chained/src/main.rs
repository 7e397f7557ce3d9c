//@ why: `a` becomes `b` and `b` becomes `c`: to whoever goes by names, `b` has moved to where `a` was
//@ pair: field-renamed-twice
//@ ask: x => 1 of 9
//@ edit src/main.rs: replace "    a: u32,\n    b: u32," with "    b: u32,\n    c: u32,"
//@ edit+ src/main.rs: replace "Pair { a: 0, b: 9 }" with "Pair { b: 0, c: 9 }"
//@ edit+ src/main.rs: replace "pair.a += 1" with "pair.b += 1"
//@ edit+ src/main.rs: replace "pair.a, pair.b" with "pair.b, pair.c"
//@ expect: restarted
//@ code: HP0102
//@ reason: field `b` moved
//@ ask: x => 1 of 9

#[repr(C)]
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
