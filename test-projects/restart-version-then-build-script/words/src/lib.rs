pub fn word() -> String {
    format!("{} {}", env!("WORD"), env!("CARGO_PKG_VERSION"))
}
