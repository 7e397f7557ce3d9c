//! Writes the patch file: a shared-object ELF, linked from address 0, which debuggers, profilers and the standard library's
//! backtraces read like any other. Only its first part is ever mapped.

use anyhow::{Context, Result, bail};

use super::debug_info::{self, DebugSection};
use super::layout::{FAR_CALL_SIZE, Layout};
use super::plan::{Fixup, Part, Plan, Write, pretty, width};
use super::store::Store;
use super::{Marked, Patch, PatchedFunction, Protection, Rewrite, Segment, align_up};
use crate::codes::{self, Reason};
use crate::object::address::{LinkAddr, RunAddr};

const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHF_WRITE: u64 = 1;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;
const SYMBOL_SIZE: u64 = 24;

struct Header {
    name: &'static str,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
    info: u32,
    align: u64,
    entry_size: u64,
}

/// Applies all fixups and writes the file of a patch that will be mapped at `start`.
///
/// # Errors
/// A [`Reason`] where a value does not fit into its field.
pub fn write(mut plan: Plan, layout: &Layout, start: RunAddr, store: &Store<'_>) -> Result<Patch> {
    let mut file = vec![0_u8; usize::try_from(layout.memory)?];
    if let Some((code, length)) = layout.parts.get(&Part::Code) {
        // Whatever is not an instruction traps.
        let code = usize::try_from(code.0)?;
        file[code..code + usize::try_from(length.div_ceil(super::PAGE) * super::PAGE)?].fill(0xcc);
    }
    for (index, entry) in plan.got.iter().enumerate() {
        let at = usize::try_from(layout.got.0)? + index * 8;
        file[at..at + 8].copy_from_slice(&layout.got_value(*entry, start).to_le_bytes());
    }
    for (index, entry) in plan.far_calls.iter().enumerate() {
        let at = layout.far_calls.0 + index as u64 * FAR_CALL_SIZE;
        let slot = layout.got.0 + *entry as u64 * 8;
        let distance = i32::try_from(slot.cast_signed() - (at + 6).cast_signed())
            .context("the GOT is too far away")?;
        let at = usize::try_from(at)?;
        file[at..at + 2].copy_from_slice(&[0xff, 0x25]);
        file[at + 2..at + 6].copy_from_slice(&distance.to_le_bytes());
    }
    for (index, atom) in plan.atoms.iter_mut().enumerate() {
        let place = layout.atoms[index];
        for fixup in &atom.fixups {
            let target = layout.run_address(fixup.base, start);
            let field = RunAddr(start.0 + place.0 + fixup.offset);
            apply(&mut atom.data, fixup, target, field).map_err(|found| {
                Reason::new(
                    &codes::OUT_OF_RANGE,
                    format!(
                        "a reference at {field} in `{}` to {target}: {found}",
                        pretty(&atom.name)
                    ),
                )
            })?;
        }
        let at = usize::try_from(place.0)?;
        file[at..at + atom.data.len()].copy_from_slice(&atom.data);
    }

    let rewrites = rewrites(&plan)?;

    let mut headers = vec![Header {
        name: "",
        kind: 0,
        flags: 0,
        address: 0,
        offset: 0,
        size: 0,
        link: 0,
        info: 0,
        align: 0,
        entry_size: 0,
    }];
    for (part, (address, length)) in &layout.parts {
        let (name, flags) = match part {
            Part::ReadOnly => (".rodata", SHF_ALLOC),
            Part::Code => (".text", SHF_ALLOC | SHF_EXECINSTR),
            Part::Writable => (".data", SHF_ALLOC | SHF_WRITE),
        };
        headers.push(Header {
            name,
            kind: SHT_PROGBITS,
            flags,
            address: address.0,
            offset: address.0,
            size: *length,
            link: 0,
            info: 0,
            align: super::PAGE,
            entry_size: 0,
        });
    }
    let code_section = headers
        .iter()
        .position(|header| header.name == ".text")
        .unwrap_or(0);
    for DebugSection { name, data } in debug_info::sections(&plan, layout, store)? {
        let offset = append(&mut file, &data, 8);
        headers.push(Header {
            name,
            kind: SHT_PROGBITS,
            flags: 0,
            address: 0,
            offset,
            size: data.len() as u64,
            link: 0,
            info: 0,
            align: 1,
            entry_size: 0,
        });
    }
    let (symbols, strings) = symbol_table(&plan, layout, u16::try_from(code_section)?)?;
    let offset = append(&mut file, &symbols, 8);
    let strings_index = u32::try_from(headers.len() + 1)?;
    headers.push(Header {
        name: ".symtab",
        kind: SHT_SYMTAB,
        flags: 0,
        address: 0,
        offset,
        size: symbols.len() as u64,
        link: strings_index,
        info: 1,
        align: 8,
        entry_size: SYMBOL_SIZE,
    });
    let offset = append(&mut file, &strings, 1);
    headers.push(string_table(".strtab", offset, strings.len()));
    let eh_frame = plan.eh_frame.map(|atom| layout.atoms[atom]);
    write_headers(&mut file, headers, layout, eh_frame)?;

    let segments = layout
        .parts
        .iter()
        .map(|(part, (address, length))| Segment {
            file_offset: address.0,
            address: start.offset(address.0),
            length: *length,
            protection: match part {
                Part::ReadOnly => Protection::Read,
                Part::Code => Protection::ReadExecute,
                Part::Writable => Protection::ReadWrite,
            },
        })
        .collect();
    let place = |atom: usize, offset: u64| start.offset(layout.atoms[atom].0 + offset);
    let functions: Vec<PatchedFunction> = plan
        .functions
        .iter()
        .map(|function| {
            let (atom, offset, size) = function.body;
            let body = place(atom, offset);
            PatchedFunction {
                key: function.key.clone(),
                slot: function.slot,
                body: body..body.offset(size),
                is_new: function.is_new,
                marked: function.marked.map(|(entry, mark)| Marked {
                    entry: place(entry.0, entry.1),
                    mark: place(mark.0, mark.1),
                }),
            }
        })
        .collect();
    Ok(Patch {
        file,
        segments,
        eh_frame: plan.eh_frame.map(|atom| place(atom, 0)),
        table: functions
            .iter()
            .filter_map(|function| Some((function.slot?, function.entry())))
            .collect(),
        statics: plan
            .statics
            .iter()
            .map(|(name, atom, offset)| (name.clone(), place(*atom, *offset)))
            .collect(),
        functions,
        rewrites,
        thread_locals: plan.thread_locals,
        thread_local_used: plan.thread_local_used,
        spare_slots_used: plan.spare_slots_used,
        memory: layout.memory,
    })
}

