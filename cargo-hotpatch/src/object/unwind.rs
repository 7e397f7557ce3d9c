//! The `.eh_frame` of a relocatable object: which unwind entry describes which code section.
//!
//! Layout (Linux Standard Base, "Exception Frames"): a sequence of records, each a 4-byte length, a 4-byte id (0 for a CIE; for
//! an FDE the distance from the id field back to its CIE), and a body. A length of 0 ends the list, 0xffff_ffff is the 64-bit form, which
//! no compiler writes for x86-64 and which is refused here.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Result, anyhow, bail};

use super::read::{ObjectFile, Relocation, SectionIndex};

/// One FDE, tied to the code that it describes.
#[derive(Debug, Clone)]
pub struct FrameEntry {
    /// The `.eh_frame` section that holds it.
    pub section: SectionIndex,
    /// The whole record, length field included.
    pub record: Range<usize>,
    /// The whole record of its CIE.
    pub common: Range<usize>,
    /// The relocations inside `record`, offsets relative to the section.
    pub relocations: Vec<Relocation>,
    /// The relocations inside `common`.
    pub common_relocations: Vec<Relocation>,
    /// Offset in the code section at which the described code begins.
    pub code_offset: u64,
}

/// All FDEs of an object, by the code section that they describe.
///
/// # Errors
/// When a record is cut short or refers to a CIE that does not exist.
pub fn frame_entries(object: &ObjectFile<'_>) -> Result<HashMap<SectionIndex, Vec<FrameEntry>>> {
    let mut entries: HashMap<SectionIndex, Vec<FrameEntry>> = HashMap::new();
    for (index, section) in object.sections.iter().enumerate() {
        if section.name == ".eh_frame" && section.is_allocated() {
            read_section(object, index, &mut entries)?;
        }
    }
    Ok(entries)
}

fn read_section(
    object: &ObjectFile<'_>,
    index: SectionIndex,
    entries: &mut HashMap<SectionIndex, Vec<FrameEntry>>,
) -> Result<()> {
    let data = object.sections[index].data;
    let relocations = object.relocations(index)?;
    let inside = |range: &Range<usize>| -> Vec<Relocation> {
        let first =
            relocations.partition_point(|relocation| relocation.offset < range.start as u64);
        relocations[first..]
            .iter()
            .take_while(|relocation| relocation.offset < range.end as u64)
            .copied()
            .collect()
    };
    let mut commons: HashMap<usize, Range<usize>> = HashMap::new();
    let mut offset = 0;
    while offset < data.len() {
        let length = read_u32(data, offset)
            .ok_or_else(|| anyhow!(".eh_frame is cut short at {offset:#x}"))?;
        if length == 0 {
            break;
        }
        if length == u32::MAX {
            bail!(".eh_frame has a 64-bit record at {offset:#x}");
        }
        let record = offset..offset + 4 + length as usize;
        if record.end > data.len() {
            bail!(
                ".eh_frame: the record at {offset:#x} ends at {:#x} of {:#x}",
                record.end,
                data.len()
            );
        }
        let id = read_u32(data, offset + 4)
            .ok_or_else(|| anyhow!(".eh_frame is cut short at {offset:#x}"))?;
        if id == 0 {
            commons.insert(offset, record.clone());
        } else {
            let common = (offset + 4)
                .checked_sub(id as usize)
                .and_then(|start| commons.get(&start))
                .ok_or_else(|| {
                    anyhow!(".eh_frame: the FDE at {offset:#x} names a CIE that is not there")
                })?
                .clone();
            let own = inside(&record);
            // The first field behind the id is the start of the code: always a relocation in an object.
            let begin = own
                .iter()
                .find(|relocation| relocation.offset == (offset + 8) as u64)
                .ok_or_else(|| {
                    anyhow!(".eh_frame: the FDE at {offset:#x} does not say what it describes")
                })?;
            let symbol = &object.symbols[begin.symbol];
            if let Some(section) = symbol.section() {
                entries.entry(section).or_default().push(FrameEntry {
                    section: index,
                    record: record.clone(),
                    common_relocations: inside(&common),
                    common,
                    code_offset: symbol.value.wrapping_add_signed(begin.addend),
                    relocations: own,
                });
            }
        }
        offset = record.end;
    }
    Ok(())
}

fn read_u32(data: &[u8], offset: usize) -> Option<u32> {
    data.get(offset..offset + 4)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)
}
