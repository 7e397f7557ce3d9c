//! Definitions that name something: constants, aliases, imports and types whose text has one of some words.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::cut;

/// What defines a name out of others: a function does by its header, and by its body if it is `const`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// `const`, `type`, `use`, `struct`, `enum`, `union` or `fn`.
    pub keyword: String,
    /// The identifiers that it defines: one, but for an import.
    pub names: BTreeSet<String>,
    /// All of its tokens, from the keyword to the end.
    pub text: String,
}

/// The definitions in a text that have one of `words` among the identifiers behind their own name. Only those pieces of it are
/// read that spell one.
#[must_use]
pub fn naming(text: &str, words: &BTreeSet<String>) -> Vec<Definition> {
    let Ok(spelled) = aho_corasick::AhoCorasick::new(words) else {
        return Vec::new();
    };
    if !spelled.is_match(text) {
        return Vec::new();
    }
    let pieces = cut::pieces(text);
    let whole = [text];
    let texts: Box<dyn Iterator<Item = &str>> = match &pieces {
        Some(pieces) => Box::new(pieces.iter().map(|piece| piece.text)),
        None => Box::new(whole.into_iter()),
    };
    let mut found = Vec::new();
    for text in texts.filter(|text| spelled.is_match(*text)) {
        super::on_stack_for(text, || {
            if let Ok(tokens) = super::tokens_of(text) {
                collect(tokens, &|made_of| !made_of.is_disjoint(words), &mut found);
            }
            super::forget_spans();
        });
    }
    found
}

/// All identifiers of a text of tokens.
#[must_use]
pub fn words_of(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    super::on_stack_for(text, || {
        if let Ok(tokens) = text.parse() {
            add_words(tokens, &mut words);
        }
        super::forget_spans();
    });
    words
}

/// All identifiers among these tokens.
#[must_use]
pub fn words_in(tokens: &[TokenTree]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    add_words(tokens.iter().cloned().collect(), &mut words);
    words
}

fn add_words(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            TokenTree::Group(group) => add_words(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// All definitions in a function's body but those of functions.
#[must_use]
pub fn inside(body: &str) -> BTreeSet<Definition> {
    let mut found = Vec::new();
    super::on_stack_for(body, || {
        if let Ok(tokens) = body.parse() {
            collect(tokens, &|_| true, &mut found);
        }
        super::forget_spans();
    });
    found.retain(|definition| definition.keyword != "fn");
    found.into_iter().collect()
}

fn collect(
    tokens: TokenStream,
    is_wanted: &dyn Fn(&BTreeSet<String>) -> bool,
    found: &mut Vec<Definition>,
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => collect(group.stream(), is_wanted, found),
            TokenTree::Ident(keyword) => {
                // `*const A` is none, and a `const fn` has been looked at.
                let is_pointer = at > 0
                    && matches!(&tokens[at - 1], TokenTree::Punct(star) if star.as_char() == '*');
                let is_seen = is_pointer || keyword == "fn" && is_const_function(&tokens[..at]);
                if !is_seen
                    && let Some((definition, words)) =
                        definition(&keyword.to_string(), &tokens[at..])
                    && is_wanted(&words)
                {
                    found.push(definition);
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// True if a `fn` behind these tokens belongs to a `const` among the last of them, which has been looked at with its body.
fn is_const_function(before: &[TokenTree]) -> bool {
    let keyword = before.iter().rev().find(|token| !is_qualifier(token));
    matches!(keyword, Some(TokenTree::Ident(word)) if word == "const")
}

/// What may stand between `const` and `fn`: `unsafe`, `extern "C"`.
fn is_qualifier(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => ["unsafe", "extern", "async", "safe"]
            .iter()
            .any(|one| word == one),
        TokenTree::Literal(_) => true,
        TokenTree::Group(_) | TokenTree::Punct(_) => false,
    }
}

/// The definition that begins with this keyword, and the identifiers that it is made of.
fn definition(keyword: &str, tokens: &[TokenTree]) -> Option<(Definition, BTreeSet<String>)> {
    // `const fn`, `const unsafe fn`, `const extern "C" fn`
    let behind = (tokens.iter().enumerate().skip(1)).find(|(_, token)| !is_qualifier(token));
    let function = behind
        .filter(|(_, token)| matches!(token, TokenTree::Ident(word) if word == "fn"))
        .map(|(at, _)| at);
    let (has_block, name_at) = match keyword {
        "const" => (function.is_some(), function.map_or(1, |at| at + 1)),
        "type" | "use" => (false, 1),
        "fn" | "struct" | "enum" | "union" => (true, 1),
        _ => return None,
    };
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => has_block && group.delimiter() == Delimiter::Brace,
        _ => false,
    })?;
    // What a function gives and takes stands in its header; only a constant one means its body as well.
    let end = if keyword == "fn" {
        end.checked_sub(1)?
    } else {
        end
    };
    let all: TokenStream = tokens[..=end].iter().cloned().collect();
    let mut words = BTreeSet::new();
    let names = if keyword == "use" {
        add_words(tokens[1..end].iter().cloned().collect(), &mut words);
        words.clone()
    } else {
        let TokenTree::Ident(name) = tokens.get(name_at)? else {
            return None;
        };
        add_words(
            tokens.get(name_at + 1..=end)?.iter().cloned().collect(),
            &mut words,
        );
        BTreeSet::from([name.to_string()])
    };
    let definition = Definition {
        keyword: keyword.to_owned(),
        names,
        text: all.to_string(),
    };
    Some((definition, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_found_by_what_they_are_made_of() {
        let text = "const A: [u8; 2] = [B, 1];\nmod m { pub type T = super::B; enum K { X = B } }\n\
                    use B as C; const unsafe extern \"C\" fn f() -> u32 { B } struct S; fn g(b: B) {} fn h() { B }\n\
                    const D: u32 = 1; const E: fn(B) = e; trait I { fn i() -> *const u8; fn j(b: B); }";
        let words = BTreeSet::from(["B".to_owned()]);
        let found: Vec<String> = naming(text, &words)
            .into_iter()
            .map(|one| {
                let names: Vec<String> = one.names.into_iter().collect();
                format!("{} {}", one.keyword, names.join(" "))
            })
            .collect();
        assert_eq!(
            found,
            [
                "const A",
                "type T",
                "enum K",
                "use B C as",
                "const f",
                "fn g",
                "const E",
                "fn j"
            ]
        );
        assert_eq!(
            inside("use a :: A ; let p = x as * const A ; fn f () { } ; type T = A ;").len(),
            2
        );
        assert!(naming("const A: u32 = B", &words).is_empty());
        assert!(naming("const A: u32 = 1;", &words).is_empty());
    }
}
