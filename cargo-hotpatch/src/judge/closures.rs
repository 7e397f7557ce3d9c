//! Closures and coroutines: are they still the ones that their numbers say, and may a suspended one go on?

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::codes::{self, Span};
use crate::source::closures::{Entry, EntryKind, Pairing, pair};
use crate::source::functions::FunctionText;
use crate::source::{Difference, ItemKind, Lines};

use super::debug::{DebugFacts, FunctionFacts};
use super::sources::{Side, SourceFile, Surroundings};
use super::{ChangedFunction, Evidence, Verdict, names};

/// What shares the numbering of closures.
fn is_numbered(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::Closure | EntryKind::Async | EntryKind::Opaque
    )
}

/// What may hide closures in its expansion.
fn is_macro(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Macro | EntryKind::Opaque)
}

pub(super) fn judge(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    judge_texts(evidence, verdict);
    judge_numbers(evidence, verdict);
    judge_coroutines(evidence, verdict);
}

/// The functions of both texts inside of an edited function, itself first, paired by name and order. One that went away
/// took its closures with it.
fn pairs_within<'f>(
    file: &'f SourceFile<'_>,
    old: Lines,
    new: Lines,
) -> Vec<(&'f FunctionText, &'f FunctionText)> {
    let within = |side: Side, (first, last): Lines| {
        file.index(side)
            .functions
            .iter()
            .filter(move |function| function.first_line >= first && function.last_line <= last)
    };
    let mut left: Vec<&FunctionText> = within(Side::New, new).collect();
    let mut pairs = Vec::new();
    for one in within(Side::Old, old) {
        if let Some(index) = left.iter().position(|other| other.name == one.name) {
            pairs.push((one, left.remove(index)));
        }
    }
    pairs
}

/// The order of closures in the texts of edited functions.
fn judge_texts(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for file in &evidence.sources.files {
        for edited in &file.change.edited {
            for (before, after) in pairs_within(file, edited.old, edited.new) {
                report_pairing(
                    verdict,
                    &edited.path,
                    pair(&before.entries, &after.entries, &is_numbered),
                    Some(file.span(after.first_line)),
                );
            }
        }
        for before in &file.old.values {
            let mut namesakes = file
                .new
                .values
                .iter()
                .filter(|after| after.name == before.name);
            if let (Some(after), None) = (namesakes.next(), namesakes.next()) {
                let pairing = pair(&before.entries, &after.entries, &is_numbered);
                report_pairing(verdict, &before.name, pairing, Some(file.span(after.line)));
            }
        }
    }
}

fn report_pairing(verdict: &mut Verdict, path: &str, pairing: Pairing, span: Option<Span>) {
    if let Pairing::Doubtful(why) = pairing {
        verdict.restart(
            &codes::CLOSURE_PAIRING,
            format!(
                "the closures of `{path}` cannot be paired with those made before the edit: {why}"
            ),
            span,
        );
    }
}

/// Which numbers the debug info knows under each parent, with one function of each parent to find the text by.
type Numbers<'f> = BTreeMap<String, (BTreeSet<u32>, (&'f str, &'f FunctionFacts))>;

fn numbers<'f>(facts: &'f DebugFacts, crates: &HashSet<String>) -> Numbers<'f> {
    let mut numbers = Numbers::new();
    for (linkage, function) in &facts.functions {
        if !function.name.starts_with('{') {
            continue;
        }
        let path = names::canonical(linkage);
        if !names::mentions_crate(&path, crates) {
            continue;
        }
        let segments = names::segments(&path);
        let Some((last, parent)) = segments.split_last() else {
            continue;
        };
        let digits: String = last
            .chars()
            .skip_while(|c| *c != '#')
            .skip(1)
            .take_while(char::is_ascii_digit)
            .collect();
        let Ok(number) = digits.parse::<u32>() else {
            continue;
        };
        numbers
            .entry(parent.join("::"))
            .or_insert_with(|| (BTreeSet::new(), (linkage, function)))
            .0
            .insert(number);
    }
    numbers
}

