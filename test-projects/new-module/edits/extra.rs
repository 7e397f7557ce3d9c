pub fn decorated(text: &str) -> String {
    format!("*{text}*")
}
