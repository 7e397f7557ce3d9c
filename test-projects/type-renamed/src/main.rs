//@ why: a type gets another name, and its values live no longer than a call
//@ pair: restart-type-renamed
//@ ask: 3 => 6
//@ edit src/main.rs: replace "struct Pair(u32, u32);" with "struct Couple(u32, u32);"
//@ edit+ src/main.rs: replace "impl Pair {" with "impl Couple {"
//@ edit+ src/main.rs: replace "let pair = Pair(" with "let pair = Couple("
//@ edit+ src/main.rs: replace "self.0 + self.1" with "self.0 + self.1 + 1"
//@ expect: patched
//@ ask: 4 => 9

struct Pair(u32, u32);

impl Pair {
    fn sum(&self) -> u32 {
        self.0 + self.1
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", twice(line.trim().parse().unwrap_or(0)));
    }
}

fn twice(number: u32) -> String {
    let pair = Pair(number, number);
    pair.sum().to_string()
}
