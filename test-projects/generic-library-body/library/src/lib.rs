use std::fmt::Display;

pub struct Labelled<T> {
    pub value: T,
}

pub fn labelled<T: Display>(labelled: &Labelled<T>) -> String {
    format!("[{}]", labelled.value)
}
