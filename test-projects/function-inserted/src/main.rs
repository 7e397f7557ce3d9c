//@ why: a method and an impl block without state, inserted above the others
//@ ask: 4 => 4 and 8
//@ edit src/main.rs: replace "impl Number {\n    fn once" with "impl std::fmt::Debug for Number {\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n        write!(f, \"#{}\", self.0)\n    }\n}\n\nimpl Number {\n    fn thrice(&self) -> i64 {\n        self.0 * 3\n    }\n\n    fn once"
//@ edit+ src/main.rs: replace "{} and {}\", number.once(), number.twice()" with "{} and {} and {} in {number:?}\", number.once(), number.twice(), number.thrice()"
//@ expect: patched
//@ function: thrice new
//@ ask: 4 => 4 and 8 and 12 in #4

struct Number(i64);

impl Number {
    fn once(&self) -> i64 {
        self.0
    }
}

impl Number {
    fn twice(&self) -> i64 {
        self.0 * 2
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    let number = Number(request.trim().parse().unwrap_or(0));
    format!("{} and {}", number.once(), number.twice())
}
