//! Blocks of `impl` have numbers in debug info, and one more in front gives all others new ones. Here the new build's
//! numbers are translated into those of the build that runs, so that equal names mean equal things.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::codes;
use crate::source::{Difference, ItemKind};

use super::debug::DebugFacts;
use super::sources::{Side, Sources, Whereabouts};
use super::{Evidence, Verdict, names};

/// What is known of the numbered blocks of one build.
#[derive(Default)]
struct Blocks {
    /// By numbered path: the block's header in the text, or `None` where it was not found.
    headers: BTreeMap<String, Option<String>>,
    /// Modules (paths in front of a number) with functions in an edited file.
    edited_modules: BTreeSet<String>,
}

/// The path up to and with the first number of an `impl` block.
fn numbered(name: &str) -> Option<&str> {
    let at = name.find("{impl#")?;
    let end = at + name[at..].find('}')? + 1;
    Some(&name[..end])
}

fn module(numbered: &str) -> &str {
    numbered.split("{impl#").next().unwrap_or(numbered)
}

fn blocks(facts: &DebugFacts, sources: &Sources<'_>, side: Side) -> Blocks {
    let mut blocks = Blocks::default();
    for function in facts.functions.values() {
        let Some(place) = &function.place else {
            continue;
        };
        let Whereabouts::Edited(file) = sources.whereabouts(&place.file) else {
            continue;
        };
        let scope = names::segments(&function.scope);
        let outer = scope
            .iter()
            .take_while(|segment| !segment.starts_with('{'))
            .map(|segment| format!("{segment}::"));
        let mut path = String::new();
        for segment in outer {
            path.push_str(&segment);
            blocks.edited_modules.insert(path.clone());
        }
        let Some(block) = numbered(&function.scope) else {
            continue;
        };
        let line = place.line as usize;
        let mut around = file.index(side).impls_around(line).collect::<Vec<_>>();
        around.sort_by_key(|text| text.last_line - text.first_line);
        let header = match around.as_slice() {
            [one] => Some(one.header.clone()),
            [one, other, ..]
                if one.last_line - one.first_line < other.last_line - other.first_line =>
            {
                Some(one.header.clone())
            }
            _ => None,
        };
        // In a macro's definition it may stand for any number of blocks.
        let header = header.filter(|header| !header.contains('$'));
        // Functions of one block that seem to stand in several: nothing is known.
        blocks
            .headers
            .entry(block.to_owned())
            .and_modify(|known| {
                if *known != header {
                    *known = None;
                }
            })
            .or_insert(header);
    }
    blocks
}

/// True if the edit could have given blocks other numbers.
fn may_have_moved(sources: &Sources<'_>) -> bool {
    sources.files.iter().any(|file| file.unreadable)
        || sources.changed_items().any(|(_, item)| match item.kind {
            ItemKind::ImplHeader => item.difference != Difference::Edited,
            // A derive makes blocks as well, and so may a macro.
            ItemKind::Type
            | ItemKind::Macro
            | ItemKind::MacroCall
            | ItemKind::Order
            | ItemKind::Other => true,
            _ => false,
        })
}

/// Translates the new build's names; what cannot be translated restarts.
pub(super) fn align(evidence: &mut Evidence<'_, '_>, verdict: &mut Verdict) {
    if !may_have_moved(&evidence.sources) {
        return;
    }
    let old = blocks(&evidence.old, &evidence.sources, Side::Old);
    let new = blocks(&evidence.new, &evidence.sources, Side::New);
    // A header that stands for one block in either build.
    let unique = |blocks: &Blocks| -> HashMap<(String, String), String> {
        let mut found: HashMap<(String, String), Option<String>> = HashMap::new();
        for (path, header) in &blocks.headers {
            let Some(header) = header else { continue };
            found
                .entry((module(path).to_owned(), header.clone()))
                .and_modify(|known| *known = None)
                .or_insert_with(|| Some(path.clone()));
        }
        found
            .into_iter()
            .filter_map(|(key, path)| Some((key, path?)))
            .collect()
    };
    let (old_unique, new_unique) = (unique(&old), unique(&new));
    let mut translation: HashMap<String, String> = HashMap::new();
    for (key, path) in &new_unique {
        let known = match old_unique.get(key) {
            Some(before) => before.clone(),
            None => format!("{}{{new {}", module(path), &path[module(path).len() + 1..]),
        };
        translation.insert(path.clone(), known);
    }
    let certain = |key: &(String, String)| {
        new_unique.contains_key(key)
            || !new
                .headers
                .iter()
                .any(|(path, header)| header.as_ref() == Some(&key.1) && module(path) == key.0)
    };
    let resolved: BTreeSet<&str> = old_unique
        .iter()
        .filter(|(key, _)| certain(key))
        .map(|(_, path)| path.as_str())
        .collect();
    judge_unknown(evidence, &old, &resolved, verdict);
    let spelling = |name: &str| translate(name, &translation);
    // What is remembered of the objects keeps its own numbers.
    Arc::make_mut(&mut evidence.new).rename(&spelling);
}

/// All numbered paths in a name, translated; `None` when nothing changes.
fn translate(name: &str, translation: &HashMap<String, String>) -> Option<String> {
    if !name.contains("{impl#") {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    let mut changed = false;
    while let Some(at) = rest.find("{impl#") {
        let Some(end) = rest[at..].find('}').map(|end| at + end + 1) else {
            break;
        };
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let start = rest[..at]
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_path(*c))
            .last()
            .map_or(at, |(start, _)| start);
        out.push_str(&rest[..start]);
        match translation.get(&rest[start..end]) {
            Some(known) if *known != rest[start..end] => {
                changed = true;
                out.push_str(known);
            }
            _ => out.push_str(&rest[start..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Types of the running program that stand inside of a block whose new number is not known.
fn judge_unknown(
    evidence: &Evidence<'_, '_>,
    old: &Blocks,
    resolved: &BTreeSet<&str>,
    verdict: &mut Verdict,
) {
    let mut doubtful: Vec<&str> = evidence
        .old
        .types
        .keys()
        .filter_map(|name| {
            let first = names::segments(name)
                .into_iter()
                .any(|segment| segment.starts_with("{impl#"));
            let block = numbered(name).filter(|_| first)?;
            (old.edited_modules.contains(module(block)) && !resolved.contains(block))
                .then_some(&**name)
        })
        .collect();
    doubtful.sort_unstable();
    if let Some(name) = doubtful.first() {
        verdict.restart(
            &codes::TYPE_DOUBT,
            format!("`impl` blocks were added, removed or moved, and it is not certain which of them `{name}` belongs to"),
            None,
        );
    }
}
