//@ why: `impl Trait` as argument and as result
//@ ask: 3 => 0,1,2
//@ edit src/main.rs: replace ".join(\",\")" with ".join(\"-\")"
//@ expect: patched
//@ ask: 3 => 0-1-2
//@ edit src/main.rs: replace "(0..count)" with "(0..count).rev()"
//@ expect: patched
//@ ask: 3 => 2-1-0

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    joined(numbers(request.trim().parse().unwrap_or(0)))
}

fn numbers(count: u32) -> impl Iterator<Item = u32> {
    (0..count)
}

fn joined(numbers: impl Iterator<Item = u32>) -> String {
    numbers
        .map(|number| number.to_string())
        .collect::<Vec<_>>()
        .join(",")
}
