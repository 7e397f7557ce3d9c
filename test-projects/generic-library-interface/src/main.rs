//@ why: bodies of a library that the program that uses it compiles as well: inline, generic, constant, opaque, default
//@ pair: restart-generic-library-opaque
//@ ask: 4 => inline 14, const 3 3, opaque [0, 1], default 5, assoc 7, derived 4
//@ edit library/src/lib.rs: replace "number + 10" with "number + 20"
//@ expect: patched
//@ ask: 4 => inline 24, const 3 3, opaque [0, 1], default 5, assoc 7, derived 4
//@ edit library/src/lib.rs: replace "LIMIT + 1" with "LIMIT + 2"
//@ expect: patched
//@ ask: 4 => inline 24, const 4 4, opaque [0, 1], default 5, assoc 7, derived 4
//@ edit library/src/lib.rs: replace "0..2" with "(0..9).step_by(4)"
//@ expect: patched
//@ ask: 4 => inline 24, const 4 4, opaque [0, 4, 8], default 5, assoc 7, derived 4
//@ edit library/src/lib.rs: replace "self.base() + 1" with "self.base() + 2"
//@ expect: patched
//@ ask: 4 => inline 24, const 4 4, opaque [0, 4, 8], default 6, assoc 7, derived 4
//@ edit library/src/lib.rs: replace "const VALUE: u32 = 7;" with "const VALUE: u32 = 8;"
//@ expect: patched
//@ ask: 4 => inline 24, const 4 4, opaque [0, 4, 8], default 6, assoc 8, derived 4
//@ edit library/src/lib.rs: replace "pub const LIMIT: u32 = 2;" with "pub const LIMIT: u32 = 5;"
//@ expect: patched
//@ ask: 4 => inline 24, const 7 7, opaque [0, 4, 8], default 6, assoc 8, derived 4
//@ edit library/src/lib.rs: replace "($value:expr) => { $value }" with "($value:expr) => { $value * 10 }"
//@ expect: patched
//@ ask: 4 => inline 24, const 7 7, opaque [0, 4, 8], default 6, assoc 8, derived 40

use generic_library::{Base, added, computed, numbers};

const COMPUTED: u32 = computed();

struct Own(u32);

impl Base for Own {
    fn base(&self) -> u32 {
        self.0
    }
}

fn main() {
    let stored: fn(u32) -> u32 = added;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

#[rustfmt::skip]
fn answer(stored: fn(u32) -> u32, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    assert_eq!(added(number), stored(number));
    let numbers: Vec<u32> = numbers().collect();
    let own = Own(number);
    format!("inline {}, const {COMPUTED} {}, opaque {numbers:?}, default {}, assoc {}, derived {}",
        added(number), computed(), own.more(), Own::VALUE, generic_library::derived!(number))
}
