//@ why: the checks of a debug build are in patched code too
//@ ask: 10 => 20
//@ ask: 200 => attempt to multiply with overflow
//@ edit src/main.rs: replace "number * 2" with "number + 100"
//@ expect: patched
//@ ask: 10 => 110
//@ ask: 200 => attempt to add with overflow
//@ edit src/main.rs: replace "number + 100" with "100 / (number - 10)"
//@ expect: patched
//@ ask: 10 => attempt to divide by zero
//@ ask: 20 => 10

use std::cell::RefCell;

thread_local! {
    static LAST: RefCell<String> = RefCell::new(String::new());
}

fn main() {
    std::panic::set_hook(Box::new(|info| {
        LAST.set(info.payload_as_str().unwrap_or("?").to_owned())
    }));
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let number = line.trim().parse().unwrap_or(0);
        match std::panic::catch_unwind(|| compute(number)) {
            Ok(value) => println!("{value}"),
            Err(_) => println!("{}", LAST.take()),
        }
    }
}

fn compute(number: u8) -> u8 {
    number * 2
}
