pub mod inner;

pub mod inline {
    pub fn name() -> &'static str {
        "inline"
    }
}

pub fn name() -> &'static str {
    "outer"
}
