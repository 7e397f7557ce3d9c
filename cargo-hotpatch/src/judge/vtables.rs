//! Vtables and the traits behind them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::codes;
use crate::source::{Difference, ItemKind};

use super::debug::{VtableFacts, VtableSlot};
use super::{Evidence, Scope, Verdict, names};

/// What stands in front of the methods: drop glue, size, alignment.
const HEADER_SLOTS: usize = 3;

pub(super) fn judge(evidence: &Evidence<'_, '_>, scope: Scope<'_>, verdict: &mut Verdict) {
    judge_slots(evidence, scope, verdict);
    judge_traits(evidence, verdict);
}

/// The slots as a caller means them: paths, not symbols. A symbol of `unpaired` has no successor, whatever its path.
fn meaning(vtable: &VtableFacts, unpaired: &HashSet<&str>) -> Vec<String> {
    vtable
        .iter()
        .enumerate()
        .map(|(slot, content)| match content {
            VtableSlot::Symbol(symbol) if unpaired.contains(&**symbol) => {
                format!("another {}", names::canonical(symbol))
            }
            VtableSlot::Symbol(symbol) => names::instance(symbol),
            // Size and alignment are the type's, which is compared by itself.
            VtableSlot::Number(_) if slot == 1 || slot == 2 => String::new(),
            VtableSlot::Number(0) => "nothing".to_owned(),
            VtableSlot::Number(number) => number.to_string(),
            VtableSlot::Anonymous(content) => format!("data {content}"),
        })
        .collect()
}

fn judge_slots(evidence: &Evidence<'_, '_>, scope: Scope<'_>, verdict: &mut Verdict) {
    // Code of other crates that names none of the workspace's stays what it is, also when another crate brings it.
    let crates = evidence.case.workspace_crates;
    let removed: HashSet<&str> = evidence
        .case
        .removed
        .iter()
        .filter(|symbol| names::mentions_crate(&names::canonical(symbol), crates))
        .map(String::as_str)
        .collect();
    let nobody = HashSet::new();
    let mut names: Vec<_> = evidence.old.vtables.keys().collect();
    names.sort();
    for name in names {
        if scope.has_type(name) {
            // Old objects keep the old vtable, new ones get the new one.
            continue;
        }
        let (Some(before), Some(after)) = (
            evidence.old.vtables.get(name),
            evidence.new.vtables.get(name),
        ) else {
            continue;
        };
        let several = name.contains("fn(") || before.len() > 1 || after.len() > 1;
        let (before, after) = match (by_type(before), by_type(after)) {
            (Some(before), Some(after)) if several => (before, after),
            _ => (one_type(before), one_type(after)),
        };
        for (of, before) in &before {
            // Gone from the new build: what exists of this type keeps its vtable and the code in it.
            let Some(after) = after.get(of) else {
                continue;
            };
            let meanings = |vtables: &[&VtableFacts], unpaired: &HashSet<&str>| {
                let of_all = vtables.iter().map(|vtable| meaning(vtable, unpaired));
                of_all.collect::<BTreeSet<Vec<String>>>()
            };
            report_difference(
                name,
                &meanings(before, &removed),
                &meanings(after, &nobody),
                verdict,
            );
        }
    }
}

fn report_difference(
    name: &str,
    before: &BTreeSet<Vec<String>>,
    after: &BTreeSet<Vec<String>>,
    verdict: &mut Verdict,
) {
    // One more type of this name, or one less: functions of a type are paired by what they are.
    if before.is_subset(after) || after.is_subset(before) {
        return;
    }
    let owner = name.trim_end_matches("::{vtable}");
    let detail = match (before.first(), after.first()) {
        (Some(old), Some(new)) if before.len() == 1 && after.len() == 1 => difference(old, new),
        _ => "several vtables have this name".to_owned(),
    };
    verdict.restart(
        &codes::VTABLE,
        format!("the vtable of `{owner}` changed: {detail}; objects made before the edit hold the old one"),
        None,
    );
}

type ByType<'v> = BTreeMap<String, Vec<&'v VtableFacts>>;

fn one_type(vtables: &[VtableFacts]) -> ByType<'_> {
    BTreeMap::from([(String::new(), vtables.iter().collect())])
}

/// The vtables of one name, by the type that their methods' symbols name: debug info calls every function item of one
/// signature by one name, `fn(u32) -> u32`, and all types that a derive puts into blocks of one number; symbols tell them
/// apart. `None` if some vtable does not say whose it is.
fn by_type(vtables: &[VtableFacts]) -> Option<ByType<'_>> {
    let mut found = ByType::new();
    for vtable in vtables {
        found.entry(type_behind(vtable)?).or_default().push(vtable);
    }
    Some(found)
}

