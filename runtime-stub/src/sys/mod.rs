//! The only calls into the operating system, and the only folder to port.
//!
//! Everything goes through the C library that the program is linked with anyway, by declarations of our own: the object
//! that is put into programs has no dependencies.

mod linux;
mod socket;

pub(crate) use linux::*;
#[cfg_attr(
    test,
    allow(
        unused_imports,
        reason = "the agent, which uses it, is not a part of tests"
    )
)]
pub(crate) use socket::Socket;
