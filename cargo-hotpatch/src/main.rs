//! `cargo-hotpatch`: one executable, three roles.
//!
//! ```text
//! you ──► cargo-hotpatch run            the command: watches, compiles, patches
//!           └► cargo build              with RUSTC_WORKSPACE_WRAPPER = a link to this executable
//!                └► cargo-hotpatch      the wrapper: records each member's command, then runs
//!                     └► rustc          … which links the chosen executable with
//!                          └► cargo-hotpatch   the linker shim: gives every function a slot, then runs
//!                               └► cc
//! ```
//!
//! The roles are told apart by the name and folder under which the executable was called.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_hotpatch::run(std::env::args_os().collect())
}
