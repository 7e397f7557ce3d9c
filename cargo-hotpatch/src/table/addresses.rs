//! Whose address an object takes: what a vtable, a static or a pointer refers to, as opposed to what is only called.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::elf::{Relocatable, SHT_RELA, STB_LOCAL, STT_FUNC, STT_SECTION, Symbol, string_at};
use super::policy::{SlotPolicy, name_hash};
use super::references::{Place, Target, self_references, target};
use crate::object::reloc::is_call;

/// What an object has to do with functions that need no slot if they are only called, each by its
/// [`name_hash`](super::policy::name_hash).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spared {
    /// Those that it defines.
    pub(crate) defined: Vec<u64>,
    /// Those whose address it takes, its own or those of other objects.
    pub(crate) addressed: Vec<u64>,
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
            continue;
        }
        *hash = name_hash(name);
        let Some(section) = symbol.section else {
            continue;
        };
        spared.defined.push(*hash);
        of_section[section as usize] = *hash;
        // What refers to its own start without a relocation may be taking its address.
        if symbol.binding() == STB_LOCAL
            && self_references(object.data(section)?).is_none_or(|found| !found.fields.is_empty())
        {
            spared.addressed.push(*hash);
        }
    }
    for (index, section) in (0u32..).zip(&object.sections) {
        if section.kind != SHT_RELA {
            continue;
        }
        let place = Place::of(
            object.section(section.info)?,
            object.section_name(section.info)?,
        );
        if place == Place::About {
            continue;
        }
        let code = match place {
            Place::Code => object.data(section.info)?,
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
    spared.addressed.sort_unstable();
    spared.addressed.dedup();
    Ok(spared)
}

/// What an object only refers to has no type there.
fn may_be_function(symbol: &Symbol) -> bool {
    symbol.name != 0 && (symbol.kind() == STT_FUNC || symbol.section.is_none())
}
