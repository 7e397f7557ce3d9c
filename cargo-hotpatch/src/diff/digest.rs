//! What a function or a constant *is*: a digest over its bytes and over what its relocations mean, but not over names that
//! compilers invent.
//!
//! Two digests are kept of each: `exact`, and `loose`, in which the line and column of `core::panic::Location`s are left out.

use std::cell::OnceCell;
use std::collections::HashMap;

use anyhow::{Result, bail};
use blake3::Hasher;

use super::NamedObject;
use super::same::extent;
use crate::object::read::{Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::{field_width, kind};
use crate::object::target::{SymbolsBySection, Target, is_constant, names_behind};
use crate::object::unwind::{FrameEntry, frame_entries};

/// `size_of::<core::panic::Location>()`: pointer and length of the file's name, line, column
/// (library/core/src/panic/location.rs; the order is not promised, so it is recognised by content as well).
const LOCATION_SIZE: u64 = 24;
/// How deep constants may refer to constants before the digest falls back to the section's name.
const MAX_DEPTH: usize = 64;

/// The two digests of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Both {
    /// Over everything.
    pub exact: [u8; 32],
    /// Without line and column numbers in panic locations.
    pub loose: [u8; 32],
}

/// One side of a comparison: its objects and their indexes.
#[derive(Debug)]
pub struct Side<'a> {
    /// The objects.
    pub objects: Vec<NamedObject<'a>>,
    /// For each of them the symbols by section.
    pub symbols: Vec<SymbolsBySection>,
    /// Read when needed.
    frames: Vec<OnceCell<Frames>>,
}

/// The unwind entries of an object, by the code that they describe.
type Frames = HashMap<SectionIndex, Vec<FrameEntry>>;

impl<'a> Side<'a> {
    /// Indexes the objects.
    #[must_use]
    pub fn new(objects: &[NamedObject<'a>]) -> Self {
        let symbols = objects
            .iter()
            .map(|object| SymbolsBySection::new(object.file))
            .collect();
        Self {
            objects: objects.to_vec(),
            symbols,
            frames: objects.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// The unwind entries of one of the objects, by the code section that they describe.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn frames(&self, object: usize) -> Result<&Frames> {
        let cell = &self.frames[object];
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let frames = frame_entries(self.objects[object].file)?;
        Ok(cell.get_or_init(|| frames))
    }

    /// Immutable statics with a name: name to object and symbol.
    #[must_use]
    pub fn constants(&self) -> HashMap<&'a str, (usize, SymbolIndex)> {
        let mut constants = HashMap::new();
        for (index, object) in self.objects.iter().enumerate() {
            for (symbol_index, symbol) in object.file.symbols.iter().enumerate() {
                if is_constant(object.file, symbol) {
                    constants.insert(symbol.name, (index, symbol_index));
                }
            }
        }
        constants
    }

    /// The names of all that a section refers to, looking through anonymous data.
    ///
    /// # Errors
    /// When a relocation is out of range.
    pub fn named_targets(&self, object: usize, section: SectionIndex) -> Result<Vec<&'a str>> {
        let file = self.objects[object].file;
        let relocations = file.relocations(section)?;
        names_behind(file, &self.symbols[object], relocations, vec![section])
    }

    /// The names of what one relocation leads to, looking through anonymous data.
    ///
    /// # Errors
    /// When a relocation is out of range.
    pub fn names_behind(&self, object: usize, relocation: &Relocation) -> Result<Vec<&'a str>> {
        let file = self.objects[object].file;
        names_behind(file, &self.symbols[object], vec![*relocation], Vec::new())
    }
}

/// Computes digests over one side; remembers those of anonymous data.
#[derive(Debug)]
pub struct Digest<'s, 'a> {
    /// The side.
    pub side: &'s Side<'a>,
    /// Names as the other side spells them.
    names: &'s HashMap<String, String>,
    anonymous: HashMap<(usize, SectionIndex, u64), Both>,
}

