//! Items of one path of which the objects do not tell which is which: can they have changed places?
//!
//! The compiler numbers the items of one path and one parent as they stand in the text, those that macros make as the macros
//! are expanded. So numbers stay where no text that makes such items has changed: [`may_have_moved`] looks at that.

use crate::codes::{self, Reason};
use crate::diff::identity::{Doubt, DoubtKind};
use crate::source::closures::{Entry, EntryKind, Pairing, pair};
use crate::source::functions::FunctionText;
use crate::source::{Difference, ItemKind};

use super::sources::Side;
use super::{Evidence, Verdict, names};

/// The doubt as a reason for a restart.
#[must_use]
pub fn exchange_reason(doubt: &Doubt) -> Reason {
    let path = names::canonical(&doubt.symbol);
    let why = doubt.why();
    if doubt.is_static {
        Reason::new(
            &codes::STATIC_PAIRING,
            format!(
                "several statics are called `{path}`, and it is not certain which value belongs to which: {why}"
            ),
        )
    } else {
        Reason::new(
            &codes::PAIRING_DOUBT,
            format!(
                "several items are called `{path}`, and it is not certain which is which: {why}"
            ),
        )
    }
}

pub(super) fn judge(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for doubt in &evidence.case.exchanged {
        let path = names::canonical(&doubt.symbol);
        let is_real = match doubt.kind {
            DoubtKind::Moved => true,
            DoubtKind::Several | DoubtKind::Replaced => may_have_moved(evidence, &path),
            DoubtKind::Alike => text_moved(evidence, &path),
        };
        if is_real {
            let reason = exchange_reason(doubt);
            if !verdict.restart.contains(&reason) {
                verdict.restart.push(reason);
            }
        }
    }
}

/// True if a text changed that can have given the items of this path other numbers.
fn may_have_moved(evidence: &Evidence<'_, '_>, path: &str) -> bool {
    let sources = &evidence.sources;
    if sources.files.iter().any(|file| file.unreadable) {
        return true;
    }
    // In a module, only blocks of `const _` have one name.
    let is_in_nameless = path.contains("::_::");
    let by_item = sources.changed_items().any(|(_, item)| match item.kind {
        ItemKind::Macro => item.difference != Difference::Added,
        ItemKind::MacroCall => true,
        // A derive makes such blocks.
        ItemKind::Type | ItemKind::Order | ItemKind::Module | ItemKind::Other => is_in_nameless,
        ItemKind::Const => is_in_nameless && item.path.rsplit("::").next() == Some("_"),
        _ => false,
    });
    by_item || holders(evidence, path).any(|texts| texts.is_none_or(makers_changed))
}

/// True if the text of an edited function that items of this path stand in shows them in another order.
fn text_moved(evidence: &Evidence<'_, '_>, path: &str) -> bool {
    holders(evidence, path).any(|texts| {
        texts.is_none_or(|(old, new)| {
            pair(&old.entries, &new.entries, &makes_items) != Pairing::Certain
        })
    })
}

/// The text of a function before and after.
type Texts<'e> = (&'e FunctionText, &'e FunctionText);

/// The edited functions that items of this path may stand in; `None` for one whose text was not found.
fn holders<'e>(
    evidence: &'e Evidence<'_, '_>,
    path: &'e str,
) -> impl Iterator<Item = Option<Texts<'e>>> {
    evidence.sources.files.iter().flat_map(move |file| {
        let edited = file.change.edited.iter();
        let around = edited.filter(|edited| names::has_word(path, &edited.name));
        around.map(|edited| {
            Some((
                file.function_within(Side::Old, &edited.name, edited.old)?,
                file.function_within(Side::New, &edited.name, edited.new)?,
            ))
        })
    })
}

fn makes_items(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::Macro | EntryKind::Opaque | EntryKind::Static | EntryKind::Item
    )
}

/// One that was edited in its place cannot have changed places with another; of two that were edited it is not known.
fn makers_changed((old, new): Texts<'_>) -> bool {
    let texts = |entries: &[Entry]| -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        collect(entries, &mut texts);
        texts
    };
    let (before, after) = (texts(&old.entries), texts(&new.entries));
    let edited = before.iter().zip(&after).filter(|(a, b)| a != b);
    before.len() != after.len()
        || pair(&old.entries, &new.entries, &makes_items) != Pairing::Certain
        || edited.count() > 1
}

/// The texts of all that makes items, each once.
fn collect(entries: &[Entry], texts: &mut Vec<String>) {
    for entry in entries {
        if makes_items(entry.kind) && texts.last() != Some(&entry.text) {
            texts.push(entry.text.clone());
        }
        collect(&entry.children, texts);
    }
}
