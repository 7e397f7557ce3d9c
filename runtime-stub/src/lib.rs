//! The part of `cargo hotpatch` that runs inside the patched program.
//!
//! A program does not depend on this crate to be patched: the tool puts one object, built from `injected.rs` and the
//! modules beside it, into the link. This library holds what tool and stub share, the [`protocol`].
//!
//! # What the stub does to a program
//! Only if the session's variable is in the environment, and before `main`: it removes the variable, reserves (without
//! using) up to 1 GiB of address space near the program, connects to the tool, and starts one thread, named
//! `cargo-hotpatch`, which no signal is delivered to and which sleeps until the tool sends something. That second thread
//! can be seen: `unshare(CLONE_NEWUSER)` and `setns` of a user namespace refuse a process with several threads, and a
//! crate such as `time` declines to look up the local offset. A program that can't have it is started without the
//! tool (`cargo run`); the variable `CARGO_HOTPATCH_SOCKET` being absent is all it takes.
//!
//! The child of a `fork` has no session: its copy of the socket is closed. An `exec` ends the session as well.
#![cfg_attr(not(test), no_std)]

pub mod protocol;

// The rest is compiled into programs by itself (`injected.rs`). Here its pure parts are tested, and clippy sees all of it.
macro_rules! parts_of_the_stub {
    ($($condition:meta: $($name:ident)*;)*) => {
        $($(
            #[cfg($condition)]
            #[allow(dead_code, reason = "the constructor that uses it is in `injected.rs`")]
            mod $name;
        )*)*
    };
}
parts_of_the_stub! {
    any(test, clippy): arena sys table;
    clippy: agent phdr;
}
