//! Several types of one name: the set of their shapes may be as before although two of them changed places. Which of them a
//! function handles is known from its own entry in the debug info, and functions are paired by what they are
//! (`diff::identity`). So each pair must handle types that look alike.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::codes;

use super::debug::{DebugFacts, FunctionFacts};
use super::layout::by_value;
use super::{Evidence, Scope, Verdict, names};

pub(super) fn judge(evidence: &Evidence<'_, '_>, scope: Scope<'_>, verdict: &mut Verdict) {
    let mut differing: BTreeMap<&str, &str> = BTreeMap::new();
    for (symbol, before, after) in pairs(evidence) {
        if scope.has_function(symbol) || before.handled.len() != after.handled.len() {
            continue;
        }
        for (one, other) in before.handled.iter().zip(&after.handled) {
            if one.name == other.name && one.digest != other.digest && !scope.has_type(&one.name) {
                differing.entry(&one.name).or_insert(symbol);
            }
        }
    }
    if differing.is_empty() {
        return;
    }
    // A type that is alone with its name has been compared already, field by field.
    let several = several(&evidence.old, &evidence.new);
    for (name, symbol) in differing {
        if several.iter().any(|of| names::mentions(name, of)) {
            verdict.restart(
                &codes::TYPE_DOUBT,
                format!(
                    "several types are called `{name}`, and the one that `{}` handles is not as before",
                    names::canonical(symbol)
                ),
                evidence.sources.span_of_type(name),
            );
        }
    }
}

/// Functions that both builds have, the old symbol first.
fn pairs<'e>(
    evidence: &'e Evidence<'_, '_>,
) -> impl Iterator<Item = (&'e str, &'e FunctionFacts, &'e FunctionFacts)> {
    let case = evidence.case;
    let taken: HashSet<&str> = case
        .renamed
        .values()
        .chain(&case.added)
        .map(String::as_str)
        .collect();
    let gone: HashSet<&str> = case.removed.iter().map(String::as_str).collect();
    evidence
        .old
        .functions
        .iter()
        .filter_map(move |(old, before)| {
            let new = match case.renamed.get(&**old) {
                Some(new) => new.as_str(),
                None if taken.contains(&**old) || gone.contains(&**old) => return None,
                None => old,
            };
            Some((&**old, before, evidence.new.functions.get(new)?))
        })
}

/// Names that several types have, and those of types that hold such a one.
pub(super) fn several(old: &DebugFacts, new: &DebugFacts) -> BTreeSet<String> {
    let shapes = || old.types.iter().chain(&new.types);
    let mut several: BTreeSet<String> = shapes()
        .filter(|(_, shapes)| shapes.len() > 1)
        .map(|(name, _)| name.to_string())
        .collect();
    let mut newest = several.clone();
    while !newest.is_empty() {
        newest = shapes()
            .filter(|(name, _)| !several.contains(&***name))
            .filter(|(_, shapes)| {
                shapes.iter().flat_map(by_value).any(|member| {
                    newest
                        .iter()
                        .any(|of| names::mentions(&member.type_name, of))
                })
            })
            .map(|(name, _)| name.to_string())
            .collect();
        several.extend(newest.iter().cloned());
    }
    several
}