/// The relocated content of what keeps its place. It is the same there as in the patch, unless a field depends on its own address.
fn rewrites(plan: &Plan) -> Result<Vec<Rewrite>> {
    let mut rewrites = Vec::new();
    for planned in &plan.rewrites {
        let (atom, offset, size) = planned.content;
        let atom = &plan.atoms[atom];
        let start = usize::try_from(offset)?;
        let content = atom.data.get(start..start + usize::try_from(size)?);
        let is_movable = atom
            .fixups
            .iter()
            .all(|fixup| !matches!(fixup.write, Write::Relative32 | Write::Relative64));
        let (Some(content), true) = (content, is_movable) else {
            bail!("`{}` cannot be copied to its place", pretty(&planned.name));
        };
        rewrites.push(Rewrite {
            name: planned.name.clone(),
            address: planned.address,
            content: content.to_vec(),
        });
    }
    Ok(rewrites)
}

/// Writes one value; on failure says what did not fit.
fn apply(data: &mut [u8], fixup: &Fixup, target: RunAddr, field: RunAddr) -> Result<(), String> {
    let value = target.0.wrapping_add_signed(fixup.addend);
    let relative = value.wrapping_sub(field.0).cast_signed();
    let (bytes, length) = match fixup.write {
        Write::Absolute64 => (value.to_le_bytes(), 8),
        Write::Relative64 => (relative.to_le_bytes(), 8),
        Write::Absolute32 if u32::try_from(value).is_ok() => (value.to_le_bytes(), 4),
        Write::Absolute32Signed if i32::try_from(value.cast_signed()).is_ok() => {
            (value.to_le_bytes(), 4)
        }
        Write::Relative32 if i32::try_from(relative).is_ok() => (relative.to_le_bytes(), 4),
        Write::Absolute32 | Write::Absolute32Signed => {
            return Err(format!("{value:#x} does not fit into 32 bits"));
        }
        Write::Relative32 => {
            let over = relative.unsigned_abs().saturating_sub(1 << 31);
            return Err(format!("out of range by {over:#x} bytes"));
        }
    };
    debug_assert_eq!(length, width(fixup.write));
    let at = usize::try_from(fixup.offset).unwrap_or(usize::MAX);
    let size = data.len();
    let Some(place) = at.checked_add(length).and_then(|end| data.get_mut(at..end)) else {
        return Err(format!(
            "the field at {at:#x} reaches over the end at {size:#x}"
        ));
    };
    place.copy_from_slice(&bytes[..length]);
    Ok(())
}

