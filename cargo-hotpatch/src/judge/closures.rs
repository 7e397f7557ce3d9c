//! Closures and coroutines: are they still the ones that their numbers say, and may a suspended one go on?

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::codes::{self, Reason, Span};
use crate::source::closures::{Entry, EntryKind, Pairing, pair};
use crate::source::functions::FunctionText;
use crate::source::{Difference, ItemKind, Lines};

use super::cut::{self, Cause, Subject};
use super::debug::{DebugFacts, FunctionFacts};
use super::layout::{Fault, Finding};
use super::sources::{Side, SourceFile, Surroundings, Whereabouts};
use super::{ChangedFunction, Evidence, Verdict, names};

/// What shares the numbering of closures.
fn is_numbered(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::Closure | EntryKind::Async | EntryKind::Opaque
    )
}

/// What may hide closures in its expansion.
fn is_macro(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Macro | EntryKind::Opaque)
}

/// Collects what asks for a version cut: environments that are laid out otherwise, closures that cannot be paired, and
/// coroutines with another body.
pub(super) fn judge(evidence: &Evidence<'_, '_>, findings: &[Finding], verdict: &mut Verdict) {
    judge_environments(evidence, findings, verdict);
    judge_texts(evidence, verdict);
    judge_numbers(evidence, verdict);
    judge_coroutines(evidence, verdict);
}

fn judge_environments(evidence: &Evidence<'_, '_>, findings: &[Finding], verdict: &mut Verdict) {
    let environments: Vec<(&Finding, String)> = findings
        .iter()
        .filter_map(|finding| Some((finding, cut::environment_of(&finding.name)?)))
        .collect();
    for (finding, environment) in &environments {
        // `tokio::spawn::{closure_env#0}<app::f::{closure_env#1}>` says by its name what it holds, and is cut with that.
        let follows = environments
            .iter()
            .any(|(_, other)| other != environment && cut::has(&finding.name, other));
        if follows {
            continue;
        }
        let name = closure_name(&finding.name);
        let details = finding.details.join(", ");
        let (code, message, note) = match finding.fault {
            Fault::Captures => (
                &codes::CLOSURE_CAPTURES,
                format!(
                    "the captures of {name} changed: {details}; closures made before the edit hold the old ones"
                ),
                format!(
                    "the captures of {name} changed: closures made before keep the old ones, and the old code"
                ),
            ),
            Fault::Coroutine => (
                &codes::COROUTINE,
                format!(
                    "the state of {name} changed: {details}; futures that are suspended hold the old one"
                ),
                format!("the state of {name} changed: futures made before finish in the old code"),
            ),
            _ => continue,
        };
        verdict.causes.push(Cause {
            reason: Reason::new(code, message).at(evidence.sources.span_of_type(&finding.name)),
            note,
            subject: Subject::Environment(finding.name.to_string()),
        });
    }
}

/// `a::f::{closure_env#0}` as a person would say it.
fn closure_name(environment: &str) -> String {
    let segments = names::segments(environment);
    let at = segments
        .iter()
        .position(|segment| segment.contains("_env#"))
        .unwrap_or(segments.len());
    let parent = segments[..at].join("::");
    let kind = segments.get(at).copied().unwrap_or_default();
    let (what, number) = kind
        .trim_start_matches('{')
        .split_once("_env#")
        .unwrap_or((kind, ""));
    let number: String = number.chars().take_while(char::is_ascii_digit).collect();
    format!("{} {number} of `{parent}`", what.replace('_', " "))
}

/// The functions of both texts inside of an edited function, itself first, paired by name and order. One that went away
/// took its closures with it.
fn pairs_within<'f>(
    file: &'f SourceFile<'_>,
    old: Lines,
    new: Lines,
) -> Vec<(&'f FunctionText, &'f FunctionText)> {
    let mut left: Vec<&FunctionText> = file.new.functions_within(new).collect();
    let mut pairs = Vec::new();
    for one in file.old.functions_within(old) {
        if let Some(index) = left.iter().position(|other| other.name == one.name) {
            pairs.push((one, left.remove(index)));
        }
    }
    pairs
}

