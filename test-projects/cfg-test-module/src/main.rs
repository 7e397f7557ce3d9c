//@ why: a module for tests only, with `impl` blocks, in a file whose functions are edited
//@ driven-by: defects.rs

mod words;

fn main() {
    for _ in std::io::stdin().lines() {
        println!("{}", words::word());
    }
}
