//! The fast way of an edit: a *shadow* of the crate, in which the bodies that the edit does not concern are gone. Pure.
//!
//! When an edit is confined to bodies of plain functions, what those functions become does not depend on the bodies of
//! others: rustc checks and compiles them one by one. So the compiler is given the same crate with the other bodies replaced by
//! a call of [`MARKER`], a function that nobody defines; what refers to it is not what the source says, and is never taken.
//!
//! What stays as it is: generic bodies (they are compiled into whoever uses them), `const fn` (evaluated), `async fn` and
//! `-> impl Trait` (the body is the type), trait defaults, bodies with items inside, functions under attributes that are not built in,
//! and all that stands inside of macro calls. A replaced body has the same lines, and what stands behind it the same columns, so
//! that the locations in panics and debug info are those of the source.
//!
//! Derives of serde become headers without bodies (`shadow/derives.rs`), and mostly only what the edited functions can see is there
//! at all (`shadow/slice.rs`).
//!
//! The shadow accepts programs that the compiler rejects (a future that is not `Send` any more because of what a removed body
//! held), and an error in it proves nothing. So the full way always follows.

mod bodies;
mod derives;
mod pieces;
mod slice;
pub mod tree;
mod words;

use std::collections::HashSet;

use anyhow::Result;

use crate::object::read::{ObjectFile, SymbolIndex};

pub use bodies::SourceFile;

/// The function that removed bodies call. Nobody defines it.
pub const MARKER: &str = "__hotpatch_removed";

/// What the statics that keep edited functions alive are called, in front of their number.
pub const ROOT: &str = "__HOTPATCH_ROOT_";

/// Functions of an object whose code refers to the marker: their bodies are not those of the source.
///
/// # Errors
/// When a relocation is out of range.
pub fn removed_functions(file: &ObjectFile<'_>) -> Result<HashSet<SymbolIndex>> {
    let mut removed = HashSet::new();
    let Some(marker) = file.symbols.iter().position(|symbol| symbol.name == MARKER) else {
        return Ok(removed);
    };
    for (symbol, section) in file.functions() {
        let relocations = file.relocations(section)?;
        if relocations
            .iter()
            .any(|relocation| relocation.symbol == marker)
        {
            removed.insert(symbol);
        }
    }
    Ok(removed)
}

/// What the root file of the crate gets at its end: the marker, the type of the statics that keep edited functions alive, and
/// every crate that the build loaded, since a crate that nobody names is not loaded, and another instance of a shared generic is
/// picked then. The `impl` has a module of its own: the compiler numbers those of a module, derived ones last, and symbols have
/// the number.
#[must_use]
pub fn root_suffix(loaded: &[String]) -> String {
    let mut suffix = format!(
        "\nunsafe extern \"C\"{{pub(crate) safe fn {MARKER}()->!;}}\
         pub(crate) mod __hotpatch{{#[repr(transparent)]pub(crate) struct Root(pub(crate) *const ());\
         unsafe impl Sync for Root{{}}pub(crate) struct Shell;}}\n"
    );
    for name in loaded {
        suffix.push_str(&format!("extern crate {name} as _;\n"));
    }
    suffix
}
