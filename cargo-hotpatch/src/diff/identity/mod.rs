//! Which item is which, where a name alone does not say it.
//!
//! # The rule
//!
//! A mangled name is a path and numbers. The path says what an item is: modules, functions, types, and for an `impl` its type
//! and its trait. The numbers only count items of one path, from the top of the text: two `const _` blocks, a `fn part` in each of
//! two blocks, what a macro makes each time that it is called. So:
//!
//! - An item that is alone with its path, before and after, is the one that its path says (`Spelling::key`).
//! - Of several items of one path, a *group*, each is what its object says of it: its bytes and what they refer to (`Colors`). A
//!   reference to an item of a group means that item's content; any other reference means a path. No number counts.
//! - Where contents are equal, an item is known by who refers to it: if a function that is alone with its path refers to one
//!   item of a group, before and after, these two are one (a *vote*). So is what those two refer to.
//!
//! - An item whose path says `_` (it stands in a `const _` block) has no name of its own, not even where it is alone with its
//!   path. If all that led to it is gone, and all that leads to what stands in its place is new, it may have been replaced.
//!
//! Items of a group are paired in the order of their numbers, and the pairs are looked at. An item that has *moved* (its content
//! stands under another number, or a vote says so) is a doubt. Several items that all have new contents, without a vote for
//! their places, may have changed places as well: that is a doubt too, but the text can settle it, because numbers stay where
//! no text that makes items has changed.
//!
//! # Why it is sound
//!
//! | what memory holds | how it is known | why it is the right one |
//! |---|---|---|
//! | a function's address (a pointer, a vtable) | its slot, which follows the pair | a pair has one content, one vote, or a number that nothing speaks against; else the program restarts |
//! | a value of a type | the type's shape, compared for each pair of functions that handle it (`judge::shapes`) | code reaches a value through functions only, and each pair of them agrees on what the value is |
//! | a static or a thread-local | its name, which follows the pair | as for functions; equal initial values say nothing, so votes count before contents |
//! | a closure | its function's path and number; its captures are a type | `judge::closures` compares the texts that number closures |
//! | a vtable | its content: drop glue, size, methods | all of these are functions and numbers |
//! | anything of a crate | its crate's hash, which is part of each path | debug info has no hashes: crates of one name are compared unit by unit |
//!
//! An exchange of two items that are equal in content and in all that refers to them changes nothing that anybody can see.

mod replaced;
pub(super) mod symbol;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;

use super::digest::{Digest, Side};
use super::same::extent;
use crate::object::read::{Place, SectionIndex, SymbolIndex};
use crate::object::reloc::is_call;
use crate::object::target::Target;
use symbol::Spelling;

/// How often contents take in those of what they refer to: items of a group refer to each other hardly ever, and not in chains.
const ROUNDS: usize = 3;

/// What an item is, whatever its number.
pub(super) type Content = [u8; 32];

/// By name.
type Colors<'a> = HashMap<&'a str, Content>;

/// Items of one path of which it is not certain which is which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The symbol of one of them, as the program knows it.
    pub symbol: String,
    /// It is a static or a thread-local.
    pub is_static: bool,
    /// What the doubt is.
    pub kind: DoubtKind,
}

/// What speaks for an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoubtKind {
    /// Contents or those who refer to the items say that they changed places.
    Moved,
    /// Several have new contents. They changed places, unless the text shows that they cannot have.
    Several,
    /// All that referred to it is gone, and all that refers to it now is new. It was edited where it stands, or it is another item.
    Replaced,
    /// Some have equal contents. They did not change places, unless the text shows that they did.
    Alike,
}

impl Doubt {
    /// The doubt in words.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self.kind {
            DoubtKind::Moved => "one of them stands in another's place now",
            DoubtKind::Several => {
                "several of them have other contents than before, and nothing else tells them apart"
            }
            DoubtKind::Replaced => {
                "what led to one of them is gone, and something new leads to what stands in its place"
            }
            DoubtKind::Alike => "they are alike, and in the text they stand in another order",
        }
    }
}

