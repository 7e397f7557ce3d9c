//@ why: a function returns another iterator, and only a frame that runs already would take it
//@ pair: iterator-function-replaced
//@ ask: x => 1
//@ ask: x => 2
//@ edit src/main.rs: replace "    1..\n" with "    (1..).step_by(5)\n"
//@ expect: restarted
//@ code: HP0902 or HP0201
//@ ask: x => 1
//@ ask: x => 6

fn main() {
    let mut numbers = numbers();
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", numbers.next().unwrap_or(0));
    }
}

fn numbers() -> impl Iterator<Item = u32> {
    1..
}
