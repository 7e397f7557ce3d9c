//! The only calls into the operating system, and the only folder to port.
//!
//! Everything goes through the C library that the program is linked with anyway, by declarations of our own: the object
//! that is put into programs has no dependencies.

mod linux;

pub(crate) use linux::*;
