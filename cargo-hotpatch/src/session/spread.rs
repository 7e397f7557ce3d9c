//! Spreads immutable statics that get another place to all data that leads to them, in every object of the workspace.
//!
//! The diff does so for the objects that differ. A table in another object that holds the address of such a static gets the new
//! address where it is. Mutable data may hold the old address by now in any place, so it cannot follow.

use std::collections::BTreeSet;

use anyhow::Result;

use super::places::PATIENCE;
use crate::codes::{self, Reason};
use crate::diff::Difference;
use crate::diff::constants::Rewritten;
use crate::link::plan::pretty;
use crate::link::store::Stored;
use crate::link::{Live, OldNames, Store};
use crate::object::read::{Relocation, SectionIndex, Symbol};
use crate::object::target::{is_constant, names_behind};
use crate::process::stacks::Stacks;

/// Adds all that leads to statics in `changed_constants` to the difference. Returns why that cannot be done.
///
/// # Errors
/// When an object cannot be read.
pub(super) fn spread(
    store: &mut Store<'_>,
    live: &Live,
    names: &OldNames,
    stacks: Option<&Stacks>,
    difference: &mut Difference,
) -> Result<Option<Reason>> {
    if difference.changed_constants.is_empty() {
        return Ok(None);
    }
    let compiled = store.len();
    store.read_workspace()?;
    loop {
        let mut grown = false;
        for object in 0..store.len() {
            let stored = store.object(object);
            let mentions = |name: &str| difference.changed_constants.contains(name);
            if !stored
                .file
                .symbols
                .iter()
                .any(|symbol| mentions(symbol.name))
            {
                continue;
            }
            let leading = leading(stored, &difference.changed_constants)?;
            for Leading { symbol, words } in leading {
                let known = &stored.file.symbols[symbol];
                let old_name = names.old_static(known.name);
                let Ok(Some(_)) = live.static_address(old_name) else {
                    continue;
                };
                if !is_constant(&stored.file, known) {
                    return Ok(Some(cannot_follow(known, &difference.changed_constants)));
                }
                // The diff has looked at the others.
                let is_known = object < compiled
                    || difference.changed_constants.contains(known.name)
                    || difference.rewritten.contains_key(known.name);
                if is_known {
                    continue;
                }
                grown = true;
                let is_still = || stacks.is_none_or(|stacks| stacks.wait_until_still(PATIENCE));
                if live.constant_place(old_name, known.size).is_some() && (words <= 1 || is_still())
                {
                    let rewritten = Rewritten {
                        old_name: old_name.to_owned(),
                        object,
                        symbol,
                        words,
                    };
                    difference
                        .rewritten
                        .insert(known.name.to_owned(), rewritten);
                } else {
                    difference.changed_constants.insert(known.name.to_owned());
                }
            }
        }
        if !grown {
            return Ok(None);
        }
    }
}

/// Named data that leads to a static with another place.
struct Leading {
    symbol: usize,
    /// By so many references.
    words: usize,
}

fn leading(stored: &Stored<'_>, moved: &BTreeSet<String>) -> Result<Vec<Leading>> {
    let mut found = Vec::new();
    for (index, symbol) in stored.file.symbols.iter().enumerate() {
        let Some(section) = symbol.section() else {
            continue;
        };
        let kind = &stored.file.sections[section];
        let is_mutable = kind.is_mutable() || kind.is_thread_local();
        let is_data =
            symbol.kind == object::elf::STT_OBJECT.0 || symbol.kind == object::elf::STT_TLS.0;
        if kind.is_code() || !is_data || !(is_mutable || is_constant(&stored.file, symbol)) {
            continue;
        }
        let words = references(stored, symbol, section, moved)?;
        if words > 0 {
            found.push(Leading {
                symbol: index,
                words,
            });
        }
    }
    Ok(found)
}

fn references(
    stored: &Stored<'_>,
    symbol: &Symbol<'_>,
    section: SectionIndex,
    moved: &BTreeSet<String>,
) -> Result<usize> {
    let range = symbol.value..symbol.value.saturating_add(symbol.size);
    let mut words = 0;
    for relocation in stored.file.relocations(section)? {
        if !range.contains(&relocation.offset) {
            continue;
        }
        let first: Vec<Relocation> = vec![relocation];
        let names = names_behind(&stored.file, &stored.symbols, first, Vec::new())?;
        words += usize::from(names.iter().any(|name| moved.contains(*name)));
    }
    Ok(words)
}

fn cannot_follow(holder: &Symbol<'_>, moved: &BTreeSet<String>) -> Reason {
    let moved: Vec<String> = moved
        .iter()
        .map(|name| format!("`{}`", pretty(name)))
        .collect();
    Reason::new(
        &codes::CONSTANT_IN_USE,
        format!(
            "`{}` is mutable and began with a reference to {}, whose new value cannot be written over the old one",
            pretty(holder.name),
            moved.join(" or ")
        ),
    )
}
