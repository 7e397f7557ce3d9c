//! Functions that changed: may calls from everywhere reach the new code in the old slot?

use std::collections::HashSet;

use crate::codes;

use super::debug::{DebugFacts, FunctionFacts, VtableSlot};
use super::layout::by_value;
use super::sources::{Header, Side, Surroundings};
use super::{ChangedFunction, Evidence, Scope, Verdict, names};

pub(super) fn judge(evidence: &Evidence<'_, '_>, scope: Scope<'_>, verdict: &mut Verdict) {
    let optimised = evidence.case.units.iter().any(|unit| unit.opt_level != "0");
    for changed in &evidence.case.changed {
        if scope.has_function(&changed.old) || scope.has_function(&changed.new) {
            // Its old slot keeps the old code, so nobody is led to code that expects another call.
            continue;
        }
        if let Some(shared) = shared_by_versions(evidence, changed) {
            verdict.restart(
                &codes::VERSIONS_MEET,
                format!(
                    "`{}` changed, and an older and a newer version of `{shared}` use it",
                    names::canonical(&changed.old)
                ),
                None,
            );
        }
        let facts = (
            evidence.old.functions.get(&*changed.old),
            evidence.new.functions.get(&*changed.new),
        );
        let is_coroutine = [facts.0, facts.1]
            .into_iter()
            .flatten()
            .any(|f| names::is_coroutine_function(&f.name));
        if !is_coroutine {
            // A coroutine's resume function is called by its future's trait only, and judged by its state.
            judge_calls(evidence, changed, facts, verdict);
        }
        if optimised {
            judge_optimised(evidence, changed, verdict);
        }
    }
}

/// A type that the function exposes, and that was cut while its slot stayed the same.
fn shared_by_versions<'c>(
    evidence: &Evidence<'c, '_>,
    changed: &'c ChangedFunction,
) -> Option<&'c String> {
    let facts = [
        evidence.old.functions.get(&*changed.old),
        evidence.new.functions.get(&*changed.new),
    ];
    changed.cut_since.iter().find(|pattern| {
        facts.into_iter().flatten().any(|function| {
            let mut types = function.parameters.iter().chain([&function.result]);
            types.any(|name| super::cut::has(name, pattern))
        })
    })
}

type Facts<'f> = (Option<&'f FunctionFacts>, Option<&'f FunctionFacts>);

pub(super) fn judge_calls(
    evidence: &Evidence<'_, '_>,
    changed: &ChangedFunction,
    facts: Facts<'_>,
    verdict: &mut Verdict,
) {
    let name = names::canonical(&changed.old);
    let span = facts
        .1
        .and_then(|function| evidence.sources.span_of(function.place.as_ref()));
    if let (Some(old), Some(new)) = facts
        && let Some(difference) = signature_difference(old, new)
    {
        let said = format!("the signature of `{name}` changed: {difference}");
        if has_foreign_callers(evidence, changed, facts) {
            verdict.restart(
                &codes::SIGNATURE,
                format!("{said}; callers outside of Rust cannot be compiled anew"),
                span,
            );
        } else if changed.in_old_vtable {
            verdict.restart(
                &codes::SIGNATURE,
                format!("{said}; its address is in a vtable of objects made before"),
                span,
            );
        } else if changed.caller_unchanged && changed.unchanged_callers.is_empty() {
            verdict.restart(
                &codes::SIGNATURE,
                format!("{said}; a caller whose code is unchanged would keep calling the old one"),
                span,
            );
        } else {
            verdict.renew.insert(changed.new.clone());
            verdict
                .carry
                .extend(changed.unchanged_callers.iter().cloned());
        }
        return;
    }
    if let Some(doubt) = convention_doubt(evidence, facts) {
        verdict.restart(
            &codes::ABI_DOUBT,
            format!("`{name}` is called in another way: {doubt}"),
            span,
        );
        return;
    }
    if changed.caller_unchanged || vtable_witness(evidence, changed) {
        return;
    }
    if let Some(doubt) =
        header_doubt(evidence, changed, facts, &name).or_else(|| attribute_doubt(evidence, facts))
    {
        verdict.restart(
            &codes::ABI_DOUBT,
            format!("no caller of `{name}` is byte-identical in both builds, and {doubt}"),
            span,
        );
    }
}

