//! What differs → may it be patched into the running program, and if not, why.
//!
//! Pure: objects and texts in, a verdict out. Debug info of the objects that differ is compared with that of the build
//! that runs, and the source texts add what debug info does not hold (attributes, the identity of closures, what a trait
//! demands). Whatever is not understood restarts: a patch is only ever the result of positive evidence.
//!
//! What is *not* looked at here: which functions differ and how they are paired (the diff's work), whether there is a
//! slot, space or a symbol for everything (the patch linker's).

mod closures;
pub mod cut;
pub mod debug;
mod departed;
mod erased;
mod functions;
mod identity;
mod impls;
mod layout;
mod names;
pub mod relocatable;
pub mod rewritten;
mod shapes;
mod sources;
mod statics;
mod vtables;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::codes::{self, Code, Reason, Span};
use crate::diff::identity::Doubt;

use cut::Cause;
use debug::{DebugFacts, Kept};
pub use departed::Departed;
pub use identity::exchange_reason;
use layout::Fault;
use sources::{Side, Sources};

pub use cut::{Cut, CutNames};

/// A function whose code differs between the two builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedFunction {
    /// Its symbol in the build that runs.
    pub old: String,
    /// Its symbol in the new build.
    pub new: String,
    /// Some function that calls it is byte-identical in both builds. Who takes its address does not show how it is called.
    pub caller_unchanged: bool,
    /// Its address stands in a vtable of the build that runs.
    pub in_old_vtable: bool,
    /// The new build's symbols of those functions that refer to it and that differ as well. Needed only for units with
    /// an opt-level above 0; may be left empty at 0.
    pub changed_callers: Vec<String>,
    /// The new build's symbols of those functions that refer to it and that are byte-identical in both builds. If it is
    /// left empty while [`Self::caller_unchanged`] is set, a changed signature restarts.
    pub unchanged_callers: Vec<String>,
    /// Types that were cut after its slot came into use: their old and new version share its code.
    pub cut_since: Vec<String>,
}

/// The objects of one unit that differ between the two builds.
#[derive(Debug, Clone)]
pub struct UnitCase<'a> {
    /// The unit's key, for messages.
    pub key: &'a str,
    /// `--crate-name`.
    pub crate_name: &'a str,
    /// `-C opt-level`.
    pub opt_level: &'a str,
    /// As they were, of the build that runs.
    pub old: Vec<&'a [u8]>,
    /// As they are.
    pub new: Vec<&'a [u8]>,
}

/// A source file that was edited.
#[derive(Debug, Clone)]
pub struct SourceCase<'a> {
    /// As the compiler names it, or absolute.
    pub path: &'a Path,
    /// The text that the running code was compiled from; `None` for a new file.
    pub old: Option<&'a str>,
    /// The text now; `None` for a file that is gone.
    pub new: Option<&'a str>,
}

/// Everything that is known of an edit.
#[derive(Debug)]
pub struct Case<'a> {
    /// By unit.
    pub units: Vec<UnitCase<'a>>,
    /// *All* source files whose text differs from what the running code was compiled from, not only those of the last
    /// save: a file that is not listed is taken to be unedited.
    pub sources: Vec<SourceCase<'a>>,
    /// Paired by the diff.
    pub changed: Vec<ChangedFunction>,
    /// Symbols of functions that only the new build has.
    pub added: Vec<String>,
    /// Symbols of functions that only the old build has.
    pub removed: Vec<String>,
    /// Functions whose symbol is another one now: old to new.
    pub renamed: HashMap<String, String>,
    /// Items of one path that may have changed places.
    pub exchanged: Vec<Doubt>,
    /// Names of all crates of the workspace, with `_` for `-`.
    pub workspace_crates: &'a HashSet<String>,
    /// The identifiers of the functions that were edited, if it is known that nothing differs but their bodies and that
    /// these hold no statics. Then the new objects need not have anything else, and only the closures in these bodies are
    /// compared.
    pub confined_to: Option<Vec<String>>,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Why the program must be restarted, the most telling reason first. Empty: the edit may be patched.
    pub restart: Vec<Reason>,
    /// Symbols of the new build that must get a new slot because their signature changed; the old slot keeps the old
    /// code, for callers that were compiled against the old signature.
    pub renew: BTreeSet<String>,
    /// Symbols of the new build whose code is equal to the old, but which must be patched all the same: they refer to a
    /// function in [`Self::renew`], and their old body would go on calling the old one.
    pub carry: BTreeSet<String>,
    /// Remarks for the report: what stays as it was.
    pub notes: Vec<String>,
    /// What the program will still have and the source will not, once the edit is patched.
    pub departed: Departed,
    /// Closures and coroutines of which the old and the new version have to live side by side. Whether they can is not
    /// certain yet: see [`Cut::crossing`].
    pub cut: Option<Cut>,
    /// Why there has to be a cut, while the rules are being looked at.
    causes: Vec<Cause>,
}

