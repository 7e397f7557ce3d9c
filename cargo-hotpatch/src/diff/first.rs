//! Where two versions of a function first differ, in words: for people. Whether they differ is [`super::digest`]'s business.

use anyhow::Result;
use iced_x86::{Decoder, DecoderOptions, Formatter as _, Instruction, IntelFormatter};

use super::Change;
use super::digest::{Digest, masked};
use super::pairing::Item;
use crate::link::plan::pretty;
use crate::object::read::{Relocation, SectionIndex};
use crate::object::reloc::kind;
use crate::object::target::Target;

/// How much of a text constant is shown, in characters.
const SHOWN: usize = 60;
/// How long a text in other data has to be to be shown, with its quotes.
const LEAST_TEXT: usize = 5;
/// How deep constants are followed that refer to constants.
const MAX_DEPTH: usize = 8;

/// The first difference between two versions of a function. Offsets are in bytes from the function's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstDifference {
    /// The instructions differ.
    Code {
        /// Where.
        offset: u64,
        /// The instruction there, disassembled; what it refers to stands behind an arrow.
        old: String,
        /// The same of the new version.
        new: String,
    },
    /// The instructions are the same, and one of them refers to something else.
    Reference {
        /// Where.
        offset: u64,
        /// What it referred to.
        old: String,
        /// What it refers to now.
        new: String,
    },
    /// The code is the same. It unwinds in another way: its frame's layout, or where destructors and handlers are.
    Unwinding,
    /// The function is the same. An immutable static that it reads has another content.
    Constant {
        /// Its name.
        name: String,
    },
    /// The function is the same. A panic inside of it reports another line or column.
    PanicLocation,
    /// The function is the same. Debuggers and backtraces show other lines for it.
    Lines,
}

impl std::fmt::Display for FirstDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code { offset, old, new } => {
                write!(f, "at byte {offset:#x}, `{old}` became `{new}`")
            }
            Self::Reference { offset, old, new } => {
                write!(
                    f,
                    "at byte {offset:#x}, the reference to {old} became one to {new}"
                )
            }
            Self::Unwinding => {
                f.write_str("the code is the same, its unwind or exception table is not")
            }
            Self::Constant { name } => {
                write!(
                    f,
                    "the code is the same, the immutable static `{name}` that it reads is not"
                )
            }
            Self::PanicLocation => {
                f.write_str("only the line or column that a panic in it reports")
            }
            Self::Lines => f.write_str("only the lines that debuggers and backtraces show"),
        }
    }
}

/// One side of a comparison.
struct Version<'v, 'a, 'n> {
    digest: &'v mut Digest<'a, 'n>,
    item: &'v Item,
}

/// Finds the first difference of a function that differs by `change`. `changed_constant` is the changed static that it reads, if it
/// reads one.
///
/// # Errors
/// When a relocation is of an unknown kind or out of range.
pub(super) fn first_difference(
    (old, old_item): (&mut Digest<'_, '_>, &Item),
    (new, new_item): (&mut Digest<'_, '_>, &Item),
    change: Change,
    changed_constant: Option<&str>,
) -> Result<FirstDifference> {
    let mut old = Version {
        digest: old,
        item: old_item,
    };
    let mut new = Version {
        digest: new,
        item: new_item,
    };
    if change == Change::LinesOnly {
        let exact = |version: &mut Version<'_, '_, '_>| {
            let item = version.item;
            let both = version
                .digest
                .function(item.object, item.symbol, item.section);
            both.map(|both| both.exact)
        };
        return Ok(if exact(&mut old)? == exact(&mut new)? {
            FirstDifference::Lines
        } else {
            FirstDifference::PanicLocation
        });
    }
    let (old_code, new_code) = (old.code()?, new.code()?);
    let bytes = first_difference_of_bytes(&old_code.masked, &new_code.masked);
    let references = first_difference_of_references(
        (&mut old, old_item.section, &old_code),
        (&mut new, new_item.section, &new_code),
    )?;
    match (bytes, references) {
        (Some(offset), references)
            if references
                .as_ref()
                .is_none_or(|found| offset <= found.offset) =>
        {
            Ok(FirstDifference::Code {
                offset,
                old: old.instruction_at(&old_code, offset),
                new: new.instruction_at(&new_code, offset),
            })
        }
        (_, Some(found)) => Ok(FirstDifference::Reference {
            offset: found.offset,
            old: old.describe(old_item.section, found.old.as_ref()),
            new: new.describe(new_item.section, found.new.as_ref()),
        }
        .or_content(&old, &new, &found)),
        (_, None) => Ok(match changed_constant {
            Some(name) if old.unwinding()? == new.unwinding()? => {
                FirstDifference::Constant { name: pretty(name) }
            }
            _ => FirstDifference::Unwinding,
        }),
    }
}