/// What differs in two signatures, as far as debug info shows them.
fn signature_difference(old: &FunctionFacts, new: &FunctionFacts) -> Option<String> {
    if old.no_return != new.no_return {
        return Some(
            if new.no_return {
                "it no longer returns"
            } else {
                "it returns now"
            }
            .to_owned(),
        );
    }
    if old.result != new.result {
        return Some(format!(
            "it returned `{}`, now `{}`",
            old.result, new.result
        ));
    }
    if old.parameters != new.parameters {
        let list = |function: &FunctionFacts| function.parameters.join(", ");
        return Some(format!("it took ({}), now ({})", list(old), list(new)));
    }
    None
}

/// Callers that no Rust compiler checks: exported under a plain name, or made to be called by C.
fn has_foreign_callers(
    evidence: &Evidence<'_, '_>,
    changed: &ChangedFunction,
    facts: Facts<'_>,
) -> bool {
    let foreign = |side: Side, function: Option<&FunctionFacts>| match function
        .map(|f| evidence.sources.header(side, f))
    {
        Some(Header::Text(text)) => text.foreign_callers,
        _ => false,
    };
    !names::is_mangled(&changed.old)
        || !names::is_mangled(&changed.new)
        || foreign(Side::Old, facts.0)
        || foreign(Side::New, facts.1)
}

/// True if the function is called through a vtable slot that is the same in both builds: the trait, which did not change
/// (or restarts by itself), says how.
fn vtable_witness(evidence: &Evidence<'_, '_>, changed: &ChangedFunction) -> bool {
    if !changed.in_old_vtable {
        return false;
    }
    let slots = |facts: &DebugFacts, symbol: &str| -> HashSet<(String, usize)> {
        let mut found = HashSet::new();
        for (name, vtables) in &facts.vtables {
            for vtable in vtables {
                for (slot, content) in vtable.iter().enumerate() {
                    if matches!(content, VtableSlot::Symbol(other) if **other == *symbol) {
                        found.insert((name.to_string(), slot));
                    }
                }
            }
        }
        found
    };
    let (old, new) = (
        slots(&evidence.old, &changed.old),
        slots(&evidence.new, &changed.new),
    );
    // In no vtable at all, its address stands in other data, which does not show how it is called.
    old.intersection(&new).next().is_some()
}

/// What the headers say of the calling convention, if they say two things. A caller may be byte-identical all the same, when
/// both conventions do the same with what it passes and gets; other callers may see more of it (exception tables).
fn convention_doubt(evidence: &Evidence<'_, '_>, facts: Facts<'_>) -> Option<String> {
    let (Some(old), Some(new)) = facts else {
        return None;
    };
    match (
        evidence.sources.header(Side::Old, old),
        evidence.sources.header(Side::New, new),
    ) {
        (Header::Text(before), Header::Text(after))
            if !before.convention.is_empty()
                && !after.convention.is_empty()
                && before.convention != after.convention =>
        {
            Some(format!(
                "`{}` became `{}`",
                before.convention, after.convention
            ))
        }
        _ => None,
    }
}

/// Why the header is not proven equal.
fn header_doubt(
    evidence: &Evidence<'_, '_>,
    changed: &ChangedFunction,
    facts: Facts<'_>,
    name: &str,
) -> Option<String> {
    let (old, new) = match facts {
        (Some(old), Some(new)) => (old, new),
        (None, None) if is_shim(&changed.old) && is_shim(&changed.new) => return None,
        _ => return Some("debug info does not show its signature".to_owned()),
    };
    if old.name.starts_with("{closure#") {
        return closure_doubt(old, new, name);
    }
    match (
        evidence.sources.header(Side::Old, old),
        evidence.sources.header(Side::New, new),
    ) {
        (Header::Untouched, Header::Untouched) | (Header::Derived, Header::Derived) => None,
        (Header::Text(before), Header::Text(after)) => {
            if before.depends_on_macro || after.depends_on_macro {
                return Some("its header is made by a macro".to_owned());
            }
            if before.call_shape != after.call_shape {
                return Some(format!(
                    "its header changed: `{}` became `{}`",
                    before.call_shape.trim(),
                    after.call_shape.trim()
                ));
            }
            let complete = old.declared && new.declared
                || before.inputs == Some(old.parameters.len())
                    && after.inputs == Some(new.parameters.len());
            (!complete && evidence.sources.names_may_have_moved())
                .then(|| "debug info does not show all of its parameters, while imports or aliases changed".to_owned())
        }
        _ => Some("its header was not found in the source".to_owned()),
    }
}

