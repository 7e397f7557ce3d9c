pub fn plain(count: u32) -> u32 {
    count * 10
}

pub fn generic<T: Copy>(prices: &[T], index: usize) -> T {
    assert!(index < prices.len());
    prices[index]
}
