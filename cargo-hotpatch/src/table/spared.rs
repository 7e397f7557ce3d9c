//! Which instances of foreign code need a slot, although they would have none for their names ([`SlotPolicy::is_spared`]): whose
//! address is taken, by a vtable, a static or a pointer, and what is made for a function or closure that holds a coroutine or closure.

use std::collections::HashSet;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::elf::{Relocatable, STB_LOCAL, STT_FUNC, STT_SECTION, Symbol, string_at};
use super::origin::{holder, made_for};
use super::policy::{SlotPolicy, name_hash};
use super::references::{Place, Target, relocated_sections, self_references, target};
use crate::object::reloc::is_call;

/// What an object has to do with functions that may need no slot. Names are hashed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spared {
    /// Those that it defines.
    pub(crate) defined: Vec<u64>,
    /// Those whose address it takes, its own or those of other objects.
    addressed: Vec<u64>,
    /// Those of [`Self::defined`] that are made for functions or closures of the workspace, each with one of these.
    made_for: Vec<(u64, u64)>,
    /// The functions and closures of which it has a closure or coroutine.
    holders: Vec<u64>,
}

/// Which functions need a slot, after all, in an image of these objects.
pub(crate) fn exceptions<'o>(objects: impl Iterator<Item = &'o Spared> + Clone) -> HashSet<u64> {
    let holders: HashSet<u64> = objects
        .clone()
        .flat_map(|object| object.holders.iter().copied())
        .collect();
    objects
        .flat_map(|object| {
            let made = object.made_for.iter();
            let made = made.filter(|(_, code)| holders.contains(code));
            made.map(|(function, _)| *function)
                .chain(object.addressed.iter().copied())
        })
        .collect()
}

/// Reads an object.
///
/// # Errors
/// When it is cut short.
pub(crate) fn spared(bytes: &[u8], policy: &SlotPolicy) -> Result<Spared> {
    let object = Relocatable::parse(bytes)?;
    let names = object.symbol_names()?;
    let mut spared = Spared::default();
    // By symbol, and by section for references to a section's start; 0 for all others.
    let mut of_symbol = vec![0_u64; object.symbols.len()];
    let mut of_section = vec![0_u64; object.sections.len()];
    for (symbol, hash) in object.symbols.iter().zip(&mut of_symbol) {
        if !may_be_function(symbol) {
            continue;
        }
        let name = string_at(names, symbol.name)?;
        if !policy.is_spared(name) {
            let holder = symbol.section.and_then(|_| holder(name));
            spared.holders.extend(holder.map(|path| name_hash(&path)));
            continue;
        }
        *hash = name_hash(name.as_bytes());
        let Some(section) = symbol.section else {
            continue;
        };
        match made_for(name, &|crate_name| policy.is_of_workspace(crate_name)) {
            Some(code) => spared
                .made_for
                .extend(code.iter().map(|path| (*hash, name_hash(path)))),
            None => spared.addressed.push(*hash),
        }
        spared.defined.push(*hash);
        of_section[section as usize] = *hash;
        // What refers to its own start without a relocation may be taking its address.
        if symbol.binding() == STB_LOCAL
            && self_references(object.data(section)?).is_none_or(|found| !found.fields.is_empty())
        {
            spared.addressed.push(*hash);
        }
    }
    for (index, section, place) in relocated_sections(&object)? {
        let code = match place {
            Place::Code => object.data(section)?,
            _ => &[],
        };
        for relocation in object.relocations(index)? {
            let Some(symbol) = object.symbols.get(relocation.symbol as usize) else {
                continue;
            };
            let (hash, by_section) = match (symbol.kind(), symbol.section) {
                (STT_SECTION, Some(section)) => (of_section[section as usize], true),
                _ => (of_symbol[relocation.symbol as usize], false),
            };
            // A jump table's entry, and debug info, mean a place in the body.
            if hash != 0
                && !is_call(code, relocation.offset, relocation.kind)
                && target(place, relocation.kind, relocation.addend, by_section) != Target::Body
            {
                spared.addressed.push(hash);
            }
        }
    }
    for list in [&mut spared.addressed, &mut spared.holders] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(spared)
}

/// What an object only refers to has no type there.
fn may_be_function(symbol: &Symbol) -> bool {
    symbol.name != 0 && (symbol.kind() == STT_FUNC || symbol.section.is_none())
}
