//! Reads a finished patch back and compares it with the plan, before anything is sent.

use anyhow::{Context, Result};
use gimli::UnwindSection;
use goblin::elf::Elf;

use super::plan::marks::is_marked_entry;
use super::{Marked, PAGE, Patch, PatchedFunction, Protection};
use crate::codes::{self, Reason};
use crate::object::address::RunAddr;

fn wrong(message: String) -> anyhow::Error {
    Reason::new(&codes::SELF_CHECK, message).into()
}

/// Checks the file as any other reader would see it.
///
/// # Errors
/// A [`Reason`] with [`codes::SELF_CHECK`] that says what differs.
pub fn verify(patch: &Patch, start: RunAddr) -> Result<()> {
    let elf = Elf::parse(&patch.file).context("the finished patch cannot be read back")?;
    let loaded: Vec<_> = elf
        .program_headers
        .iter()
        .filter(|header| header.p_type == goblin::elf::program_header::PT_LOAD)
        .collect();
    if loaded.len() != patch.segments.len() {
        return Err(wrong(format!(
            "{} segments planned, {} found",
            patch.segments.len(),
            loaded.len()
        )));
    }
    let end = start.offset(patch.memory);
    let mut previous_end = start;
    for (header, segment) in loaded.into_iter().zip(&patch.segments) {
        let is_same = header.p_offset == segment.file_offset
            && start.offset(header.p_vaddr) == segment.address
            && header.p_memsz == segment.length
            && header.is_executable() == (segment.protection == Protection::ReadExecute)
            && header.is_write() == (segment.protection == Protection::ReadWrite);
        let is_placed = segment.address.0.is_multiple_of(PAGE)
            && segment.file_offset.is_multiple_of(PAGE)
            && segment.address >= previous_end
            && segment.address.offset(segment.length) <= end
            && segment.file_offset + segment.length <= patch.file.len() as u64;
        if !is_same || !is_placed {
            return Err(wrong(format!(
                "segment {segment:?} was written as {header:?}"
            )));
        }
        previous_end = segment
            .address
            .offset(segment.length.next_multiple_of(PAGE));
    }
    let code = patch
        .segments
        .iter()
        .find(|segment| segment.protection == Protection::ReadExecute);
    let is_code = |address: RunAddr| {
        code.is_some_and(|code| {
            address >= code.address && address < code.address.offset(code.length)
        })
    };
    let written: Vec<(u64, u64, Option<&str>)> = elf
        .syms
        .iter()
        .skip(1)
        .map(|symbol| {
            (
                symbol.st_value,
                symbol.st_size,
                elf.strtab.get_at(symbol.st_name),
            )
        })
        .collect();
    if written.len() != patch.functions.len() {
        return Err(wrong(format!(
            "{} functions planned, {} written",
            patch.functions.len(),
            written.len()
        )));
    }
    for (function, (value, size, name)) in patch.functions.iter().zip(written) {
        let body = start.offset(value);
        if name != Some(&function.key.name)
            || function.body != (body..body.offset(size))
            || !is_code(body)
        {
            return Err(wrong(format!(
                "`{}` was planned at {:?} and written at {body}",
                function.key.name, function.body
            )));
        }
    }
    for function in &patch.functions {
        if let Some(marked) = function.marked {
            verify_mark(patch, start, function, marked)?;
        }
    }
    for (slot, target) in &patch.table {
        if !is_code(*target) {
            return Err(wrong(format!(
                "slot {slot} would lead to {target}, which is no code of this patch"
            )));
        }
    }
    if let Some(eh_frame) = patch.eh_frame {
        verify_unwinding(patch, start, eh_frame, &is_code)?;
    }
    Ok(())
}

/// An entry must set its own mark, in writable memory, and go on in its function.
fn verify_mark(
    patch: &Patch,
    start: RunAddr,
    function: &PatchedFunction,
    marked: Marked,
) -> Result<()> {
    let is_writable = patch.segments.iter().any(|segment| {
        segment.protection == Protection::ReadWrite
            && marked.mark >= segment.address
            && marked.mark < segment.address.offset(segment.length)
    });
    let leads = (marked.mark, function.body.start);
    if is_writable && is_marked_entry(patch, start, marked.entry, leads) {
        return Ok(());
    }
    Err(wrong(format!(
        "the entry of `{}` at {} was written otherwise",
        function.key.name, marked.entry
    )))
}

/// Walks the unwind table as the unwinder will: it must end, and each entry must describe code of this patch.
fn verify_unwinding(
    patch: &Patch,
    start: RunAddr,
    eh_frame: RunAddr,
    is_code: &dyn Fn(RunAddr) -> bool,
) -> Result<()> {
    let offset = usize::try_from(eh_frame.0 - start.0)?;
    let section = gimli::EhFrame::new(&patch.file[offset..], gimli::LittleEndian);
    let bases = gimli::BaseAddresses::default().set_eh_frame(eh_frame.0);
    let mut entries = section.entries(&bases);
    while let Some(entry) = entries
        .next()
        .map_err(|error| wrong(format!("the unwind table cannot be read back: {error}")))?
    {
        if let gimli::CieOrFde::Fde(partial) = entry {
            let entry = partial
                .parse(gimli::EhFrame::cie_from_offset)
                .map_err(|error| wrong(format!("an unwind entry cannot be read back: {error}")))?;
            if !is_code(RunAddr(entry.initial_address())) {
                return Err(wrong(format!(
                    "an unwind entry describes {:#x}, which is no code of this patch",
                    entry.initial_address()
                )));
            }
        }
    }
    Ok(())
}
