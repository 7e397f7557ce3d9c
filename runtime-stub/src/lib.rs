//! The part of `cargo hotpatch` that runs inside the patched program.
#![cfg_attr(not(test), no_std)]
