use std::fmt::Display;

pub struct Labelled<T> {
    pub value: T,
}

impl<T> Labelled<T> {
    pub fn new(value: T) -> Self {
        Self { value }
    }
}

pub fn labelled<T: Display>(labelled: &Labelled<T>) -> String {
    format!("[{}]", labelled.value)
}
