//! Objects as this tool sees them: addresses, and relocatable files as `rustc` writes them.

pub mod address;
pub mod read;
pub mod reloc;
pub mod target;
pub mod unwind;