impl Verdict {
    fn restart(&mut self, code: &Code, message: impl Into<String>, span: Option<Span>) {
        let reason = Reason::new(code, message).at(span);
        if !self.restart.contains(&reason) {
            self.restart.push(reason);
        }
    }
}

/// What all rules look at.
struct Evidence<'c, 'a> {
    case: &'c Case<'a>,
    old: Arc<DebugFacts>,
    new: Arc<DebugFacts>,
    sources: Sources<'a>,
}

/// Remembers what was read from the debug info of objects: what is new in one edit is old in the next.
pub trait FactsMemory: Sync {
    /// The facts of the object with this content, read by `read` if they are not known.
    ///
    /// # Errors
    /// Those of `read`.
    fn facts(&self, bytes: &[u8], read: &dyn Fn() -> Result<DebugFacts>)
    -> Result<Arc<DebugFacts>>;
}

/// Remembers nothing.
pub struct NoMemory;

impl FactsMemory for NoMemory {
    fn facts(
        &self,
        _bytes: &[u8],
        read: &dyn Fn() -> Result<DebugFacts>,
    ) -> Result<Arc<DebugFacts>> {
        Ok(Arc::new(read()?))
    }
}

/// Judges an edit.
///
/// # Errors
/// When an object cannot be read. Nothing is known then, and the program has to be restarted.
pub fn judge(case: &Case<'_>) -> Result<Verdict> {
    judge_with(case, &Departed::default(), &NoMemory)
}

