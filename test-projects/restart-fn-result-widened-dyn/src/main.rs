//@ why: another result type, of a method behind a vtable
//@ pair: fn-result-widened
//@ ask: 3000000000 => 3000000000
//@ edit src/main.rs: replace "fn total(&self, number: u32) -> u32;" with "fn total(&self, number: u32) -> u64;"
//@ edit+ src/main.rs: replace "fn total(&self, number: u32) -> u32 {\n        number.wrapping_mul(1)" with "fn total(&self, number: u32) -> u64 {\n        u64::from(number) * 2"
//@ expect: restarted
//@ code: HP0401
//@ ask: 3000000000 => 6000000000

trait Total {
    fn total(&self, number: u32) -> u32;
}

struct Plain;

impl Total for Plain {
    fn total(&self, number: u32) -> u32 {
        number.wrapping_mul(1)
    }
}

fn main() {
    let total: Box<dyn Total> = Box::new(Plain);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*total, &line));
    }
}

fn answer(total: &dyn Total, request: &str) -> String {
    total.total(request.trim().parse().unwrap_or(0)).to_string()
}
