//! Source texts beyond the edited ones, and the functions that changed although nobody edited them.

use std::collections::BTreeMap;

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
    let mut files: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for function in &evidence.case.changed {
        let (Some(before), Some(facts)) = (
            evidence.old.functions.get(&*function.old),
            evidence.new.functions.get(&*function.new),
        ) else {
            continue;
        };
        if !is_of_workspace(evidence, facts) {
            continue;
        }
        let texts = (
            text_of(evidence, Side::Old, &function.old, before, &mut files),
            text_of(evidence, Side::New, &function.new, facts, &mut files),
        );
        let is_unedited = match &texts {
            (Some(old), Some(new)) => old.header == new.header && old.body == new.body,
            _ => false,
        };
        found.push(ChangedText {
            function,
            facts,
            old: texts.0,
            new: texts.1,
            is_unedited,
        });
    }
    found
}

/// True if the function's source stands in a crate of the workspace.
pub(super) fn is_of_workspace(evidence: &Evidence<'_, '_>, facts: &FunctionFacts) -> bool {
    let scope = facts.scope.split("::").next().unwrap_or_default();
    evidence.case.workspace_crates.contains(scope)
}

/// The function's text, in an edited file or in any other. `files` are the other ones that were read already.
pub(super) fn text_of(
    evidence: &Evidence<'_, '_>,
    side: Side,
    symbol: &str,
    facts: &FunctionFacts,
    files: &mut BTreeMap<String, Option<String>>,
) -> Option<FunctionText> {
    match evidence.sources.around(side, symbol, facts) {
        Surroundings::Text(text) => return Some(text.clone()),
        Surroundings::Untouched => {}
        Surroundings::Unknown => return None,
    }
    let place = facts.place.as_ref()?;
    if !matches!(
        evidence.sources.whereabouts(&place.file),
        Whereabouts::Untouched
    ) {
        return None;
    }
    let text = files
        .entry(place.file.to_string())
        .or_insert_with(|| evidence.case.texts.of(&place.file))
        .as_deref()?;
    let index = TextIndex::of(text);
    let line = place.line as usize;
    if facts.name.starts_with('{') {
        let path = names::canonical(symbol);
        return index
            .function_around(names::function_around(&path)?, line)
            .cloned();
    }
    let name = facts.name.split('<').next().unwrap_or(&facts.name);
    index
        .function_at(name, line)
        .or_else(|| index.function_under(name, line))
        .cloned()
}
