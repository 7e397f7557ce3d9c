//! Statics and thread-locals keep their address and value, so they must keep their type, memory and identity.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::codes;
use crate::diff::pairing::pair_static_names;
use crate::source::closures::{Entry, EntryKind, Pairing, pair, resembles_another};
use crate::source::functions::FunctionText;
use crate::source::{Difference, ItemKind, macros};

use super::debug::{DebugFacts, StaticFacts};
use super::relocatable::Memory;
use super::sources::Side;
use super::{Evidence, Verdict, names};

pub(super) fn judge(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    judge_each(evidence, verdict);
    judge_pairing(evidence, verdict);
    judge_replaced(evidence, verdict);
    judge_thread_local_forms(evidence, verdict);
    judge_registries(evidence, verdict);
}

fn is_mutable(fact: &StaticFacts) -> bool {
    matches!(fact.memory, Memory::Writable | Memory::PerThread)
}

/// A thread-local's own path, without what the standard library's macro puts inside of it.
pub(super) fn said(symbol: &str) -> String {
    let path = names::canonical(symbol);
    match path.find("::{") {
        Some(at) if path.ends_with("__RUST_STD_INTERNAL_VAL") => path[..at].to_owned(),
        _ => path,
    }
}

fn judge_each(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let mut symbols: Vec<_> = evidence.old.statics.keys().collect();
    symbols.sort();
    let changed_types: BTreeSet<String> = super::layout::compare(&evidence.old, &evidence.new)
        .into_iter()
        .map(|finding| finding.name.to_string())
        .collect();
    let several = super::shapes::several(&evidence.old, &evidence.new);
    // The numbers in a name may have changed while the patch linker follows the static to its new name.
    let names_of = |facts: &'_ DebugFacts| -> HashSet<String> {
        let mangled = facts
            .statics
            .keys()
            .filter(|symbol| names::is_mangled(symbol));
        mangled.map(ToString::to_string).collect()
    };
    let (old_names, new_names) = (names_of(&evidence.old), names_of(&evidence.new));
    let followed = pair_static_names(
        &old_names.iter().map(String::as_str).collect(),
        &new_names.iter().map(String::as_str).collect(),
    );
    for symbol in symbols {
        let new_symbol = followed.get(&**symbol).map_or(&**symbol, String::as_str);
        let (Some(before), Some(after)) = (
            evidence.old.statics.get(symbol),
            evidence.new.statics.get(new_symbol),
        ) else {
            continue;
        };
        let name = said(symbol);
        let span = evidence.sources.span_of(after.place.as_ref());
        if before.type_name != after.type_name {
            verdict.restart(
                &codes::STATIC_TYPE,
                format!(
                    "`{name}` was a `{}`, now it is a `{}`",
                    before.type_name, after.type_name
                ),
                span.clone(),
            );
        } else if let Some(inner) = changed_types
            .iter()
            .find(|inner| names::mentions(&before.type_name, inner))
        {
            verdict.restart(
                &codes::STATIC_TYPE,
                format!("`{name}` keeps its value, and its type `{}` depends on `{inner}`, which changed", before.type_name),
                span.clone(),
            );
        } else if before.look != after.look
            && several
                .iter()
                .any(|of| names::mentions(&before.type_name, of))
        {
            verdict.restart(
                &codes::STATIC_TYPE,
                format!(
                    "`{name}` is a `{}`, several types have a part of that name, and its own is not as before",
                    before.type_name
                ),
                span.clone(),
            );
        }
        if before.memory == Memory::Absent || after.memory == Memory::Absent {
            continue;
        }
        if before.memory != after.memory {
            verdict.restart(
                &codes::STATIC_SECTION,
                format!(
                    "`{name}` was in {}, now it would be in {}",
                    before.memory, after.memory
                ),
                span,
            );
        } else if before.initial != after.initial {
            // Of the others it depends on whether the new value can be written over the old one.
            if before.memory != Memory::Writable {
                continue;
            }
            let note = format!(
                "`{name}` keeps its live value; its new initial value counts from the next start on"
            );
            if !verdict.notes.contains(&note) {
                verdict.notes.push(note);
            }
        }
    }
    note_initialisers(evidence, verdict);
}