/// Code without what the linker writes into it.
pub(super) fn masked(code: &[u8], relocations: &[Relocation]) -> Result<Vec<u8>> {
    let mut masked = code.to_vec();
    for relocation in relocations {
        let at = usize::try_from(relocation.offset)?;
        let width = field_width(relocation.kind).unwrap_or_default();
        if let Some(field) = masked.get_mut(at..at + width) {
            field.fill(0);
        }
    }
    Ok(masked)
}

/// Both digests, in the making.
pub(super) struct Pair {
    exact: Hasher,
    loose: Hasher,
}

impl Pair {
    pub(super) fn new(tag: &[u8]) -> Self {
        let mut pair = Self {
            exact: Hasher::new(),
            loose: Hasher::new(),
        };
        pair.update(tag);
        pair
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.exact.update(bytes);
        self.loose.update(bytes);
    }

    pub(super) fn number(&mut self, number: u64) {
        self.update(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.update(text.as_bytes());
    }

    fn both(&mut self, both: &Both) {
        self.exact.update(&both.exact);
        self.loose.update(&both.loose);
    }

    pub(super) fn finish(self) -> Both {
        Both {
            exact: *self.exact.finalize().as_bytes(),
            loose: *self.loose.finalize().as_bytes(),
        }
    }
}

impl<'s, 'a> Digest<'s, 'a> {
    /// `names` translates this side's names into the other's.
    #[must_use]
    pub fn new(side: &'s Side<'a>, names: &'s HashMap<String, String>) -> Self {
        Self {
            side,
            names,
            anonymous: HashMap::new(),
        }
    }

    /// The digest of a function: code, what it refers to, how it unwinds.
    ///
    /// # Errors
    /// When a relocation is of an unknown kind or out of range.
    pub fn function(
        &mut self,
        object: usize,
        symbol: SymbolIndex,
        section: SectionIndex,
    ) -> Result<Both> {
        let (start, size) = self.extent(object, symbol, section);
        let mut pair = Pair::new(b"function");
        self.content(&mut pair, object, section, start, size, 0)?;
        self.unwinding(&mut pair, object, section, start)?;
        Ok(pair.finish())
    }

    /// Where in its section a function begins, and its length, in bytes.
    fn extent(&self, object: usize, symbol: SymbolIndex, section: SectionIndex) -> (u64, u64) {
        extent(self.side.objects[object].file, symbol, section)
    }

    /// A function's code, and the relocations in it, in order and with offsets in the code.
    pub(super) fn code(
        &self,
        object: usize,
        symbol: SymbolIndex,
        section: SectionIndex,
    ) -> Result<(&'a [u8], Vec<Relocation>)> {
        let (start, size) = self.extent(object, symbol, section);
        let file = self.side.objects[object].file;
        let data: &'a [u8] = file.sections[section].data;
        let end = start.saturating_add(size).min(data.len() as u64);
        let code = &data[usize::try_from(start.min(end))?..usize::try_from(end)?];
        let mut relocations: Vec<Relocation> = file
            .relocations(section)?
            .into_iter()
            .filter(|relocation| (start..end).contains(&relocation.offset))
            .map(|relocation| Relocation {
                offset: relocation.offset - start,
                ..relocation
            })
            .collect();
        relocations.sort_by_key(|relocation| relocation.offset);
        Ok((code, relocations))
    }

    /// The digest of what one relocation in `section` means, without line and column numbers.
    pub(super) fn relocation(
        &mut self,
        object: usize,
        section: SectionIndex,
        relocation: &Relocation,
    ) -> Result<[u8; 32]> {
        let mut pair = Pair::new(b"relocation");
        self.meaning(&mut pair, object, section, relocation, 0)?;
        Ok(pair.finish().loose)
    }

    /// The digest of how a function unwinds.
    pub(super) fn unwinding_of(
        &mut self,
        object: usize,
        symbol: SymbolIndex,
        section: SectionIndex,
    ) -> Result<[u8; 32]> {
        let (start, _) = self.extent(object, symbol, section);
        let mut pair = Pair::new(b"unwinding");
        self.unwinding(&mut pair, object, section, start)?;
        Ok(pair.finish().loose)
    }

