//! What differs → verdict.
pub mod debug;
pub mod relocatable;
