//! The `.eh_frame` of an object: which functions have an entry, and the entries of thunks.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};

use super::elf::{R_X86_64_PC32, Rela, Relocatable, SHT_RELA, array_at, u32_at};

/// A CIE for code that has not moved the stack pointer since it was called: the frame's address is `rsp + 8`, and the
/// return address lies at `rsp`. Pointers are relative and have 4 bytes.
pub(crate) const CIE: [u8; 24] = [
    20, 0, 0, 0, // length
    0, 0, 0, 0, // this is a CIE
    1, b'z', b'R', 0, // version, augmentation
    1, 0x78, 16, // code alignment 1, data alignment -8, return address in column 16
    1, 0x1b, // augmentation data: DW_EH_PE_pcrel | DW_EH_PE_sdata4
    0x0c, 7, 8, // DW_CFA_def_cfa rsp + 8
    0x90, 1, // DW_CFA_offset return address at CFA - 8
    0, 0, // DW_CFA_nop
];

/// The size of an entry that [`push_entry`] writes.
const ENTRY_SIZE: usize = 24;

/// Appends an FDE for `length` bytes of code to an `.eh_frame` whose [`CIE`] is at `cie`, and returns the relocation that
/// gives it the address of `symbol`.
pub(crate) fn push_entry(
    frames: &mut Vec<u8>,
    cie: usize,
    symbol: u32,
    length: u32,
) -> Result<Rela> {
    let start = frames.len();
    let back = u32::try_from(start + 4 - cie).context("an .eh_frame of more than 4 GiB")?;
    frames.extend_from_slice(&20u32.to_le_bytes());
    frames.extend_from_slice(&back.to_le_bytes());
    frames.extend_from_slice(&[0; 4]);
    frames.extend_from_slice(&length.to_le_bytes());
    frames.extend_from_slice(&[0; 8]);
    debug_assert_eq!(frames.len(), start + ENTRY_SIZE);
    Ok(Rela {
        offset: (start + 8) as u64,
        kind: R_X86_64_PC32,
        symbol,
        addend: 0,
    })
}

/// What an object's `.eh_frame` sections say.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The `.eh_frame` to append to, its relocation section, and where its records end (before a terminator).
    pub(crate) append_to: Option<(u32, u32, usize)>,
    /// By section: there is an entry for code that begins at the section's start.
    pub(crate) has_entry: Vec<bool>,
}

impl Frames {
    /// Reads all `.eh_frame` sections of an object.
    pub(crate) fn read(object: &Relocatable<'_>) -> Result<Self> {
        let mut frames = Self {
            append_to: None,
            has_entry: vec![false; object.sections.len()],
        };
        for (index, section) in (0u32..).zip(&object.sections) {
            if section.kind != SHT_RELA || object.section_name(section.info)? != ".eh_frame" {
                continue;
            }
            let end = frames
                .read_section(object, section.info, index)
                .with_context(|| format!("the .eh_frame in section {}", section.info))?;
            frames.append_to.get_or_insert((section.info, index, end));
        }
        Ok(frames)
    }

    fn read_section(
        &mut self,
        object: &Relocatable<'_>,
        section: u32,
        relocations: u32,
    ) -> Result<usize> {
        let data = object.data(section)?;
        let by_offset: HashMap<u64, Rela> = object
            .relocations(relocations)?
            .map(|relocation| (relocation.offset, relocation))
            .collect();
        let mut position = 0;
        while position < data.len() {
            let length = u32_at(data, position)?;
            if length == 0 {
                break;
            }
            ensure!(
                length != u32::MAX,
                "the record at {position:#x} has a 64-bit length"
            );
            let end = position + 4 + length as usize;
            ensure!(
                length >= 4 && end <= data.len(),
                "the record at {position:#x} has {length:#x} bytes, more than there are"
            );
            if array_at::<4>(data, position + 4)? != [0; 4]
                && let Some(relocation) = by_offset.get(&(position as u64 + 8))
            {
                let symbol = object
                    .symbols
                    .get(relocation.symbol as usize)
                    .with_context(|| {
                        format!(
                            "the entry at {position:#x} refers to symbol {}, which does not exist",
                            relocation.symbol
                        )
                    })?;
                if let Some(covered) = symbol.section
                    && symbol.value.wrapping_add_signed(relocation.addend) == 0
                {
                    self.has_entry[covered as usize] = true;
                }
            }
            position = end;
        }
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_points_back_to_its_cie() {
        let mut frames = vec![0xaa; 40];
        let cie = frames.len();
        frames.extend_from_slice(&CIE);
        let relocation = push_entry(&mut frames, cie, 7, 8).expect("a small table");
        assert_eq!(frames.len(), 40 + 24 + ENTRY_SIZE);
        assert_eq!(
            relocation,
            Rela {
                offset: 72,
                kind: R_X86_64_PC32,
                symbol: 7,
                addend: 0
            }
        );
        let pointer = u32_at(&frames, 68).expect("in range") as usize;
        assert_eq!(68 - pointer, cie);
        assert_eq!(
            u32_at(&frames, 64).expect("in range") as usize,
            ENTRY_SIZE - 4
        );
        assert_eq!(u32_at(&CIE, 0).expect("in range") as usize, CIE.len() - 4);
    }
}
