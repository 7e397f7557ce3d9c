//! What assembly outside of any function has put into the objects.
//!
//! It has no debug info, and often its symbols have neither a type nor a size, so nothing else that is compared covers it. The
//! compiler gives each function and each static a section of its own; the assembler's plain `.text`, `.data`, `.bss` and `.rodata`
//! hold what assembly put there. In any other section it is known by labels, or by code that belongs to no function.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::digest::{Digest, Side};
use super::same::extent;
use crate::codes::{self, Reason};
use crate::link::plan::pretty;
use crate::object::read::{ObjectFile, SectionIndex, Symbol};

/// Sections of one side by what they are, and their symbols.
type Found = BTreeMap<[u8; 32], BTreeSet<String>>;

/// Why the program cannot follow, if assembly outside of functions differs: what it defines has no place in the jump table, and
/// what refers to it in its own way is not known.
///
/// # Errors
/// When a relocation is of an unknown kind or out of range.
pub(super) fn judge(old: &mut Digest<'_, '_>, new: &mut Digest<'_, '_>) -> Result<Option<Reason>> {
    let (before, after) = (find(old)?, find(new)?);
    let only = |one: &Found, other: &Found| -> BTreeSet<String> {
        one.iter()
            .filter(|(content, _)| !other.contains_key(*content))
            .flat_map(|(_, names)| names.iter().cloned())
            .collect()
    };
    let names: BTreeSet<String> = only(&before, &after)
        .into_iter()
        .chain(only(&after, &before))
        .collect();
    if names.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = names.into_iter().take(3).collect();
    Ok(Some(Reason::new(
        &codes::FUNCTION_WITHOUT_SLOT,
        format!(
            "assembly outside of any function changed ({}), and it has no place in the jump table",
            names.join(", ")
        ),
    )))
}

fn find(digest: &mut Digest<'_, '_>) -> Result<Found> {
    let side: &Side<'_> = digest.side;
    let mut found = Found::new();
    for (index, object) in side.objects.iter().enumerate() {
        let file = object.file;
        for section in 0..file.sections.len() {
            let symbols: Vec<&Symbol<'_>> = side.symbols[index]
                .of(section)
                .iter()
                .map(|symbol| &file.symbols[*symbol])
                .filter(|symbol| !symbol.name.starts_with(".L"))
                .collect();
            if !is_assembly(file, section, &symbols) {
                continue;
            }
            let mut names: BTreeSet<String> = symbols
                .iter()
                .map(|symbol| format!("`{}`", pretty(symbol.name)))
                .collect();
            if names.is_empty() {
                names.insert(format!("in `{}`", file.sections[section].name));
            }
            found.insert(digest.whole_section(index, section, &symbols)?, names);
        }
    }
    Ok(found)
}

fn is_assembly(file: &ObjectFile<'_>, index: SectionIndex, symbols: &[&Symbol<'_>]) -> bool {
    const PLAIN: [&str; 4] = [".text", ".data", ".bss", ".rodata"];
    let section = &file.sections[index];
    if !section.is_allocated() || section.size == 0 || is_of_functions(section.name) {
        return false;
    }
    if PLAIN.contains(&section.name) {
        return true;
    }
    if section.is_code() {
        return !is_covered(file, index);
    }
    symbols
        .iter()
        .any(|symbol| symbol.kind == object::elf::STT_NOTYPE.0)
}

/// Unwind records and exception tables are compared with the functions that they belong to. The compiler labels each table
/// (`GCC_except_table0`) as assembly would.
fn is_of_functions(section: &str) -> bool {
    [".eh_frame", ".gcc_except_table"]
        .iter()
        .any(|start| section.starts_with(start))
}

/// True if every byte of a code section belongs to a function.
fn is_covered(file: &ObjectFile<'_>, index: SectionIndex) -> bool {
    let mut functions: Vec<(u64, u64)> = file
        .functions()
        .filter(|(_, section)| *section == index)
        .map(|(symbol, section)| extent(file, symbol, section))
        .collect();
    functions.sort_unstable();
    let mut covered = 0;
    for (start, size) in functions {
        if start > covered {
            return false;
        }
        covered = covered.max(start.saturating_add(size));
    }
    covered >= file.sections[index].size
}
