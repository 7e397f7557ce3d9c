pub fn value(index: usize) -> u32 {
    let values = vec![10, 20, 30];
    values[index]
}
