pub fn length() -> String {
    let length = told::source_length!();
    format!("length one {length}")
}