/// Statics that are initialised by code, once: the live value stays.
fn note_initialisers(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let statics: BTreeSet<String> = evidence
        .old
        .statics
        .iter()
        .filter(|(_, fact)| is_mutable(fact))
        .map(|(symbol, _)| said(symbol))
        .collect();
    // The static itself may be in an object that did not change.
    let edited: BTreeSet<&str> = evidence
        .sources
        .changed_items()
        .filter(|(_, item)| item.kind == ItemKind::Static && item.difference == Difference::Edited)
        .filter_map(|(_, item)| item.path.rsplit("::").next())
        .collect();
    for changed in &evidence.case.changed {
        let path = names::canonical(&changed.old);
        let of_edited = || {
            let (name, rest) = path.split_once("::{")?;
            let identifier = name.rsplit("::").next().unwrap_or(name);
            (rest.starts_with("closure#") && edited.contains(identifier)).then_some(name)
        };
        let known = statics.iter().find(|name| {
            path.strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with("::"))
        });
        let Some(name) = known.map(String::as_str).or_else(of_edited) else {
            continue;
        };
        let note = format!(
            "`{name}` keeps its live value where it has one already; its new initialiser runs only where it has none yet"
        );
        if !verdict.notes.contains(&note) {
            verdict.notes.push(note);
        }
    }
}

/// The mutable statics of each path, numbers of closures and constants left out.
fn by_path(facts: &DebugFacts) -> BTreeMap<String, BTreeSet<&str>> {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (symbol, fact) in &facts.statics {
        // An object that only refers to a static of another one says nothing about how many there are.
        if !is_mutable(fact) {
            continue;
        }
        let mut path = String::new();
        let mut number = false;
        // With the crate's hash: a library and a program may have one name.
        for c in crate::diff::pairing::canonical(symbol).chars() {
            match c {
                '#' => number = true,
                '0'..='9' if number => {}
                _ => {
                    number = false;
                    path.push(c);
                }
            }
        }
        groups.entry(path).or_default().insert(symbol);
    }
    groups
}

fn judge_pairing(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let (before, after) = (by_path(&evidence.old), by_path(&evidence.new));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let nobody = BTreeSet::new();
    for path in paths {
        let (old, new) = (
            before.get(path).unwrap_or(&nobody),
            after.get(path).unwrap_or(&nobody),
        );
        // A thread-local is one variable with two forms, of which only one is used.
        let forms = if path.ends_with("__RUST_STD_INTERNAL_VAL") {
            2
        } else {
            1
        };
        let several = old.len().max(new.len()) > forms;
        // One of several of a path, of which the others are in objects that did not change.
        let numbered = old
            .symmetric_difference(new)
            .any(|symbol| names::is_numbered(symbol, &names::canonical(symbol)));
        if (numbered || several)
            && (old.is_subset(new) || new.is_subset(old))
            && old.len() != new.len()
            && numbers_stay(evidence, path)
        {
            continue;
        }
        let doubt = if numbered || several && old.len() != new.len() {
            format!(
                "the build that runs has {} of this path here, the new one {}",
                old.len(),
                new.len()
            )
        } else if several && old != new {
            "they have other numbers than before".to_owned()
        } else if several {
            match moved_in_text(evidence, path) {
                Some(why) => why,
                None => continue,
            }
        } else {
            continue;
        };
        let first = new.first().or(old.first());
        let path = first.map_or_else(|| path.clone(), |symbol| names::canonical(symbol));
        let span = new
            .first()
            .and_then(|symbol| evidence.new.statics.get(*symbol))
            .and_then(|fact| evidence.sources.span_of(fact.place.as_ref()));
        verdict.restart(
            &codes::STATIC_PAIRING,
            format!("several statics are called `{path}`, and it is not certain which value belongs to which: {doubt}"),
            span,
        );
    }
}

