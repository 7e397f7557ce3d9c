//! Functions that get values of a type out of memory that does not say it: `<*const u8>::cast::<A>`, `Box::<A>::from_raw`,
//! `downcast_ref::<A>`, and generic functions of the workspace such as `view::<A>(address) -> &A`.
//!
//! Objects show them: an instance's name has the type, and its signature says whether a value of the type has to be there before. A
//! function *obtains* `A` from a callee if `A` is among the callee's generic arguments (or its `Self`) and no parameter holds
//! one, except behind a raw pointer. Then what matters is whether a function that changed obtains another type than before.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::judge::debug::{DebugFacts, FunctionFacts};
use crate::judge::sources::Side;
use crate::judge::{Evidence, names, texts};

use super::code::Code;

/// How far callees of callees are followed.
const DEPTH: u8 = 4;

/// Functions of other crates that give a type to memory without one, by the beginning of their names.
const BEGINNINGS: &[&str] = &[
    "cast",
    "from_raw",
    "read",
    "with_exposed_provenance",
    "without_provenance",
    "transmute",
    "downcast",
    "from_bytes",
    "try_from_bytes",
    "pod_read",
    "ref_from",
    "mut_from",
    "try_ref_from",
    "try_read_from",
];

/// One side of the edit.
pub(super) struct Readers<'e, 'c, 'a> {
    pub(super) evidence: &'e Evidence<'c, 'a>,
    pub(super) side: Side,
    pub(super) code: Code<'a>,
    pub(super) unsafe_texts: RefCell<BTreeMap<String, Option<bool>>>,
}

impl Readers<'_, '_, '_> {
    fn facts(&self) -> &DebugFacts {
        match self.side {
            Side::Old => &self.evidence.old,
            Side::New => &self.evidence.new,
        }
    }

    /// The types that a function obtains by what it calls, each with the name of a callee.
    pub(super) fn obtained_by(&self, symbol: &str) -> BTreeMap<String, String> {
        self.obtained_within(symbol, DEPTH)
    }

    fn obtained_within(&self, symbol: &str, depth: u8) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        if depth == 0 {
            return found;
        }
        for callee in self.code.references(symbol, self.facts()).iter() {
            if callee == symbol {
                continue;
            }
            if let Some(facts) = self.facts().functions.get(callee.as_str()) {
                for name in self.obtained_from(callee, facts, depth) {
                    found.insert(name, facts.name.to_string());
                }
            }
        }
        found
    }

    /// The types that whoever calls this function obtains from it.
    fn obtained_from(&self, symbol: &str, facts: &FunctionFacts, depth: u8) -> Vec<String> {
        let (identifier, arguments) = name_and_arguments(&facts.name);
        if identifier == "drop_in_place" || identifier.starts_with('{') {
            return Vec::new();
        }
        let is_ours = texts::is_of_workspace(self.evidence, facts);
        let mut candidates: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        if is_ours {
            candidates.extend(self_type(symbol));
        } else if identifier.starts_with("cast") {
            // `<*const T>::cast::<U>` obtains a `U`.
            candidates.drain(..candidates.len().saturating_sub(1));
        }
        candidates.retain(|name| !is_trivial(name));
        candidates.dedup();
        let is_listed = || {
            // Memory is given back by a layout.
            facts.scope.starts_with("core::alloc::layout")
                || BEGINNINGS.iter().any(|beginning| identifier.starts_with(beginning))
                // The error of an operation says what it was by this, and is made anew each time.
                && !facts.scope.starts_with("core::error")
        };
        candidates
            .into_iter()
            .filter(|name| match use_of(name, facts) {
                Use::Held => false,
                Use::Raw => true,
                Use::Shown if is_ours && arguments.contains(&name.as_str()) => true,
                Use::Shown | Use::Unmentioned if !is_ours => is_listed(),
                Use::Shown | Use::Unmentioned => {
                    self.is_unsafe(symbol, facts)
                        || self.obtained_within(symbol, depth - 1).contains_key(name)
                }
            })
            .collect()
    }

    /// True if the source of a function of the workspace has `unsafe`. (What cannot be found, a derive has made mostly.)
    fn is_unsafe(&self, symbol: &str, facts: &FunctionFacts) -> bool {
        if let Some(known) = self.unsafe_texts.borrow().get(symbol) {
            return known.unwrap_or(false);
        }
        let text = texts::text_of(self.evidence, self.side, symbol, facts);
        let found = text.map(|text| names::has_word(&text.body, "unsafe"));
        let mut known = self.unsafe_texts.borrow_mut();
        known.insert(symbol.to_owned(), found);
        found.unwrap_or(false)
    }
}

/// How a signature mentions a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A parameter holds one, or a safe pointer to one: it is known to be there.
    Held,
    /// A parameter is a raw pointer to it.
    Raw,
    /// The result is a reference or a raw pointer to it, and no parameter mentions it.
    Shown,
    /// Neither.
    Unmentioned,
}

