//! Types that were edited and that debug info does not show: code may handle their values, or numbers that stand for them,
//! without ever naming them.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use syn::{BinOp, Expr, Lit, UnOp};

use crate::codes;
use crate::source::functions::TypeText;
use crate::source::{Difference, ItemKind, definitions, macros};

use super::debug::{DebugFacts, TypeKind};
use super::layout::Finding;
use super::reach::Reach;
use super::sources::{Side, SourceFile};
use super::texts::{self, ChangedText};
use super::{Evidence, Verdict, names, renames};

pub(super) fn judge(evidence: &Evidence<'_, '_>, findings: &[Finding], verdict: &mut Verdict) {
    if evidence.case.changed.is_empty() {
        return;
    }
    let changed: LazyCell<Vec<ChangedText<'_>>, _> = LazyCell::new(|| texts::changed(evidence));
    // In a file that nobody edited, a use shows by the code that it changed.
    let reaches = |identifier: &str| {
        changed
            .iter()
            .filter(|one| one.is_unedited)
            .filter_map(|one| one.new.as_ref())
            .any(|text| names::has_word(&text.body, identifier))
    };
    judge_definitions(evidence, &reaches, verdict);
    let is_found = |identifier: &str| {
        let mut findings = findings.iter();
        findings.any(|finding| names::identifier(&finding.name) == identifier)
    };
    judge_numbers(evidence, &is_found, verdict);
    judge_made_numbers(evidence, &is_found, verdict);
}

/// True if debug info shows a type of this identifier, or something inside of one.
fn is_visible(facts: &DebugFacts, identifier: &str) -> bool {
    facts.types.keys().any(|name| {
        let segments = names::segments(name);
        segments
            .iter()
            .any(|segment| segment.split('<').next() == Some(identifier))
    })
}

fn is_seen(evidence: &Evidence<'_, '_>, identifier: &str) -> bool {
    is_visible(&evidence.old, identifier) && is_visible(&evidence.new, identifier)
}

/// Types whose definition was edited but that debug info does not show on both sides.
fn judge_definitions(
    evidence: &Evidence<'_, '_>,
    reaches: &dyn Fn(&str) -> bool,
    verdict: &mut Verdict,
) {
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
            if is_seen(evidence, &before.name) || is_only_numbers(evidence, before) {
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
            if used(Side::Old) && used(Side::New) || reaches(&before.name) {
                verdict.restart(
                    &codes::TYPE_DOUBT,
                    format!("`{}` was edited, and debug info does not show how its values lie in memory", before.name),
                    Some(file.span(before.line)),
                );
            }
        }
    }
}

/// True for an enum of which the old program has no value, by its debug info, but numbers at most. They are judged as such.
fn is_only_numbers(evidence: &Evidence<'_, '_>, text: &TypeText) -> bool {
    let is_known = |(_, number): &(Arc<str>, Number)| matches!(number, Number::Known(_));
    text.attributes.is_empty()
        && !is_visible(&evidence.old, &text.name)
        && numbers(text).is_some_and(|all| all.iter().all(is_known))
}

/// What a variant's number is, as far as the text says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Number {
    Known(i128),
    /// So many more than what this text comes to.
    From(String, i128),
}

/// The variants of an enum that a number can stand for, in order; `None` for any other type.
fn numbers(text: &TypeText) -> Option<Vec<(Arc<str>, Number)>> {
    crate::source::on_stack_for(&text.definition, || numbers_of(text)).flatten()
}

fn numbers_of(text: &TypeText) -> Option<Vec<(Arc<str>, Number)>> {
    let item: syn::ItemEnum = syn::parse_str(&text.definition).ok()?;
    let is_plain = item.variants.iter().all(|one| one.fields.is_empty());
    if !is_plain && !text.attributes.contains("repr") {
        return None;
    }
    let is_conditional = (item.variants.iter()).any(|one| {
        one.attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("cfg"))
    });
    let mut next = if is_conditional {
        Number::From(text.definition.clone(), 0)
    } else {
        Number::Known(0)
    };
    let mut found = Vec::new();
    for variant in &item.variants {
        if let Some((_, expression)) = &variant.discriminant {
            next = match value(expression) {
                Some(value) => Number::Known(value),
                None => Number::From(quote::ToTokens::to_token_stream(expression).to_string(), 0),
            };
        }
        found.push((Arc::from(variant.ident.to_string()), next.clone()));
        next = match next {
            Number::Known(value) => Number::Known(value.wrapping_add(1)),
            Number::From(text, more) => Number::From(text, more + 1),
        };
    }
    Some(found)
}

