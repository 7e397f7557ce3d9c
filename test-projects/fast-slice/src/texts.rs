//! Generics, and what other crates may compile for themselves.

use std::fmt::Display;

use crate::HasName;
use crate::shapes::Seen as Renamed;

pub struct Text(pub String);

impl<T: Display> From<T> for Text {
    fn from(it: T) -> Self {
        Self(format!("<{it}>"))
    }
}

pub fn renamed() -> String {
    let it = Renamed::default();
    format!("renamed one {}", it.name())
}

pub fn wrapped() -> String {
    let text = wrap(1_u8);
    format!("wrapped one {text}")
}

fn wrap<T: Display>(it: T) -> String {
    bracketed(&it)
}

fn bracketed<T: Display>(it: &T) -> String {
    format!("[{it}]")
}

pub fn converted() -> String {
    let text: Text = 'c'.into();
    format!("converted one {}", text.0)
}

pub fn inlined() -> String {
    let sum = add(1, 2);
    format!("inlined one {sum}")
}

#[inline]
fn add(a: u32, b: u32) -> u32 {
    a + b
}

pub fn sharing() -> String {
    crate::words::shared()
}