impl FirstDifference {
    /// Where both sides refer to constants, the first place in which those differ says more.
    fn or_content(
        self,
        old: &Version<'_, '_, '_>,
        new: &Version<'_, '_, '_>,
        found: &DifferentReference,
    ) -> Self {
        let Self::Reference { offset, .. } = self else {
            return self;
        };
        let (Some(from), Some(to)) = (&found.old, &found.new) else {
            return self;
        };
        match content_difference((old, from), (new, to), 0) {
            Some((old, new)) => Self::Reference { offset, old, new },
            None => self,
        }
    }
}

/// A function's bytes and relocations.
struct Code<'a> {
    bytes: &'a [u8],
    /// With relocated fields zeroed.
    masked: Vec<u8>,
    /// Offsets from the function's start.
    relocations: Vec<Relocation>,
}

struct DifferentReference {
    offset: u64,
    old: Option<Relocation>,
    new: Option<Relocation>,
}

fn first_difference_of_bytes(old: &[u8], new: &[u8]) -> Option<u64> {
    let common = old.iter().zip(new).position(|(old, new)| old != new);
    let shorter = old.len().min(new.len());
    common
        .or_else(|| (old.len() != new.len()).then_some(shorter))
        .map(|offset| offset as u64)
}

fn first_difference_of_references(
    (old, old_section, old_code): (&mut Version<'_, '_, '_>, SectionIndex, &Code<'_>),
    (new, new_section, new_code): (&mut Version<'_, '_, '_>, SectionIndex, &Code<'_>),
) -> Result<Option<DifferentReference>> {
    let mut olds = old_code.relocations.iter();
    let mut news = new_code.relocations.iter();
    loop {
        let (before, after) = (olds.next(), news.next());
        let is_same = match (before, after) {
            (None, None) => return Ok(None),
            (Some(before), Some(after)) => {
                before.offset == after.offset
                    && class(before.kind) == class(after.kind)
                    && old.meaning(old_section, before)? == new.meaning(new_section, after)?
            }
            _ => false,
        };
        if !is_same {
            let offset = |relocation: Option<&Relocation>| relocation.map(|found| found.offset);
            return Ok(Some(DifferentReference {
                offset: offset(before)
                    .into_iter()
                    .chain(offset(after))
                    .min()
                    .unwrap_or_default(),
                old: before.copied(),
                new: after.copied(),
            }));
        }
    }
}

/// PLT32 and PC32 are the same call.
fn class(of: u32) -> u32 {
    if of == kind::PLT32 { kind::PC32 } else { of }
}

