//! Edits of the program's own global allocator.
//!
//! The memory that the program holds was given out by the allocator of before, and goes back to the new one. What the one wrote
//! around a block (a header, a size rounded up, a pool's number) the other reads. That holds for each method by itself as well:
//! after two saves, of which the first edits `alloc` and the second `dealloc`, blocks of the first version are still in use. So no
//! function that an allocator runs is patched.

use std::collections::{HashSet, VecDeque};

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};

use super::objects::{Files, Reference};
use crate::capture::record::ObjectRef;
use crate::codes::{self, Reason};
use crate::link::Live;
use crate::link::plan::pretty;
use crate::object::read::{ObjectFile, Place, SymbolIndex};
use crate::object::target::{SymbolsBySection, Target};
use crate::table::policy::SlotPolicy;

/// The trait's name, as symbols spell it.
const TRAIT: &str = "GlobalAlloc";

/// Why the edit cannot be patched, if one of the functions `changed` (symbols of the running program) is run by an allocator of
/// the workspace. Costs nothing where there is none.
///
/// # Errors
/// When an object cannot be read.
pub(super) fn change<'c>(
    live: &Live,
    files: &Files,
    reference: &Reference,
    policy: &SlotPolicy,
    changed: impl Iterator<Item = &'c str>,
) -> Result<Option<Reason>> {
    let is_method = |name: &str| is_method(name, policy);
    if !live.has_allocator(&is_method) {
        return Ok(None);
    }
    let mut changed = changed.peekable();
    if changed.peek().is_none() {
        return Ok(None);
    }
    let objects: Vec<&ObjectRef> = reference.values().flatten().collect();
    let reached = reached(files, &objects, &is_method, policy)?;
    Ok(changed.find(|name| reached.contains(*name)).map(|name| {
        let what = if is_method(name) { "is" } else { "is run by" };
        Reason::new(
            &codes::REGISTRY,
            format!(
                "`{}` {what} the program's global allocator, and was edited; memory that it gave out before is in use",
                pretty(name)
            ),
        )
    }))
}

fn is_method(name: &str, policy: &SlotPolicy) -> bool {
    name.contains(TRAIT) && !policy.is_foreign(name) && pretty(name).contains("::GlobalAlloc>::")
}

/// The methods of allocators of the workspace, and all functions of the workspace that they call or refer to, however indirectly.
fn reached(
    files: &Files,
    objects: &[&ObjectRef],
    is_method: &dyn Fn(&str) -> bool,
    policy: &SlotPolicy,
) -> Result<HashSet<String>> {
    let spelled = AhoCorasick::new([TRAIT]).context("cannot look for a word")?;
    let mut reached = HashSet::new();
    let mut left: VecDeque<(usize, String)> = VecDeque::new();
    for (index, object) in objects.iter().enumerate() {
        for symbol in files.outline(object)?.containing(&spelled) {
            if symbol.is_defined_function() && is_method(symbol.name) {
                left.push_back((index, symbol.name.to_owned()));
            }
        }
    }
    while let Some((place, name)) = left.pop_front() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let file = ObjectFile::parse(files.bytes(objects[place])?)
            .with_context(|| format!("object {} of {}", objects[place].cgu, objects[place].unit))?;
        for (callee, is_here) in references(&file, &name)? {
            if !policy.can_change(callee) || reached.contains(callee) {
                continue;
            }
            let defining = if is_here {
                Some(place)
            } else {
                defining(files, objects, callee)?
            };
            left.extend(defining.map(|place| (place, callee.to_owned())));
        }
    }
    Ok(reached)
}

/// The object that defines this name for others.
fn defining(files: &Files, objects: &[&ObjectRef], name: &str) -> Result<Option<usize>> {
    for (index, object) in objects.iter().enumerate() {
        if files.outline(object)?.defines(name) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The named things that a function of this object refers to, each with whether it is defined there as well.
fn references<'d>(file: &ObjectFile<'d>, function: &str) -> Result<Vec<(&'d str, bool)>> {
    let symbols = SymbolsBySection::new(file);
    let section = file
        .functions()
        .find(|(symbol, _)| file.symbols[*symbol].name == function)
        .map(|(_, section)| section);
    let Some(section) = section else {
        return Ok(Vec::new());
    };
    let named = |symbol: SymbolIndex| {
        let symbol = &file.symbols[symbol];
        (symbol.name, symbol.place != Place::Undefined)
    };
    Ok(file
        .relocations(section)?
        .iter()
        .filter_map(|relocation| match symbols.target(file, relocation) {
            Target::Named { symbol, .. } => Some(named(symbol)),
            _ => None,
        })
        .collect())
}