/// The identifiers that an enum's discriminants are made of; `None` for what is no enum.
fn words_of_numbers(definition: &str) -> Option<BTreeSet<String>> {
    let item = syn::parse_str::<syn::ItemEnum>(definition).ok()?;
    let mut words = BTreeSet::new();
    for variant in &item.variants {
        if let Some((_, expression)) = &variant.discriminant {
            let text = quote::ToTokens::to_token_stream(expression).to_string();
            words.extend(definitions::words_of(&text));
        }
    }
    crate::source::forget_spans();
    Some(words)
}

/// The value of an expression of literals.
fn value(expression: &Expr) -> Option<i128> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            Lit::Byte(byte) => Some(i128::from(byte.value())),
            Lit::Char(letter) => Some(i128::from(u32::from(letter.value()))),
            Lit::Bool(truth) => Some(i128::from(truth.value())),
            _ => None,
        },
        Expr::Paren(inner) => value(&inner.expr),
        Expr::Group(inner) => value(&inner.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => value(&unary.expr)?.checked_neg(),
        Expr::Binary(binary) => {
            let (left, right) = (value(&binary.left)?, value(&binary.right)?);
            match binary.op {
                BinOp::Add(_) => left.checked_add(right),
                BinOp::Sub(_) => left.checked_sub(right),
                BinOp::Mul(_) => left.checked_mul(right),
                BinOp::BitOr(_) => Some(left | right),
                BinOp::Shl(_) => left.checked_shl(u32::try_from(right).ok()?),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Enums whose variants have other numbers than before. A cast makes a plain number of a variant, and leaves nothing of the type in
/// the code: numbers that the program kept stand for the old variants.
fn judge_numbers(
    evidence: &Evidence<'_, '_>,
    is_found: &dyn Fn(&str) -> bool,
    verdict: &mut Verdict,
) {
    for file in &evidence.sources.files {
        for before in file.old.types_within(file.edited_lines(Side::Old)) {
            let Some(old) = numbers(before) else {
                continue;
            };
            if is_found(&before.name) {
                continue;
            }
            let mut namesakes = successors(evidence, file, before)
                .into_iter()
                .map(|after| numbers(after).and_then(|new| renumbered(&old, &new)))
                .peekable();
            if namesakes.peek().is_none() {
                continue;
            }
            let differences: Option<Vec<Renumbered>> = namesakes.collect();
            // One that is as before is the one.
            let Some(first) = differences.and_then(|all| all.into_iter().next()) else {
                continue;
            };
            if !first.is_certain && is_seen(evidence, &before.name) {
                continue;
            }
            if !is_mentioned(evidence, before) {
                continue;
            }
            verdict.restart(
                &codes::TYPE_MEANING,
                format!(
                    "the numbers of `{}` changed: {}; numbers that the program kept stand for the old variants",
                    before.name, first.what
                ),
                Some(file.span(before.line)),
            );
        }
    }
}

/// The types that this one may be now: the one in its place among those of its name in the file, if there are as many as before; else all
/// of its name.
fn successors<'e>(
    evidence: &'e Evidence<'_, '_>,
    file: &'e SourceFile<'_>,
    before: &TypeText,
) -> Vec<&'e TypeText> {
    let (old, new): (Vec<&TypeText>, Vec<&TypeText>) = (
        (file.old.types().iter())
            .filter(|one| one.name == before.name)
            .collect(),
        (file.new.types().iter())
            .filter(|one| one.name == before.name)
            .collect(),
    );
    let place = old.iter().position(|one| one.line == before.line);
    if let Some(place) = place
        && old.len() == new.len()
    {
        return vec![new[place]];
    }
    let all = evidence.sources.files.iter();
    all.flat_map(|file| file.new.types())
        .filter(|after| after.name == before.name)
        .collect()
}

/// True if any text of the old program names the type, but for its own definition. One that nothing names has no numbers.
fn is_mentioned(evidence: &Evidence<'_, '_>, text: &TypeText) -> bool {
    let own = names::count_words(&text.definition, &text.name);
    let sources = evidence.case.sources.iter();
    let edited = sources.filter_map(|source| source.old);
    let all = evidence.case.texts.all();
    let rest = all.iter().map(String::as_str);
    let texts = edited.chain(rest);
    let mentions = texts.map(|all| names::count_words(all, &text.name));
    mentions.sum::<usize>() > own
}

struct Renumbered {
    what: String,
    /// Both numbers are known.
    is_certain: bool,
}

type Numbers = [(Arc<str>, Number)];

/// How old numbers stand for something else now, if they do.
fn renumbered(old: &Numbers, new: &Numbers) -> Option<Renumbered> {
    let find = |list: &Numbers, wanted: &str| {
        let mut list = list.iter();
        list.find(|(name, _)| **name == *wanted)
            .map(|(_, number)| number.clone())
    };
    let mut renamed: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for (name, before) in old {
        match find(new, name) {
            Some(after) if after == *before => {}
            Some(after) => {
                let is_certain = matches!((before, &after), (Number::Known(_), Number::Known(_)));
                let what = match (before, after) {
                    (Number::Known(before), Number::Known(after)) => {
                        format!("`{name}` was {before}, now it is {after}")
                    }
                    _ => format!("`{name}` may have another one"),
                };
                return Some(Renumbered { what, is_certain });
            }
            None => {
                let successor = new
                    .iter()
                    .find(|(other, after)| after == before && find(old, other).is_none());
                let Some((successor, _)) = successor else {
                    return Some(Renumbered {
                        what: format!("there is no `{name}` any more"),
                        is_certain: true,
                    });
                };
                renamed.push((name.clone(), successor.clone()));
            }
        }
    }
    renames::may_exchange(&renamed).then(|| Renumbered {
        what: renames::clause(&renamed),
        is_certain: true,
    })
}

/// Enums whose numbers come from a constant that was edited, or that a macro makes out of something that was.
fn judge_made_numbers(
    evidence: &Evidence<'_, '_>,
    is_found: &dyn Fn(&str) -> bool,
    verdict: &mut Verdict,
) {
    let is_source = |kind: ItemKind| {
        matches!(
            kind,
            ItemKind::Const
                | ItemKind::Use
                | ItemKind::TypeAlias
                | ItemKind::Macro
                | ItemKind::MacroCall
        )
    };
    if !evidence
        .sources
        .changed_items()
        .any(|(_, item)| is_source(item.kind) && item.difference != Difference::Added)
    {
        return;
    }
    let reach = Reach::of(evidence);
    for definition in &reach.definitions {
        let Some(identifier) = definition.names.first() else {
            continue;
        };
        if definition.keyword != "enum" || is_found(identifier) || is_seen(evidence, identifier) {
            continue;
        }
        let words =
            crate::source::on_stack_for(&definition.text, || words_of_numbers(&definition.text));
        let Some(words) = words.flatten() else {
            continue;
        };
        if let Some(cause) = words.iter().find_map(|word| reach.names.get(word)) {
            let cause = &cause.name;
            verdict.restart(
                &codes::TYPE_MEANING,
                format!("the numbers of `{identifier}` come from `{cause}`, which was edited; numbers that the program kept stand for the old variants"),
                None,
            );
        }
    }
    judge_macros(evidence, verdict);
}

/// Calls and definitions of macros that were edited and that make an enum which debug info does not show.
fn judge_macros(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let makers: LazyCell<BTreeSet<String>, _> = LazyCell::new(|| {
        let rest = evidence.case.texts.all();
        let edited = (evidence.case.sources.iter())
            .flat_map(|source| [source.old, source.new])
            .flatten();
        macros::with_word("enum", edited.chain(rest.iter().map(String::as_str)))
    });
    for (file, item) in evidence.sources.changed_items() {
        let last = item.path.rsplit("::").next().unwrap_or(&item.path);
        let name = last.trim_end_matches('!').trim();
        let is_maker = match item.kind {
            ItemKind::MacroCall | ItemKind::Macro if item.difference == Difference::Edited => {
                makers.contains(name)
            }
            // A call whose arguments changed beyond recognition.
            ItemKind::MacroCall if item.difference == Difference::Removed => makers.contains(name),
            _ => false,
        };
        if !is_maker {
            continue;
        }
        let words: BTreeSet<String> = [(Side::Old, item.old), (Side::New, item.new)]
            .into_iter()
            .filter_map(|(side, lines)| Some(evidence.lines(file.path, side, lines?)))
            .flat_map(|text| definitions::words_of(&text))
            .collect();
        if item.kind == ItemKind::MacroCall
            && shows_enum(&evidence.old, &words)
            && shows_enum(&evidence.new, &words)
        {
            continue;
        }
        verdict.restart(
            &codes::TYPE_DOUBT,
            format!("`{name}!` makes an enum and was edited; debug info does not show which number stands for which variant"),
            item.new.or(item.old).map(|(line, _)| file.span(line)),
        );
    }
}

/// An enum is there all of whose variants are among these words.
fn shows_enum(facts: &DebugFacts, words: &BTreeSet<String>) -> bool {
    facts.types.values().flatten().any(|shape| {
        shape.kind == TypeKind::Enumeration
            && !shape.enumerators.is_empty()
            && shape
                .enumerators
                .iter()
                .all(|(name, _)| words.contains(&**name))
    })
}
