//@ why: the same number of slots, but in another order
//@ pair: dyn-new-type
//@ ask: x => first second
//@ edit src/main.rs: replace "    fn first(&self) -> &'static str;\n    fn second(&self) -> &'static str;\n" with "    fn second(&self) -> &'static str;\n    fn first(&self) -> &'static str;\n"
//@ expect: restarted
//@ code: HP0401
//@ ask: x => first second

trait Pair {
    fn first(&self) -> &'static str;
    fn second(&self) -> &'static str;
}

struct Words;

impl Pair for Words {
    fn first(&self) -> &'static str {
        "first"
    }
    fn second(&self) -> &'static str {
        "second"
    }
}

fn main() {
    let pair: Box<dyn Pair> = Box::new(Words);
    println!("ready");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", show(&*pair));
    }
}

fn show(pair: &dyn Pair) -> String {
    format!("{} {}", pair.first(), pair.second())
}
