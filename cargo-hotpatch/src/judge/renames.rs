//! Fields or variants that got other names, several at once, and that only their names tell apart.
//!
//! One name that changed in its place is a rename. Of several fields of one type (or variants that hold the same), the bytes
//! do not say which new name took over which old one: `width, height` may have become `h, w`. Then the names have to say it:
//! each new name must continue the old one of its place (`w` → `width`), and no other of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::debug::{DebugFacts, Member, TypeShape, Variant};

/// An old name, and the new one in its place.
pub(super) type Renamed = (Arc<str>, Arc<str>);

/// Renames between two shapes of equal layout that may have exchanged meanings, each in a clause of its own; `None` if there is
/// none.
pub(super) fn doubts(
    old: &DebugFacts,
    new: &DebugFacts,
    before: &TypeShape,
    after: &TypeShape,
) -> Option<Vec<String>> {
    let mut groups = of_members(&before.members, &after.members);
    groups.push(of_enumerators(&before.enumerators, &after.enumerators));
    groups.extend(of_variants(old, new, before, after));
    let doubts: Vec<String> = groups
        .into_iter()
        .filter(|renamed| may_exchange(renamed))
        .map(|renamed| clause(&renamed))
        .collect();
    (!doubts.is_empty()).then_some(doubts)
}

/// True if several were renamed at once, and the new names do not tell which is which.
pub(super) fn may_exchange(renamed: &[Renamed]) -> bool {
    renamed.len() > 1 && !are_told_by_names(renamed)
}

/// What is doubtful about renames that may have exchanged meanings.
pub(super) fn clause(renamed: &[Renamed]) -> String {
    let became: Vec<String> = renamed
        .iter()
        .map(|(old, new)| format!("`{old}` became `{new}`"))
        .collect();
    format!(
        "{} at once, and nothing but the names tells them apart: they may have changed places",
        became.join(" and ")
    )
}

/// Fields, those of one type together.
fn of_members(before: &[Member], after: &[Member]) -> Vec<Vec<Renamed>> {
    let is_in = |members: &[Member], name: &str| members.iter().any(|one| *one.name == *name);
    let mut left: Vec<&Member> = after
        .iter()
        .filter(|member| !is_in(before, &member.name))
        .collect();
    let mut groups: BTreeMap<&str, Vec<Renamed>> = BTreeMap::new();
    for member in before.iter().filter(|one| !is_in(after, &one.name)) {
        let place = left
            .iter()
            .position(|now| now.offset == member.offset && now.type_name == member.type_name);
        if let Some(index) = place {
            let now = left.remove(index);
            let group = groups.entry(&member.type_name).or_default();
            group.push((member.name.clone(), now.name.clone()));
        }
    }
    groups.into_values().collect()
}

/// Variants of an enum without data.
fn of_enumerators(before: &[(Arc<str>, i128)], after: &[(Arc<str>, i128)]) -> Vec<Renamed> {
    let is_in = |list: &[(Arc<str>, i128)], name: &str| list.iter().any(|(one, _)| **one == *name);
    before
        .iter()
        .filter(|(name, _)| !is_in(after, name))
        .filter_map(|(name, value)| {
            let mut now = after.iter();
            let (successor, _) = now.find(|(one, now)| now == value && !is_in(before, one))?;
            Some((name.clone(), successor.clone()))
        })
        .collect()
}

/// Variants of an enum with data, those that hold the same types in the same places together; and the fields of those that were
/// renamed. (Those of other variants have a shape of their own name.)
fn of_variants(
    old: &DebugFacts,
    new: &DebugFacts,
    before: &TypeShape,
    after: &TypeShape,
) -> Vec<Vec<Renamed>> {
    let (Some(before), Some(after)) = (&before.variants, &after.variants) else {
        return Vec::new();
    };
    let named = |variants: &[Variant], name: &str| {
        let mut members = variants.iter().filter_map(|one| one.member.as_ref());
        members.any(|member| *member.name == *name)
    };
    let mut groups: BTreeMap<Vec<(u64, Arc<str>)>, Vec<Renamed>> = BTreeMap::new();
    let mut inner = Vec::new();
    for variant in &before.variants {
        let Some(member) = &variant.member else {
            continue;
        };
        if named(&after.variants, &member.name) {
            continue;
        }
        let mut others = after.variants.iter();
        let successor = others
            .find(|now| {
                let held = now.member.as_ref();
                now.discriminant == variant.discriminant
                    && held.is_some_and(|held| !named(&before.variants, &held.name))
            })
            .and_then(|now| now.member.as_ref());
        if let Some(successor) = successor {
            let fields = payload(old, member);
            inner.extend(of_members(&fields, &payload(new, successor)));
            let places = fields.iter().map(|one| (one.offset, one.type_name.clone()));
            let group = groups.entry(places.collect()).or_default();
            group.push((member.name.clone(), successor.name.clone()));
        }
    }
    inner.extend(groups.into_values());
    inner
}

/// What a variant holds, in the order in which it lies in memory.
fn payload(facts: &DebugFacts, variant: &Member) -> Vec<Member> {
    let shapes = facts.types.get(&variant.type_name).into_iter().flatten();
    let mut members: Vec<Member> = shapes.flat_map(|shape| &shape.members).cloned().collect();
    members.sort_by(|a, b| (a.offset, &a.type_name).cmp(&(b.offset, &b.type_name)));
    members
}

/// True if each new name continues the old name of its place, and none of the others.
fn are_told_by_names(renamed: &[Renamed]) -> bool {
    renamed.iter().enumerate().all(|(place, (old, _))| {
        renamed
            .iter()
            .enumerate()
            .all(|(other, (_, new))| continues(old, new) == (place == other))
    })
}

/// One of the names begins with the other, or ends with all of its words: `w` and `width`, `Red` and `colour_red`.
fn continues(old: &str, new: &str) -> bool {
    let (old, new) = (words(old), words(new));
    let (short, long) = if old.concat().len() < new.concat().len() {
        (old, new)
    } else {
        (new, old)
    };
    let whole = short.concat();
    !whole.is_empty()
        // The number of an unnamed field says nothing.
        && !whole.bytes().all(|byte| byte.is_ascii_digit())
        && (long.concat().starts_with(&whole) || long.ends_with(&short))
}

/// The words of a name in snake or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    for letter in name.chars() {
        if letter == '_' {
            begins = true;
            continue;
        }
        if begins || letter.is_uppercase() {
            words.push(String::new());
        }
        begins = false;
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_which_is_which_only_one_to_one() {
        let told = |pairs: &[(&str, &str)]| {
            let pairs: Vec<Renamed> = pairs
                .iter()
                .map(|(old, new)| (Arc::from(*old), Arc::from(*new)))
                .collect();
            are_told_by_names(&pairs)
        };
        assert!(told(&[("w", "width"), ("h", "height")]));
        assert!(told(&[("Red", "ColourRed"), ("Blue", "ColourBlue")]));
        assert!(!told(&[("width", "h"), ("height", "w")]));
        assert!(!told(&[("On", "Disabled"), ("Off", "Enabled")]));
        assert!(!told(&[("start", "end_at"), ("end", "start_at")]));
        assert!(!told(&[("a", "ab"), ("ab", "abc")]));
        assert!(!told(&[("__0", "y"), ("__1", "x")]));
        assert!(!told(&[("__0", "x0"), ("__1", "x1")]));
    }
}
