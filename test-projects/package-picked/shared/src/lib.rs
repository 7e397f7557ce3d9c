pub fn name(of: &str) -> String {
    format!("this is {of}")
}