/// What is known of the groups.
#[derive(Debug, Default)]
pub(super) struct Identity<'a> {
    old: Colors<'a>,
    new: Colors<'a>,
    pub(super) doubts: Vec<Doubt>,
}

impl Identity<'_> {
    /// The content of an item of a group, of the new side if `is_new`.
    pub(super) fn content(&self, is_new: bool, name: &str) -> Option<Content> {
        let colors = if is_new { &self.new } else { &self.old };
        colors.get(name).copied()
    }
}

/// What of a symbol's name says which item it is: equal for items that only numbers tell apart, and for one item whose number
/// changed. `None` for a name that is not of the v0 mangling.
#[must_use]
pub fn path_key(symbol: &str) -> Option<u64> {
    Spelling::read(symbol).map(|spelling| spelling.key)
}

/// An item of one side.
struct Known<'a> {
    name: &'a str,
    spelling: Spelling,
    /// `None` for what is only referred to: an object that is the same on both sides defines it, so that its number stays.
    definition: Option<Definition>,
}

/// Where an item is, and what it is.
#[derive(Clone, Copy)]
struct Definition {
    object: usize,
    symbol: SymbolIndex,
    section: SectionIndex,
    is_function: bool,
    /// A static or a thread-local that can be written to.
    is_memory: bool,
}

/// Items of one path: indexes into the two lists, in the order of their numbers.
#[derive(Default)]
struct Group {
    old: Vec<usize>,
    new: Vec<usize>,
}

/// Looks at all items that share their paths.
///
/// # Errors
/// When a relocation is of an unknown kind or out of range.
pub(super) fn identify<'a>(old: &Side<'a>, new: &Side<'a>) -> Result<Identity<'a>> {
    let (before, after) = (known(old), known(new));
    let groups = groups(&before, &after);
    let nameless = replaced::nameless(&before, &after, &groups);
    if groups.is_empty() && nameless.is_empty() {
        return Ok(Identity::default());
    }
    let members = |known: &[Known<'a>], of: &dyn Fn(&Group) -> &Vec<usize>| -> HashSet<&'a str> {
        let indices = groups.values().chain(nameless.values()).flat_map(of);
        indices.map(|index| known[*index].name).collect()
    };
    let old_members = members(&before, &|group| &group.old);
    let new_members = members(&after, &|group| &group.new);
    let old_references = references(old, &before, &old_members)?;
    let new_references = references(new, &after, &new_members)?;
    let identity = Identity {
        old: colors(old, &before, &old_members)?,
        new: colors(new, &after, &new_members)?,
        doubts: Vec::new(),
    };
    let votes = votes(
        &groups,
        (&before, &old_references),
        (&after, &new_references),
    );
    let mut doubts = Vec::new();
    let replaced = replaced::Replaced::new(
        (&before, &old_references),
        (&after, &new_references),
        &identity,
    );
    for group in groups.values() {
        let doubt = doubt_of(group, (&before, &after), &identity, &votes, &old_references);
        doubts.extend(doubt);
        doubts.extend(replaced.doubt_of(group, &votes));
    }
    doubts.extend(
        nameless
            .values()
            .filter_map(|group| replaced.doubt_of(group, &votes)),
    );
    doubts
        .sort_by(|a, b| (a.kind, !a.is_static, &a.symbol).cmp(&(b.kind, !b.is_static, &b.symbol)));
    Ok(Identity { doubts, ..identity })
}

/// All functions and statics of a side, and what these refer to elsewhere. What several objects have copies of is there once.
fn known<'a>(side: &Side<'a>) -> Vec<Known<'a>> {
    let mut known: Vec<Known<'a>> = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |name: &'a str, definition: Option<Definition>| {
        if !name.is_empty()
            && seen.insert(name)
            && let Some(spelling) = Spelling::read(name)
        {
            known.push(Known {
                name,
                spelling,
                definition,
            });
        }
    };
    for (index, object) in side.objects.iter().enumerate() {
        for (symbol_index, symbol) in object.file.symbols.iter().enumerate() {
            let Some(section_index) = symbol.section() else {
                continue;
            };
            let section = &object.file.sections[section_index];
            let is_function = symbol.is_function() && section.is_code();
            let is_data = symbol.kind == object::elf::STT_OBJECT.0 || symbol.is_thread_local();
            if is_function || is_data {
                let definition = Definition {
                    object: index,
                    symbol: symbol_index,
                    section: section_index,
                    is_function,
                    is_memory: is_data && (section.is_mutable() || section.is_thread_local()),
                };
                add(symbol.name, Some(definition));
            }
        }
    }
    for object in &side.objects {
        let symbols = object.file.symbols.iter();
        for symbol in symbols.filter(|symbol| symbol.place == Place::Undefined) {
            add(symbol.name, None);
        }
    }
    known
}

