pub fn make() -> Box<dyn Fn() -> String> {
    let kept = 1_u64;
    Box::new(move || format!("lib {kept}"))
}
