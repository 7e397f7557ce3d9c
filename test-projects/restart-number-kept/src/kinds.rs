pub enum Kind {
    Apple,
    Pear,
}
