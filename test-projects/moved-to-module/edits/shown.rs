pub fn visits(count: u32) -> String {
    format!("visit no. {count}")
}
