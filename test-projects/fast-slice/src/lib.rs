//! Modules that see little of each other.

pub mod made;
pub mod shapes;
pub mod texts;
pub mod unrelated;
pub mod words;

pub use words::Named as HasName;