/// The order of closures in the texts of edited functions.
fn judge_texts(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for file in &evidence.sources.files {
        for edited in &file.change.edited {
            for (before, after) in pairs_within(file, edited.old, edited.new) {
                if let Pairing::Doubtful(why) = pair(&before.entries, &after.entries, &is_numbered)
                {
                    verdict.causes.push(Cause {
                        reason: pairing_reason(&edited.path, &why, file.span(after.first_line)),
                        note: pairing_note(&edited.path),
                        subject: Subject::All(
                            functions_within(evidence, Side::Old, file, before)
                                .chain(functions_within(evidence, Side::New, file, after))
                                .collect(),
                        ),
                    });
                }
            }
        }
        // Those outside of these lines are what they were.
        for before in file.old.values_within(file.edited_lines(Side::Old)) {
            let mut namesakes = file
                .new
                .values_within(file.edited_lines(Side::New))
                .filter(|after| after.name == before.name);
            if let (Some(after), None) = (namesakes.next(), namesakes.next())
                && let Pairing::Doubtful(why) = pair(&before.entries, &after.entries, &is_numbered)
            {
                // The values themselves stay, so there are no new ones to tell from the old.
                let reason = pairing_reason(&before.name, &why, file.span(after.line));
                if !verdict.restart.contains(&reason) {
                    verdict.restart.push(reason);
                }
            }
        }
    }
}

fn pairing_reason(path: &str, why: &str, span: Span) -> Reason {
    Reason::new(
        &codes::CLOSURE_PAIRING,
        format!("the closures of `{path}` cannot be paired with those made before the edit: {why}"),
    )
    .at(Some(span))
}

fn pairing_note(path: &str) -> String {
    format!(
        "the closures of `{path}` cannot be paired with those made before, which keep the old code"
    )
}

/// The symbols of one side that stand in this text: the function itself, and its closures.
fn functions_within<'f>(
    evidence: &'f Evidence<'_, '_>,
    side: Side,
    file: &'f SourceFile<'_>,
    text: &'f FunctionText,
) -> impl Iterator<Item = Arc<str>> + 'f {
    let facts = match side {
        Side::Old => &evidence.old,
        Side::New => &evidence.new,
    };
    facts
        .functions
        .iter()
        .filter(move |(_, function)| {
            function.place.as_ref().is_some_and(|place| {
                (text.first_line..=text.last_line).contains(&(place.line as usize))
                    && matches!(evidence.sources.whereabouts(&place.file), Whereabouts::Edited(found) if std::ptr::eq(found, file))
            })
        })
        .map(|(symbol, _)| symbol.clone())
}

/// What the debug info knows of the closures of one parent.
struct Numbered<'f> {
    numbers: BTreeSet<u32>,
    /// The closures, and the parent if it is known.
    symbols: Vec<&'f Arc<str>>,
    /// The function to find the text by: the parent. A closure that a macro made may stand in the text of the macro.
    function: (&'f Arc<str>, &'f FunctionFacts),
}

/// By the parents' paths.
type Numbers<'f> = BTreeMap<String, Numbered<'f>>;

fn numbers<'f>(facts: &'f DebugFacts, crates: &HashSet<String>) -> Numbers<'f> {
    let mut numbers = Numbers::new();
    for (linkage, function) in &facts.functions {
        if !function.name.starts_with('{') {
            continue;
        }
        let path = names::canonical(linkage);
        if !names::mentions_crate(&path, crates) {
            continue;
        }
        let segments = names::segments(&path);
        let Some((last, parent)) = segments.split_last() else {
            continue;
        };
        let digits: String = last
            .chars()
            .skip_while(|c| *c != '#')
            .skip(1)
            .take_while(char::is_ascii_digit)
            .collect();
        let Ok(number) = digits.parse::<u32>() else {
            continue;
        };
        let of = numbers
            .entry(parent.join("::"))
            .or_insert_with(|| Numbered {
                numbers: BTreeSet::new(),
                symbols: Vec::new(),
                function: (linkage, function),
            });
        of.numbers.insert(number);
        of.symbols.push(linkage);
    }
    find_parents(facts, &mut numbers);
    numbers
}

