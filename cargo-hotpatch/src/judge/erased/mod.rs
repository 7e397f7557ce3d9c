//! Values whose type only code knows: behind a raw pointer that is cast, behind an integer, and behind `dyn Any`.
//!
//! The debug info of such a value's holder says nothing about it, and a type that is gone from the source is compared with
//! nothing. So what is looked at is whether code takes the same memory for another type than before, or asks for another
//! type. Code shows that in four ways, and each is asked:
//!
//! - *What it calls* ([`readers`]): `view::<A>` and `<*const u8>::cast::<A>` have the type in their symbol.
//! - *What is written in it* ([`casts`]): a cast with `as` leaves no call.
//! - *What its names mean* ([`super::reach`]): `use x::A` became `use y::A`, an alias or a constant stands for something else, and the
//!   text of the cast is as before. Its code is not, or nothing is wrong.
//! - *What its variables are*, by debug info: a cast may take its type from its surroundings, and a macro may hide it.

mod casts;
mod code;
mod readers;

use std::cell::{LazyCell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::codes;
use crate::source::{Difference, ItemKind, definitions, macros};

use self::casts::Casts;
use self::code::Code;
use self::readers::Readers;
use super::debug::DebugFacts;
use super::reach::Reach;
use super::sources::Side;
use super::texts::{self, ChangedText};
use super::{Evidence, Verdict, names};

/// # Errors
/// When an object cannot be read.
pub(super) fn judge(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) -> Result<()> {
    if evidence.case.changed.is_empty() {
        return Ok(());
    }
    let around = Around {
        evidence,
        hiding: OnceCell::new(),
        reach: OnceCell::new(),
    };
    judge_casts(&around, verdict);
    judge_aliases(evidence, verdict);
    judge_any(evidence, verdict);
    if evidence.case.confined_to.is_none() {
        judge_names_and_variables(&around, verdict);
        judge_readers(evidence, verdict)?;
    }
    Ok(())
}

/// What is found out about the rest of the workspace when somebody asks.
struct Around<'e, 'c, 'a> {
    evidence: &'e Evidence<'c, 'a>,
    hiding: OnceCell<BTreeSet<String>>,
    reach: OnceCell<Reach>,
}

impl Around<'_, '_, '_> {
    /// True if a macro of the workspace that is called there may hide a cast.
    fn hides(&self, casts: &Casts) -> bool {
        if casts.macros.is_empty() {
            return false;
        }
        let hiding = self.hiding.get_or_init(|| {
            let rest = self.evidence.case.texts.all();
            let edited = (self.evidence.case.sources.iter())
                .flat_map(|source| [source.old, source.new])
                .flatten();
            let defining = edited.chain(rest.iter().map(String::as_str));
            let defining: Vec<&str> = defining
                .filter(|text| text.contains("macro_rules"))
                .collect();
            // Most workspaces define no such macro, and to read tokens takes long.
            if !defining.iter().any(|text| names::has_word(text, "unsafe")) {
                return BTreeSet::new();
            }
            macros::with_unsafe(defining)
        });
        !casts.macros.is_disjoint(hiding)
    }

    /// True if what is written there takes memory for a type, or may.
    fn may_take(&self, casts: &Casts) -> bool {
        casts.is_unsafe || !casts.targets.is_empty() || self.is_open(casts)
    }

    /// True if it may take memory for a type that is not written out.
    fn is_open(&self, casts: &Casts) -> bool {
        casts.inferred || self.hides(casts)
    }

    fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::of(self.evidence))
    }
}

