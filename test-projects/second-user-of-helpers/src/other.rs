pub fn shown() -> String {
    String::from("[3]")
}