    /// The digest of a named constant's content.
    ///
    /// # Errors
    /// As [`Self::function`].
    pub fn constant(&mut self, object: usize, symbol: SymbolIndex) -> Result<[u8; 32]> {
        let symbol = &self.side.objects[object].file.symbols[symbol];
        let Some(section) = symbol.section() else {
            bail!("`{}` is not defined here", symbol.name)
        };
        let mut pair = Pair::new(b"constant");
        self.content(&mut pair, object, section, symbol.value, symbol.size, 0)?;
        Ok(pair.finish().loose)
    }

    fn content(
        &mut self,
        pair: &mut Pair,
        object: usize,
        section_index: SectionIndex,
        start: u64,
        size: u64,
        depth: usize,
    ) -> Result<()> {
        let file = self.side.objects[object].file;
        let section = &file.sections[section_index];
        pair.number(size);
        if section.is_zero_filled() {
            return Ok(());
        }
        let end = start.saturating_add(size).min(section.data.len() as u64);
        let range = usize::try_from(start.min(end))?..usize::try_from(end)?;
        let mut bytes = section.data[range].to_vec();
        let relocations: Vec<Relocation> = file
            .relocations(section_index)?
            .into_iter()
            .filter(|relocation| (start..end).contains(&relocation.offset))
            .collect();
        for relocation in &relocations {
            let Some(width) = field_width(relocation.kind) else {
                bail!(
                    "`{}` has a relocation of type {}",
                    section.name,
                    relocation.kind
                );
            };
            let at = usize::try_from(relocation.offset - start)?;
            let Some(field) = bytes.get_mut(at..at + width) else {
                bail!(
                    "a relocation at {:#x} of `{}` reaches over its end",
                    relocation.offset,
                    section.name
                );
            };
            field.fill(0);
        }
        if self.is_panic_location(object, section_index, size, &relocations)? {
            pair.exact.update(&bytes);
            pair.loose.update(&bytes[..16]);
        } else {
            pair.update(&bytes);
        }
        for relocation in &relocations {
            pair.number(relocation.offset - start);
            // The assembler writes PLT32 or PC32 for the same call, depending on what it knows of the target.
            let class = if relocation.kind == kind::PLT32 {
                kind::PC32
            } else {
                relocation.kind
            };
            pair.number(u64::from(class));
            self.meaning(pair, object, section_index, relocation, depth)?;
        }
        Ok(())
    }

    pub(super) fn meaning(
        &mut self,
        pair: &mut Pair,
        object: usize,
        own_section: SectionIndex,
        relocation: &Relocation,
        depth: usize,
    ) -> Result<()> {
        let file = self.side.objects[object].file;
        match self.side.symbols[object].target(file, relocation) {
            Target::Named { symbol, addend } => {
                self.named(pair, file.symbols[symbol].name, addend);
            }
            Target::Code { section, addend } if section == own_section => {
                pair.update(b"own");
                pair.number(addend.cast_unsigned());
            }
            Target::Code { section, addend } => {
                // A jump table that names places inside its function: known by the function's name.
                let owner = self.side.symbols[object]
                    .of(section)
                    .iter()
                    .find(|index| file.symbols[**index].is_function());
                let name = owner.map_or("", |index| file.symbols[*index].name);
                pair.update(b"code");
                pair.text(self.names.get(name).map_or(name, String::as_str));
                pair.number(addend.cast_unsigned());
            }
            Target::Anonymous {
                section,
                start,
                size,
                addend,
            } => {
                let both = self.anonymous(object, section, start, size, depth + 1)?;
                pair.update(b"content");
                pair.both(&both);
                pair.number(addend.cast_unsigned());
            }
        }
        Ok(())
    }

    /// What a reference by name means.
    pub(super) fn named(&self, pair: &mut Pair, name: &str, addend: i64) {
        pair.update(b"named");
        pair.text(self.names.get(name).map_or(name, String::as_str));
        pair.number(addend.cast_unsigned());
    }

