//! Blocks of `impl` have numbers in debug info, and one more in front gives all others new ones. Here the new build's
//! numbers are translated into those of the build that runs, so that equal names mean equal things.
//!
//! A symbol says which type and which trait a block is of, and debug info says at which number the symbol's function stands.
//! So a function that both builds have says which block of the one is which of the other. A block without such a function
//! keeps its number: had it got another one, its symbols and their objects would differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::codes;
use crate::diff::identity;
use crate::source::{Difference, ItemKind};

use super::debug::DebugFacts;
use super::sources::Sources;
use super::{Evidence, Verdict, names};

/// The path up to and with the first number of an `impl` block.
fn numbered(name: &str) -> Option<&str> {
    let at = name.find("{impl#")?;
    let end = at + name[at..].find('}')? + 1;
    Some(&name[..end])
}

fn module(numbered: &str) -> &str {
    numbered.split("{impl#").next().unwrap_or(numbered)
}

/// The numbered blocks of one build, by the functions in them, which are known by what of their symbols does not count.
fn blocks(facts: &DebugFacts) -> HashMap<u64, BTreeSet<&str>> {
    let mut blocks: HashMap<u64, BTreeSet<&str>> = HashMap::new();
    for (symbol, function) in &facts.functions {
        if let Some(block) = numbered(&function.scope)
            && let Some(key) = identity::path_key(symbol)
        {
            blocks.entry(key).or_default().insert(block);
        }
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
    let (old, new) = (blocks(&evidence.old), blocks(&evidence.new));
    // New block to the old ones that it may be.
    let mut partners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let nothing = BTreeSet::new();
    for (key, after) in &new {
        let before = old.get(key).unwrap_or(&nothing);
        // Blocks of one path in several `const _`, of which one is meant.
        let same: BTreeSet<&str> = before.intersection(after).copied().collect();
        for block in after {
            let known = partners.entry(block).or_default();
            if same.contains(block) {
                known.insert(block);
            } else {
                known.extend(before.iter().copied().filter(|one| !same.contains(one)));
            }
        }
    }
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for block in partners.values().flatten() {
        *uses.entry(block).or_default() += 1;
    }
    let mut translation: HashMap<String, String> = HashMap::new();
    let mut unclear: BTreeSet<String> = BTreeSet::new();
    for (block, known) in &partners {
        let spelling = match (known.len(), known.first()) {
            (0, _) | (_, None) => format!(
                "{}{{new {}",
                module(block),
                &block[module(block).len() + 1..]
            ),
            (1, Some(one)) if uses.get(one) == Some(&1) => (*one).to_owned(),
            _ => {
                unclear.extend(known.iter().map(|one| (*one).to_owned()));
                continue;
            }
        };
        translation.insert((*block).to_owned(), spelling);
    }
    judge_unclear(evidence, &unclear, verdict);
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

/// Types of the running program that stand inside of a block of which it is not certain which one of the new build it is.
fn judge_unclear(evidence: &Evidence<'_, '_>, unclear: &BTreeSet<String>, verdict: &mut Verdict) {
    let mut doubtful: Vec<&str> = evidence
        .old
        .types
        .keys()
        .filter(|name| {
            let stands_inside = names::segments(name)
                .into_iter()
                .any(|segment| segment.starts_with("{impl#"));
            stands_inside && numbered(name).is_some_and(|block| unclear.contains(block))
        })
        .map(|name| &**name)
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
