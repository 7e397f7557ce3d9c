//@ why: a function with the C calling convention that takes a structure by value, direct and through a stored pointer
//@ pair: restart-fn-extern-c-to-rust
//@ ask: 2 => direct 27, stored 27
//@ edit src/main.rs: replace "triple.a + triple.b + triple.c" with "triple.a * triple.b * triple.c"
//@ expect: patched
//@ only: fn_extern_c_body::folded patched
//@ ask: 2 => direct 300, stored 300

type Fold = extern "C" fn(Triple) -> i64;

#[repr(C)]
struct Triple {
    a: i64,
    b: i64,
    c: i64,
}

fn main() {
    let stored: Fold = folded;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Fold, request: &str) -> String {
    let triple = || Triple {
        a: request.trim().parse().unwrap_or(0),
        b: 10,
        c: 15,
    };
    format!("direct {}, stored {}", folded(triple()), stored(triple()))
}

extern "C" fn folded(triple: Triple) -> i64 {
    triple.a + triple.b + triple.c
}
