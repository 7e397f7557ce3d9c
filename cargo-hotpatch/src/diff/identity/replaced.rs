//! Items that stand where another one stood, and that nothing leads to which led to the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Doubt, DoubtKind, Group, Identity, Known, Reference, Votes, is_held};

/// Items that are alone with a path that does not name them, on both sides, and that are no group.
pub(super) fn nameless(
    old: &[Known<'_>],
    new: &[Known<'_>],
    groups: &BTreeMap<u64, Group>,
) -> BTreeMap<u64, Group> {
    let mut found: BTreeMap<u64, Group> = BTreeMap::new();
    let indices = |known: &[Known<'_>]| -> Vec<(usize, u64)> {
        let items = known.iter().enumerate();
        items
            .filter(|(_, item)| item.spelling.is_nameless && item.definition.is_some())
            .map(|(index, item)| (index, item.spelling.key))
            .filter(|(_, key)| !groups.contains_key(key))
            .collect()
    };
    for (index, key) in indices(old) {
        found.entry(key).or_default().old.push(index);
    }
    for (index, key) in indices(new) {
        found.entry(key).or_default().new.push(index);
    }
    found.retain(|_, group| group.old.len() == 1 && group.new.len() == 1);
    found
}

/// Who refers to the items of one side.
struct Roots<'k, 'a> {
    known: &'k [Known<'a>],
    by_target: HashMap<&'a str, Vec<usize>>,
    keys: HashSet<u64>,
}

impl<'k, 'a> Roots<'k, 'a> {
    fn new(known: &'k [Known<'a>], references: &[Reference<'a>]) -> Self {
        let mut by_target: HashMap<&'a str, Vec<usize>> = HashMap::new();
        for reference in references {
            by_target
                .entry(reference.to)
                .or_default()
                .push(reference.from);
        }
        Self {
            known,
            by_target,
            keys: known.iter().map(|item| item.spelling.key).collect(),
        }
    }

    /// The paths of all that leads to an item and whose path names it, by way of what has none.
    fn of(&self, name: &'a str) -> HashSet<u64> {
        let mut roots = HashSet::new();
        let mut seen = HashSet::from([name]);
        let mut left = vec![name];
        while let Some(name) = left.pop() {
            for index in self.by_target.get(name).into_iter().flatten() {
                let from = &self.known[*index];
                if self.by_target.contains_key(from.name) && self.has_no_name(from) {
                    if seen.insert(from.name) {
                        left.push(from.name);
                    }
                } else {
                    roots.insert(from.spelling.key);
                }
            }
        }
        roots
    }

    fn has_no_name(&self, item: &Known<'_>) -> bool {
        item.spelling.is_nameless || item.spelling.is_numbered()
    }
}

/// Finds what may have been replaced.
pub(super) struct Replaced<'k, 'a> {
    old: Roots<'k, 'a>,
    new: Roots<'k, 'a>,
    old_references: &'k [Reference<'a>],
    identity: &'k Identity<'a>,
}

impl<'k, 'a> Replaced<'k, 'a> {
    pub(super) fn new(
        (old, old_references): (&'k [Known<'a>], &'k [Reference<'a>]),
        (new, new_references): (&'k [Known<'a>], &[Reference<'a>]),
        identity: &'k Identity<'a>,
    ) -> Self {
        Self {
            old: Roots::new(old, old_references),
            new: Roots::new(new, new_references),
            old_references,
            identity,
        }
    }

    /// The doubt about a group, if one of its items may have been replaced by what stands in its place.
    pub(super) fn doubt_of(&self, group: &Group, votes: &Votes<'a>) -> Option<Doubt> {
        let (old, new) = (self.old.known, self.new.known);
        let pairs = group.old.iter().zip(&group.new);
        let pair = pairs
            .map(|(one, other)| (&old[*one], &new[*other]))
            .find(|(one, other)| {
                let is_memory = one.definition.is_some_and(|item| item.is_memory);
                let is_function = one.definition.is_some_and(|item| item.is_function);
                let differs = self.identity.content(false, one.name)
                    != self.identity.content(true, other.name);
                // Functions that do the same may stand for each other; values of statics may not.
                (is_memory || is_function && differs)
                    && !votes.contains_key(one.name)
                    && self.is_replaced(one.name, other.name)
            })?;
        let is_static = pair.0.definition.is_some_and(|item| item.is_memory);
        if group.old.len() != group.new.len()
            || !is_static && !is_held(group, old, self.old_references)
        {
            return None;
        }
        Some(Doubt {
            symbol: pair.0.name.to_owned(),
            is_static,
            kind: DoubtKind::Replaced,
        })
    }

    fn is_replaced(&self, one: &'a str, other: &'a str) -> bool {
        let (before, after) = (self.old.of(one), self.new.of(other));
        !before.is_empty()
            && !after.is_empty()
            && before.is_disjoint(&self.new.keys)
            && after.is_disjoint(&self.old.keys)
    }
}
