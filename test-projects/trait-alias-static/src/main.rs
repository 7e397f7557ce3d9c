//@ why: an alias in a method's signature means another type, and the trait has no objects
//@ pair: restart-trait-alias-object
//@ ask: 4 => 8
//@ edit src/main.rs: replace "type Number = u32;" with "type Number = f32;"
//@ edit+ src/main.rs: replace "number * 2" with "number * 2.5"
//@ expect: patched
//@ ask: 4 => 10

type Number = u32;

trait Scale {
    fn scaled(&self, number: Number) -> Number;
}

struct Twice;

impl Scale for Twice {
    fn scaled(&self, number: Number) -> Number {
        number * 2
    }
}

fn main() {
    let twice = Twice;
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&twice, &line));
    }
}

fn answer(twice: &Twice, request: &str) -> String {
    twice
        .scaled(request.trim().parse().unwrap_or_default())
        .to_string()
}
