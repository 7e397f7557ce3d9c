pub fn shared(text: &str) -> String {
    format!("shared {text}")
}
