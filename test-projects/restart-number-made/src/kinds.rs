use crate::numbers::{FIRST, SECOND};

#[repr(u8)]
pub enum Kind {
    Apple = FIRST,
    Pear = SECOND,
}
