//@ why: optimised: a method behind a vtable takes one more argument, which the old callers never pass
//@ pair: fn-optimised-inlined
//@ ask: 4 => 14
//@ edit src/main.rs: replace "fn shifted(&self, number: u64) -> u64;" with "fn shifted(&self, number: u64, by: &str) -> u64;"
//@ edit+ src/main.rs: replace "fn shifted(&self, number: u64) -> u64 {\n        number + 10" with "fn shifted(&self, number: u64, by: &str) -> u64 {\n        number + by.len() as u64"
//@ edit+ src/main.rs: replace "shift.shifted(number)" with "shift.shifted(number, request)"
//@ expect: restarted
//@ code: HP0401
//@ ask: 4 => 5

trait Shift {
    fn shifted(&self, number: u64) -> u64;
}

struct Plain;

impl Shift for Plain {
    fn shifted(&self, number: u64) -> u64 {
        number + 10
    }
}

fn main() {
    let shift: Box<dyn Shift> = std::hint::black_box(Box::new(Plain));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*shift, &line));
    }
}

#[inline(never)]
fn answer(shift: &dyn Shift, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    shift.shifted(number).to_string()
}
