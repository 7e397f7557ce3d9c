//@ why: a function becomes unsafe, its callers promise; nothing about the call differs
//@ pair: restart-fn-unsafe-pointer-field
//@ ask: 1 => direct 20, stored 20
//@ edit src/main.rs: replace "format!(\"direct {}, stored {}\", at(number), stored(number))" with "format!(\"direct {}, stored {}\", unsafe { at(number) }, stored(number))"
//@ edit+ src/main.rs: replace "fn at(index: usize) -> u32 {\n    VALUES[index] * 2" with "unsafe fn at(index: usize) -> u32 {\n    unsafe { *VALUES.get_unchecked(index) * 3 }"
//@ edit+ src/main.rs: replace "let stored: At = at;" with "let stored: At = |index| unsafe { at(index) };"
//@ expect: patched
//@ ask: 1 => direct 30, stored 30

type At = fn(usize) -> u32;

const VALUES: [u32; 3] = [5, 10, 15];

fn main() {
    let stored: At = at;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: At, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", at(number), stored(number))
}

fn at(index: usize) -> u32 {
    VALUES[index] * 2
}