/// Judges an edit of a program that has things which its source lost in earlier edits. `memory` must belong to one set of
/// workspace crates, and to cases that are [confined](Case::confined_to) to nothing.
///
/// # Errors
/// As [`judge`].
pub fn judge_with(
    case: &Case<'_>,
    departed: &Departed,
    memory: &dyn FactsMemory,
) -> Result<Verdict> {
    let is_confined = |name: &str| match &case.confined_to {
        Some(identifiers) => identifiers
            .iter()
            .any(|identifier| names::has_word(name, identifier)),
        None => true,
    };
    let keep = |name: &str| {
        names::mentions_crate(name, case.workspace_crates)
            && (case.confined_to.is_none() || name.contains("_env#") && is_confined(name))
    };
    let objects = |side: Side| -> Vec<&[u8]> {
        case.units
            .iter()
            .flat_map(|unit| {
                if side == Side::Old {
                    &unit.old
                } else {
                    &unit.new
                }
            })
            .copied()
            .collect()
    };
    let is_confined_function = |linkage: &str| match &case.confined_to {
        // Symbols spell identifiers as they are: most need not be decoded.
        Some(identifiers) => {
            identifiers
                .iter()
                .any(|identifier| linkage.contains(identifier))
                && is_confined(&names::canonical(linkage))
        }
        None => true,
    };
    let kept = Kept {
        types: &keep,
        functions: &is_confined_function,
        vtables: &is_confined,
        statics: case.confined_to.is_none(),
    };
    let read = |side: Side| -> Result<Arc<DebugFacts>> {
        let objects = objects(side);
        // A type that names no crate of the workspace cannot change: neither its own source nor its arguments can.
        DebugFacts::read_with(&objects, &kept, memory).with_context(|| {
            let keys: Vec<&str> = case.units.iter().map(|unit| unit.key).collect();
            let which = if side == Side::Old { "running" } else { "new" };
            format!("debug info of the {which} objects of {}", keys.join(", "))
        })
    };
    let (old, new) = if debug::is_little(&objects(Side::New)) {
        // What is old was mostly new once, and is remembered.
        (read(Side::Old), read(Side::New))
    } else {
        rayon::join(|| read(Side::Old), || read(Side::New))
    };
    let mut evidence = Evidence {
        case,
        old: old?,
        new: new?,
        sources: Sources::read(&case.sources),
    };
    let mut verdict = Verdict::default();
    impls::align(&mut evidence, &mut verdict);
    departed.recall(&mut evidence.old, &evidence.new);
    let findings = layout::compare(&evidence.old, &evidence.new);
    closures::judge(&evidence, &findings, &mut verdict);
    let causes = std::mem::take(&mut verdict.causes);
    let cut = cut_for(&mut evidence, causes, &mut verdict);
    let scope = Scope { cut: cut.as_ref() };
    judge_types(&evidence, &findings, scope, &mut verdict);
    erased::judge(&evidence, &mut verdict);
    vtables::judge(&evidence, scope, &mut verdict);
    identity::judge(&evidence, &mut verdict);
    statics::judge(&evidence, &mut verdict);
    functions::judge(&evidence, scope, &mut verdict);
    if verdict.restart.is_empty() {
        verdict.departed = Departed::between(&evidence.old, &evidence.new);
        verdict.cut = cut.map(|cut| cut.with_facts(evidence.old, evidence.new));
    } else {
        verdict.renew.clear();
        verdict.carry.clear();
        if let Some(cut) = cut {
            // What restarts anyhow needs no cut, and these are reasons as well.
            verdict.restart.extend(cut.into_reasons());
        }
    }
    Ok(verdict)
}

/// The version cut that the causes ask for, if the edit is one that can be cut; else they are reasons to restart.
fn cut_for(
    evidence: &mut Evidence<'_, '_>,
    causes: Vec<Cause>,
    verdict: &mut Verdict,
) -> Option<Cut> {
    if causes.is_empty() {
        return None;
    }
    let optimised = evidence.case.units.iter().any(|unit| unit.opt_level != "0");
    let why = if optimised {
        "above opt-level 0 old and new code cannot be kept apart"
    } else {
        match Cut::new(&evidence.old, &evidence.new, causes.clone()) {
            Some(cut) => return Some(cut),
            None => "no symbol tells the old from the new",
        }
    };
    verdict.restart.extend(cut::refused(&causes, why));
    None
}

/// What a rule may leave to the version cut.
#[derive(Clone, Copy)]
struct Scope<'v> {
    cut: Option<&'v Cut>,
}

impl Scope<'_> {
    /// Both versions of the function of this symbol will live side by side.
    fn has_function(self, symbol: &str) -> bool {
        self.cut.is_some_and(|cut| cut.exposes(symbol))
    }

    /// Both versions of the type of this name will live side by side.
    fn has_type(self, name: &str) -> bool {
        self.cut.is_some_and(|cut| cut.exposes_type(name))
    }
}

