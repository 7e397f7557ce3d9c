pub const LIMIT: u32 = 2;

#[inline]
pub fn added(number: u32) -> u32 {
    number + 10
}

pub const fn computed() -> u32 {
    LIMIT + 1
}

pub fn numbers() -> impl Iterator<Item = u32> {
    0..2
}

pub trait Base {
    const VALUE: u32 = 7;
    fn base(&self) -> u32;
    fn more(&self) -> u32 {
        self.base() + 1
    }
}

#[macro_export]
#[rustfmt::skip]
macro_rules! derived {
    ($value:expr) => { $value };
}
