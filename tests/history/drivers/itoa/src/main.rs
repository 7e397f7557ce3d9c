//! Answers each line with one line. What is held was made before the first request.

use std::cell::RefCell;
use std::io::{BufRead as _, stdin};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use itoa::{Buffer, Integer};

/// One number's text, by way of a trait object: its vtable is older than what it leads to.
trait Shows {
    fn show(&self, buffer: &mut Buffer) -> String;
}

impl<T: Integer + Copy> Shows for T {
    fn show(&self, buffer: &mut Buffer) -> String {
        buffer.format(*self).to_owned()
    }
}

struct Held {
    buffer: Buffer,
    numbers: Vec<Box<dyn Shows>>,
    format: fn(&mut Buffer, u64) -> &str,
}

impl Held {
    fn new() -> Self {
        Self {
            buffer: Buffer::new(),
            numbers: vec![
                Box::new(0_u8),
                Box::new(i8::MIN),
                Box::new(u16::MAX),
                Box::new(i16::MIN),
                Box::new(u32::MAX),
                Box::new(i32::MIN),
                Box::new(u64::MAX),
                Box::new(i64::MIN),
                Box::new(u128::MAX),
                Box::new(i128::MIN),
                Box::new(usize::MAX),
                Box::new(isize::MIN),
            ],
            format: |buffer, number| buffer.format(number),
        }
    }
}

fn main() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place.unwrap_or_default());
    }));
    let mut held = Held::new();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut held, &line)));
        let answer = answer.unwrap_or_else(|_| format!("panic at {}", PLACE.take()));
        println!("{}", answer.escape_debug());
    }
}

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}
fn answer(held: &mut Held, line: &str) -> String {
    if line == "held" {
        let Held {
            buffer, numbers, ..
        } = held;
        let all: Vec<String> = numbers.iter().map(|number| number.show(buffer)).collect();
        return all.join(" ");
    }
    let Ok(number) = line.parse::<i128>() else {
        return "?".to_owned();
    };
    // Every width in which it fits, and what is left of it in those in which it does not.
    let mut all = vec![
        (held.format)(&mut held.buffer, number as u64).to_owned(),
        Buffer::new().format(number).to_owned(),
        Buffer::default().format(number as u128).to_owned(),
        held.buffer.clone().format(number as i64).to_owned(),
        held.buffer.format(number as u32).to_owned(),
        held.buffer.format(number as i32).to_owned(),
        held.buffer.format(number as u16).to_owned(),
        held.buffer.format(number as i16).to_owned(),
        held.buffer.format(number as u8).to_owned(),
        held.buffer.format(number as i8).to_owned(),
        held.buffer.format(number as usize).to_owned(),
        held.buffer.format(number as isize).to_owned(),
    ];
    // And whether it is what the standard library writes.
    all.push((Buffer::new().format(number) == number.to_string()).to_string());
    all.join(" ")
}