/// The groups of more than one item.
fn groups(old: &[Known<'_>], new: &[Known<'_>]) -> BTreeMap<u64, Group> {
    let numbered: HashSet<u64> = old
        .iter()
        .chain(new)
        .filter(|item| item.spelling.is_numbered())
        .map(|item| item.spelling.key)
        .collect();
    let mut groups: BTreeMap<u64, Group> = BTreeMap::new();
    if numbered.is_empty() {
        return groups;
    }
    for (index, item) in old.iter().enumerate() {
        if numbered.contains(&item.spelling.key) {
            groups.entry(item.spelling.key).or_default().old.push(index);
        }
    }
    for (index, item) in new.iter().enumerate() {
        if numbered.contains(&item.spelling.key) {
            groups.entry(item.spelling.key).or_default().new.push(index);
        }
    }
    groups.retain(
        |_, group| match (group.old.as_slice(), group.new.as_slice()) {
            ([one], [other]) => {
                let (one, other) = (&old[*one], &new[*other]);
                one.definition.is_none() && other.definition.is_none() && one.name != other.name
            }
            (olds, news) => olds.len() > 1 || news.len() > 1,
        },
    );
    for group in groups.values_mut() {
        let in_order = |known: &[Known<'_>], list: &mut Vec<usize>| {
            list.sort_by(|a, b| known[*a].spelling.numbers.cmp(&known[*b].spelling.numbers));
        };
        in_order(old, &mut group.old);
        in_order(new, &mut group.new);
    }
    groups
}

/// A reference to an item of a group.
struct Reference<'a> {
    /// Index of who refers.
    from: usize,
    to: &'a str,
    /// As opposed to taking its address.
    is_call: bool,
}

/// All references of items, by way of anonymous data as well, to those of `members`.
fn references<'a>(
    side: &Side<'a>,
    known: &[Known<'a>],
    members: &HashSet<&'a str>,
) -> Result<Vec<Reference<'a>>> {
    let concerned: Vec<bool> = side
        .objects
        .iter()
        .map(|object| {
            let mut symbols = object.file.symbols.iter();
            symbols.any(|symbol| members.contains(symbol.name))
        })
        .collect();
    let mut through: HashMap<(usize, SectionIndex), Vec<&'a str>> = HashMap::new();
    let mut references = Vec::new();
    for (from, item) in known.iter().enumerate() {
        let Some(item) = item.definition.filter(|item| concerned[item.object]) else {
            continue;
        };
        let file = side.objects[item.object].file;
        let (start, size) = extent(file, item.symbol, item.section);
        for relocation in file.relocations(item.section)? {
            if !(start..start.saturating_add(size)).contains(&relocation.offset) {
                continue;
            }
            match side.symbols[item.object].target(file, &relocation) {
                Target::Named { symbol, .. } => {
                    let to = file.symbols[symbol].name;
                    if members.contains(to) {
                        let code = file.sections[item.section].data;
                        references.push(Reference {
                            from,
                            to,
                            is_call: item.is_function
                                && is_call(code, relocation.offset, relocation.kind),
                        });
                    }
                }
                Target::Anonymous { section, .. } => {
                    let targets = match through.entry((item.object, section)) {
                        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                        std::collections::hash_map::Entry::Vacant(entry) => {
                            let mut targets = side.named_targets(item.object, section)?;
                            targets.retain(|name| members.contains(name));
                            entry.insert(targets)
                        }
                    };
                    references.extend(targets.iter().map(|to| Reference {
                        from,
                        to,
                        is_call: false,
                    }));
                }
                Target::Code { .. } => {}
            }
        }
    }
    Ok(references)
}

