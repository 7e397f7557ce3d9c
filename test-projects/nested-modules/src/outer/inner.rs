pub fn name() -> &'static str {
    "inner"
}
