pub fn visits(count: u32) -> String {
    format!("{count} visits")
}
