//@ why: the library and the program of one package have one crate name; a closure of one path in both, and they exchange their captures
//@ ask: a => lib 1 bin x
//@ edit src/lib.rs: replace "let kept = 1_u64;" with "let kept = \"x\";"
//@ edit+ src/main.rs: replace "let kept = \"x\";" with "let kept = 1_u64;"
//@ expect: restarted
//@ ask: a => lib x bin 1

use restart_lib_and_bin_closures_exchanged as library;

fn make() -> Box<dyn Fn() -> String> {
    let kept = "x";
    Box::new(move || format!("bin {kept}"))
}

fn main() {
    let kept = (library::make(), make());
    println!("ready");
    for _ in std::io::stdin().lines() {
        println!("{} {}", (kept.0)(), (kept.1)());
    }
}
