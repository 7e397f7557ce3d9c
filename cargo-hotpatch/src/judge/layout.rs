//! Types before and after: layout and meaning, field by field.

use std::collections::HashSet;
use std::sync::Arc;

use super::debug::{DebugFacts, Member, TypeKind, TypeShape, Variant};
use super::names::{self, Environment};

/// What is wrong with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Values lie in memory in another way.
    Layout,
    /// The same bytes stand for something else.
    Meaning,
    /// Several types of this name, and not all are as before.
    Doubt,
    /// A closure captures something else.
    Captures,
    /// A coroutine's state.
    Coroutine,
    /// The number of slots behind a pointer to a trait object.
    Vtable,
}

/// A type that is not as before.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) name: Arc<str>,
    pub(super) fault: Fault,
    /// What differs, each in a clause of its own.
    pub(super) details: Vec<String>,
    /// Explained by a type inside of it that is in the list as well.
    pub(super) consequence: bool,
}

/// All types of one name that both sides know and that differ, causes before consequences.
pub(super) fn compare(old: &DebugFacts, new: &DebugFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, before) in &old.types {
        let Some(after) = new.types.get(name) else {
            continue;
        };
        // Which of several a function handles is compared for each function (`super::shapes`). A name that one more type has,
        // or one less, says nothing.
        let holds =
            |all: &[TypeShape], some: &[TypeShape]| some.iter().all(|one| all.contains(one));
        if holds(after, before) || holds(before, after) {
            continue;
        }
        let (fault, details) = match (before.as_slice(), after.as_slice()) {
            ([before], [after]) => {
                let exact = names::environment(name).is_some();
                let found = compare_shapes(old, new, before, after, exact)
                    .or_else(|| stored_discriminants(old, name, before, after));
                match found {
                    Some(found) => found,
                    None => continue,
                }
            }
            _ => (
                Fault::Doubt,
                vec![format!(
                    "{} different types had this name, {} have it now",
                    before.len(),
                    after.len()
                )],
            ),
        };
        let fault = match names::environment(name) {
            Some(Environment::Closure) => Fault::Captures,
            Some(Environment::Coroutine) => Fault::Coroutine,
            None if only_vtable_differs(before, after) => Fault::Vtable,
            None => fault,
        };
        findings.push(Finding {
            name: name.clone(),
            fault,
            details,
            consequence: false,
        });
    }
    mark_consequences(old, new, &mut findings);
    if findings.iter().all(|finding| finding.consequence) {
        // Nothing explains them, so each speaks for itself.
        findings
            .iter_mut()
            .for_each(|finding| finding.consequence = false);
    }
    findings
        .sort_by(|a, b| (a.consequence, a.fault, &a.name).cmp(&(b.consequence, b.fault, &b.name)));
    findings
}

fn mark_consequences(old: &DebugFacts, new: &DebugFacts, findings: &mut [Finding]) {
    let changed: HashSet<Arc<str>> = findings
        .iter()
        .map(|finding| finding.name.clone())
        .collect();
    for finding in findings {
        let (Some([before]), Some([after])) = (
            old.types.get(&finding.name).map(Vec::as_slice),
            new.types.get(&finding.name).map(Vec::as_slice),
        ) else {
            continue;
        };
        let parts = |shape: &TypeShape| -> Vec<(Arc<str>, Arc<str>)> {
            by_value(shape)
                .map(|member| (member.name.clone(), member.type_name.clone()))
                .collect()
        };
        let (before, after) = (parts(before), parts(after));
        let segments = names::segments(&finding.name);
        let parent = segments[..segments.len() - 1].join("::");
        finding.consequence = changed.contains(parent.as_str())
            || before.len() == after.len()
            && before.iter().all(|part| after.contains(part))
            && before.iter().any(|(_, inner)| {
                *inner != finding.name
                    && (changed.contains(inner)
                        // Arrays and tuples have no entry of their own.
                        || inner.starts_with(['[', '(']) && changed.iter().any(|name| names::mentions(inner, name)))
            });
        finding.consequence &= finding.fault != Fault::Doubt;
    }
}

/// True if two shapes of a pointer to a trait object differ in nothing but the number of the vtable's slots.
fn only_vtable_differs(before: &[TypeShape], after: &[TypeShape]) -> bool {
    let ([before], [after]) = (before, after) else {
        return false;
    };
    let without = |shape: &TypeShape| {
        let mut shape = shape.clone();
        let is_vtable = |member: &Member| {
            &*member.name == "vtable" && member.type_name.starts_with("&[usize; ")
        };
        let count = shape.members.len();
        shape.members.retain(|member| !is_vtable(member));
        (count != shape.members.len()).then_some(shape)
    };
    matches!((without(before), without(after)), (Some(before), Some(after)) if before == after)
}