fn find_parents<'f>(facts: &'f DebugFacts, numbers: &mut Numbers<'f>) {
    let identifier = |path: &str| -> String {
        // `f::<u8>` ends with its arguments.
        let segments = names::segments(path);
        let mut named = segments.iter().rev().filter(|part| !part.starts_with('<'));
        let last = named.next().copied().unwrap_or_default();
        last.split('<').next().unwrap_or(last).to_owned()
    };
    let identifiers: HashSet<String> = numbers.keys().map(|path| identifier(path)).collect();
    for (linkage, function) in &facts.functions {
        if !identifiers.contains(function.name.split('<').next().unwrap_or_default()) {
            continue;
        }
        if let Some(of) = numbers.get_mut(&names::canonical(linkage)) {
            of.symbols.push(linkage);
            if function.place.is_some() {
                of.function = (linkage, function);
            }
        }
    }
}

/// The numbers in the debug info: closures that macros hide do not show in the texts.
fn judge_numbers(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let crates = evidence.case.workspace_crates;
    let before = numbers(&evidence.old, crates);
    let after = numbers(&evidence.new, crates);
    for (parent, old) in &before {
        let Some(new) = after.get(parent) else {
            continue;
        };
        let (old_numbers, old_function) = (&old.numbers, old.function);
        let (new_numbers, new_function) = (&new.numbers, new.function);
        // The same text with the same numbers: nobody has to read it.
        let stays = |side: Side, function: &FunctionFacts| {
            let place = function.place.as_ref();
            place.is_some_and(|place| !evidence.sources.may_be_edited(side, place))
        };
        if old_numbers == new_numbers
            && stays(Side::Old, old_function.1)
            && stays(Side::New, new_function.1)
            && !several_in_a_changed_macro(evidence)
        {
            continue;
        }
        let hidden_in = (old, new);
        let texts = (
            evidence
                .sources
                .around(Side::Old, old_function.0, old_function.1),
            evidence
                .sources
                .around(Side::New, new_function.0, new_function.1),
        );
        let (old_text, new_text) = match texts {
            (Surroundings::Text(old), Surroundings::Text(new)) => (old, new),
            (Surroundings::Untouched, Surroundings::Untouched) => {
                // Only an edited macro can have changed what is in there.
                if old_numbers != new_numbers && macro_changed(evidence) {
                    report_hidden(verdict, parent, evidence, hidden_in);
                }
                continue;
            }
            _ => {
                if old_numbers != new_numbers {
                    report_hidden(verdict, parent, evidence, hidden_in);
                }
                continue;
            }
        };
        let visible = |entries: &[Entry]| {
            let entries = entries.iter().filter(|entry| is_numbered(entry.kind));
            entries.count()
        };
        // What stands in a closure that does not show is paired with the macro that makes it.
        let (Some(old_entries), Some(new_entries)) =
            (entries_of(old_text, parent), entries_of(new_text, parent))
        else {
            continue;
        };
        let (old_visible, new_visible) = (visible(old_entries), visible(new_entries));
        let own = usize::from(old_text.is_async && !parent.ends_with('}'));
        let highest = |numbers: &BTreeSet<u32>| numbers.last().map_or(0, |last| *last as usize + 1);
        let hidden = highest(old_numbers) > old_visible.max(own)
            || highest(new_numbers) > new_visible.max(own);
        if !hidden {
            continue;
        }
        let macros_moved = pair(old_entries, new_entries, &is_macro) != Pairing::Certain;
        let counts_moved = highest(old_numbers) != highest(new_numbers)
            && highest(old_numbers).wrapping_sub(old_visible)
                != highest(new_numbers).wrapping_sub(new_visible);
        let visible_moved = old_visible != new_visible;
        if macros_moved || counts_moved || visible_moved || several_in_a_changed_macro(evidence) {
            report_hidden(verdict, parent, evidence, hidden_in);
        }
    }
}