/// A closure's header says nothing about how it takes its captures; its own environment among the parameters does.
fn closure_doubt(old: &FunctionFacts, new: &FunctionFacts, name: &str) -> Option<String> {
    let own = |function: &FunctionFacts| {
        function
            .parameters
            .first()
            .is_some_and(|first| first.contains("{closure_env#"))
    };
    if own(old) && own(new) {
        return None;
    }
    Some(format!(
        "debug info does not show whether `{name}` takes its captures by value"
    ))
}

/// Compiler-made functions without debug info, whose signature their symbol determines.
fn is_shim(symbol: &str) -> bool {
    let path = names::canonical(symbol);
    symbol.starts_with("_RNS")
        || path.starts_with("core::ptr::drop_in_place::<")
        || ["::call_once", "::call_mut", "::call"]
            .iter()
            .any(|method| path.ends_with(method) && path.contains(" as core::ops::function::Fn"))
}

/// A type passed by value whose attributes changed without a trace in its layout.
fn attribute_doubt(evidence: &Evidence<'_, '_>, facts: Facts<'_>) -> Option<String> {
    let (Some(old), Some(_)) = facts else {
        return None;
    };
    let mut seen: HashSet<String> = HashSet::new();
    let mut left: Vec<String> = old
        .parameters
        .iter()
        .chain([&old.result])
        .map(ToString::to_string)
        .collect();
    while let Some(name) = left.pop() {
        // What is behind a pointer is not passed.
        if name.starts_with(['&', '*']) || !seen.insert(name.clone()) {
            continue;
        }
        let identifier = names::identifier(&name);
        let texts = |side: Side| -> Vec<&String> {
            evidence
                .sources
                .files
                .iter()
                .flat_map(|file| file.index(side).types_within(file.edited_lines(side)))
                .filter(|text| text.name == identifier)
                .map(|text| &text.attributes)
                .collect()
        };
        if texts(Side::Old) != texts(Side::New) {
            return Some(format!(
                "the attributes of `{name}`, which it passes by value, changed"
            ));
        }
        match evidence.old.types.get(name.as_str()) {
            Some(shapes) => {
                left.extend(
                    shapes
                        .iter()
                        .flat_map(by_value)
                        .map(|member| member.type_name.to_string()),
                );
            }
            None if name.starts_with('[') => {
                let inner = name.trim_start_matches('[').trim_end_matches(']');
                left.push(
                    inner
                        .rsplit_once("; ")
                        .map_or(inner, |(inner, _)| inner)
                        .to_owned(),
                );
            }
            None => {}
        }
    }
    None
}

/// Above opt-level 0 a caller that changed although nobody edited it shows that the callee is called in another way.
fn judge_optimised(evidence: &Evidence<'_, '_>, changed: &ChangedFunction, verdict: &mut Verdict) {
    for caller in &changed.changed_callers {
        if is_edited(evidence, caller) {
            continue;
        }
        let span = evidence
            .new
            .functions
            .get(&*changed.new)
            .and_then(|f| evidence.sources.span_of(f.place.as_ref()));
        verdict.restart(
            &codes::OPTIMISED_CALLEE,
            format!(
                "`{}` changed together with its caller `{}`, whose source nobody edited",
                names::canonical(&changed.new),
                names::canonical(caller)
            ),
            span,
        );
        return;
    }
}

/// True if the source of this function of the new build was edited.
fn is_edited(evidence: &Evidence<'_, '_>, symbol: &str) -> bool {
    let Some(new) = evidence.new.functions.get(symbol) else {
        return false;
    };
    let Surroundings::Text(after) = evidence.sources.around(Side::New, symbol, new) else {
        return false;
    };
    let same = evidence
        .sources
        .files
        .iter()
        .flat_map(|file| file.old.functions())
        .any(|before| {
            before.name == after.name && before.header == after.header && before.body == after.body
        });
    !same
}
