//@ why: a method of a trait without objects gets a parameter; generic callers are compiled anew
//@ pair: restart-trait-object-signature
//@ ask: 4 => 8 12
//@ edit src/main.rs: replace "fn scaled(&self, number: u32) -> u32;" with "fn scaled(&self, number: u32, more: u32) -> u64;"
//@ edit+ src/main.rs: replace "impl Scale for Twice {\n    fn scaled(&self, number: u32) -> u32 {\n        number * 2" with "impl Scale for Twice {\n    fn scaled(&self, number: u32, more: u32) -> u64 {\n        u64::from(number * 2 + more)"
//@ edit+ src/main.rs: replace "impl Scale for Thrice {\n    fn scaled(&self, number: u32) -> u32 {\n        number * 3" with "impl Scale for Thrice {\n    fn scaled(&self, number: u32, more: u32) -> u64 {\n        u64::from(number * 3 + more)"
//@ edit+ src/main.rs: replace "scale.scaled(number)" with "scale.scaled(number, 100)"
//@ expect: patched
//@ ask: 4 => 108 112

trait Scale {
    fn scaled(&self, number: u32) -> u32;
}

struct Twice;
struct Thrice;

impl Scale for Twice {
    fn scaled(&self, number: u32) -> u32 {
        number * 2
    }
}

impl Scale for Thrice {
    fn scaled(&self, number: u32) -> u32 {
        number * 3
    }
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(request: &str) -> String {
    format!("{} {}", shown(&Twice, request), shown(&Thrice, request))
}

fn shown(scale: &impl Scale, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    scale.scaled(number).to_string()
}
