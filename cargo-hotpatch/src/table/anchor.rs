//! The two objects that fence the jump table in, first and last of the link.
//!
//! ```text
//! hotpatch_thunks_start ─►┌──────────────────┐ page-aligned
//!                         │ one unused slot  │ keeps the section from being empty
//!                         │ thunks           │ from the objects of the workspace, in link order
//!                         │ padding          │ up to a whole page
//! hotpatch_spare_thunks ─►├──────────────────┤ page-aligned
//!                         │ ud2, int3 ×6     │ free slots, whole pages
//! hotpatch_thunks_end ───►└──────────────────┘ page-aligned
//! ```
//!
//! The first object also holds `hotpatch_tls_spare`, zeroed thread-local space in every thread for what patches add.

use anyhow::{Context as _, Result};

use super::elf::{
    FILE_HEADER_SIZE, RELA_SIZE, Rela, SECTION_HEADER_SIZE, SHF_ALLOC, SHF_EXECINSTR,
    SHF_INFO_LINK, SHF_TLS, SHF_WRITE, SHT_NOBITS, SHT_PROGBITS, SHT_RELA, SHT_STRTAB, SHT_SYMTAB,
    SHT_X86_64_UNWIND, STB_GLOBAL, STB_LOCAL, STT_OBJECT, STT_SECTION, STT_TLS, STV_HIDDEN,
    SYMBOL_SIZE, SectionHeader, Symbol, pad_to,
};
use super::frames::{CIE, push_entry};
use super::{THUNK_SECTION, THUNK_SIZE};

/// The first byte of the jump table; page-aligned.
pub const THUNKS_START: &str = "hotpatch_thunks_start";
/// The first spare thunk; page-aligned.
pub const SPARE_THUNKS: &str = "hotpatch_spare_thunks";
/// The byte behind the jump table; page-aligned.
pub const THUNKS_END: &str = "hotpatch_thunks_end";
/// The thread-local space for patches.
pub const TLS_SPARE: &str = "hotpatch_tls_spare";

/// The symbols that the link has to be told to keep.
pub const ROOTS: [&str; 4] = [THUNKS_START, SPARE_THUNKS, THUNKS_END, TLS_SPARE];

/// The size of a page, and the alignment of the table's ends.
pub const PAGE_SIZE: usize = 4096;

/// The size of [`TLS_SPARE`] in bytes.
pub const TLS_SPARE_SIZE: u64 = 16 * 1024;

/// How many free slots an image has unless told otherwise; a whole number of pages.
pub const DEFAULT_SPARE_THUNKS: usize = 8192;

/// A slot that leads nowhere: `ud2`, then `int3`.
pub const SPARE_THUNK: [u8; THUNK_SIZE] = [0x0f, 0x0b, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc];

/// The object that has to be the first of the link.
///
/// # Errors
/// Never for what it is given; the sums are checked all the same.
pub fn start_object() -> Result<Vec<u8>> {
    let code = SPARE_THUNK.to_vec();
    let symbols = [
        (THUNKS_START, STT_OBJECT, CODE, 0, 0),
        (TLS_SPARE, STT_TLS, TLS, 0, TLS_SPARE_SIZE),
    ];
    object(&code, &symbols)
}

/// The object that has to be the last of the link, with at least `spare_thunks` free slots, rounded up to whole pages.
///
/// # Errors
/// When there are more slots than a 32-bit size can state.
pub fn end_object(spare_thunks: usize) -> Result<Vec<u8>> {
    let count = spare_thunks.max(1).next_multiple_of(PAGE_SIZE / THUNK_SIZE);
    let code = SPARE_THUNK.repeat(count);
    let size = code.len() as u64;
    let symbols = [
        (SPARE_THUNKS, STT_OBJECT, CODE, 0, size),
        (THUNKS_END, STT_OBJECT, CODE, size, 0),
    ];
    object(&code, &symbols)
}

const CODE: u32 = 1;
const FRAMES: u32 = 2;
const FRAME_RELOCATIONS: u32 = 3;
const TLS: u32 = 4;
const SYMBOLS: u32 = 5;
const STRINGS: u32 = 6;
const STACK_NOTE: u32 = 7;