impl<'a> Version<'_, 'a, '_> {
    fn code(&self) -> Result<Code<'a>> {
        let item = self.item;
        let (bytes, relocations) = self.digest.code(item.object, item.symbol, item.section)?;
        let masked = masked(bytes, &relocations)?;
        Ok(Code {
            bytes,
            masked,
            relocations,
        })
    }

    fn meaning(&mut self, section: SectionIndex, relocation: &Relocation) -> Result<[u8; 32]> {
        self.digest
            .relocation(self.item.object, section, relocation)
    }

    fn unwinding(&mut self) -> Result<[u8; 32]> {
        let item = self.item;
        self.digest
            .unwinding_of(item.object, item.symbol, item.section)
    }

    fn target(&self, relocation: &Relocation) -> Target {
        let object = self.item.object;
        self.digest.side.symbols[object].target(self.digest.side.objects[object].file, relocation)
    }

    /// The instruction that holds the byte at `offset`, and what it refers to.
    fn instruction_at(&self, code: &Code<'_>, offset: u64) -> String {
        if offset >= code.bytes.len() as u64 {
            return "the end".to_owned();
        }
        let mut decoder = Decoder::with_ip(64, code.bytes, 0, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            if instruction.next_ip() > offset {
                break;
            }
        }
        if instruction.is_invalid() {
            let byte = usize::try_from(offset)
                .ok()
                .and_then(|at| code.bytes.get(at));
            return byte.map_or_else(|| "?".to_owned(), |byte| format!("byte {byte:#04x}"));
        }
        let mut formatter = IntelFormatter::new();
        let options = formatter.options_mut();
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_branch_leading_zeros(false);
        options.set_space_after_operand_separator(true);
        options.set_rip_relative_addresses(true);
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        let range = instruction.ip()..instruction.next_ip();
        let reference = code
            .relocations
            .iter()
            .find(|relocation| range.contains(&relocation.offset));
        if let Some(relocation) = reference {
            text.push_str(" → ");
            text.push_str(&self.describe(self.item.section, Some(relocation)));
        }
        text
    }

    fn describe(&self, own_section: SectionIndex, relocation: Option<&Relocation>) -> String {
        let Some(relocation) = relocation else {
            return "nothing".to_owned();
        };
        let object = self.item.object;
        let file = self.digest.side.objects[object].file;
        match self.target(relocation) {
            Target::Named { symbol, .. } => pretty(file.symbols[symbol].name),
            Target::Code { section, .. } if section == own_section => "a place in it".to_owned(),
            Target::Code { section, .. } => {
                let owner = self.digest.side.symbols[object]
                    .of(section)
                    .iter()
                    .find(|index| file.symbols[**index].is_function());
                owner.map_or_else(
                    || "a place in other code".to_owned(),
                    |index| format!("a place in {}", pretty(file.symbols[*index].name)),
                )
            }
            Target::Anonymous {
                section,
                start,
                size,
                ..
            } => {
                let section = &file.sections[section];
                content_of(slice(section.data, start, size))
            }
        }
    }

    /// Content and relocations (offsets from its start) of the constant that is referred to.
    fn constant(&self, relocation: &Relocation) -> Option<(&'a [u8], Vec<Relocation>)> {
        let file = self.digest.side.objects[self.item.object].file;
        let Target::Anonymous {
            section,
            start,
            size,
            ..
        } = self.target(relocation)
        else {
            return None;
        };
        let relocations = file.relocations(section).ok()?.into_iter();
        let relocations = relocations
            .filter(|relocation| (start..start.saturating_add(size)).contains(&relocation.offset));
        Some((
            slice(file.sections[section].data, start, size),
            relocations.collect(),
        ))
    }
}

fn slice(data: &[u8], start: u64, size: u64) -> &[u8] {
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(data.len());
    &data[at(start)..at(start.saturating_add(size))]
}

/// A constant in words: as a text if it is one, else with the longest text in it.
fn content_of(bytes: &[u8]) -> String {
    if let Some(text) = text_of(bytes) {
        return text;
    }
    let runs = bytes.split(|byte| !(byte.is_ascii_graphic() || *byte == b' '));
    let longest = runs.max_by_key(|run| run.len()).and_then(text_of);
    let size = bytes.len();
    match longest {
        // Single letters are hardly ever letters.
        Some(text) if text.len() >= LEAST_TEXT => {
            format!("{size} bytes of constant data with {text}")
        }
        _ => format!("{size} bytes of constant data"),
    }
}

/// Quoted, if it is a text that people can read.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\0');
    let is_readable = !text.is_empty()
        && text
            .chars()
            .all(|character| !character.is_control() || matches!(character, '\n' | '\t' | '\r'));
    is_readable.then(|| {
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        format!("\"{}{more}\"", shown.escape_debug())
    })
}

/// Two constants: what they are where they first differ. Constants that are texts are shown as such; in those that refer to
/// constants the first pair that differs is followed.
fn content_difference(
    (old, from): (&Version<'_, '_, '_>, &Relocation),
    (new, to): (&Version<'_, '_, '_>, &Relocation),
    depth: usize,
) -> Option<(String, String)> {
    let (before, inner_before) = old.constant(from)?;
    let (after, inner_after) = new.constant(to)?;
    if inner_before.is_empty() && inner_after.is_empty() {
        return Some((content_of(before), content_of(after)))
            .filter(|(before, after)| before != after);
    }
    if depth == MAX_DEPTH {
        return None;
    }
    inner_before
        .iter()
        .zip(&inner_after)
        .find_map(|(from, to)| content_difference((old, from), (new, to), depth + 1))
}