/// The one type whose methods stand in a vtable; `None` if they do not say so in one voice.
fn type_behind(vtable: &VtableFacts) -> Option<String> {
    let mut types = vtable
        .iter()
        .skip(HEADER_SLOTS)
        .filter_map(|slot| match slot {
            VtableSlot::Symbol(symbol) => Some(names::canonical(symbol)),
            _ => None,
        });
    let of = |path: String| method_of(&path).map(|(of, _)| of.to_owned());
    let first = of(types.next()?)?;
    types
        .all(|path| of(path).as_ref() == Some(&first))
        .then_some(first)
}

fn difference(old: &[String], new: &[String]) -> String {
    if old.len() != new.len() {
        return format!(
            "it had {} methods, now it has {}",
            old.len() - HEADER_SLOTS,
            new.len() - HEADER_SLOTS
        );
    }
    let slot = old
        .iter()
        .zip(new)
        .position(|(old, new)| old != new)
        .unwrap_or(0);
    let place = if slot == 0 {
        "drop glue".to_owned()
    } else {
        format!("method {}", slot.saturating_sub(HEADER_SLOTS))
    };
    format!("its {place} was `{}`, now it is `{}`", old[slot], new[slot])
}

/// Traits whose definition was edited: a changed signature leaves the vtables themselves as they were.
fn judge_traits(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for (file, item) in evidence.sources.changed_items() {
        if item.kind != ItemKind::Trait || item.difference != Difference::Edited {
            continue;
        }
        let identifier = item.path.rsplit("::").next().unwrap_or(&item.path);
        let Some(evidence_text) = object_of(evidence, identifier) else {
            continue;
        };
        verdict.restart(
            &codes::VTABLE,
            format!("the methods of trait `{identifier}` changed, and the program has objects of it (`{evidence_text}`)"),
            item.new.map(|lines| file.span(lines.0)),
        );
    }
}

/// Something in the running program that shows that objects of this trait may exist.
fn object_of(evidence: &Evidence<'_, '_>, identifier: &str) -> Option<String> {
    for (name, vtables) in &evidence.old.vtables {
        let inside = name.trim_end_matches("::{vtable}").trim_end_matches('>');
        if inside
            .rsplit_once(" as ")
            .is_some_and(|(_, of)| names::identifier(of) == identifier)
        {
            return Some(name.to_string());
        }
        // A subtrait's vtable holds the methods of its supertraits.
        let through = vtables.iter().flatten().any(|slot| {
            matches!(slot, VtableSlot::Symbol(symbol) if is_method_of(&names::canonical(symbol), identifier))
        });
        if through {
            return Some(name.to_string());
        }
    }
    let of_type = |name: &str| {
        name.match_indices("dyn ").any(|(at, _)| {
            let bounds: &str = &name[at + 4..];
            bounds.match_indices(identifier).any(|(at, _)| {
                let before = bounds[..at].chars().next_back();
                let after = bounds[at + identifier.len()..].chars().next();
                before.is_none_or(|c| c == ':' || c == ' ')
                    && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        })
    };
    evidence
        .old
        .names
        .iter()
        .find(|name| of_type(name))
        .map(ToString::to_string)
}

/// True for `<X as path::Trait>::method`, also of a default.
fn is_method_of(path: &str, identifier: &str) -> bool {
    method_of(path).is_some_and(|(_, of)| names::identifier(of) == identifier)
}

/// Type and trait of `<X as path::Trait>::method`.
fn method_of(path: &str) -> Option<(&str, &str)> {
    let (head, _) = path.strip_prefix('<')?.rsplit_once(">::")?;
    head.rsplit_once(" as ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_drop_glue_may_come_from_another_crate() {
        let slots = |symbol: &str| vec![VtableSlot::Symbol(symbol.into())];
        let meaning = |symbol: &str| meaning(&slots(symbol), &HashSet::new());
        // The standard library's own instance, the program's, and that of another type.
        let library =
            "_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE";
        let own = "_RINvNtCs123_4core3ptr13drop_in_placeNtNtCs5_5alloc6string6StringECs9_5myapp";
        let other = "_RINvNtCs123_4core3ptr13drop_in_placeNtCs9_5myapp6ConfigEBL_";
        assert_eq!(meaning(library), meaning(own));
        assert_ne!(meaning(own), meaning(other));
    }
}
