//@ why: a recursive function gets a parameter; the old one, met by a stored pointer, goes on calling itself
//@ pair: restart-fn-recursion-new-parameter-dyn
//@ ask: 5 => direct 5, stored 5
//@ edit src/main.rs: replace "direct {}, stored {}\", depth(number), stored(number)" with "direct {}, stored {}\", depth(number, 100), stored(number)"
//@ edit+ src/main.rs: replace "fn depth(number: u64) -> u64 {\n    if number == 0 {\n        0\n    } else {\n        1 + depth(number - 1)\n    }" with "fn depth(number: u64, sum: u64) -> u64 {\n    if number == 0 {\n        sum\n    } else {\n        depth(number - 1, sum + 2)\n    }"
//@ edit+ src/main.rs: replace "let stored: Depth = depth;" with "let stored: Depth = |number| depth(number, 0);"
//@ expect: patched
//@ warm-only: main has stored the old function
//@ ask: 5 => direct 110, stored 5

type Depth = fn(u64) -> u64;

fn main() {
    let stored: Depth = depth;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(stored, &line));
    }
}

fn answer(stored: Depth, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("direct {}, stored {}", depth(number), stored(number))
}

fn depth(number: u64) -> u64 {
    if number == 0 {
        0
    } else {
        1 + depth(number - 1)
    }
}
