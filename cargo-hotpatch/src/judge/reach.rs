//! Names whose meaning an edit may have changed, although the text that uses them is as before.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::definitions::{self, Definition};
use crate::source::{Difference, ItemKind};

use super::Evidence;
use super::sources::Side;

/// What an edit of constants, aliases, types, imports and macros reaches by name.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Each name, with the edited one that it leads back to.
    pub(super) names: BTreeMap<String, Cause>,
    /// The definitions that lead from one to the next.
    pub(super) definitions: BTreeSet<Definition>,
    /// An edit that may give any name another meaning: an import of everything, a module's declaration.
    pub(super) anything: Option<String>,
}

/// What a name leads back to.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    /// The name of what was edited.
    pub(super) name: String,
    /// It is a constant, or a function that gives one.
    pub(super) is_number: bool,
}

impl Reach {
    /// Follows the names of what was edited through all texts of the workspace.
    pub(super) fn of(evidence: &Evidence<'_, '_>) -> Self {
        let mut reach = Self::default();
        edited_names(evidence, &mut reach);
        if reach.names.is_empty() {
            return reach;
        }
        let rest = evidence.case.texts.all();
        let edited = (evidence.case.sources.iter())
            .flat_map(|source| [source.old, source.new])
            .flatten();
        let texts: Vec<&str> = edited.chain(rest.iter().map(String::as_str)).collect();
        let mut fresh: BTreeSet<String> = reach.names.keys().cloned().collect();
        while !fresh.is_empty() {
            let mut next = BTreeSet::new();
            for definition in texts
                .iter()
                .flat_map(|text| definitions::naming(text, &fresh))
            {
                let words = definitions::words_of(&definition.text);
                let cause = fresh.iter().find(|name| words.contains(*name));
                let cause = cause.and_then(|name| reach.names.get(name)).cloned();
                for name in &definition.names {
                    if !is_noise(name) && !reach.names.contains_key(name) {
                        let Some(cause) = cause.clone() else { continue };
                        reach.names.insert(name.clone(), cause);
                        next.insert(name.clone());
                    }
                }
                reach.definitions.insert(definition);
            }
            fresh = next;
        }
        reach
    }

    fn add(&mut self, name: String, is_number: bool) {
        if is_noise(&name) {
            return;
        }
        let cause = Cause {
            name: name.clone(),
            is_number,
        };
        self.names.entry(name).or_insert(cause);
    }
}

/// Words of imports that name nothing by themselves.
fn is_noise(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "use", "pub", "crate", "self", "super", "as", "std", "core", "alloc", "in", "extern", "_",
    ];
    WORDS.contains(&word)
}

/// Adds the identifiers of what was edited, came or went, if code that uses it could mean something else by it.
fn edited_names(evidence: &Evidence<'_, '_>, reach: &mut Reach) {
    for (file, item) in evidence.sources.changed_items() {
        let last = item.path.rsplit("::").next().unwrap_or(&item.path);
        let identifier = last.split('<').next().unwrap_or(last).trim();
        match item.kind {
            ItemKind::Const => reach.add(identifier.to_owned(), true),
            // Of a type that holds the same as before, debug info says enough.
            ItemKind::Type if item.difference == Difference::Edited && !item.is_reshaped => {}
            ItemKind::TypeAlias | ItemKind::Type | ItemKind::Macro => {
                reach.add(identifier.to_owned(), false);
            }
            // It may have constants.
            ItemKind::Trait => reach.add(identifier.to_owned(), true),
            ItemKind::Use => {
                if item.path.contains('*') {
                    reach.anything.get_or_insert_with(|| item.path.clone());
                }
                for word in definitions::words_of(&item.path) {
                    reach.add(word, false);
                }
            }
            ItemKind::MacroCall => {
                for (side, lines) in [(Side::Old, item.old), (Side::New, item.new)] {
                    let text = lines.map(|lines| evidence.lines(file.path, side, lines));
                    for word in definitions::words_of(&text.unwrap_or_default()) {
                        reach.add(word, true);
                    }
                }
            }
            ItemKind::Module | ItemKind::Attributes => {
                reach.anything.get_or_insert_with(|| item.path.clone());
            }
            _ => {}
        }
    }
    for file in &evidence.sources.files {
        for edited in &file.change.edited {
            let Some(text) = file.function_within(Side::New, &edited.name, edited.new) else {
                continue;
            };
            let is_raw = ["* const", "* mut", "NonNull"]
                .iter()
                .any(|pointer| text.header.contains(pointer));
            if is_raw && !edited.header_equal {
                reach.add(edited.name.clone(), false);
            } else if ["const fn", "const unsafe", "const extern"]
                .iter()
                .any(|kind| text.header.contains(kind))
            {
                reach.add(edited.name.clone(), true);
            }
        }
        if file.unreadable {
            let path = file.path.to_string_lossy().into_owned();
            reach.anything.get_or_insert(path);
        }
    }
}
