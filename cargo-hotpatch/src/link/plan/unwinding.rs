//! The unwind table of a patch, put together from the entries of the code that it takes.

use anyhow::{Context, Result, bail};

use super::{Atom, AtomIndex, Base, Fixup, Part, Planner, Write};
use crate::link::store::ObjectIndex;
use crate::object::read::SectionIndex;
use crate::object::reloc::kind;

impl Planner<'_, '_> {
    /// The patch's `.eh_frame`, made when it is first needed.
    pub(super) fn unwind_table(&mut self) -> AtomIndex {
        if let Some(table) = self.plan.eh_frame {
            return table;
        }
        let table = self.plan.atoms.len();
        self.plan.atoms.push(Atom {
            name: ".eh_frame".to_owned(),
            part: Part::ReadOnly,
            align: 8,
            data: Vec::new(),
            fixups: Vec::new(),
            source: None,
        });
        self.plan.eh_frame = Some(table);
        table
    }

    /// Takes the unwind entries of a code section into the patch's `.eh_frame`.
    pub(super) fn add_unwinding(
        &mut self,
        object: ObjectIndex,
        section: SectionIndex,
    ) -> Result<()> {
        let entries = self
            .store
            .object(object)
            .frames
            .get(&section)
            .cloned()
            .unwrap_or_default();
        for entry in entries {
            let table = self.unwind_table();
            let content = self.store.object(object).file.sections[entry.section].data;
            let common_key = (object, entry.section, entry.common.start);
            let common = if let Some(common) = self.commons.get(&common_key) {
                *common
            } else {
                let at = self.plan.atoms[table].data.len();
                self.plan.atoms[table]
                    .data
                    .extend_from_slice(&content[entry.common.clone()]);
                self.commons.insert(common_key, at);
                for relocation in &entry.common_relocations {
                    let offset = relocation.offset - entry.common.start as u64 + at as u64;
                    self.relocate(table, object, relocation, offset)?;
                }
                at
            };
            let at = self.plan.atoms[table].data.len();
            self.plan.atoms[table]
                .data
                .extend_from_slice(&content[entry.record.clone()]);
            let distance =
                u32::try_from(at + 4 - common).context("the unwind table is larger than 4 GiB")?;
            self.store_bytes(table, (at + 4) as u64, &distance.to_le_bytes())?;
            for relocation in &entry.relocations {
                let offset = relocation.offset - entry.record.start as u64 + at as u64;
                if relocation.offset == (entry.record.start + 8) as u64 {
                    // The described code: the body itself, never its slot.
                    let code = self.atom(object, section)?;
                    let write = match relocation.kind {
                        kind::PC32 => Write::Relative32,
                        kind::PC64 => Write::Relative64,
                        kind::ABS64 => Write::Absolute64,
                        other => bail!("an unwind entry begins with a relocation of type {other}"),
                    };
                    let base = Base::Atom(code, entry.code_offset);
                    self.plan.atoms[table].fixups.push(Fixup {
                        offset,
                        write,
                        base,
                        addend: 0,
                    });
                } else {
                    self.relocate(table, object, relocation, offset)?;
                }
            }
        }
        Ok(())
    }
}
