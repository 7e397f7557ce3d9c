pub fn of(count: u32) -> u32 {
    count * 10
}
