//! Which source lines a function's code is from, as `.debug_line` tells: what backtraces and debuggers show of it.
//!
//! An edit moves everything below it. The code of those functions stays the same, but what is said of it does not.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use gimli::{DebugLine, DebugLineStr, DebugStr, EndianSlice, LittleEndian};

use crate::object::read::{ObjectFile, Place, SectionIndex};
use crate::object::reloc::field_width;

/// Each code section gets an address space of its own while the table is read, so that a row says which section it is of.
const SECTION_SHIFT: u32 = 32;

type Slice<'s> = EndianSlice<'s, LittleEndian>;

/// The line rows of a code section.
#[derive(Debug, Default)]
pub struct Rows {
    /// Equal rows are equal bytes.
    pub bytes: Vec<u8>,
    /// By the file's path, the first and the last line that there are.
    spans: BTreeMap<Vec<u8>, (u64, u64)>,
}

impl Rows {
    /// True if a file whose path ends like this has this line between the first and the last of these lines.
    #[must_use]
    pub fn has_line(&self, path: &[u8], line: u64) -> bool {
        self.spans.iter().any(|(known, (first, last))| {
            known
                .strip_suffix(path)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
                && (*first..=*last).contains(&line)
        })
    }
}

/// The line rows of each code section of an object.
///
/// # Errors
/// When the table is damaged. Objects without one have no rows.
pub fn rows(object: &ObjectFile<'_>) -> Result<HashMap<SectionIndex, Rows>> {
    let Some(line) = relocated(object, ".debug_line")? else {
        return Ok(HashMap::new());
    };
    let line_strings = relocated(object, ".debug_line_str")?.unwrap_or_default();
    let strings = relocated(object, ".debug_str")?.unwrap_or_default();
    let line_strings = DebugLineStr::from(EndianSlice::new(&line_strings, LittleEndian));
    let strings = DebugStr::from(EndianSlice::new(&strings, LittleEndian));
    let table = DebugLine::new(&line, LittleEndian);
    let mut found: HashMap<SectionIndex, Rows> = HashMap::new();
    let mut offset = 0;
    // Every codegen unit has one table; objects of C may have several.
    while offset < line.len() {
        let program = table
            .program(gimli::DebugLineOffset(offset), 8, None, None)
            .with_context(|| format!("line table at {offset:#x}"))?;
        let header = program.header();
        let length = header.unit_length() + usize::from(header.format().initial_length_size());
        let files = file_names(header, line_strings, strings);
        let mut rows = program.rows();
        let mut sequence = Vec::new();
        let mut spans: HashMap<u64, (u64, u64)> = HashMap::new();
        while let Some((_, row)) = rows
            .next_row()
            .with_context(|| format!("line table at {offset:#x}"))?
        {
            let file = files.get(&row.file_index());
            let file = file.map(|(_, hash)| *hash).unwrap_or_default();
            if let Some(line) = row.line() {
                let line = line.get();
                let (first, last) = spans.entry(row.file_index()).or_insert((line, line));
                (*first, *last) = ((*first).min(line), (*last).max(line));
            }
            let column = match row.column() {
                gimli::ColumnType::LeftEdge => 0,
                gimli::ColumnType::Column(column) => column.get(),
            };
            sequence.extend((row.address() & ((1 << SECTION_SHIFT) - 1)).to_le_bytes());
            sequence.extend(file);
            sequence.extend(row.line().map_or(0, std::num::NonZero::get).to_le_bytes());
            sequence.extend(column.to_le_bytes());
            sequence.push(u8::from(row.end_sequence()));
            if row.end_sequence() {
                // All rows of a sequence are of one section, and its end is at most one byte behind that.
                let section = usize::try_from(row.address() >> SECTION_SHIFT)?;
                let rows = found.entry(section).or_default();
                rows.bytes.append(&mut std::mem::take(&mut sequence));
                for (number, (first, last)) in spans.drain() {
                    let Some((path, _)) = files.get(&number) else {
                        continue;
                    };
                    let span = rows.spans.entry(path.clone()).or_insert((first, last));
                    *span = (span.0.min(first), span.1.max(last));
                }
            }
        }
        offset += length;
    }
    Ok(found)
}

/// The path of each file of a table, and its hash, by the number that its rows use.
fn file_names(
    header: &gimli::LineProgramHeader<Slice<'_>>,
    line_strings: DebugLineStr<Slice<'_>>,
    strings: DebugStr<Slice<'_>>,
) -> HashMap<u64, (Vec<u8>, [u8; 32])> {
    let text = |value: gimli::AttributeValue<Slice<'_>>| -> Vec<u8> {
        match value {
            gimli::AttributeValue::String(text) => text.slice().to_vec(),
            gimli::AttributeValue::DebugLineStrRef(at) => line_strings
                .get_str(at)
                .map(|text| text.slice().to_vec())
                .unwrap_or_default(),
            gimli::AttributeValue::DebugStrRef(at) => strings
                .get_str(at)
                .map(|text| text.slice().to_vec())
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    };
    // DWARF 5 counts files from 0, earlier versions from 1.
    let first = u64::from(header.version() < 5);
    header
        .file_names()
        .iter()
        .zip(first..)
        .map(|(file, number)| {
            let mut name = file.directory(header).map(text).unwrap_or_default();
            name.push(b'/');
            name.extend(text(file.path_name()));
            let hash = *blake3::hash(&name).as_bytes();
            (number, (name, hash))
        })
        .collect()
}

/// A debug section with its relocations applied: code is in its section's own address space, debug sections begin at 0.
fn relocated<'d>(object: &ObjectFile<'d>, name: &str) -> Result<Option<Cow<'d, [u8]>>> {
    let Some(index) = object
        .sections
        .iter()
        .position(|section| section.name == name)
    else {
        return Ok(None);
    };
    let data = object.sections[index].data;
    let relocations = object.relocations(index)?;
    if relocations.is_empty() {
        return Ok(Some(Cow::Borrowed(data)));
    }
    let mut data = data.to_vec();
    for relocation in relocations {
        let symbol = &object.symbols[relocation.symbol];
        let base = match symbol.place {
            Place::Section(section) if object.sections[section].is_code() => {
                (section as u64) << SECTION_SHIFT
            }
            _ => 0,
        };
        let value = base
            .wrapping_add(symbol.value)
            .wrapping_add_signed(relocation.addend);
        let width = field_width(relocation.kind).unwrap_or_default();
        let at = usize::try_from(relocation.offset)?;
        data.get_mut(at..at + width)
            .with_context(|| format!("a relocation at {at:#x} reaches over the end of `{name}`"))?
            .copy_from_slice(&value.to_le_bytes()[..width]);
    }
    Ok(Some(Cow::Owned(data)))
}
