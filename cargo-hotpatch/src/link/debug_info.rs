//! The debug info of a patch: that of the objects which its code is from, relocated to where the code is now.
//!
//! Functions of those objects that are not in the patch are marked as absent, as linkers do for code that they drop: with an
//! address that no code has (lld's `-z dead-reloc-in-nonalloc`; DWARF 6 reserves the all-ones address for it).

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, bail};

use super::layout::Layout;
use super::plan::{Part, Plan};
use super::store::{ObjectIndex, Store};
use crate::object::read::{Place, SectionIndex};
use crate::object::reloc::{field_width, kind};

/// A finished debug section.
#[derive(Debug)]
pub struct DebugSection {
    /// `.debug_…`.
    pub name: &'static str,
    /// Its content.
    pub data: Vec<u8>,
}

/// What debuggers and backtraces read. Indexes that only speed up a search are left out.
const SECTIONS: &[&str] = &[
    ".debug_info",
    ".debug_abbrev",
    ".debug_str",
    ".debug_line",
    ".debug_line_str",
    ".debug_str_offsets",
    ".debug_addr",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_loc",
    ".debug_loclists",
    ".debug_types",
];

/// No code is here.
const ABSENT: u64 = u64::MAX;
/// In `.debug_ranges` and `.debug_loc`, all ones begin a new base address (DWARF 4, 2.17.3), so one less stands for absent code.
const ABSENT_IN_LIST: u64 = u64::MAX - 1;

/// The debug sections for the code of `plan`.
///
/// # Errors
/// When a relocation of an object's debug info is not understood.
pub fn sections(plan: &Plan, layout: &Layout, store: &Store<'_>) -> Result<Vec<DebugSection>> {
    let mut code: HashMap<(ObjectIndex, SectionIndex), u64> = HashMap::new();
    let mut objects = BTreeSet::new();
    for (index, atom) in plan.atoms.iter().enumerate() {
        if let Some(source) = atom.source {
            code.insert(source, layout.atoms[index].0);
            if atom.part == Part::Code {
                objects.insert(source.0);
            }
        }
    }
    let mut result: Vec<DebugSection> = SECTIONS
        .iter()
        .map(|name| DebugSection {
            name,
            data: Vec::new(),
        })
        .collect();
    // Where each object's part of a section begins in the merged section.
    let mut starts: HashMap<(ObjectIndex, SectionIndex), (usize, u64)> = HashMap::new();
    for &object in &objects {
        for (index, section) in store.object(object).file.sections.iter().enumerate() {
            let Some(merged) = SECTIONS.iter().position(|name| *name == section.name) else {
                continue;
            };
            if section.flags & object::elf::SHF_COMPRESSED.0 != 0 {
                bail!(
                    "{}: `{}` is compressed",
                    store.object(object).origin,
                    section.name
                );
            }
            let data = &mut result[merged].data;
            starts.insert((object, index), (merged, data.len() as u64));
            data.extend_from_slice(section.data);
        }
    }
    for (&(object, section), &(merged, start)) in &starts {
        let stored = store.object(object);
        let name = SECTIONS[merged];
        let absent = if matches!(name, ".debug_ranges" | ".debug_loc") {
            ABSENT_IN_LIST
        } else {
            ABSENT
        };
        for relocation in stored.file.relocations(section)? {
            let Some(width) = field_width(relocation.kind) else {
                bail!(
                    "{}: `{name}` has a relocation of type {}",
                    stored.origin,
                    relocation.kind
                );
            };
            let symbol = &stored.file.symbols[relocation.symbol];
            let value = match symbol.place {
                Place::Section(target) => {
                    if let Some((_, target_start)) = starts.get(&(object, target)) {
                        target_start
                            .wrapping_add(symbol.value)
                            .wrapping_add_signed(relocation.addend)
                    } else if let Some(place) = code.get(&(object, target)) {
                        place
                            .wrapping_add(symbol.value)
                            .wrapping_add_signed(relocation.addend)
                    } else {
                        absent
                    }
                }
                Place::Absolute => symbol.value.wrapping_add_signed(relocation.addend),
                Place::Undefined | Place::Common => absent,
            };
            let value = if matches!(relocation.kind, kind::DTPOFF64 | kind::DTPOFF32) {
                absent
            } else {
                value
            };
            let at = usize::try_from(start + relocation.offset)?;
            let bytes = value.to_le_bytes();
            result[merged]
                .data
                .get_mut(at..at + width)
                .with_context(|| {
                    format!(
                        "{}: a relocation reaches over the end of `{name}`",
                        stored.origin
                    )
                })?
                .copy_from_slice(&bytes[..width]);
        }
    }
    result.retain(|section| !section.data.is_empty());
    Ok(result)
}
