//! The patch linker: takes only what changed, and binds it to the program that runs.
//!
//! A symbol is (1) part of the patch, reached through its slot, (2) part of the live image or of an earlier patch, (3) in an
//! object of the build that holds code which the program never needed before, pulled in section by section, or (4) in a
//! dynamic library, which the stub is asked for. The result is an ELF file with symbols, unwind tables and debug info:
//!
//! ```text
//!  window start = load bias                      link address 0 = file offset 0
//!  ├ headers, constants, GOT, unwind tables      readable
//!  ├ code, stubs for far calls                   readable, executable
//!  ├ new statics                                 readable, writable
//!  └ (not mapped) debug info, symbols
//! ```
//!
//! Data flows: [`plan`] finds what belongs to the patch and what each relocation means, [`layout`] gives it places,
//! [`image`] writes the file, [`verify`] reads it back.

pub mod debug_info;
pub mod image;
pub mod layout;
pub mod live;
pub mod plan;
pub mod store;
pub mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;

use crate::diff::NewFunction;
use crate::diff::constants::Rewritten;
use crate::diff::pairing::FunctionKey;
use crate::judge::CutNames;
use crate::object::address::RunAddr;
use crate::table::policy::SlotPolicy;

pub use live::Live;
pub use plan::OldNames;
pub use store::Store;

/// Bytes in a page: x86-64 Linux has no other size for ordinary mappings.
pub const PAGE: u64 = 4096;

/// Rounds up to a multiple of `align`, which is a power of two or 0 (no alignment).
#[must_use]
pub fn align_up(value: u64, align: u64) -> u64 {
    let align = align.max(1);
    value.div_ceil(align) * align
}

/// What to link.
#[derive(Debug)]
pub struct Request<'r> {
    /// Functions that must be in the patch, and the function of the program that each of them replaces.
    pub replacements: &'r [(FunctionKey, NewFunction)],
    /// Functions that must be in the patch and get a place of their own: their signature changed.
    pub renewed: &'r [NewFunction],
    /// Immutable statics whose new content the patch must bring along.
    pub changed_constants: &'r BTreeSet<String>,
    /// Immutable statics that get their new content where they are, by their new names.
    pub rewritten: &'r BTreeMap<String, Rewritten>,
    /// By which names the program knows what the new objects know under others.
    pub names: &'r OldNames,
    /// Functions of which the program's version is never taken: see [`crate::judge::cut`].
    pub cut: Option<&'r CutNames>,
    /// Functions whose first call is marked, if they have a slot: see [`plan::marks`].
    pub marked: &'r BTreeSet<String>,
    /// Which new functions get a place in the jump table.
    pub policy: &'r SlotPolicy,
    /// Somewhere in here the patch will be.
    pub arena: Range<RunAddr>,
}

/// A function of a finished patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchedFunction {
    /// By which name the program knows it from now on.
    pub key: FunctionKey,
    /// Its place in the jump table, if it has one.
    pub slot: Option<RunAddr>,
    /// Where its code is.
    pub body: Range<RunAddr>,
    /// It had no code in the program before.
    pub is_new: bool,
    /// Its slot leads to an entry that sets a mark and goes on in the body.
    pub marked: Option<Marked>,
}

impl PatchedFunction {
    /// Where its slot leads.
    #[must_use]
    pub fn entry(&self) -> RunAddr {
        self.marked.map_or(self.body.start, |marked| marked.entry)
    }
}

/// How a function tells that it was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// [`MARKED_ENTRY`] bytes of code.
    pub entry: RunAddr,
    /// One byte: 0 until the entry was reached, then 1.
    pub mark: RunAddr,
}

/// Bytes of an entry that marks.
pub const MARKED_ENTRY: usize = 32;

/// Protection of a segment. There is none that is writable and executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Constants.
    Read,
    /// Code.
    ReadExecute,
    /// New statics.
    ReadWrite,
}

/// A part of the patch file that is mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where in the file, in bytes, a multiple of [`PAGE`].
    pub file_offset: u64,
    /// Where in the process, a multiple of [`PAGE`].
    pub address: RunAddr,
    /// In bytes, not necessarily a multiple of [`PAGE`].
    pub length: u64,
    /// How it is mapped.
    pub protection: Protection,
}

/// The new content of an immutable static that keeps its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Its new name.
    pub name: String,
    /// Where it is.
    pub address: RunAddr,
    /// All of its bytes.
    pub content: Vec<u8>,
}

/// A finished patch: nothing of it is visible to the program yet.
#[derive(Debug)]
pub struct Patch {
    /// The ELF file.
    pub file: Vec<u8>,
    /// What is mapped of it.
    pub segments: Vec<Segment>,
    /// The zero-terminated unwind table, if any function has an entry.
    pub eh_frame: Option<RunAddr>,
    /// Slots, and what they have to jump to.
    pub table: Vec<(RunAddr, RunAddr)>,
    /// The functions in it.
    pub functions: Vec<PatchedFunction>,
    /// New statics, and immutable statics with new content: name and place.
    pub statics: Vec<(String, RunAddr)>,
    /// What immutable statics hold from now on.
    pub rewrites: Vec<Rewrite>,
    /// New thread-locals: name and offset from the thread pointer.
    pub thread_locals: Vec<(String, i64)>,
    /// How much of the thread-local reserve is used after this patch, in bytes.
    pub thread_local_used: u64,
    /// How many spare slots are used after this patch.
    pub spare_slots_used: usize,
    /// How much address space it needs, in bytes.
    pub memory: u64,
}

/// What only the running program's side can say.
pub trait ProgramSide {
    /// Where `name` is in a dynamic library, as the program sees it; `None` if no library has it.
    ///
    /// # Errors
    /// When the program cannot be asked.
    fn look_up(&mut self, name: &str) -> Result<Option<RunAddr>>;

    /// A free place of so many bytes in the arena, which starts at a multiple of [`PAGE`]. It is never given again.
    ///
    /// # Errors
    /// A [`crate::codes::Reason`] when the arena is full.
    fn take_place(&mut self, bytes: u64) -> Result<RunAddr>;
}

/// Links a patch. Nothing outside of the result changes.
///
/// # Errors
/// A [`crate::codes::Reason`] inside of the error says why the edit cannot be linked; any other error names what is broken.
pub fn link(
    request: &Request<'_>,
    live: &Live,
    store: &mut Store<'_>,
    program: &mut dyn ProgramSide,
) -> Result<Patch> {
    let plan = plan::plan(request, live, store, program)?;
    let layout = layout::layout(&plan);
    let start = program.take_place(layout.memory)?;
    let patch = image::write(plan, &layout, start, store)?;
    verify::verify(&patch, start)?;
    Ok(patch)
}
