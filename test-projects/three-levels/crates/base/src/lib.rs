pub fn base(number: u32) -> String {
    format!("base({number})")
}
