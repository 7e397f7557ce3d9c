//@ why: an associated constant is the length of an array in a value that exists
//@ pair: trait-const-value
//@ ask: x => [1, 1, 1]
//@ edit src/main.rs: replace "const LEGS: usize = 3;" with "const LEGS: usize = 4;"
//@ expect: restarted
//@ code: HP0101 or HP0201
//@ reason: Steps
//@ ask: x => [1, 1, 1, 1]

trait Animal {
    const LEGS: usize;
}

struct Stool;

impl Animal for Stool {
    const LEGS: usize = 3;
}

struct Steps {
    of: [u32; Stool::LEGS],
}

fn main() {
    let mut steps = Steps {
        of: [0; Stool::LEGS],
    };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut steps, &line));
    }
}

fn answer(steps: &mut Steps, _request: &str) -> String {
    for step in &mut steps.of {
        *step += 1;
    }
    format!("{:?}", steps.of)
}
