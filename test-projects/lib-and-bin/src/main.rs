//@ why: the library and the program of one package have one crate name, and a type of one name in both; nothing but code changes
//@ pair: restart-lib-and-bin-exchanged
//@ ask: a => lib 1 2 bin 3 4
//@ edit src/lib.rs: replace "lib {} {}" with "library {} {}"
//@ edit+ src/main.rs: replace "bin {} {}" with "binary {} {}"
//@ expect: patched
//@ ask: a => library 1 2 binary 3 4

use lib_and_bin as library;

#[repr(C)]
struct Kept {
    b: u64,
    a: u32,
}

fn show(kept: &Kept) -> String {
    format!("bin {} {}", kept.a, kept.b)
}

fn main() {
    let kept = (library::Kept { a: 1, b: 2 }, Kept { a: 3, b: 4 });
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{} {}", library::show(&kept.0), show(&kept.1));
    }
}
