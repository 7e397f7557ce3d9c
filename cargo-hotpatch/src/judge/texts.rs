//! Source texts beyond the edited ones, and the functions that changed although nobody edited them.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::functions::FunctionText;
use crate::source::index::TextIndex;

use super::debug::FunctionFacts;
use super::sources::{Side, Surroundings, Whereabouts};
use super::{ChangedFunction, Evidence, names};

/// The source files of the workspace that were not edited. They are read only for a question that nothing else answers.
pub trait Texts: std::fmt::Debug + Sync {
    /// The text of the file of this path, as the compiler names it.
    fn of(&self, path: &str) -> Option<String>;
    /// The texts of all of them.
    fn all(&self) -> Vec<String>;
}

/// Nothing but what was edited is known.
#[derive(Debug)]
pub struct NoTexts;

impl Texts for NoTexts {
    fn of(&self, _path: &str) -> Option<String> {
        None
    }

    fn all(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A changed function of the workspace, and what the sources say of it. A closure has the text of the function around it.
pub(super) struct ChangedText<'c> {
    pub(super) function: &'c ChangedFunction,
    pub(super) facts: &'c FunctionFacts,
    /// `None` where it was not found: a macro made it, perhaps.
    pub(super) old: Option<FunctionText>,
    pub(super) new: Option<FunctionText>,
    /// The text is known and as before, so something else changed the code.
    pub(super) is_unedited: bool,
}

/// The changed functions whose source stands in the workspace.
pub(super) fn changed<'e>(evidence: &'e Evidence<'_, '_>) -> Vec<ChangedText<'e>> {
    let functions: Vec<(&ChangedFunction, &FunctionFacts, &FunctionFacts)> = evidence
        .case
        .changed
        .iter()
        .filter_map(|function| {
            let before = evidence.old.functions.get(&*function.old)?;
            let after = evidence.new.functions.get(&*function.new)?;
            is_of_workspace(evidence, after).then_some((function, before, after))
        })
        .collect();
    // A file is cut into pieces once, however many functions of it changed.
    let files: BTreeSet<&str> = functions
        .iter()
        .flat_map(|(_, before, after)| [before, after])
        .filter_map(|facts| unedited_file(evidence, facts))
        .collect();
    let texts: BTreeMap<&str, String> = files
        .into_iter()
        .filter_map(|file| Some((file, evidence.case.texts.of(file)?)))
        .collect();
    let indexes: BTreeMap<&str, TextIndex<'_>> = texts
        .iter()
        .map(|(file, text)| (*file, TextIndex::of(text)))
        .collect();
    let text = |side: Side, symbol: &str, facts: &FunctionFacts| -> Option<FunctionText> {
        match evidence.sources.around(side, symbol, facts) {
            Surroundings::Text(text) => Some(text.clone()),
            Surroundings::Untouched => {
                let file = unedited_file(evidence, facts)?;
                within(indexes.get(file)?, symbol, facts).cloned()
            }
            Surroundings::Unknown => None,
        }
    };
    functions
        .into_iter()
        .map(|(function, before, facts)| {
            let old = text(Side::Old, &function.old, before);
            let new = text(Side::New, &function.new, facts);
            let is_unedited = match (&old, &new) {
                (Some(old), Some(new)) => old.header == new.header && old.body == new.body,
                _ => false,
            };
            ChangedText {
                function,
                facts,
                old,
                new,
                is_unedited,
            }
        })
        .collect()
}

/// The file that the function stands in, if it was certainly not edited.
fn unedited_file<'f>(evidence: &Evidence<'_, '_>, facts: &'f FunctionFacts) -> Option<&'f str> {
    let file = &*facts.place.as_ref()?.file;
    let whereabouts = evidence.sources.whereabouts(file);
    matches!(whereabouts, Whereabouts::Untouched).then_some(file)
}

/// The function in the text of its file; the one around it for a closure.
fn within<'i>(
    index: &'i TextIndex<'_>,
    symbol: &str,
    facts: &FunctionFacts,
) -> Option<&'i FunctionText> {
    let line = facts.place.as_ref()?.line as usize;
    if facts.name.starts_with('{') {
        let path = names::canonical(symbol);
        return index.function_around(names::function_around(&path)?, line);
    }
    let name = facts.name.split('<').next().unwrap_or(&facts.name);
    index
        .function_at(name, line)
        .or_else(|| index.function_under(name, line))
}

/// True if the function's source stands in a crate of the workspace.
pub(super) fn is_of_workspace(evidence: &Evidence<'_, '_>, facts: &FunctionFacts) -> bool {
    let scope = facts.scope.split("::").next().unwrap_or_default();
    evidence.case.workspace_crates.contains(scope)
}

/// The function's text, in an edited file or in any other.
pub(super) fn text_of(
    evidence: &Evidence<'_, '_>,
    side: Side,
    symbol: &str,
    facts: &FunctionFacts,
) -> Option<FunctionText> {
    match evidence.sources.around(side, symbol, facts) {
        Surroundings::Text(text) => Some(text.clone()),
        Surroundings::Untouched => {
            let text = evidence.case.texts.of(unedited_file(evidence, facts)?)?;
            within(&TextIndex::of(&text), symbol, facts).cloned()
        }
        Surroundings::Unknown => None,
    }
}
