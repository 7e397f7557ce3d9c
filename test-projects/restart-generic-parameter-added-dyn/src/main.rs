//@ why: a trait that has objects gets a type parameter
//@ pair: generic-parameter-added
//@ ask: 4 => 8
//@ edit src/main.rs: replace "trait Scale {\n    fn scaled(&self, number: u32) -> u32;" with "trait Scale<T> {\n    fn scaled(&self, number: T) -> T;"
//@ edit+ src/main.rs: replace "impl Scale for Twice {\n    fn scaled(&self, number: u32) -> u32 {" with "impl Scale<u64> for Twice {\n    fn scaled(&self, number: u64) -> u64 {"
//@ edit+ src/main.rs: replace "let scale: Box<dyn Scale>" with "let scale: Box<dyn Scale<u64>>"
//@ edit+ src/main.rs: replace "scale: &dyn Scale," with "scale: &dyn Scale<u64>,"
//@ expect: restarted
//@ code: HP0401 or HP0201 or HP0902
//@ ask: 5000000000 => 10000000000

trait Scale {
    fn scaled(&self, number: u32) -> u32;
}

struct Twice;

impl Scale for Twice {
    fn scaled(&self, number: u32) -> u32 {
        number * 2
    }
}

fn main() {
    let scale: Box<dyn Scale> = Box::new(Twice);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*scale, &line));
    }
}

fn answer(scale: &dyn Scale, request: &str) -> String {
    scale
        .scaled(request.trim().parse().unwrap_or(0))
        .to_string()
}