/// What stands directly in a function, or in a closure of it, by the closure's path.
fn entries_of<'t>(text: &'t FunctionText, path: &str) -> Option<&'t [Entry]> {
    let segments = names::segments(path);
    let after = segments.iter().rposition(|part| !part.starts_with('{'));
    let mut closures = segments[after.map_or(0, |at| at + 1)..].iter();
    // The body of an `async fn` is a closure that has no text of its own.
    if text.is_async {
        closures.next();
    }
    let mut entries = text.entries.as_slice();
    for closure in closures {
        let (_, number) = closure.trim_end_matches('}').split_once('#')?;
        let number: usize = number.parse().ok()?;
        let mut numbered = entries.iter().filter(|entry| is_numbered(entry.kind));
        entries = &numbered.nth(number)?.children;
    }
    Some(entries)
}

fn report_hidden(
    verdict: &mut Verdict,
    parent: &str,
    evidence: &Evidence<'_, '_>,
    (old, new): (&Numbered<'_>, &Numbered<'_>),
) {
    verdict.causes.push(Cause {
        reason: Reason::new(
            &codes::CLOSURE_PAIRING,
            format!("a macro makes closures in `{parent}`, and they cannot be paired with those made before the edit"),
        )
        .at(evidence.sources.span_of(new.function.1.place.as_ref())),
        note: pairing_note(parent),
        subject: Subject::All(old.symbols.iter().chain(&new.symbols).map(|symbol| Arc::clone(symbol)).collect()),
    });
}

fn macro_changed(evidence: &Evidence<'_, '_>) -> bool {
    evidence.sources.changed_items().any(|(_, item)| {
        matches!(item.kind, ItemKind::Macro | ItemKind::MacroCall)
            && item.difference != Difference::Added
    })
}

/// True if an edited macro makes more than one closure: they could have changed places inside of it.
fn several_in_a_changed_macro(evidence: &Evidence<'_, '_>) -> bool {
    evidence.sources.changed_items().any(|(file, item)| {
        item.kind == ItemKind::Macro
            && item.difference == Difference::Edited
            && item.new.is_some_and(|lines| file.bars_within(lines) > 2)
    })
}

/// A coroutine whose body changed may only go on in the new code if nothing but constants around it did.
fn judge_coroutines(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    for changed in &evidence.case.changed {
        let facts = (
            evidence.old.functions.get(&*changed.old),
            evidence.new.functions.get(&*changed.new),
        );
        let is_coroutine = [facts.0, facts.1]
            .into_iter()
            .flatten()
            .any(|f| names::is_coroutine_function(&f.name));
        if !is_coroutine {
            continue;
        }
        let path = names::canonical(&changed.old);
        if is_untouched(evidence, changed, facts) && !drop_glue_changed(evidence, &path) {
            continue;
        }
        let span = facts
            .1
            .or(facts.0)
            .and_then(|function| evidence.sources.span_of(function.place.as_ref()));
        verdict.causes.push(Cause {
            reason: Reason::new(
                &codes::COROUTINE,
                format!("the code of the coroutine `{path}` changed; a future that is suspended in it keeps the state of the old code"),
            )
            .at(span),
            note: format!("the code of the coroutine `{path}` changed: futures made before finish in the old code"),
            subject: Subject::Functions(vec![
                Arc::from(changed.old.as_str()),
                Arc::from(changed.new.as_str()),
            ]),
        });
    }
}

/// True if neither the coroutine's text nor anything that could change its text's meaning was edited.
fn is_untouched(
    evidence: &Evidence<'_, '_>,
    changed: &ChangedFunction,
    facts: (Option<&FunctionFacts>, Option<&FunctionFacts>),
) -> bool {
    let (Some(old), Some(new)) = facts else {
        return false;
    };
    if !evidence.sources.is_calm() {
        return false;
    }
    let texts = (
        evidence.sources.around(Side::Old, &changed.old, old),
        evidence.sources.around(Side::New, &changed.new, new),
    );
    match texts {
        (Surroundings::Untouched, Surroundings::Untouched) => true,
        (Surroundings::Text(old), Surroundings::Text(new)) => {
            old.body == new.body && old.header == new.header
        }
        _ => false,
    }
}

fn drop_glue_changed(evidence: &Evidence<'_, '_>, path: &str) -> bool {
    let glue = format!("core::ptr::drop_in_place::<{path}>");
    evidence
        .case
        .changed
        .iter()
        .any(|changed| names::canonical(&changed.old) == glue)
}
