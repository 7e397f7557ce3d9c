//! A trait, and a derive of the same name.

pub use derive::Serialize;

pub trait Serialize {
    fn name(&self) -> &'static str;
}