/// What each of `members` is, with the contents of those that it refers to.
fn colors<'a>(
    side: &Side<'a>,
    known: &[Known<'a>],
    members: &HashSet<&'a str>,
) -> Result<Colors<'a>> {
    let items: Vec<(&'a str, Definition)> = known
        .iter()
        .filter(|item| members.contains(item.name))
        .filter_map(|item| Some((item.name, item.definition?)))
        .collect();
    let mut paths: HashMap<&'a str, String> = HashMap::new();
    for (_, item) in &items {
        for name in side.named_targets(item.object, item.section)? {
            if !paths.contains_key(name)
                && let Some(spelling) = Spelling::read(name)
            {
                paths.insert(name, format!("{:x}", spelling.key));
            }
        }
    }
    let mut colors = Colors::new();
    for _ in 0..ROUNDS {
        let names: HashMap<String, String> = paths
            .iter()
            .map(|(name, path)| {
                let meaning = match colors.get(name) {
                    Some(color) => format!("{path} {color:x?}"),
                    None => path.clone(),
                };
                ((*name).to_owned(), meaning)
            })
            .collect();
        let mut digest = Digest::new(side, &names);
        let mut next = Colors::with_capacity(items.len());
        for (name, item) in &items {
            let content = if item.is_function {
                digest
                    .function(item.object, item.symbol, item.section)?
                    .loose
            } else {
                digest.constant(item.object, item.symbol)?
            };
            next.insert(name, content);
        }
        let is_settled = paths.keys().all(|name| !next.contains_key(name));
        colors = next;
        if is_settled {
            // Nobody refers to another of them, so nothing would change.
            break;
        }
    }
    Ok(colors)
}

/// Old names to the new names that are the same item, as those say who refer to both.
type Votes<'a> = HashMap<&'a str, BTreeSet<&'a str>>;

/// Who refers to which items of a group: by what is alone with its path, or is a pair by a vote.
fn votes<'a>(
    groups: &BTreeMap<u64, Group>,
    (old, old_references): (&[Known<'a>], &[Reference<'a>]),
    (new, new_references): (&[Known<'a>], &[Reference<'a>]),
) -> Votes<'a> {
    // By who refers, and by group.
    type Targets<'a> = HashMap<(usize, u64), BTreeSet<&'a str>>;
    let targets = |known: &[Known<'a>], references: &[Reference<'a>]| -> Targets<'a> {
        let keys: HashMap<&str, u64> = known
            .iter()
            .map(|item| (item.name, item.spelling.key))
            .collect();
        let mut targets = Targets::new();
        for reference in references {
            if let Some(key) = keys.get(reference.to)
                && known[reference.from].name != reference.to
            {
                let of = targets.entry((reference.from, *key)).or_default();
                of.insert(reference.to);
            }
        }
        targets
    };
    let (old_targets, new_targets) = (targets(old, old_references), targets(new, new_references));
    let alone = |known: &[Known<'a>]| -> HashMap<u64, usize> {
        let mut alone: HashMap<u64, usize> = HashMap::new();
        for (index, item) in known.iter().enumerate() {
            if !groups.contains_key(&item.spelling.key) {
                alone.insert(item.spelling.key, index);
            }
        }
        alone
    };
    let by_key = alone(new);
    let by_name: HashMap<&str, usize> = new
        .iter()
        .enumerate()
        .map(|(index, item)| (item.name, index))
        .collect();
    let mut same: HashMap<usize, usize> = alone(old)
        .into_iter()
        .filter_map(|(key, index)| Some((index, *by_key.get(&key)?)))
        .collect();
    let old_by_name: HashMap<&str, usize> = old
        .iter()
        .enumerate()
        .map(|(index, item)| (item.name, index))
        .collect();
    let mut votes = Votes::new();
    loop {
        let mut found = Vec::new();
        for ((from, key), before) in &old_targets {
            let Some(after) = same
                .get(from)
                .and_then(|new| new_targets.get(&(*new, *key)))
            else {
                continue;
            };
            // Who refers to several does not say which is which.
            if let (1, 1, Some(one), Some(other)) =
                (before.len(), after.len(), before.first(), after.first())
            {
                found.push((*one, *other));
            }
        }
        let mut is_new = false;
        for (one, other) in found {
            is_new |= votes.entry(one).or_default().insert(other);
            if let (Some(from), Some(to)) = (old_by_name.get(one), by_name.get(other)) {
                same.entry(*from).or_insert(*to);
            }
        }
        if !is_new {
            return votes;
        }
    }
}

