#[allow(dead_code)]
pub enum Kind {
    Apple,
    Pear,
}
