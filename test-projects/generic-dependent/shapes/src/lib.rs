use std::fmt::{self, Display};

pub fn shown<T: Display>(value: T) -> String {
    format!("<{value}>")
}

pub struct Quoted<T> {
    value: T,
}

impl<T> Quoted<T> {
    pub fn new(value: T) -> Self {
        Self { value }
    }
}

impl<T: Display> Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.value)
    }
}