/// The doubt about a group, if there is one.
fn doubt_of<'a>(
    group: &Group,
    (old, new): (&[Known<'a>], &[Known<'a>]),
    identity: &Identity<'a>,
    votes: &Votes<'a>,
    old_references: &[Reference<'a>],
) -> Option<Doubt> {
    let voted = |one: &str| votes.get(one);
    let first = &old[*group.old.first()?];
    let is_static = first.definition.is_some_and(|item| item.is_memory);
    let doubt = |kind| {
        Some(Doubt {
            symbol: first.name.to_owned(),
            is_static,
            kind,
        })
    };
    match first.definition {
        // What cannot be written to is its content, and all who read it get the new one.
        Some(item) if !item.is_function && !item.is_memory => return None,
        Some(item) if item.is_memory => {}
        _ if !is_held(group, old, old_references) => return None,
        _ => {}
    }
    // What an object defines that did not change has kept its number.
    let mut elsewhere = group.old.iter().map(|index| &old[*index]);
    if elsewhere.any(|item| {
        item.definition.is_none()
            && voted(item.name).is_some_and(|others| others.iter().any(|it| *it != item.name))
    }) {
        return doubt(DoubtKind::Moved);
    }
    let defined = |known: &[Known<'a>], list: &[usize]| -> Vec<&'a str> {
        let items = list.iter().map(|index| &known[*index]);
        let items = items.filter(|item| item.definition.is_some());
        items.map(|item| item.name).collect()
    };
    let (olds, news) = (defined(old, &group.old), defined(new, &group.new));
    // The text tells how statics that are alike relate (`judge::statics`).
    let are_alike = !is_static
        && olds.iter().enumerate().any(|(index, one)| {
            let content = identity.content(false, one);
            let others = &olds[..index];
            voted(one).is_none()
                && others
                    .iter()
                    .any(|other| identity.content(false, other) == content)
        });
    let alike = || are_alike.then(|| doubt(DoubtKind::Alike)).flatten();
    if olds.len() != news.len() {
        return alike();
    }
    let pairs: Vec<(&str, &str)> = olds.into_iter().zip(news).collect();
    if pairs
        .iter()
        .any(|(one, other)| voted(one).is_some_and(|others| others.iter().any(|it| it != other)))
    {
        return doubt(DoubtKind::Moved);
    }
    let differs: Vec<(&str, &str)> = pairs
        .into_iter()
        .filter(|(one, other)| identity.content(false, one) != identity.content(true, other))
        .collect();
    let stands_elsewhere = |one: &str| {
        let content = identity.content(false, one);
        differs
            .iter()
            .any(|(_, other)| identity.content(true, other) == content)
    };
    if differs.iter().any(|(one, _)| stands_elsewhere(one)) {
        return doubt(DoubtKind::Moved);
    }
    let unsettled = differs.iter().filter(|(one, _)| voted(one).is_none());
    if unsettled.count() > 1 {
        return doubt(DoubtKind::Several);
    }
    alike()
}

/// False for functions that memory cannot hold: all that is done with them is to call them by their names.
fn is_held(group: &Group, old: &[Known<'_>], references: &[Reference<'_>]) -> bool {
    let names: HashSet<&str> = group.old.iter().map(|index| old[*index].name).collect();
    // Methods belong to types, and closures to values.
    let is_plain = |name: &str| {
        let path = super::pairing::canonical(name);
        !path.contains(['<', '{'])
    };
    !names.iter().all(|name| is_plain(name))
        || references
            .iter()
            .any(|reference| !reference.is_call && names.contains(reference.to))
}
