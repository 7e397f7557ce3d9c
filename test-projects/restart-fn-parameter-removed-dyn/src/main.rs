//@ why: a parameter goes away from a method that old objects offer to whoever holds them
//@ pair: fn-parameter-removed
//@ ask: 4 => 14
//@ edit src/main.rs: replace "shift.shifted(number, 10)" with "shift.shifted(number)"
//@ edit+ src/main.rs: replace "fn shifted(&self, number: i64, by: i64) -> i64;" with "fn shifted(&self, number: i64) -> i64;"
//@ edit+ src/main.rs: replace "fn shifted(&self, number: i64, by: i64) -> i64 {\n        number + by" with "fn shifted(&self, number: i64) -> i64 {\n        number + 1000"
//@ expect: restarted
//@ code: HP0401
//@ ask: 4 => 1004

trait Shift {
    fn shifted(&self, number: i64, by: i64) -> i64;
}

struct Plain;

impl Shift for Plain {
    fn shifted(&self, number: i64, by: i64) -> i64 {
        number + by
    }
}

fn main() {
    let shift: Box<dyn Shift> = Box::new(Plain);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*shift, &line));
    }
}

fn answer(shift: &dyn Shift, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    shift.shifted(number, 10).to_string()
}
