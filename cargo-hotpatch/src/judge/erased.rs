//! Values whose type only code knows: behind a raw pointer that is cast, and behind `dyn Any`.
//!
//! The debug info of such a value's holder says nothing about it, and a type that is gone from the source is compared with
//! nothing. So what is looked at is whether code takes the same memory for another type than before, or asks for another
//! type.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::codes;
use crate::source::{Difference, ItemKind};

use super::debug::DebugFacts;
use super::sources::Side;
use super::{Evidence, Verdict, names};

pub(super) fn judge(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    if evidence.case.changed.is_empty() {
        return;
    }
    judge_casts(evidence, verdict);
    judge_aliases(evidence, verdict);
    judge_any(evidence, verdict);
}

/// Edited functions that take a raw pointer's memory for another type.
fn judge_casts(evidence: &Evidence<'_, '_>, verdict: &mut Verdict) {
    let files = &evidence.sources.files;
    // All texts have to be read for it, and hardly ever is it asked for.
    let defined: LazyCell<BTreeSet<&str>, _> = LazyCell::new(|| {
        files
            .iter()
            .flat_map(|file| file.old.types().iter().chain(file.new.types()))
            .map(|text| text.name.as_str())
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
                    (before.inferred && after.inferred)
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

/// The casts of raw pointers in a body.
#[derive(Debug, Default, PartialEq, Eq)]
struct Casts {
    /// The types that are written out, as tokens.
    targets: BTreeSet<String>,
    /// There are some whose type is not written out.
    inferred: bool,
}

impl Casts {
    fn of(body: &str) -> Self {
        let casts = crate::source::on_stack_for(body, || {
            let mut casts = Self::default();
            if let Ok(tokens) = body.parse() {
                casts.collect(tokens);
            }
            crate::source::forget_spans();
            casts
        });
        // Of what cannot be read, anything may be true.
        casts.unwrap_or(Self {
            inferred: true,
            ..Self::default()
        })
    }

    fn collect(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.collect(group.stream()),
                TokenTree::Ident(word) if word == "as" => {
                    let pointer = matches!(tokens.get(at + 1), Some(TokenTree::Punct(star)) if star.as_char() == '*');
                    let qualified = matches!(tokens.get(at + 2), Some(TokenTree::Ident(word)) if word == "mut" || word == "const");
                    if pointer && qualified {
                        self.add(&type_at(&tokens, at + 3));
                    }
                }
                TokenTree::Ident(word)
                    if word == "cast"
                        || word == "from_raw"
                        || word == "transmute"
                        || word == "transmute_copy" =>
                {
                    match tokens.get(at + 3) {
                        Some(TokenTree::Punct(angle)) if angle.as_char() == '<' => {
                            self.add(&arguments_at(&tokens, at + 3));
                        }
                        _ => self.inferred = true,
                    }
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, target: &str) {
        // Nothing is read through these.
        match target.rsplit("::").next().map(str::trim) {
            Some("_") => self.inferred = true,
            Some("c_void" | "()" | "") | None => {}
            Some(_) => {
                self.targets.insert(target.to_owned());
            }
        }
    }
}

fn text_of(tokens: &[TokenTree]) -> String {
    tokens
        .iter()
        .cloned()
        .collect::<TokenStream>()
        .to_string()
        .replace(' ', "")
}

/// The end of what stands in the angle brackets that open at `open`.
fn end_of_angles(tokens: &[TokenTree], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if let TokenTree::Punct(punct) = token {
            let arrow = at > 0
                && matches!(&tokens[at - 1], TokenTree::Punct(before) if before.as_char() == '-');
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !arrow => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

fn arguments_at(tokens: &[TokenTree], open: usize) -> String {
    let end = end_of_angles(tokens, open);
    text_of(&tokens[(open + 1).min(end)..end.saturating_sub(1).max(open + 1).min(end)])
}

/// The type that begins at `start`, as far as paths, references, arrays and tuples go.
fn type_at(tokens: &[TokenTree], start: usize) -> String {
    let mut at = start;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Punct(punct)) if matches!(punct.as_char(), '&' | '*' | '\'') => {
                at += 1;
            }
            Some(TokenTree::Ident(word)) if word == "mut" || word == "const" || word == "dyn" => {
                at += 1;
            }
            _ => break,
        }
    }
    if let Some(TokenTree::Group(group)) = tokens.get(at)
        && group.delimiter() != Delimiter::Brace
    {
        return text_of(&tokens[start..=at]);
    }
    // A path: words, `::`, and arguments.
    let mut word_may_follow = true;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(_) if word_may_follow => {
                word_may_follow = false;
                at += 1;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                word_may_follow = true;
                at += 1;
            }
            TokenTree::Punct(punct) if punct.as_char() == '<' => {
                at = end_of_angles(tokens, at);
                word_may_follow = false;
            }
            _ => break,
        }
    }
    text_of(&tokens[start.min(at)..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_are_found_wherever_they_stand() {
        let found = |body: &str| {
            let casts = Casts::of(body);
            (
                casts.targets.into_iter().collect::<Vec<_>>().join(" "),
                casts.inferred,
            )
        };
        assert_eq!(
            found("let a = unsafe { & mut * (p as * mut a :: B < C >) } ; a . n += 1"),
            ("a::B<C>".to_owned(), false)
        );
        assert_eq!(
            found("p . cast :: < Vec < u8 > > () . read () ; f (q as * const [u8 ; 4])"),
            ("Vec<u8> [u8;4]".to_owned(), false)
        );
        assert_eq!(found("p . cast ()"), (String::new(), true));
        assert_eq!(found("p as * mut _"), (String::new(), true));
        assert_eq!(
            found("p as * mut core :: ffi :: c_void ; x as u32 * y"),
            (String::new(), false)
        );
        assert_eq!(found("p as * mut"), (String::new(), false));
        assert_eq!(found("p . cast :: < A"), (String::new(), false));
    }
}