/// The functions that statics of this path stand in, as far as they were edited: before and after.
type EditedHolders<'e> = Vec<(Option<&'e FunctionText>, Option<&'e FunctionText>)>;

fn edited_holders<'e>(evidence: &'e Evidence<'_, '_>, path: &str) -> EditedHolders<'e> {
    let parents = names::segments(path);
    let mut holders = Vec::new();
    for file in &evidence.sources.files {
        for edited in file
            .change
            .edited
            .iter()
            .filter(|edited| parents.contains(&edited.name.as_str()))
        {
            holders.push((
                file.function_within(Side::Old, &edited.name, edited.old),
                file.function_within(Side::New, &edited.name, edited.new),
            ));
        }
    }
    holders
}

fn makes_statics(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::Macro | EntryKind::Opaque | EntryKind::Static
    )
}

/// Looks in the edited functions that these statics stand in: did what makes them change places?
fn moved_in_text(evidence: &Evidence<'_, '_>, path: &str) -> Option<String> {
    for holder in edited_holders(evidence, path) {
        let (Some(old), Some(new)) = holder else {
            return Some("the function that holds them was not found".to_owned());
        };
        if let Pairing::Doubtful(why) = pair(&old.entries, &new.entries, &makes_statics) {
            return Some(why);
        }
        let makers = |text: &'_ FunctionText| -> Vec<Maker> {
            let mut makers = Vec::new();
            collect_makers(&text.entries, path, &mut makers);
            makers
        };
        if let Some(why) = surroundings_moved(&makers(old), &makers(new)) {
            return Some(why);
        }
    }
    None
}

/// What makes a static: its own text, and that of the block that it stands in.
type Maker = (String, String);

/// What makes statics of this path in a function, in the order of their numbers.
fn collect_makers(entries: &[Entry], path: &str, makers: &mut Vec<Maker>) {
    let identifier = path.rsplit("::").next().unwrap_or(path);
    for entry in entries {
        match entry.kind {
            EntryKind::Static if names::has_word(&entry.text, identifier) => {
                makers.push((entry.text.clone(), entry.around.clone()));
            }
            EntryKind::Macro | EntryKind::Opaque => {
                makers.push((String::new(), entry.text.clone()));
            }
            _ => collect_makers(&entry.children, path, makers),
        }
    }
}

/// Statics that are declared alike are told apart by the blocks that they stand in. Did these change places?
fn surroundings_moved(old: &[Maker], new: &[Maker]) -> Option<String> {
    let texts = |makers: &[Maker]| -> Vec<String> {
        let texts = makers.iter();
        texts
            .map(|(text, around)| format!("{text} {around}"))
            .collect()
    };
    let (before, after) = (texts(old), texts(new));
    let old_texts: Vec<&str> = before.iter().map(String::as_str).collect();
    let new_texts: Vec<&str> = after.iter().map(String::as_str).collect();
    if let Some((one, other)) = resembles_another(&old_texts, &new_texts) {
        return Some(format!("number {one} of before resembles number {other}"));
    }
    // Around one that stands in no block of its own is the whole function, which changed.
    let is_in_none = old.iter().any(|(_, around)| around.is_empty());
    (before.len() > 1 && before != after && is_in_none).then(|| {
        "the block of one of them was edited, and another one has no block of its own".to_owned()
    })
}

