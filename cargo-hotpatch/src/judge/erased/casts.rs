//! Casts as they stand in the text: a cast with `as` leaves no call in the code.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::source::definitions;

/// The casts of raw pointers in a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Casts {
    /// The types that are written out, as tokens.
    pub(super) targets: BTreeSet<String>,
    /// There are some whose type is not written out.
    pub(super) inferred: bool,
    /// The identifiers in these.
    pub(super) words: BTreeSet<String>,
    /// The macros that are called, but for those of the standard library.
    pub(super) macros: BTreeSet<String>,
    /// There is `unsafe` code: a raw pointer may come from elsewhere, and be read without a cast.
    pub(super) is_unsafe: bool,
}

/// Functions and methods that take memory for a type.
const TAKING: &[&str] = &[
    "cast",
    "cast_mut",
    "cast_const",
    "from_raw",
    "from_raw_parts",
    "from_raw_parts_mut",
    "read_unaligned",
    "read_volatile",
    "transmute",
    "transmute_copy",
    "with_exposed_provenance",
    "with_exposed_provenance_mut",
];

/// Macros of the standard library that hide no cast.
const STANDARD: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "print",
    "println",
    "stringify",
    "thread_local",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

impl Casts {
    pub(super) fn of(body: &str) -> Self {
        let is_unsafe = crate::judge::names::has_word(body, "unsafe");
        let casts = crate::source::on_stack_for(body, || {
            let mut casts = Self {
                is_unsafe,
                ..Self::default()
            };
            if let Ok(tokens) = body.parse() {
                casts.collect(tokens);
            }
            crate::source::forget_spans();
            casts
        });
        // Of what cannot be read, anything may be true.
        casts.unwrap_or(Self {
            is_unsafe,
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
                        self.add(type_at(&tokens, at + 3));
                    } else if self.is_unsafe {
                        // An alias of a pointer, or what the surroundings say.
                        let target = type_at(&tokens, at + 1);
                        if !is_number(target) {
                            self.add(target);
                        }
                    }
                }
                TokenTree::Ident(word)
                    if matches!(tokens.get(at + 1), Some(TokenTree::Punct(mark)) if mark.as_char() == '!')
                        && matches!(tokens.get(at + 2), Some(TokenTree::Group(_))) =>
                {
                    let name = word.to_string();
                    if !STANDARD.contains(&&*name) {
                        self.macros.insert(name);
                    }
                }
                TokenTree::Ident(word) if TAKING.iter().any(|name| word == name) => {
                    match tokens.get(at + 3) {
                        Some(TokenTree::Punct(angle)) if angle.as_char() == '<' => {
                            self.add(arguments_at(&tokens, at + 3));
                        }
                        _ => self.inferred = true,
                    }
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, tokens: &[TokenTree]) {
        let target = text_of(tokens);
        // Nothing is read through these.
        match target.rsplit("::").next().map(str::trim) {
            Some("_") => self.inferred = true,
            Some("c_void" | "()" | "") | None => {}
            Some(_) => {
                self.words.extend(definitions::words_in(tokens));
                self.targets.insert(target);
            }
        }
    }
}

/// A number's type, to which a cast makes no pointer.
fn is_number(tokens: &[TokenTree]) -> bool {
    const NAMES: &[&str] = &[
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "char", "bool",
    ];
    matches!(tokens, [TokenTree::Ident(word)] if NAMES.iter().any(|name| word == name))
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

fn arguments_at(tokens: &[TokenTree], open: usize) -> &[TokenTree] {
    let end = end_of_angles(tokens, open);
    &tokens[(open + 1).min(end)..end.saturating_sub(1).max(open + 1).min(end)]
}

/// The type that begins at `start`, as far as paths, references, arrays and tuples go.
fn type_at(tokens: &[TokenTree], start: usize) -> &[TokenTree] {
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
        return &tokens[start..=at];
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
    &tokens[start.min(at)..at]
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
        assert_eq!(
            found("unsafe { & * (p as Data) . n + x as u32 }"),
            ("Data".to_owned(), false)
        );
        assert_eq!(found("unsafe { f (p as _) }"), (String::new(), true));
        assert_eq!(found("p as * mut"), (String::new(), false));
        assert_eq!(found("p . cast :: < A"), (String::new(), false));
    }
}