/// (name, kind, section, value, size) of a global, hidden symbol.
type Definition = (&'static str, u8, u32, u64, u64);

/// An object whose `.hp_thunks` is `code`, with unwind information and the TLS reserve if `symbols` name it.
fn object(code: &[u8], symbols: &[Definition]) -> Result<Vec<u8>> {
    let has_tls = symbols.iter().any(|symbol| symbol.2 == TLS);
    let mut frames = CIE.to_vec();
    let length = u32::try_from(code.len()).context("too many spare thunks")?;
    let frame = push_entry(&mut frames, 0, 1, length)?;

    let mut strings = vec![0];
    let mut string = |text: &str| -> Result<u32> {
        let offset = u32::try_from(strings.len())?;
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        Ok(offset)
    };
    let mut table = Vec::new();
    Symbol::default().write(&mut table);
    Symbol::defined(0, STB_LOCAL, STT_SECTION, CODE, 0, 0).write(&mut table);
    for &(name, kind, section, value, size) in symbols {
        let mut symbol = Symbol::defined(string(name)?, STB_GLOBAL, kind, section, value, size);
        symbol.other = STV_HIDDEN;
        symbol.write(&mut table);
    }
    let section = |name, kind, flags, align| SectionHeader {
        name,
        kind,
        flags,
        align,
        ..SectionHeader::default()
    };
    let relocation: [u8; RELA_SIZE] = Rela::to_bytes(frame);
    let mut headers = [
        SectionHeader::default(),
        section(
            string(THUNK_SECTION)?,
            SHT_PROGBITS,
            SHF_ALLOC | SHF_EXECINSTR,
            PAGE_SIZE as u64,
        ),
        section(string(".eh_frame")?, SHT_X86_64_UNWIND, SHF_ALLOC, 8),
        SectionHeader {
            link: SYMBOLS,
            info: FRAMES,
            entry_size: RELA_SIZE as u64,
            ..section(string(".rela.eh_frame")?, SHT_RELA, SHF_INFO_LINK, 8)
        },
        SectionHeader {
            size: if has_tls { TLS_SPARE_SIZE } else { 0 },
            ..section(
                string(".tbss.hotpatch_tls_spare")?,
                SHT_NOBITS,
                SHF_ALLOC | SHF_WRITE | SHF_TLS,
                64,
            )
        },
        SectionHeader {
            link: STRINGS,
            info: 2,
            entry_size: SYMBOL_SIZE as u64,
            ..section(string(".symtab")?, SHT_SYMTAB, 0, 8)
        },
        section(string(".strtab")?, SHT_STRTAB, 0, 1),
        section(string(".note.GNU-stack")?, SHT_PROGBITS, 0, 1),
    ];
    if !has_tls {
        // Nobody has to see an empty thread-local section.
        headers[TLS as usize] = section(headers[STACK_NOTE as usize].name, SHT_PROGBITS, 0, 1);
    }

    let mut out = vec![0; FILE_HEADER_SIZE];
    let contents: [(u32, &[u8]); 5] = [
        (CODE, code),
        (FRAMES, &frames),
        (FRAME_RELOCATIONS, &relocation),
        (SYMBOLS, &table),
        (STRINGS, &strings),
    ];
    for (index, data) in contents {
        pad_to(&mut out, 8);
        let header = &mut headers[index as usize];
        header.offset = out.len() as u64;
        header.size = data.len() as u64;
        out.extend_from_slice(data);
    }
    pad_to(&mut out, 8);
    let table_offset = out.len() as u64;
    headers.iter().for_each(|header| header.write(&mut out));

    out[..16].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    out[16..18].copy_from_slice(&1u16.to_le_bytes()); // relocatable
    out[18..20].copy_from_slice(&62u16.to_le_bytes()); // x86-64
    out[20..24].copy_from_slice(&1u32.to_le_bytes()); // version
    out[40..48].copy_from_slice(&table_offset.to_le_bytes());
    out[52..54].copy_from_slice(&u16::try_from(FILE_HEADER_SIZE)?.to_le_bytes());
    out[58..60].copy_from_slice(&u16::try_from(SECTION_HEADER_SIZE)?.to_le_bytes());
    out[60..62].copy_from_slice(&u16::try_from(headers.len())?.to_le_bytes());
    out[62..64].copy_from_slice(&u16::try_from(STRINGS)?.to_le_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::elf::{Relocatable, string_at};
    use super::*;

    #[test]
    fn both_objects_read_back_as_written() {
        for (bytes, expected) in [
            (
                start_object().expect("the start"),
                vec![(THUNKS_START, 0), (TLS_SPARE, 0)],
            ),
            (
                end_object(1000).expect("the end"),
                vec![(SPARE_THUNKS, 0), (THUNKS_END, 2 * 4096)],
            ),
        ] {
            let object = Relocatable::parse(&bytes).expect("a relocatable object");
            let names = object.symbol_names().expect("names");
            let found: Vec<_> = object.symbols[2..]
                .iter()
                .map(|symbol| (string_at(names, symbol.name).expect("a name"), symbol.value))
                .collect();
            assert_eq!(found, expected);
            assert_eq!(object.section_name(CODE).expect("a name"), THUNK_SECTION);
            assert_eq!(object.sections[CODE as usize].align, 4096);
        }
    }
}