fn judge_types(
    evidence: &Evidence<'_, '_>,
    findings: &[layout::Finding],
    scope: Scope<'_>,
    verdict: &mut Verdict,
) {
    let mut consequences = Vec::new();
    for finding in findings {
        let name = &finding.name;
        if scope.has_type(name) {
            continue;
        }
        let (code, message) = match finding.fault {
            Fault::Layout => (
                &codes::TYPE_LAYOUT,
                format!(
                    "the layout of `{name}` changed: {}; values built by the running program still have the old layout",
                    finding.details.join(", ")
                ),
            ),
            Fault::Meaning => (
                &codes::TYPE_MEANING,
                format!(
                    "`{name}` is laid out as before, but its bytes mean something else: {}",
                    finding.details.join(", ")
                ),
            ),
            Fault::Doubt => (
                &codes::TYPE_DOUBT,
                format!(
                    "`{name}` cannot be compared for certain: {}",
                    finding.details.join(", ")
                ),
            ),
            // The judge of closures has seen them, and without a cut they are reasons already.
            Fault::Captures | Fault::Coroutine if scope.cut.is_none() => continue,
            Fault::Captures => (
                &codes::CLOSURE_CAPTURES,
                format!(
                    "the captures `{name}` changed: {}",
                    finding.details.join(", ")
                ),
            ),
            Fault::Coroutine => (
                &codes::COROUTINE,
                format!("the state `{name}` changed: {}", finding.details.join(", ")),
            ),
            Fault::Vtable => (
                &codes::VTABLE,
                format!(
                    "the methods behind `{name}` changed: {}; objects made before the edit hold the old vtables",
                    finding.details.join(", ")
                ),
            ),
        };
        let span = evidence.sources.span_of_type(name);
        if !finding.consequence {
            verdict.restart(code, message, span);
        } else if names::segments(name)
            .first()
            .is_some_and(|first| evidence.case.workspace_crates.contains(*first))
        {
            // Wrappers of the standard library around a changed type say nothing new.
            consequences.push((code, message, span));
        }
    }
    judge_unseen_types(evidence, verdict);
    shapes::judge(evidence, scope, verdict);
    judge_namesakes(evidence, verdict);
    for (code, message, span) in consequences {
        verdict.restart(code, message, span);
    }
}

/// Types whose definition was edited but that debug info does not show on both sides: code may handle their values
/// without ever naming them.
fn judge_unseen_types(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    if evidence.case.changed.is_empty() {
        return;
    }
    let visible = |facts: &DebugFacts, identifier: &str| {
        facts.types.keys().any(|name| {
            let segments = names::segments(name);
            segments
                .iter()
                .any(|segment| segment.split('<').next() == Some(identifier))
        })
    };
    for file in &evidence.sources.files {
        for before in file.old.types_within(file.edited_lines(Side::Old)) {
            let mut namesakes = file
                .new
                .types()
                .iter()
                .filter(|after| after.name == before.name)
                .peekable();
            if namesakes.peek().is_none()
                || namesakes.any(|after| {
                    after.definition == before.definition && after.attributes == before.attributes
                })
            {
                continue;
            }
            if visible(&evidence.old, &before.name) && visible(&evidence.new, &before.name) {
                continue;
            }
            let used = |side: Side| {
                evidence.sources.files.iter().any(|file| {
                    file.index(side).functions().iter().any(|function| {
                        names::has_word(&function.body, &before.name)
                            || names::has_word(&function.header, &before.name)
                    })
                })
            };
            if used(Side::Old) && used(Side::New) {
                verdict.restart(
                    &codes::TYPE_DOUBT,
                    format!("`{}` was edited, and debug info does not show how its values lie in memory", before.name),
                    Some(file.span(before.line)),
                );
            }
        }
    }
}

/// Several local types of one name: the debug info's set of them may be as before although two changed places.
fn judge_namesakes(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let several = evidence
        .old
        .types
        .iter()
        .filter(|(_, shapes)| shapes.len() > 1)
        .map(|(name, _)| name);
    for name in several {
        let segments = names::segments(name);
        let identifier = names::identifier(name);
        for file in &evidence.sources.files {
            for edited in file
                .change
                .edited
                .iter()
                .filter(|edited| segments.contains(&edited.name.as_str()))
            {
                let definitions = |side: Side, lines: crate::source::Lines| -> Vec<&str> {
                    let types = file.index(side).types_within(lines);
                    types
                        .filter(|text| text.name == identifier)
                        .map(|text| text.definition.as_str())
                        .collect()
                };
                if definitions(Side::Old, edited.old) != definitions(Side::New, edited.new) {
                    verdict.restart(
                        &codes::TYPE_DOUBT,
                        format!("`{}` has several types called `{identifier}`, and not all are as before", edited.path),
                        Some(file.span(edited.new.0)),
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
