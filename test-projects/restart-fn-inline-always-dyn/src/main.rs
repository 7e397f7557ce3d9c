//@ why: a method is compiled into those callers that know the type, and called through a vtable by those that do not
//@ pair: fn-inline-always
//@ ask: 4 => known 14, dyn 14
//@ edit src/main.rs: replace "\"known {}, dyn {}\", Plain.shifted(number), shift.shifted(number)" with "\"known {}, dyn {}\", Plain.shifted(number, 20), shift.shifted(number, 20)"
//@ edit+ src/main.rs: replace "fn shifted(&self, number: u32) -> u32;" with "fn shifted(&self, number: u32, by: u32) -> u32;"
//@ edit+ src/main.rs: replace "fn shifted(&self, number: u32) -> u32 {\n        number + 10" with "fn shifted(&self, number: u32, by: u32) -> u32 {\n        number + by"
//@ expect: restarted
//@ code: HP0401
//@ ask: 4 => known 24, dyn 24

trait Shift {
    fn shifted(&self, number: u32) -> u32;
}

struct Plain;

impl Shift for Plain {
    #[inline(always)]
    fn shifted(&self, number: u32) -> u32 {
        number + 10
    }
}

fn main() {
    let shift: Box<dyn Shift> = Box::new(Plain);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*shift, &line));
    }
}

#[rustfmt::skip]
fn answer(shift: &dyn Shift, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    format!("known {}, dyn {}", Plain.shifted(number), shift.shifted(number))
}