    fn anonymous(
        &mut self,
        object: usize,
        section: SectionIndex,
        start: u64,
        size: u64,
        depth: usize,
    ) -> Result<Both> {
        if let Some(known) = self.anonymous.get(&(object, section, start)) {
            return Ok(*known);
        }
        let mut pair = Pair::new(b"anonymous");
        if depth > MAX_DEPTH {
            pair.text(self.side.objects[object].file.sections[section].name);
            return Ok(pair.finish());
        }
        self.content(&mut pair, object, section, start, size, depth)?;
        let both = pair.finish();
        self.anonymous.insert((object, section, start), both);
        Ok(both)
    }

    /// How the function unwinds is part of what it is: frame rules, and the table of landing pads.
    fn unwinding(
        &mut self,
        pair: &mut Pair,
        object: usize,
        section: SectionIndex,
        start: u64,
    ) -> Result<()> {
        let side = self.side;
        let file = side.objects[object].file;
        let entries = side.frames(object)?.get(&section).into_iter().flatten();
        for entry in entries.filter(|entry| entry.code_offset == start) {
            let data = file.sections[entry.section].data;
            self.unwind_record(
                pair,
                object,
                &data[entry.common.clone()],
                entry.common.start,
                &entry.common_relocations,
            )?;
            self.unwind_record(
                pair,
                object,
                &data[entry.record.clone()],
                entry.record.start,
                &entry.relocations,
            )?;
        }
        Ok(())
    }

    fn unwind_record(
        &mut self,
        pair: &mut Pair,
        object: usize,
        record: &[u8],
        start: usize,
        relocations: &[Relocation],
    ) -> Result<()> {
        let file = self.side.objects[object].file;
        let mut bytes = record.to_vec();
        // The length, and the distance from an FDE to its CIE, are layout. So is the padding with `DW_CFA_nop` (0), which is
        // longer in the last record of a section.
        let header = 8.min(bytes.len());
        bytes[..header].fill(0);
        for relocation in relocations {
            let at = usize::try_from(relocation.offset)? - start;
            let width = field_width(relocation.kind).unwrap_or(4);
            if let Some(field) = bytes.get_mut(at..at + width) {
                field.fill(0);
            }
            // The code itself is known already; the personality is a name; the landing pads are content.
            match self.side.symbols[object].target(file, relocation) {
                Target::Anonymous {
                    section,
                    start,
                    size,
                    addend,
                } => {
                    let both = self.anonymous(object, section, start, size, 0)?;
                    pair.both(&both);
                    pair.number(addend.cast_unsigned());
                }
                Target::Named { symbol, .. } if !file.symbols[symbol].is_function() => {
                    pair.text(file.symbols[symbol].name);
                }
                Target::Named { .. } | Target::Code { .. } => {}
            }
        }
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        pair.update(&bytes[..end]);
        Ok(())
    }

    /// A constant that is laid out as a panic location and begins with the name of a Rust file.
    fn is_panic_location(
        &self,
        object: usize,
        section: SectionIndex,
        size: u64,
        relocations: &[Relocation],
    ) -> Result<bool> {
        let file = self.side.objects[object].file;
        let [relocation] = relocations else {
            return Ok(false);
        };
        let own = &file.sections[section];
        if size != LOCATION_SIZE
            || own.is_code()
            || own.is_mutable()
            || relocation.kind != kind::ABS64
        {
            return Ok(false);
        }
        let Target::Anonymous {
            section: name,
            start,
            size,
            ..
        } = self.side.symbols[object].target(file, relocation)
        else {
            return Ok(false);
        };
        let start = usize::try_from(start)?;
        let text = file.sections[name]
            .data
            .get(start..start.saturating_add(usize::try_from(size)?));
        Ok(text.is_some_and(|text| text.strip_suffix(b"\0").unwrap_or(text).ends_with(b".rs")))
    }
}
