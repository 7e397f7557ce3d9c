//@ why: the library and the program of one package have one crate name; a type of one name in both, and they exchange their fields
//@ pair: lib-and-bin
//@ ask: a => lib 1 2 bin 3 4
//@ edit src/lib.rs: replace "    pub a: u32,\n    pub b: u64,\n" with "    pub b: u64,\n    pub a: u32,\n"
//@ edit+ src/main.rs: replace "    b: u64,\n    a: u32,\n" with "    a: u32,\n    b: u64,\n"
//@ expect: restarted
//@ code: HP0101 or HP0102 or HP0103
//@ ask: a => lib 1 2 bin 3 4

use restart_lib_and_bin_exchanged as library;

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