fn append(file: &mut Vec<u8>, data: &[u8], align: u64) -> u64 {
    let offset = align_up(file.len() as u64, align);
    file.resize(usize::try_from(offset).unwrap_or(usize::MAX), 0);
    file.extend_from_slice(data);
    offset
}

fn string_table(name: &'static str, offset: u64, size: usize) -> Header {
    Header {
        name,
        kind: SHT_STRTAB,
        flags: 0,
        address: 0,
        offset,
        size: size as u64,
        link: 0,
        info: 0,
        align: 1,
        entry_size: 0,
    }
}

/// All functions of the patch as global symbols, so that whoever has only addresses can name them.
fn symbol_table(plan: &Plan, layout: &Layout, code_section: u16) -> Result<(Vec<u8>, Vec<u8>)> {
    const GLOBAL_FUNCTION: u8 = 1 << 4 | 2;
    let mut symbols = vec![0; usize::try_from(SYMBOL_SIZE)?];
    let mut strings = vec![0];
    for function in &plan.functions {
        let (atom, offset, size) = function.body;
        symbols.extend(u32::try_from(strings.len())?.to_le_bytes());
        symbols.extend([GLOBAL_FUNCTION, 0]);
        symbols.extend(code_section.to_le_bytes());
        symbols.extend((layout.atoms[atom].0 + offset).to_le_bytes());
        symbols.extend(size.to_le_bytes());
        strings.extend(function.key.name.as_bytes());
        strings.push(0);
    }
    Ok((symbols, strings))
}

/// Bytes of an `.eh_frame_hdr` that has no table: whoever unwinds reads the `.eh_frame` that it leads to from its start.
const UNWIND_HEADER: u64 = 8;

