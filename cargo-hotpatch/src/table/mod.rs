//! Provisioning of the jump table at link time: every function of a workspace object is reached through a thunk.
//!
//! [`shim`] is the linker that rustc calls. It has [`rewrite`] put thunks into each object ([`policy`] says for which
//! functions), keeps rlib members in archives ([`archive`]), adds the table's two ends ([`anchor`]), runs the real linker and
//! checks what came out ([`image`]). Only `shim` and the `read` of `image` touch files.
//!
//! | name | is |
//! |---|---|
//! | `f` (global, weak), `f.hpt<id>` (local) | the thunk, in `.hp_thunks` |
//! | `f.hpb<id>` | the body, always local |
//! | `hotpatch_thunks_start` … `hotpatch_spare_thunks` | the thunks, page-aligned at both ends |
//! | `hotpatch_spare_thunks` … `hotpatch_thunks_end` | free slots, whole pages |
//! | `hotpatch_tls_spare` | zeroed thread-local space for patches |

pub mod anchor;
pub mod archive;
mod arguments;
mod cache;
mod elf;
pub(crate) mod frames;
pub mod image;
pub mod origin;
pub mod policy;
pub(crate) mod references;
pub mod rewrite;
pub mod shim;
mod slots;
mod spared;
#[cfg(test)]
mod tests;

/// The name of all input sections that hold thunks, and of the output section.
pub const THUNK_SECTION: &str = ".hp_thunks";

/// The size and alignment of a slot in bytes.
pub const THUNK_SIZE: usize = 8;
