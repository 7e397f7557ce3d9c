//! Comparison in step: are an old and a new function the same in every respect that the digest knows?
//!
//! Nearly all functions of two builds are, and to see that takes no digests: bytes, relocations and names are compared as they
//! stand. A "no" says nothing, then the digests tell what differs. A "yes" is certain: whatever is compared here as it
//! stands goes into the digest as it stands, or not at all.

use std::collections::HashMap;

use anyhow::Result;

use super::digest::Side;
use super::pairing::Item;
use crate::object::read::{ObjectFile, Relocation, SectionIndex, SymbolIndex};
use crate::object::target::Target;
use crate::object::unwind::FrameEntry;

/// How deep constants may refer to constants before they are left to the digests.
const MAX_DEPTH: usize = 16;

/// A part of a section: object, section, first byte, length.
type Part = (usize, SectionIndex, u64, u64);

/// Compares old things with new ones, and remembers what it found of anonymous data.
#[derive(Debug)]
pub struct Comparison<'s, 'a> {
    old: &'s Side<'a>,
    new: &'s Side<'a>,
    /// Old names to new ones, where they differ.
    names: &'s HashMap<String, String>,
    anonymous: HashMap<(Part, Part), bool>,
}

impl<'s, 'a> Comparison<'s, 'a> {
    /// `names` translates old names into new ones.
    #[must_use]
    pub fn new(old: &'s Side<'a>, new: &'s Side<'a>, names: &'s HashMap<String, String>) -> Self {
        Self {
            old,
            new,
            names,
            anonymous: HashMap::new(),
        }
    }

    /// True if both digests of the two functions are surely equal.
    ///
    /// # Errors
    /// When a relocation or an unwind entry cannot be read.
    pub fn functions(&mut self, old: &Item, new: &Item) -> Result<bool> {
        let before = extent(self.old.objects[old.object].file, old.symbol, old.section);
        let after = extent(self.new.objects[new.object].file, new.symbol, new.section);
        let parts = (
            (old.object, old.section, before.0, before.1),
            (new.object, new.section, after.0, after.1),
        );
        Ok(self.parts(parts.0, parts.1, 0)?
            && self.unwinding(
                (old.object, old.section, before.0),
                (new.object, new.section, after.0),
            )?)
    }