fn write_headers(
    file: &mut Vec<u8>,
    mut headers: Vec<Header>,
    layout: &Layout,
    eh_frame: Option<LinkAddr>,
) -> Result<()> {
    let mut names = vec![0_u8];
    let mut name_offsets = Vec::new();
    let table_index = headers.len();
    headers.push(string_table(".shstrtab", 0, 0));
    for header in &headers {
        name_offsets.push(if header.name.is_empty() {
            0
        } else {
            u32::try_from(names.len())?
        });
        if !header.name.is_empty() {
            names.extend(header.name.as_bytes());
            names.push(0);
        }
    }
    let offset = append(file, &names, 1);
    headers[table_index].offset = offset;
    headers[table_index].size = names.len() as u64;
    let mut table = Vec::new();
    for (header, name) in headers.iter().zip(name_offsets) {
        table.extend(name.to_le_bytes());
        table.extend(header.kind.to_le_bytes());
        table.extend(header.flags.to_le_bytes());
        table.extend(header.address.to_le_bytes());
        table.extend(header.offset.to_le_bytes());
        table.extend(header.size.to_le_bytes());
        table.extend(header.link.to_le_bytes());
        table.extend(header.info.to_le_bytes());
        table.extend(header.align.to_le_bytes());
        table.extend(header.entry_size.to_le_bytes());
    }
    let section_headers = append(file, &table, 8);

    let mut start = Vec::with_capacity(usize::try_from(super::layout::HEADERS)?);
    start.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    start.extend(3_u16.to_le_bytes()); // ET_DYN
    start.extend(62_u16.to_le_bytes()); // EM_X86_64
    start.extend(1_u32.to_le_bytes());
    start.extend(0_u64.to_le_bytes()); // no entry point
    start.extend(64_u64.to_le_bytes()); // program headers follow
    start.extend(section_headers.to_le_bytes());
    start.extend(0_u32.to_le_bytes());
    start.extend(64_u16.to_le_bytes());
    start.extend(56_u16.to_le_bytes());
    let segments = layout.parts.len() + usize::from(eh_frame.is_some());
    start.extend(u16::try_from(segments)?.to_le_bytes());
    start.extend(64_u16.to_le_bytes());
    start.extend(u16::try_from(headers.len())?.to_le_bytes());
    start.extend(u16::try_from(table_index)?.to_le_bytes());
    for (part, (place, length)) in &layout.parts {
        let flags: u32 = match part {
            Part::ReadOnly => 4,
            Part::Code => 5,
            Part::Writable => 6,
        };
        start.extend(1_u32.to_le_bytes()); // PT_LOAD
        start.extend(flags.to_le_bytes());
        for value in [place.0, place.0, place.0, *length, *length, super::PAGE] {
            start.extend(value.to_le_bytes());
        }
    }
    if let Some(eh_frame) = eh_frame {
        let place = start.len() as u64 + 56;
        start.extend(0x6474_e550_u32.to_le_bytes()); // PT_GNU_EH_FRAME
        start.extend(4_u32.to_le_bytes());
        for value in [place, place, place, UNWIND_HEADER, UNWIND_HEADER, 4] {
            start.extend(value.to_le_bytes());
        }
        // Version 1; the pointer is relative to its own field and has 4 bytes; no count, no table.
        start.extend([1, 0x1b, 0xff, 0xff]);
        let distance = i32::try_from(eh_frame.0.cast_signed() - (place + 4).cast_signed())
            .context("the .eh_frame is too far away")?;
        start.extend(distance.to_le_bytes());
    }
    if start.len() as u64 > super::layout::HEADERS {
        bail!(
            "the ELF headers need {} bytes of {}",
            start.len(),
            super::layout::HEADERS
        );
    }
    file[..start.len()].copy_from_slice(&start);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::plan::Base;

    #[test]
    fn a_value_that_does_not_fit_is_named_with_its_overrun() {
        let fixup = Fixup {
            offset: 0,
            write: Write::Relative32,
            base: Base::Run(RunAddr(0)),
            addend: 0,
        };
        let mut field = [0; 4];
        assert_eq!(
            apply(&mut field, &fixup, RunAddr(0x1000), RunAddr(0x2000)),
            Ok(())
        );
        assert_eq!(i32::from_le_bytes(field), -0x1000);
        let error =
            apply(&mut field, &fixup, RunAddr(0x8000_0100), RunAddr(0)).expect_err("out of range");
        assert!(error.contains("out of range by 0x100"), "{error}");
        let mut short = [0; 3];
        assert!(apply(&mut short, &fixup, RunAddr(8), RunAddr(0)).is_err());
    }
}
