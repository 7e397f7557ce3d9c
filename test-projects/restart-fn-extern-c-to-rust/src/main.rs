//@ why: from the C calling convention to Rust's: the structure is passed in another place, and the signature is as before
//@ pair: fn-extern-c-body
//@ ask: 2 => 27
//@ edit src/main.rs: replace "extern \"C\" fn folded(triple: Triple) -> i64 {\n    triple.a + triple.b + triple.c" with "fn folded(triple: Triple) -> i64 {\n    triple.a * triple.b * triple.c"
//@ expect: restarted
//@ code: HP0202
//@ reason: is called in another way
//@ ask: 2 => 300

#[repr(C)]
struct Triple {
    a: i64,
    b: i64,
    c: i64,
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    folded(Triple {
        a: request.trim().parse().unwrap_or(0),
        b: 10,
        c: 15,
    })
    .to_string()
}

extern "C" fn folded(triple: Triple) -> i64 {
    triple.a + triple.b + triple.c
}
