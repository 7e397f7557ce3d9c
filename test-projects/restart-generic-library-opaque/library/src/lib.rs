pub fn numbers() -> impl Iterator<Item = u32> {
    0..
}