/// Functions that changed and that obtain another type from what they call.
fn judge_readers(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) -> Result<()> {
    let case = evidence.case;
    let readers = |side: Side| -> Result<Readers<'_, '_, '_>> {
        let objects = case.units.iter().flat_map(|unit| match side {
            Side::Old => &unit.old,
            Side::New => &unit.new,
        });
        Ok(Readers {
            evidence,
            side,
            code: Code::read(objects.copied())?,
            unsafe_texts: RefCell::default(),
        })
    };
    let (old, new) = (readers(Side::Old)?, readers(Side::New)?);
    let is_ours = |facts: &DebugFacts, symbol: &str| {
        let facts = facts.functions.get(symbol);
        facts.is_some_and(|facts| texts::is_of_workspace(evidence, facts))
    };
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for changed in &case.changed {
        if !is_ours(&evidence.new, &changed.new) {
            continue;
        }
        let obtained = (old.obtained_by(&changed.old), new.obtained_by(&changed.new));
        if let Some(exchange) = readers::exchanged(&obtained.0, &obtained.1) {
            let facts = evidence.new.functions.get(&*changed.new);
            verdict.restart(
                &codes::TYPE_DOUBT,
                format!(
                    "`{}` takes memory for `{}` (through `{}`), where it took it for `{}`; what was put there before the edit is still that",
                    names::canonical(&changed.new),
                    exchange.come,
                    exchange.through,
                    exchange.gone
                ),
                facts.and_then(|facts| evidence.sources.span_of(facts.place.as_ref())),
            );
            return Ok(());
        }
        before.extend(obtained.0);
        after.extend(obtained.1);
    }
    // The code may have moved into another function at the same time.
    let ours = |symbols: &'_ [String], facts: &DebugFacts| -> Vec<String> {
        let ours = symbols.iter().filter(|symbol| is_ours(facts, symbol));
        ours.cloned().collect()
    };
    for symbol in ours(&case.removed, &evidence.old) {
        before.extend(old.obtained_by(&symbol));
    }
    for symbol in ours(&case.added, &evidence.new) {
        after.extend(new.obtained_by(&symbol));
    }
    if let Some(exchange) = readers::exchanged(&before, &after) {
        verdict.restart(
            &codes::TYPE_DOUBT,
            format!(
                "memory is taken for `{}` (through `{}`) now, and no longer for `{}`; what was put there before the edit is still that",
                exchange.come, exchange.through, exchange.gone
            ),
            None,
        );
    }
    Ok(())
}

/// Functions with casts that changed: do their names mean something else, or are their variables of other types?
fn judge_names_and_variables(around: &Around<'_, '_, '_>, verdict: &mut Verdict) {
    let evidence = around.evidence;
    for changed in texts::changed(evidence) {
        let (Some(old), Some(new)) = (&changed.old, &changed.new) else {
            continue;
        };
        let casts = (Casts::of(&old.body), Casts::of(&new.body));
        if !around.may_take(&casts.0) || !around.may_take(&casts.1) {
            continue;
        }
        let span = evidence.sources.span_of(changed.facts.place.as_ref());
        let name = names::canonical(&changed.function.new);
        if let Some(cause) = meaning_moved(around, &changed, &casts) {
            verdict.restart(
                &codes::TYPE_DOUBT,
                format!(
                    "`{name}` takes memory behind a raw pointer for a type, and the edit of `{cause}` may have made it another one"
                ),
                span,
            );
        } else if let Some((gone, come)) = other_variables(around, &changed, &casts) {
            verdict.restart(
                &codes::TYPE_DOUBT,
                format!(
                    "`{name}` takes memory behind a raw pointer for a type, and has a `{come}` where it had a `{gone}`; what was put there before the edit is still that"
                ),
                span,
            );
        }
    }
}

/// The edited item that the types of casts lead back to by name.
fn meaning_moved(
    around: &Around<'_, '_, '_>,
    changed: &ChangedText<'_>,
    casts: &(Casts, Casts),
) -> Option<String> {
    let (Some(old), Some(new)) = (&changed.old, &changed.new) else {
        return None;
    };
    if !changed.is_unedited && (casts.0.is_unsafe || casts.1.is_unsafe) {
        let inside = [&old.body, &new.body].map(|body| definitions::inside(body));
        if let Some(gone) = inside[0].difference(&inside[1]).next() {
            return Some(gone.text.clone());
        }
    }
    let reach = around.reach();
    if reach.names.is_empty() && reach.anything.is_none() {
        return None;
    }
    // A number counts where a type is written: elsewhere it is only a number.
    let typing = |casts: &Casts, body: &str| -> BTreeSet<String> {
        if around.is_open(casts) {
            definitions::words_of(body)
        } else {
            casts.words.clone()
        }
    };
    let all = [&old.body, &new.body].map(|body| definitions::words_of(body));
    let typing = [typing(&casts.0, &old.body), typing(&casts.1, &new.body)];
    let mut kept = all[0].intersection(&all[1]);
    let cause = kept.find_map(|word| {
        let cause = reach.names.get(word)?;
        let counts = !cause.is_number || typing.iter().all(|words| words.contains(word));
        counts.then(|| cause.name.clone())
    });
    cause.or_else(|| reach.anything.clone())
}