fn use_of(name: &str, facts: &FunctionFacts) -> Use {
    let mentions = |other: &str| {
        if name.starts_with(|c: char| c.is_alphabetic()) && !name.contains('(') {
            names::mentions(other, name)
        } else {
            other.contains(name)
        }
    };
    let raw = |other: &str| {
        [
            "*const ",
            "*mut ",
            "*const [",
            "*mut [",
            "core::ptr::non_null::NonNull<",
        ]
        .iter()
        .any(|beginning| {
            other
                .strip_prefix(beginning)
                .is_some_and(|rest| rest.starts_with(name))
        })
    };
    let mut found = Use::Unmentioned;
    for parameter in facts.parameters.iter().filter(|one| mentions(one)) {
        if !raw(parameter) {
            return Use::Held;
        }
        found = Use::Raw;
    }
    if found == Use::Raw {
        return found;
    }
    let mut result: &str = &facts.result;
    while let Some(inner) = ["core::option::Option<", "core::result::Result<"]
        .iter()
        .find_map(|wrapper| result.strip_prefix(wrapper))
    {
        result = inner;
    }
    let is_pointer = [
        "&",
        "*",
        "core::ptr::non_null::NonNull<",
        "core::pin::Pin<&",
    ]
    .iter()
    .any(|beginning| result.starts_with(beginning));
    if is_pointer && mentions(result) {
        Use::Shown
    } else {
        found
    }
}

/// `view<app::A, u8>` → `view` and its arguments.
fn name_and_arguments(name: &str) -> (&str, Vec<&str>) {
    let Some((identifier, rest)) = name.split_once('<') else {
        return (name, Vec::new());
    };
    let inner = rest.strip_suffix('>').unwrap_or(rest);
    let mut arguments = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let bytes = inner.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                arguments.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(inner[start..].trim());
    (identifier, arguments)
}

/// `<app::A>::open` and `<app::A as app::View>::open` → `app::A`.
fn self_type(symbol: &str) -> Option<String> {
    let path = names::canonical(symbol);
    let first = *names::segments(&path).first()?;
    let inner = first.strip_prefix('<')?.strip_suffix('>')?;
    let own = inner.split(" as ").next().unwrap_or(inner);
    Some(own.to_owned())
}

/// Says nothing of what is in memory, or has rules of its own.
fn is_trivial(name: &str) -> bool {
    name.is_empty()
        || name == "()"
        || name.contains("{closure")
        || name.contains("{async")
        || name.ends_with("c_void")
        || name.ends_with("alloc::Global")
}

/// What both have of their own, if both have something.
pub(super) fn exchanged(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Option<Exchange> {
    let gone: BTreeSet<&str> = before
        .keys()
        .filter(|name| !after.contains_key(*name))
        .map(String::as_str)
        .collect();
    let come: BTreeSet<&str> = after
        .keys()
        .filter(|name| !before.contains_key(*name))
        .map(String::as_str)
        .collect();
    let through = after.get(*come.first()?)?.clone();
    (!gone.is_empty()).then(|| Exchange {
        gone: gone
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("`, `"),
        come: come
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("`, `"),
        through,
    })
}

/// A type that is obtained in another one's stead.
pub(super) struct Exchange {
    pub(super) gone: String,
    pub(super) come: String,
    /// The callee that the new one is obtained from.
    pub(super) through: String,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn function(name: &str, parameters: &[&str], result: &str) -> FunctionFacts {
        FunctionFacts {
            name: Arc::from(name),
            scope: Arc::from("app"),
            parameters: parameters.iter().map(|one| Arc::from(*one)).collect(),
            result: Arc::from(result),
            no_return: false,
            place: None,
            declared: false,
            is_method: false,
            handled: Vec::new(),
        }
    }

    #[test]
    fn signatures_say_whether_a_value_was_there() {
        let used = |parameters: &[&str], result: &str| {
            use_of("app::A", &function("f", parameters, result))
        };
        assert_eq!(used(&["*const app::A"], "app::A"), Use::Raw);
        assert_eq!(used(&["*const u8"], "&app::A"), Use::Shown);
        assert_eq!(
            used(&["&dyn core::any::Any"], "core::option::Option<&app::A>"),
            Use::Shown
        );
        assert_eq!(used(&["&app::A"], "&u32"), Use::Held);
        assert_eq!(
            used(
                &["&alloc::vec::Vec<app::A, alloc::alloc::Global>"],
                "&[app::A]"
            ),
            Use::Held
        );
        assert_eq!(used(&["&str"], "app::A"), Use::Unmentioned);
        assert_eq!(used(&["&app::Abc"], "&app::Abc"), Use::Unmentioned);
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            name_and_arguments("view<app::A<u8, u16>, fn(u32) -> u32>"),
            ("view", vec!["app::A<u8, u16>", "fn(u32) -> u32"])
        );
        assert_eq!(name_and_arguments("plain"), ("plain", vec![]));
    }
}