/// True if statics of this path came or went only behind all others, so that those keep their numbers. The compiler
/// numbers the items of one path and one parent as they stand in the text.
fn numbers_stay(evidence: &Evidence<'_, '_>, path: &str) -> bool {
    fn at_end(old: &[Entry], new: &[Entry]) -> bool {
        // Of several that read alike nobody can tell which one came or went.
        let common = old.len().min(new.len());
        let more = if old.len() < new.len() { new } else { old };
        let told_apart = more[common..]
            .iter()
            .all(|one| more[..common].iter().all(|other| other.text != one.text));
        told_apart
            && old.iter().zip(new).all(|(old, new)| {
                // A closure is a parent of its own.
                old.text == new.text
                    || old.kind == new.kind
                        && matches!(old.kind, EntryKind::Closure | EntryKind::Async)
                        && at_end(&old.children, &new.children)
            })
    }
    let files = &evidence.sources.files;
    let another_macro = files.iter().any(|file| file.unreadable)
        || evidence.sources.changed_items().any(|(_, item)| {
            matches!(
                item.kind,
                ItemKind::Macro | ItemKind::MacroCall | ItemKind::Other
            )
        });
    let holders = edited_holders(evidence, path);
    !another_macro
        && !holders.is_empty()
        && holders.iter().all(|holder| {
            matches!(holder, (Some(old), Some(new)) if !old.depends_on_macro && at_end(&old.entries, &new.entries))
        })
}

/// True if functions of one name use the one static in the old texts, and the other in the new ones.
fn has_user_of(evidence: &Evidence<'_, '_>, gone: &str, heir: &str) -> bool {
    let users = |side: Side, path: &str| -> BTreeSet<&str> {
        let identifier = path.rsplit("::").next().unwrap_or(path);
        let files = evidence.sources.files.iter();
        files
            .flat_map(|file| file.index(side).functions())
            .filter(|function| names::has_word(&function.body, identifier))
            .map(|function| function.name.as_str())
            .collect()
    };
    !users(Side::Old, gone).is_disjoint(&users(Side::New, heir))
}

/// A mutable static that is gone while one of its type is new: it may have been renamed or moved, and its value would be
/// lost without a word. One that stands in the edited texts must be gone from there as well; of one that a macro hides, what
/// holds it must have been edited.
fn judge_replaced(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    // A thread-local has two forms of different types. A library and a program may have one name.
    let paths = |facts: &DebugFacts| -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut paths: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (symbol, fact) in facts.statics.iter().filter(|(_, fact)| is_mutable(fact)) {
            let full = crate::diff::pairing::canonical(symbol);
            let root = full.split("::").next().unwrap_or(&full).to_owned();
            let types = paths.entry((said(symbol), root)).or_default();
            types.insert(fact.type_name.to_string());
        }
        paths
    };
    let (before, after) = (paths(&evidence.old), paths(&evidence.new));
    let count = |side: Side, path: &str| {
        let identifier = path.rsplit("::").next().unwrap_or(path);
        let files = evidence.sources.files.iter();
        files
            .flat_map(|file| file.index(side).values())
            .filter(|value| value.name == identifier)
            .count()
    };
    for (key, types) in before.iter().filter(|(path, _)| !after.contains_key(*path)) {
        let gone = &key.0;
        let (home, name) = gone.rsplit_once("::").unwrap_or(("", gone));
        let heir = after.iter().find(|(other_key, other)| {
            let path = &other_key.0;
            let (other_home, other_name) = path.rsplit_once("::").unwrap_or(("", path));
            let same_name = name == other_name;
            // A rename keeps the place, a move keeps the name. With neither, it is another static, unless the same function uses it.
            let is_in_text = (same_name || home == other_home || has_user_of(evidence, gone, path))
                && count(Side::Old, gone) > 0
                && count(Side::New, path) > 0
                // Under its old name it may be there still, and merely not be used any more.
                && (same_name || count(Side::New, gone) < count(Side::Old, gone));
            !before.contains_key(*other_key)
                && *other == types
                && (is_in_text || same_name && has_other_holder(evidence, gone, path))
        });
        let Some(((heir, _), _)) = heir else {
            continue;
        };
        verdict.restart(
            &codes::STATIC_PAIRING,
            format!(
                "`{gone}` is gone and `{heir}`, of the same type, is new: it is not certain whether the value of the one belongs to the other"
            ),
            None,
        );
    }
}