/// A type of a variable, parameter or result that is gone, and one that has come.
fn other_variables(
    around: &Around<'_, '_, '_>,
    changed: &ChangedText<'_>,
    casts: &(Casts, Casts),
) -> Option<(String, String)> {
    let evidence = around.evidence;
    let is_open = around.is_open(&casts.0) || around.is_open(&casts.1);
    let is_cast = is_open || !casts.0.targets.is_empty() || !casts.1.targets.is_empty();
    let counts = |name: &str| {
        if is_cast {
            is_open || is_pointer(name)
        } else {
            // Without a cast, another raw pointer is one that was edited, or that an edit elsewhere made.
            changed.is_unedited && name.starts_with('*')
        }
    };
    let types = |facts: &DebugFacts, symbol: &str| -> BTreeSet<String> {
        let signature = facts
            .functions
            .get(symbol)
            .into_iter()
            .flat_map(|function| function.parameters.iter().chain([&function.result]));
        let locals = facts
            .bodies
            .get(symbol)
            .into_iter()
            .flat_map(|body| &body.types);
        signature
            .chain(locals)
            .filter(|name| counts(name))
            .filter(|name| is_telling(name, evidence))
            .map(ToString::to_string)
            .collect()
    };
    let before = types(&evidence.old, &changed.function.old);
    let after = types(&evidence.new, &changed.function.new);
    exchanged(&before, &after)
}

