#[inline]
pub fn thrice(number: u32) -> u32 {
    number * 3
}
