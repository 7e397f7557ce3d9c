//@ why: a method behind a vtable returns a future where it returned a number
//@ pair: fn-async-added
//@ ask: 4 => 14
//@ edit src/main.rs: replace "fn shifted(&self, number: u64) -> u64;" with "fn shifted(&self, number: u64) -> Pin<Box<dyn Future<Output = u64>>>;"
//@ edit+ src/main.rs: replace "fn shifted(&self, number: u64) -> u64 {\n        number + 10" with "fn shifted(&self, number: u64) -> Pin<Box<dyn Future<Output = u64>>> {\n        Box::pin(async move { number + 20 })"
//@ edit+ src/main.rs: replace "let result = shift.shifted(number);" with "let result = finished(shift.shifted(number));"
//@ expect: restarted
//@ code: HP0401
//@ ask: 4 => 24

#[allow(unused_imports)]
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

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
    let shift: Box<dyn Shift> = Box::new(Plain);
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&*shift, &line));
    }
}

fn answer(shift: &dyn Shift, request: &str) -> String {
    let number = request.trim().parse().unwrap_or(0);
    let result = shift.shifted(number);
    result.to_string()
}

#[allow(dead_code)]
fn finished(future: impl Future<Output = u64>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => 0,
    }
}
