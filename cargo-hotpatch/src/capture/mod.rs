//! How the tool learns what cargo does: the build, the recorded units, the record directory.
//!
//! Who calls whom:
//!
//! ```text
//! cargo hotpatch run
//!   └─ cargo::build                      sets the environment described in `wrapper`
//!        └─ cargo build --message-format=json…
//!             ├─ [RUSTC_WRAPPER, the user's, e.g. sccache]
//!             │    └─ <record dir>/wrapper/cargo-hotpatch rustc …     `wrapper::main`, members only
//!             │         └─ [RUSTC_WORKSPACE_WRAPPER, the user's]
//!             │              └─ rustc … -C linker=<record dir>/linker/<name>
//!             │                   └─ <record dir>/linker/<name> …     the linker shim, the executable only
//!             │                        └─ cc, or the user's linker
//!             └─ writes target/<profile>/deps, shared with the user's own builds; the executable goes to
//!                <record dir>/artifacts, so that target/<profile>/<bin> stays the user's
//! ```
//!
//! What one role writes for another is in [`record`], where it lies is in [`directory`].

pub mod arguments;
mod blame;
pub mod cargo;
pub mod child;
mod collect;
pub mod configuration;
mod contents;
pub mod directory;
pub mod gate;
pub mod inputs;
pub mod overlay;
pub mod published;
pub mod record;
pub mod replay;
mod target;
pub mod waiting;
pub mod wrapper;

pub use directory::RecordDir;

#[cfg(test)]
mod tests;