    /// True if the digests of two named constants are surely equal. They are given by object and symbol.
    ///
    /// # Errors
    /// As [`Self::functions`].
    pub fn constants(
        &mut self,
        old: (usize, SymbolIndex),
        new: (usize, SymbolIndex),
    ) -> Result<bool> {
        let part = |side: &Side<'_>, (object, symbol): (usize, SymbolIndex)| {
            let symbol = &side.objects[object].file.symbols[symbol];
            Some((object, symbol.section()?, symbol.value, symbol.size))
        };
        match (part(self.old, old), part(self.new, new)) {
            (Some(old), Some(new)) => self.parts(old, new, 0),
            _ => Ok(false),
        }
    }

    fn parts(&mut self, old: Part, new: Part, depth: usize) -> Result<bool> {
        let (old_file, new_file) = (self.old.objects[old.0].file, self.new.objects[new.0].file);
        let (old_section, new_section) = (&old_file.sections[old.1], &new_file.sections[new.1]);
        if old.3 != new.3 || old_section.is_zero_filled() || new_section.is_zero_filled() {
            return Ok(false);
        }
        // What is a panic location depends on this as well.
        let class =
            |section: &crate::object::read::Section<'_>| (section.is_code(), section.is_mutable());
        if class(old_section) != class(new_section) {
            return Ok(false);
        }
        let (Some(old_bytes), Some(new_bytes)) = (
            bytes(old_section.data, old.2, old.3),
            bytes(new_section.data, new.2, new.3),
        ) else {
            return Ok(false);
        };
        if old_bytes != new_bytes {
            return Ok(false);
        }
        let inside = |file: &ObjectFile<'_>, part: Part| -> Result<Vec<Relocation>> {
            let mut relocations = file.relocations(part.1)?;
            relocations.retain(|relocation| (part.2..part.2 + part.3).contains(&relocation.offset));
            Ok(relocations)
        };
        let (before, after) = (inside(old_file, old)?, inside(new_file, new)?);
        if before.len() != after.len() {
            return Ok(false);
        }
        for (before, after) in before.iter().zip(&after) {
            let is_same = before.offset - old.2 == after.offset - new.2
                && before.kind == after.kind
                && self.targets((old.0, old.1, before), (new.0, new.1, after), depth)?;
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What two relocations, in these objects and sections, refer to.
    fn targets(
        &mut self,
        (old_object, old_own, old): (usize, SectionIndex, &Relocation),
        (new_object, new_own, new): (usize, SectionIndex, &Relocation),
        depth: usize,
    ) -> Result<bool> {
        let (old_file, new_file) = (
            self.old.objects[old_object].file,
            self.new.objects[new_object].file,
        );
        let targets = (
            self.old.symbols[old_object].target(old_file, old),
            self.new.symbols[new_object].target(new_file, new),
        );
        Ok(match targets {
            (
                Target::Named {
                    symbol: before,
                    addend: old_addend,
                },
                Target::Named {
                    symbol: after,
                    addend: new_addend,
                },
            ) => {
                let before = old_file.symbols[before].name;
                let before = self.names.get(before).map_or(before, String::as_str);
                old_addend == new_addend && before == new_file.symbols[after].name
            }
            (
                Target::Code {
                    section: before,
                    addend: old_addend,
                },
                Target::Code {
                    section: after,
                    addend: new_addend,
                },
            ) => before == old_own && after == new_own && old_addend == new_addend,
            (
                Target::Anonymous {
                    section: old_section,
                    start: old_start,
                    size: old_size,
                    addend: old_addend,
                },
                Target::Anonymous {
                    section: new_section,
                    start: new_start,
                    size: new_size,
                    addend: new_addend,
                },
            ) => {
                old_addend == new_addend
                    && self.anonymous(
                        (old_object, old_section, old_start, old_size),
                        (new_object, new_section, new_start, new_size),
                        depth + 1,
                    )?
            }
            _ => false,
        })
    }

    fn anonymous(&mut self, old: Part, new: Part, depth: usize) -> Result<bool> {
        if let Some(known) = self.anonymous.get(&(old, new)) {
            return Ok(*known);
        }
        if depth > MAX_DEPTH {
            return Ok(false);
        }
        let is_same = self.parts(old, new, depth)?;
        self.anonymous.insert((old, new), is_same);
        Ok(is_same)
    }

    fn unwinding(
        &mut self,
        old: (usize, SectionIndex, u64),
        new: (usize, SectionIndex, u64),
    ) -> Result<bool> {
        let (old_side, new_side) = (self.old, self.new);
        let mut before = entries(old_side, old)?;
        let mut after = entries(new_side, new)?;
        loop {
            match (before.next(), after.next()) {
                (None, None) => return Ok(true),
                (Some(one), Some(other)) => {
                    let is_same = self.records(
                        (old.0, one, &one.common, &one.common_relocations),
                        (new.0, other, &other.common, &other.common_relocations),
                    )? && self.records(
                        (old.0, one, &one.record, &one.relocations),
                        (new.0, other, &other.record, &other.relocations),
                    )?;
                    if !is_same {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
    }

    fn records(&mut self, old: Record<'_>, new: Record<'_>) -> Result<bool> {
        let old_file = self.old.objects[old.0].file;
        let new_file = self.new.objects[new.0].file;
        // The first eight bytes are layout.
        let body = |file: &ObjectFile<'a>, (_, entry, range, _): Record<'_>| {
            let record = &file.sections[entry.section].data[range.clone()];
            &record[8.min(record.len())..]
        };
        if body(old_file, old) != body(new_file, new) || old.3.len() != new.3.len() {
            return Ok(false);
        }
        for (before, after) in old.3.iter().zip(new.3) {
            if before.offset - old.2.start as u64 != after.offset - new.2.start as u64 {
                return Ok(false);
            }
            let targets = (
                self.old.symbols[old.0].target(old_file, before),
                self.new.symbols[new.0].target(new_file, after),
            );
            // The code that is described may be anywhere in its section; it was found by being described here.
            let is_code = |file: &ObjectFile<'_>, target: &Target| match target {
                Target::Named { symbol, .. } => file.symbols[*symbol].is_function(),
                Target::Code { .. } => true,
                Target::Anonymous { .. } => false,
            };
            let is_same = is_code(old_file, &targets.0) && is_code(new_file, &targets.1)
                || self.targets(
                    (old.0, old.1.section, before),
                    (new.0, new.1.section, after),
                    0,
                )?;
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A record of an unwind table: its object, the entry that it is of, where it is, and its relocations.
type Record<'e> = (
    usize,
    &'e FrameEntry,
    &'e std::ops::Range<usize>,
    &'e [Relocation],
);

fn entries<'s>(
    side: &'s Side<'_>,
    (object, section, start): (usize, SectionIndex, u64),
) -> Result<impl Iterator<Item = &'s FrameEntry>> {
    let entries = side.frames(object)?.get(&section).into_iter().flatten();
    Ok(entries.filter(move |entry| entry.code_offset == start))
}

/// Where a function begins in its section, and how long it is.
pub(super) fn extent(
    file: &ObjectFile<'_>,
    symbol: SymbolIndex,
    section: SectionIndex,
) -> (u64, u64) {
    let symbol = &file.symbols[symbol];
    let size = if symbol.size == 0 {
        file.sections[section].size.saturating_sub(symbol.value)
    } else {
        symbol.size
    };
    (symbol.value, size)
}

fn bytes(data: &[u8], start: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    data.get(start..start.checked_add(usize::try_from(size).ok()?)?)
}
