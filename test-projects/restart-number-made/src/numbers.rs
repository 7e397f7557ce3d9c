#![allow(dead_code)]

pub const FIRST: u8 = 1;
pub const SECOND: u8 = FIRST + 1;
