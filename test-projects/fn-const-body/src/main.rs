//@ why: a `const fn` whose value is a constant in one place and computed by a call through a stored pointer in another
//@ pair: restart-fn-const-in-static-type
//@ ask: x => list [1, 1, 1], call 3
//@ edit src/main.rs: replace "base() + 2" with "base() + 3"
//@ expect: patched
//@ ask: x => list [1, 1, 1, 1], call 4

const LIST: [u32; rows()] = [1; rows()];

const fn base() -> usize {
    1
}

const fn rows() -> usize {
    base() + 2
}

fn main() {
    let stored: fn() -> usize = rows;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: fn() -> usize, _request: &str) -> String {
    format!("list {:?}, call {}", LIST, stored())
}