/// The numbers in the debug info: closures that macros hide do not show in the texts.
fn judge_numbers(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let crates = evidence.case.workspace_crates;
    let before = numbers(&evidence.old, crates);
    let after = numbers(&evidence.new, crates);
    for (parent, (old_numbers, old_function)) in &before {
        let Some((new_numbers, new_function)) = after.get(parent) else {
            continue;
        };
        // Closures inside of closures are paired with the text of the outermost one.
        if parent.ends_with('}') {
            continue;
        }
        let texts = (
            evidence
                .sources
                .around(Side::Old, old_function.0, old_function.1),
            evidence
                .sources
                .around(Side::New, new_function.0, new_function.1),
        );
        let (old_text, new_text) = match texts {
            (Surroundings::Text(old), Surroundings::Text(new)) => (old, new),
            (Surroundings::Untouched, Surroundings::Untouched) => {
                // Only an edited macro can have changed what is in there.
                if old_numbers != new_numbers && macro_changed(evidence) {
                    report_hidden(verdict, parent, evidence, new_function.1);
                }
                continue;
            }
            _ => {
                if old_numbers != new_numbers {
                    report_hidden(verdict, parent, evidence, new_function.1);
                }
                continue;
            }
        };
        let visible = |entries: &[Entry]| {
            entries
                .iter()
                .filter(|entry| is_numbered(entry.kind))
                .count()
        };
        let (old_visible, new_visible) = (visible(&old_text.entries), visible(&new_text.entries));
        let own = usize::from(old_text.is_async);
        let highest = |numbers: &BTreeSet<u32>| numbers.last().map_or(0, |last| *last as usize + 1);
        let hidden = highest(old_numbers) > old_visible.max(own)
            || highest(new_numbers) > new_visible.max(own);
        if !hidden {
            continue;
        }
        let macros_moved =
            pair(&old_text.entries, &new_text.entries, &is_macro) != Pairing::Certain;
        let counts_moved = highest(old_numbers) != highest(new_numbers)
            && highest(old_numbers).wrapping_sub(old_visible)
                != highest(new_numbers).wrapping_sub(new_visible);
        let visible_moved = old_visible != new_visible;
        if macros_moved || counts_moved || visible_moved || several_in_a_changed_macro(evidence) {
            report_hidden(verdict, parent, evidence, new_function.1);
        }
    }
}

fn report_hidden(
    verdict: &mut Verdict,
    parent: &str,
    evidence: &Evidence<'_, '_>,
    function: &FunctionFacts,
) {
    verdict.restart(
        &codes::CLOSURE_PAIRING,
        format!("a macro makes closures in `{parent}`, and they cannot be paired with those made before the edit"),
        evidence.sources.span_of(function.place.as_ref()),
    );
}

fn macro_changed(evidence: &Evidence<'_, '_>) -> bool {
    evidence.sources.changed_items().any(|(_, item)| {
        matches!(item.kind, ItemKind::Macro | ItemKind::MacroCall)
            && item.difference != Difference::Added
    })
}

/// True if an edited macro makes more than one closure: they could have changed places inside of it.
fn several_in_a_changed_macro(evidence: &Evidence<'_, '_>) -> bool {
    evidence.sources.changed_items().any(|(file, item)| {
        item.kind == ItemKind::Macro
            && item.difference == Difference::Edited
            && item.new.is_some_and(|lines| file.bars_within(lines) > 2)
    })
}

/// A coroutine whose body changed may only go on in the new code if nothing but constants around it did.
fn judge_coroutines(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for changed in &evidence.case.changed {
        let facts = (
            evidence.old.functions.get(&*changed.old),
            evidence.new.functions.get(&*changed.new),
        );
        let is_coroutine = [facts.0, facts.1]
            .into_iter()
            .flatten()
            .any(|f| names::is_coroutine_function(&f.name));
        if !is_coroutine {
            continue;
        }
        let path = names::canonical(&changed.old);
        if is_untouched(evidence, changed, facts) && !drop_glue_changed(evidence, &path) {
            continue;
        }
        let span = facts
            .1
            .or(facts.0)
            .and_then(|function| evidence.sources.span_of(function.place.as_ref()));
        verdict.restart(
            &codes::COROUTINE,
            format!("the code of the coroutine `{path}` changed; a future that is suspended in it keeps the state of the old code"),
            span,
        );
    }
}

/// True if neither the coroutine's text nor anything that could change its text's meaning was edited.
fn is_untouched(
    evidence: &Evidence<'_, '_>,
    changed: &ChangedFunction,
    facts: (Option<&FunctionFacts>, Option<&FunctionFacts>),
) -> bool {
    let (Some(old), Some(new)) = facts else {
        return false;
    };
    if !evidence.sources.is_calm() {
        return false;
    }
    let texts = (
        evidence.sources.around(Side::Old, &changed.old, old),
        evidence.sources.around(Side::New, &changed.new, new),
    );
    match texts {
        (Surroundings::Untouched, Surroundings::Untouched) => true,
        (Surroundings::Text(old), Surroundings::Text(new)) => {
            old.body == new.body && old.header == new.header
        }
        _ => false,
    }
}

fn drop_glue_changed(evidence: &Evidence<'_, '_>, path: &str) -> bool {
    let glue = format!("core::ptr::drop_in_place::<{path}>");
    evidence
        .case
        .changed
        .iter()
        .any(|changed| names::canonical(&changed.old) == glue)
}
