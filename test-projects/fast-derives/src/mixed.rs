//! Items of the form that derives write have numbers in symbols: here are some that stay.

use serde::Serialize;
use std::fmt::{Display, Formatter, Result};

#[derive(Serialize)]
struct First {
    number: u32,
}

struct Second;

const _: () = {
    impl Display for Second {
        fn fmt(&self, out: &mut Formatter<'_>) -> Result {
            out.write_str("second")
        }
    }
};

const _: () = {
    impl Display for First {
        fn fmt(&self, out: &mut Formatter<'_>) -> Result {
            out.write_str("first")
        }
    }
};

pub fn written() -> String {
    let first = First { number: 4 };
    let text = serde_json::to_string(&first).unwrap_or_default();
    format!("mixed one {text} {first} {Second}")
}
