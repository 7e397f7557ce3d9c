pub fn shared(text: &str) -> String {
    format!("library {text}")
}
