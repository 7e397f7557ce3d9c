//! The stub, built with the tool (see `build.rs`) and carried inside it: an installed command needs no source.

/// The relocatable object to put into each link. Empty where the stub is not written for the tool's target.
///
/// The link needs, beside it, `-u` [`ROOT_SYMBOL`] and [`WRAP_ARGUMENT`].
pub const STUB_OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stub.o"));

/// The stub's constructor; named with `-u`, so that no linker drops the object.
pub const ROOT_SYMBOL: &str = "hotpatch_stub_start";

/// Sends the program's `dl_iterate_phdr` to the stub, which announces patches in it. Without it the object does not link.
pub const WRAP_ARGUMENT: &str = "--wrap=dl_iterate_phdr";