/// True if a function that holds the one static is gone and one that holds the other is new: a function was renamed or moved, and
/// with it the static in it that a macro of the workspace makes. Of macros of other crates nobody knows what they keep; what a log
/// line keeps is no state.
fn has_other_holder(evidence: &Evidence<'_, '_>, gone: &str, heir: &str) -> bool {
    let rest = evidence.case.texts.all();
    let edited = evidence.case.sources.iter();
    let edited = edited.flat_map(|source| [source.old, source.new]).flatten();
    let makers = macros::with_word("static", edited.chain(rest.iter().map(String::as_str)));
    let makes_one = |entry: &Entry| {
        let called = entry.text.split(" !").next().unwrap_or_default();
        let name = called.rsplit([' ', ':']).next().unwrap_or_default();
        entry.kind == EntryKind::Macro && (name == "thread_local" || makers.contains(name))
    };
    let holders = |side: Side, path: &str| -> BTreeSet<String> {
        let parents = names::segments(path);
        let files = evidence.sources.files.iter();
        files
            .flat_map(|file| file.index(side).functions())
            .filter(|function| parents.contains(&function.name.as_str()))
            .filter(|function| function.entries.iter().any(makes_one))
            .map(|function| function.name.clone())
            .collect()
    };
    !holders(Side::Old, gone).is_empty() && !holders(Side::New, heir).is_empty()
}

/// The standard library's macro makes two variables of each lazily initialised thread-local, one for types with a
/// destructor and one for types without, and only code tells which one holds the value.
fn judge_thread_local_forms(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    const VALUE: &str = "::__RUST_STD_INTERNAL_VAL";
    let holders: BTreeSet<String> = evidence
        .old
        .statics
        .keys()
        .chain(evidence.new.statics.keys())
        .filter(|symbol| symbol.contains("__RUST_STD_INTERNAL_VAL"))
        .filter_map(|symbol| {
            let path = names::canonical(symbol);
            path.strip_suffix(VALUE).map(str::to_owned)
        })
        .collect();
    if holders.is_empty() {
        return;
    }
    let used = |facts: &DebugFacts| -> BTreeMap<String, BTreeSet<String>> {
        let mut forms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for symbol in facts.functions.keys() {
            let path = names::canonical(symbol);
            if holders.contains(&path) && path.contains("::{K#") {
                forms
                    .entry(said(&format!("{path}{VALUE}")))
                    .or_default()
                    .insert(path);
            }
        }
        forms
    };
    let (before, after) = (used(&evidence.old), used(&evidence.new));
    for (name, old) in &before {
        if after.get(name).is_some_and(|new| new.is_disjoint(old)) {
            verdict.restart(
                &codes::STATIC_TYPE,
                format!(
                    "`{name}` is kept in another way than before, because its type got a destructor or lost it"
                ),
                None,
            );
        }
    }
}

fn judge_registries(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let (before, after) = (
        &evidence.old.special_sections,
        &evidence.new.special_sections,
    );
    if before == after {
        return;
    }
    let only = |these: &[super::debug::SpecialSection],
                those: &[super::debug::SpecialSection]|
     -> BTreeSet<String> {
        let count = |list: &[super::debug::SpecialSection], one| {
            list.iter().filter(|other| *other == one).count()
        };
        these
            .iter()
            .filter(|one| count(these, *one) != count(those, *one))
            .map(|one| one.name.clone())
            .collect()
    };
    let names: BTreeSet<String> = only(before, after)
        .into_iter()
        .chain(only(after, before))
        .collect();
    for name in names {
        verdict.restart(
            &codes::REGISTRY,
            format!("the contents of section `{name}` changed, which are read at the program's start or by address range"),
            None,
        );
    }
}
