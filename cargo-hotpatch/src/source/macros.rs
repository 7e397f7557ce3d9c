//! What macros expand to, as far as their definitions say it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};

/// The names of those `macro_rules!` in these texts whose definition contains `unsafe`, or names another of them. Where tokens
/// cannot be read, nothing is found.
///
/// A name stands for all macros that are called so: one with `unsafe` is enough.
#[must_use]
pub fn with_unsafe<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    let mut definitions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for text in texts {
        // Most files define none, and to read their tokens takes long.
        if text.contains("macro_rules") {
            super::on_stack_for(text, || {
                if let Ok(tokens) = text.parse::<TokenStream>() {
                    find(tokens, &mut definitions);
                }
            });
        }
    }
    let mut found = BTreeSet::from(["unsafe".to_owned()]);
    loop {
        let known = found.len();
        let more = definitions
            .iter()
            .filter(|(_, words)| !words.is_disjoint(&found));
        let more: Vec<String> = more.map(|(name, _)| name.clone()).collect();
        found.extend(more);
        if found.len() == known {
            break;
        }
    }
    found.remove("unsafe");
    found
}

/// Adds the definitions among these tokens, at any depth: the words of each, by its name.
fn find(tokens: TokenStream, definitions: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut last: [Option<TokenTree>; 3] = [None, None, None];
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            if let [
                Some(TokenTree::Ident(keyword)),
                Some(TokenTree::Punct(_)),
                Some(TokenTree::Ident(name)),
            ] = &last
                && keyword == "macro_rules"
            {
                collect(
                    group.stream(),
                    definitions.entry(name.to_string()).or_default(),
                );
            }
            find(group.stream(), definitions);
        }
        last.rotate_left(1);
        last[2] = Some(token);
    }
}

fn collect(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_found_in_a_definition_and_through_another_one() {
        let texts = [
            "macro_rules! call { ($p:expr) => { unsafe { (*$p)() } } }\nmacro_rules! plain { () => { 1 } }",
            "fn f() { macro_rules! outer { ($p:expr) => { call!($p) } } unsafe { g() } }\n// macro_rules! no { unsafe }",
            "macro_rules! says { () => { \"unsafe\" } }",
        ];
        let found: Vec<String> = with_unsafe(texts).into_iter().collect();
        assert_eq!(found, ["call", "outer"]);
    }

    #[test]
    fn what_is_no_text_of_tokens_has_none() {
        assert!(with_unsafe(["macro_rules! call { (", "", "\"macro_rules"]).is_empty());
    }
}