/// Everything that a value of this shape holds directly.
pub(super) fn by_value(shape: &TypeShape) -> impl Iterator<Item = &Member> {
    let variants = shape
        .variants
        .iter()
        .flat_map(|variants| variants.variants.iter().filter_map(|v| v.member.as_ref()));
    shape.members.iter().chain(variants)
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

type Found = (Fault, Vec<String>);

/// `exact`: names count too, since nothing tells a renamed capture from another variable.
fn compare_shapes(
    old: &DebugFacts,
    new: &DebugFacts,
    before: &TypeShape,
    after: &TypeShape,
    exact: bool,
) -> Option<Found> {
    if before.kind != after.kind {
        return Some((
            Fault::Layout,
            vec!["it became another kind of type".to_owned()],
        ));
    }
    if let TypeKind::Other(_) = before.kind {
        return Some((
            Fault::Doubt,
            vec!["its debug info is not understood".to_owned()],
        ));
    }
    let mut layout = Vec::new();
    let mut meaning = Vec::new();
    if before.underlying != after.underlying {
        let name = |shape: &TypeShape| shape.underlying.as_deref().unwrap_or("nothing").to_owned();
        layout.push(format!(
            "its values were stored as `{}`, now as `{}`",
            name(before),
            name(after)
        ));
    }
    compare_members(
        &before.members,
        &after.members,
        exact,
        &mut layout,
        &mut meaning,
    );
    compare_enumerators(
        &before.enumerators,
        &after.enumerators,
        &mut layout,
        &mut meaning,
    );
    compare_variants(old, new, before, after, &mut layout, &mut meaning);
    if before.size != after.size {
        layout.push(format!(
            "its size went from {} to {}",
            number(before.size),
            number(after.size)
        ));
    }
    if before.align != after.align {
        layout.push(format!(
            "its alignment went from {} to {}",
            number(before.align),
            number(after.align)
        ));
    }
    if !layout.is_empty() {
        layout.extend(meaning);
        return Some((Fault::Layout, layout));
    }
    (!meaning.is_empty()).then_some((Fault::Meaning, meaning))
}

fn compare_members(
    before: &[Member],
    after: &[Member],
    exact: bool,
    layout: &mut Vec<String>,
    meaning: &mut Vec<String>,
) {
    if before == after {
        return;
    }
    let place = |member: &Member| (member.offset, member.type_name.clone());
    let sorted = |members: &[Member]| {
        let mut places: Vec<_> = members.iter().map(place).collect();
        places.sort();
        places
    };
    // The same bytes with the same types: whatever differs is a matter of names.
    let same_bytes = sorted(before) == sorted(after);
    let out = if same_bytes { meaning } else { layout };
    let find = |members: &[Member], name: &str| {
        members.iter().find(|member| *member.name == *name).cloned()
    };
    let added: Vec<&Member> = after
        .iter()
        .filter(|member| find(before, &member.name).is_none())
        .collect();
    let mut renamed: HashSet<&str> = HashSet::new();
    for member in before {
        match find(after, &member.name) {
            Some(now) => {
                if now.type_name != member.type_name {
                    out.push(format!(
                        "field `{}` was `{}`, now it is `{}`",
                        member.name, member.type_name, now.type_name
                    ));
                }
                if now.offset != member.offset {
                    let in_front: Vec<String> = added
                        .iter()
                        .filter(|new| new.offset < now.offset)
                        .map(|new| format!("new field `{}: {}` before it", new.name, new.type_name))
                        .take(1)
                        .collect();
                    let why = in_front
                        .first()
                        .map(|why| format!(" ({why})"))
                        .unwrap_or_default();
                    out.push(format!(
                        "field `{}` moved from offset {} to {}{why}",
                        member.name, member.offset, now.offset
                    ));
                }
            }
            None => {
                let successor = added
                    .iter()
                    .find(|new| place(new) == place(member) && !renamed.contains(&*new.name));
                match successor {
                    Some(new) if !exact => {
                        renamed.insert(&new.name);
                    }
                    Some(new) => {
                        renamed.insert(&new.name);
                        out.push(format!("`{}` became `{}`", member.name, new.name));
                    }
                    None => out.push(format!(
                        "field `{}: {}` was removed",
                        member.name, member.type_name
                    )),
                }
            }
        }
    }
    for member in added {
        if !renamed.contains(&*member.name) {
            out.push(format!(
                "new field `{}: {}` at offset {}",
                member.name, member.type_name, member.offset
            ));
        }
    }
}

fn compare_enumerators(
    before: &[(Arc<str>, i128)],
    after: &[(Arc<str>, i128)],
    layout: &mut Vec<String>,
    meaning: &mut Vec<String>,
) {
    let by_name = |list: &[(Arc<str>, i128)], name: &str| {
        list.iter()
            .find(|(other, _)| **other == *name)
            .map(|(_, v)| *v)
    };
    let by_value =
        |list: &[(Arc<str>, i128)], value: i128| list.iter().any(|(_, other)| *other == value);
    let values = |list: &[(Arc<str>, i128)]| {
        list.iter()
            .map(|(_, value)| *value)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let same_values = values(before) == values(after);
    for (name, value) in before {
        match by_name(after, name) {
            Some(now) if now != *value => {
                meaning.push(format!("variant `{name}` was {value}, now it is {now}"));
            }
            Some(_) => {}
            None => {
                let renamed = after
                    .iter()
                    .any(|(other, now)| now == value && by_name(before, other).is_none());
                if !renamed {
                    let out = if same_values {
                        &mut *meaning
                    } else {
                        &mut *layout
                    };
                    out.push(format!("variant `{name}` was removed"));
                }
            }
        }
    }
    for (name, value) in after {
        if by_name(before, name).is_none() && !by_value(before, *value) {
            layout.push(format!("new variant `{name}`"));
        }
    }
}

fn compare_variants(
    old: &DebugFacts,
    new: &DebugFacts,
    before: &TypeShape,
    after: &TypeShape,
    layout: &mut Vec<String>,
    meaning: &mut Vec<String>,
) {
    let (before, after) = match (&before.variants, &after.variants) {
        (None, None) => return,
        (Some(before), Some(after)) => (before, after),
        _ => {
            layout.push("how its variants are told apart".to_owned());
            return;
        }
    };
    let place = |member: &Option<Member>| {
        member
            .as_ref()
            .map(|member| (member.offset, member.type_name.clone()))
    };
    if place(&before.discriminant) != place(&after.discriminant) {
        layout.push("its discriminant lies elsewhere or has another type".to_owned());
    }
    let name = |variant: &Variant| {
        variant
            .member
            .as_ref()
            .map(|member| member.name.clone())
            .unwrap_or_else(|| Arc::from("?"))
    };
    let find = |variants: &[Variant], wanted: &Arc<str>| {
        variants
            .iter()
            .find(|variant| name(variant) == *wanted)
            .cloned()
    };
    let value = |variant: &Variant| {
        variant
            .discriminant
            .map_or_else(|| "all other values".to_owned(), |v| v.to_string())
    };
    let mut renamed = HashSet::new();
    for variant in &before.variants {
        let called = name(variant);
        if let Some(now) = find(&after.variants, &called) {
            if now.discriminant != variant.discriminant {
                meaning.push(format!(
                    "variant `{called}` was {}, now it is {}",
                    value(variant),
                    value(&now)
                ));
            }
            if place(&now.member) != place(&variant.member) {
                layout.push(format!(
                    "variant `{called}` holds its data elsewhere or in another type"
                ));
            }
            continue;
        }
        let successor = after.variants.iter().find(|now| {
            now.discriminant == variant.discriminant
                && find(&before.variants, &name(now)).is_none()
                && now.member.as_ref().map(|m| m.offset)
                    == variant.member.as_ref().map(|m| m.offset)
                && same_payload(old, new, variant, now)
        });
        match successor {
            Some(now) => {
                renamed.insert(name(now));
            }
            None => layout.push(format!("variant `{called}` was removed")),
        }
    }
    for variant in &after.variants {
        let called = name(variant);
        if find(&before.variants, &called).is_none() && !renamed.contains(&called) {
            layout.push(format!("new variant `{called}`"));
        }
    }
}

/// An enum without a tag of its own keeps no number of its variants, so their order may change. But the program can have
/// asked for such a number with `mem::discriminant`, and kept it.
fn stored_discriminants(
    old: &DebugFacts,
    name: &str,
    before: &TypeShape,
    after: &TypeShape,
) -> Option<Found> {
    let (before, after) = (before.variants.as_ref()?, after.variants.as_ref()?);
    let is_tagged = before
        .variants
        .iter()
        .all(|variant| variant.discriminant.is_some());
    let keeps_numbers = format!("core::mem::Discriminant<{name}>");
    if is_tagged || !old.names.contains(keeps_numbers.as_str()) {
        return None;
    }
    let place = |variants: &[Variant], wanted: &str| {
        variants
            .iter()
            .filter_map(|variant| variant.member.as_ref())
            .position(|member| *member.name == *wanted)
    };
    let moved = before
        .variants
        .iter()
        .filter_map(|variant| variant.member.as_ref())
        .find(|member| {
            let now = place(&after.variants, &member.name);
            now.is_some() && now != place(&before.variants, &member.name)
        })?;
    let what = format!(
        "variant `{}` has another number, and the program may have kept the old one as `mem::Discriminant`",
        moved.name
    );
    Some((Fault::Meaning, vec![what]))
}

/// True if what two variants of different names hold is the same, field by field, except for names that changed in place.
fn same_payload(old: &DebugFacts, new: &DebugFacts, before: &Variant, after: &Variant) -> bool {
    let (Some(before), Some(after)) = (&before.member, &after.member) else {
        return false;
    };
    let shapes = (
        old.types.get(&before.type_name),
        new.types.get(&after.type_name),
    );
    let (Some(before), Some(after)) = shapes else {
        return false;
    };
    matches!(
        (before.as_slice(), after.as_slice()),
        ([before], [after]) if compare_shapes(old, new, before, after, false).is_none()
    )
}
