//@ why: a generic type of a library gets a field, and the program holds a value of it
//@ pair: generic-library-body
//@ ask: 4 => [7] 4
//@ edit library/src/lib.rs: replace "    pub value: T,\n" with "    pub count: u32,\n    pub value: T,\n"
//@ edit+ library/src/lib.rs: replace "Self { value }" with "Self { count: 1, value }"
//@ edit+ library/src/lib.rs: replace "\"[{}]\", labelled.value" with "\"[{} {}]\", labelled.count, labelled.value"
//@ expect: restarted
//@ code: HP0101
//@ reason: Labelled
//@ ask: 4 => [1 7] 4

use generic_library::{Labelled, labelled};

fn main() {
    let stored = Labelled::new(7);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&stored, &line));
    }
}

fn answer(stored: &Labelled<u8>, request: &str) -> String {
    format!("{} {request}", labelled(stored))
}