/// A pointer of some kind, or a function's address.
fn is_pointer(name: &str) -> bool {
    name.starts_with(['&', '*'])
        || [
            "fn(",
            "unsafe fn(",
            "extern ",
            "unsafe extern ",
            "alloc::boxed::Box<",
            "alloc::rc::Rc<",
            "alloc::sync::Arc<",
            "core::ptr::non_null::NonNull<",
            "core::option::Option<&",
            "core::option::Option<fn(",
        ]
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

/// Other code than casts rarely has to do with types of this name: they are the workspace's, raw, arrays, numbers or functions.
fn is_telling(name: &str, evidence: &Evidence<'_, '_>) -> bool {
    let inner = name
        .trim_start_matches(['&', '*'])
        .trim_start_matches("mut ")
        .trim_start_matches("const ");
    let is_text = matches!(inner, "str" | "[u8]" | "()")
        || inner.ends_with("c_void")
        || inner.contains("{closure");
    !is_text
        && (names::mentions_crate(name, evidence.case.workspace_crates)
            || name.contains("fn(")
            || name.starts_with('*')
            || name.starts_with('&') && inner.chars().all(|c| c.is_ascii_alphanumeric())
            || inner.starts_with('['))
}

/// Edited functions that take a raw pointer's memory for another type.
fn judge_casts(around: &Around<'_, '_, '_>, verdict: &mut Verdict) {
    let evidence = around.evidence;
    let files = &evidence.sources.files;
    // All texts have to be read for it, and hardly ever is it asked for.
    let defined: LazyCell<BTreeSet<&str>, _> = LazyCell::new(|| {
        let shown = [&evidence.old, &evidence.new]
            .into_iter()
            .flat_map(|facts| facts.types.keys())
            .filter(|name| {
                let first = names::segments(name).first().copied().unwrap_or_default();
                evidence.case.workspace_crates.contains(first)
            })
            .map(|name| names::identifier(name))
            .filter(|name| !name.starts_with('{'));
        files
            .iter()
            .flat_map(|file| file.old.types().iter().chain(file.new.types()))
            .map(|text| text.name.as_str())
            .chain(shown)
            .collect()
    });
    for file in files {
        for edited in &file.change.edited {
            let (Some(old), Some(new)) = (
                file.function_within(Side::Old, &edited.name, edited.old),
                file.function_within(Side::New, &edited.name, edited.new),
            ) else {
                continue;
            };
            let (before, after) = (Casts::of(&old.body), Casts::of(&new.body));
            let (gone, come) = exchanged(&before.targets, &after.targets)
                .or_else(|| {
                    // A cast without a target takes its type from its surroundings.
                    let mentioned = |body: &str| -> BTreeSet<String> {
                        let words = defined.iter().filter(|name| names::has_word(body, name));
                        words.map(|name| (*name).to_owned()).collect()
                    };
                    // So may one that a macro hides.
                    (around.is_open(&before) && around.is_open(&after))
                        .then(|| exchanged(&mentioned(&old.body), &mentioned(&new.body)))
                        .flatten()
                })
                .unwrap_or_default();
            if gone.is_empty() {
                continue;
            }
            verdict.restart(
                &codes::TYPE_DOUBT,
                format!(
                    "`{}` takes memory behind a raw pointer for `{come}`, where it took it for `{gone}`; what was put there before the edit is still that",
                    edited.path
                ),
                Some(file.span(new.first_line)),
            );
        }
    }
}

/// Aliases that stand for another type now, and are what a raw pointer is cast to.
fn judge_aliases(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for (_, item) in evidence.sources.changed_items() {
        if item.kind != ItemKind::TypeAlias || item.difference != Difference::Edited {
            continue;
        }
        let alias = item.path.rsplit("::").next().unwrap_or(&item.path);
        let user = evidence.sources.files.iter().find_map(|file| {
            let functions = file.index(Side::New).functions().iter();
            functions
                .filter(|function| names::has_word(&function.body, alias))
                .find(|function| {
                    let casts = Casts::of(&function.body);
                    casts.inferred
                        || casts
                            .targets
                            .iter()
                            .any(|target| names::has_word(target, alias))
                })
                .map(|function| (file, function))
        });
        if let Some((file, function)) = user {
            verdict.restart(
                &codes::TYPE_DOUBT,
                format!(
                    "`{alias}` stands for another type now, and `{}` takes memory behind a raw pointer for it",
                    function.name
                ),
                Some(file.span(function.first_line)),
            );
        }
    }
}

/// Types that are gone although values of them were found by their type, while another one is asked for now.
fn judge_any(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let (before, after) = (asked_for(&evidence.old), asked_for(&evidence.new));
    if before.is_empty() || after.is_empty() {
        return;
    }
    let known = |facts: &DebugFacts| -> BTreeSet<String> {
        let names = facts.names.iter();
        names
            .flat_map(|name| paths_in(name))
            .map(str::to_owned)
            .collect()
    };
    let only = |asked: &BTreeSet<String>, there: &DebugFacts| {
        let there = known(there);
        asked
            .iter()
            .find(|name| paths_in(name).any(|path| !there.contains(path)))
            .cloned()
    };
    if let (Some(vanished), Some(fresh)) =
        (only(&before, &evidence.new), only(&after, &evidence.old))
    {
        verdict.restart(
            &codes::TYPE_DOUBT,
            format!(
                "`{vanished}` is gone and `{fresh}` is new, and code finds values by these types (`dyn Any`, `TypeId`): what was kept as the one is not found as the other"
            ),
            evidence.sources.span_of_type(&fresh),
        );
    }
}

/// The paths of named types in a full name, without their generic arguments. Symbols and debug info spell these alike, but
/// not what is around them (a `Box` has an allocator in debug info only), nor closures, which have rules of their own.
fn paths_in(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !(c.is_alphanumeric() || "_:{}#".contains(c)))
        .filter(|path| path.contains("::") && !path.contains('{'))
}

/// Full names of the types of which the program asks for the identity.
fn asked_for(facts: &DebugFacts) -> BTreeSet<String> {
    facts
        .functions
        .keys()
        // Identifiers stand in symbols as they are, and there are thousands of symbols.
        .filter(|symbol| symbol.contains("type_id") || symbol.contains("TypeId"))
        .filter_map(|symbol| {
            let path = names::canonical(symbol);
            let of_object = path
                .strip_prefix('<')
                .and_then(|path| path.strip_suffix(" as core::any::Any>::type_id"));
            let of_type = path
                .strip_prefix("<core::any::TypeId>::of::<")
                .and_then(|path| path.strip_suffix('>'));
            of_object.or(of_type).map(str::to_owned)
        })
        .collect()
}

/// What only one set has of each, if both have something of their own.
fn exchanged(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Option<(String, String)> {
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
        these.difference(those).cloned().collect::<Vec<_>>()
    };
    let (gone, come) = (only(before, after), only(after, before));
    (!gone.is_empty() && !come.is_empty()).then(|| (gone.join("`, `"), come.join("`, `")))
}
