//! Which immutable statics get their new content where they are.
//!
//! All that leads to such a static then finds the new content, and the static keeps its address. It is sound if the program only
//! reads the place, if the type stays (the judge restarts otherwise), if references into the old content stay valid
//! ([`keeps_references`]), and if no thread reads while the content is replaced, or the replacement is of one word.

use std::cell::OnceCell;
use std::time::Duration;

use crate::diff::NamedObject;
use crate::diff::constants::ConstantPair;
use crate::judge::rewritten::{Content, keeps_references};
use crate::link::Live;
use crate::object::read::{ObjectFile, Relocation, SectionIndex};
use crate::process::stacks::{Stacks, read_bytes};

/// How long a save may wait for a moment at which no thread runs.
pub(super) const PATIENCE: Duration = Duration::from_millis(30);

/// A program, and the objects of before and after an edit.
pub(super) struct Places<'p> {
    pub(super) live: &'p Live,
    /// `None` for a program that does not run.
    pub(super) stacks: Option<&'p Stacks>,
    pub(super) old: &'p [NamedObject<'p>],
    /// The whole content of these.
    pub(super) old_bytes: &'p [&'p [u8]],
    pub(super) new: &'p [NamedObject<'p>],
    pub(super) is_still: OnceCell<bool>,
}

/// What a static holds, as an object has it.
struct Held<'o> {
    section: SectionIndex,
    bytes: &'o [u8],
    /// Offsets in the bytes.
    references: Vec<u64>,
}

impl Places<'_> {
    /// True if the static can get its new content where it is.
    pub(super) fn keeps(&self, pair: &ConstantPair<'_>) -> bool {
        self.is_sound(pair).unwrap_or(false)
            && (pair.words <= 1 || *self.is_still.get_or_init(|| self.becomes_still()))
    }

    fn becomes_still(&self) -> bool {
        self.stacks
            .is_none_or(|stacks| stacks.wait_until_still(PATIENCE))
    }

    fn is_sound(&self, pair: &ConstantPair<'_>) -> Option<bool> {
        let (old, new) = (self.old[pair.old.0].file, self.new[pair.new.0].file);
        let (before, after) = (held(old, pair.old.1)?, held(new, pair.new.1)?);
        let size = before.bytes.len();
        let address = self.live.constant_place(pair.old_name, size as u64)?;
        let is_readable = self
            .stacks
            .is_none_or(|stacks| read_bytes(stacks.process(), address.0, size).is_ok());
        let is_alike = old.sections[before.section].align >= new.sections[after.section].align;
        if size != after.bytes.len() || !is_alike || !is_readable {
            return Some(false);
        }
        let name = old.symbols[pair.old.1].name;
        keeps_references(
            self.old_bytes.get(pair.old.0)?,
            name,
            Content {
                bytes: before.bytes,
                references: &before.references,
            },
            Content {
                bytes: after.bytes,
                references: &after.references,
            },
        )
        .ok()
    }
}

fn held<'o>(file: &'o ObjectFile<'o>, symbol: usize) -> Option<Held<'o>> {
    let symbol = &file.symbols[symbol];
    let index = symbol.section()?;
    let section = &file.sections[index];
    let start = usize::try_from(symbol.value).ok()?;
    let end = start.checked_add(usize::try_from(symbol.size).ok()?)?;
    let is_plain = !section.is_mutable()
        && !section.is_thread_local()
        && !section.is_mergeable()
        && !section.is_zero_filled()
        && end > start;
    let range = symbol.value..end as u64;
    let relocations: Vec<Relocation> = file.relocations(index).ok()?;
    let references = relocations
        .iter()
        .filter(|relocation| range.contains(&relocation.offset))
        .map(|relocation| relocation.offset - symbol.value)
        .collect();
    is_plain.then_some(Held {
        section: index,
        bytes: section.data.get(start..end)?,
        references,
    })
}
