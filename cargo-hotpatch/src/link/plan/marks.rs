//! Entries that mark their function as called, so that the tool can tell when new code was first entered.
//!
//! The slot of a marked function leads to its entry instead of its body:
//!
//! ```text
//!  cmp byte [mark], 0
//!  jne body              every call but the first ones
//!  mov byte [mark], 1
//!  jmp body
//! ```
//!
//! Calls only read the mark once it is set, so threads that call one function do not take its cache line from each other. No
//! register and nothing on the stack is touched; flags are, and no function gets anything in them. Marks are bytes of the patch's
//! writable part, which the tool reads from outside. A forked child has a copy of them, so its calls are not seen.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::{Atom, AtomIndex, Base, Fixup, Part, Planner, Write};
use crate::link::{MARKED_ENTRY, Patch};
use crate::object::address::RunAddr;
use crate::table::frames::{CIE, push_entry};

/// The entry; its four fields are filled in when all places are known.
const ENTRY: [u8; MARKED_ENTRY] = [
    0x80, 0x3d, 0, 0, 0, 0, 0, // cmp byte [rip + mark], 0
    0x0f, 0x85, 0, 0, 0, 0, // jne body
    0xc6, 0x05, 0, 0, 0, 0, 1, // mov byte [rip + mark], 1
    0xe9, 0, 0, 0, 0, // jmp body
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
];
/// Each field: where it is, what it leads to, and how far the instruction's end is behind its beginning.
const FIELDS: [(u64, Leads, i64); 4] = [
    (2, Leads::Mark, 5),
    (9, Leads::Body, 4),
    (15, Leads::Mark, 5),
    (21, Leads::Body, 4),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    Mark,
    Body,
}

impl Planner<'_, '_> {
    /// Gives an entry and a mark to each function of the plan that is to have one and has a slot.
    pub(super) fn add_marks(&mut self, marked: &BTreeSet<String>) -> Result<()> {
        let functions: Vec<usize> = (0..self.plan.functions.len())
            .filter(|index| {
                let function = &self.plan.functions[*index];
                function.slot.is_some() && marked.contains(&function.key.name)
            })
            .collect();
        if functions.is_empty() {
            return Ok(());
        }
        let code = self.synthetic(
            Part::Code,
            ENTRY.len() as u64,
            ENTRY.repeat(functions.len()),
        );
        let data = self.synthetic(Part::Writable, 1, vec![0; functions.len()]);
        for (number, index) in functions.into_iter().enumerate() {
            let (entry, mark) = ((number * ENTRY.len()) as u64, number as u64);
            let (body, offset, _) = self.plan.functions[index].body;
            for (field, leads, distance) in FIELDS {
                let base = match leads {
                    Leads::Mark => Base::Atom(data, mark),
                    Leads::Body => Base::Atom(body, offset),
                };
                self.plan.atoms[code].fixups.push(Fixup {
                    offset: entry + field,
                    write: Write::Relative32,
                    base,
                    addend: -distance,
                });
            }
            self.plan.functions[index].marked = Some(((code, entry), (data, mark)));
        }
        self.add_entry_unwinding(code)
    }

    /// An atom of no object.
    fn synthetic(&mut self, part: Part, align: u64, data: Vec<u8>) -> AtomIndex {
        self.plan.atoms.push(Atom {
            name: "marked entries".to_owned(),
            part,
            align,
            data,
            fixups: Vec::new(),
            source: None,
        });
        self.plan.atoms.len() - 1
    }

    /// One unwind entry for all of `code`: a signal may come in the middle of an entry.
    fn add_entry_unwinding(&mut self, code: AtomIndex) -> Result<()> {
        let length = u32::try_from(self.plan.atoms[code].data.len())
            .context("the entries of a patch are larger than 4 GiB")?;
        let table = self.unwind_table();
        let records = &mut self.plan.atoms[table].data;
        let common = records.len();
        records.extend_from_slice(&CIE);
        let field = push_entry(records, common, 0, length)?;
        self.plan.atoms[table].fixups.push(Fixup {
            offset: field.offset,
            write: Write::Relative32,
            base: Base::Atom(code, 0),
            addend: 0,
        });
        Ok(())
    }
}

/// True if the code at `entry` of a finished patch that begins at `start` sets `mark` and goes on at `body`, and does nothing else.
#[must_use]
pub fn is_marked_entry(
    patch: &Patch,
    start: RunAddr,
    entry: RunAddr,
    (mark, body): (RunAddr, RunAddr),
) -> bool {
    let Some(code) = entry
        .0
        .checked_sub(start.0)
        .and_then(|offset| usize::try_from(offset).ok())
        .and_then(|offset| patch.file.get(offset..offset.checked_add(ENTRY.len())?))
    else {
        return false;
    };
    let mut expected = ENTRY;
    for (field, leads, distance) in FIELDS {
        let target = match leads {
            Leads::Mark => mark,
            Leads::Body => body,
        };
        let end = entry.0 + field + distance.cast_unsigned();
        let Ok(relative) = i32::try_from(target.0.wrapping_sub(end).cast_signed()) else {
            return false;
        };
        // Checked against the entry's length when they were written down.
        let Some(place) = usize::try_from(field)
            .ok()
            .and_then(|field| expected.get_mut(field..field + 4))
        else {
            return false;
        };
        place.copy_from_slice(&relative.to_le_bytes());
    }
    code == expected
}
