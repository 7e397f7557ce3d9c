//! The closures, async blocks and macro calls of a function's body, in the order in which the compiler numbers them.
//!
//! A closure has no name. In symbols and debug info it is "the n-th of its function", so that one more in front of it
//! gives it another's identity. Their texts are what tells whether the numbers still mean the same.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit::{self, Visit};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// `|x| …`
    Closure,
    /// `async { … }`, `async |x| …`
    Async,
    /// A call of a macro that is not known to be free of hidden closures and statics.
    Macro,
    /// A call of a macro whose arguments are not Rust expressions and seem to contain closures.
    Opaque,
    /// A `static` inside of the body.
    Static,
    /// Another item inside of the body. Its text is that of the block that it stands in.
    Item,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// All of its tokens.
    pub text: String,
    /// The block inside of the body that it stands in; empty for what stands in the body itself, and in a macro.
    pub around: String,
    /// 1-based.
    pub line: usize,
    /// Those inside of it, which are numbered for themselves.
    pub children: Vec<Entry>,
}

/// How the entries of a body before an edit relate to those after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pairing {
    /// The n-th is still the n-th.
    Certain,
    /// It is not certain which is which; the text says why.
    Doubtful(String),
}

/// Pairs the entries of one kind-set: `counts` tells which kinds share a numbering.
#[must_use]
pub fn pair(old: &[Entry], new: &[Entry], counts: &dyn Fn(EntryKind) -> bool) -> Pairing {
    let old: Vec<&Entry> = old.iter().filter(|entry| counts(entry.kind)).collect();
    let new: Vec<&Entry> = new.iter().filter(|entry| counts(entry.kind)).collect();
    let common = old.len().min(new.len());
    for index in 0..common {
        if old[index].text == new[index].text {
            continue;
        }
        if old.len() != new.len() {
            return Pairing::Doubtful(format!(
                "there were {}, now there are {}, and number {index} is another one",
                old.len(),
                new.len()
            ));
        }
        if let Some(moved) = new.iter().position(|entry| entry.text == old[index].text) {
            return Pairing::Doubtful(format!("number {index} became number {moved}"));
        }
        if let Some(moved) = old.iter().position(|entry| entry.text == new[index].text) {
            return Pairing::Doubtful(format!("number {moved} became number {index}"));
        }
        if old[index].kind != new[index].kind {
            return Pairing::Doubtful(format!("number {index} was another kind of thing"));
        }
        if let Pairing::Doubtful(why) = pair(&old[index].children, &new[index].children, counts) {
            return Pairing::Doubtful(format!("inside of number {index}: {why}"));
        }
    }
    Pairing::Certain
}

/// The first of `old` that one of another number resembles more than the one of its own number does: they may have been
/// exchanged, and edited as well. Returns both numbers. Texts are tokens with spaces between.
#[must_use]
pub fn resembles_another(old: &[&str], new: &[&str]) -> Option<(usize, usize)> {
    if old.len() != new.len() || old.iter().zip(new).filter(|(a, b)| a != b).count() < 2 {
        return None;
    }
    (0..old.len()).find_map(|index| {
        let own = likeness(old[index], new[index]);
        let other = (0..new.len())
            .filter(|other| new[*other] != old[*other])
            .find(|other| *other != index && likeness(old[index], new[*other]) > own)?;
        Some((index, other))
    })
}

/// How many of a thousand tokens two texts have in common.
fn likeness(one: &str, other: &str) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut length = 0;
    for word in one.split_whitespace() {
        *counts.entry(word).or_default() += 1;
        length += 1;
    }
    let mut common = 0;
    for word in other.split_whitespace() {
        length += 1;
        if let Some(count) = counts.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    common * 2000 / length.max(1)
}

/// Macros of the standard library that expand to neither closures nor statics of their own.
const PLAIN_MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "compile_error",
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
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

/// The entries of a block.
#[must_use]
pub fn entries_of_block(block: &syn::Block) -> Vec<Entry> {
    let mut collector = Collector::default();
    visit::visit_block(&mut collector, block);
    collector.entries
}

/// The entries of an expression, such as a static's initial value.
#[must_use]
pub fn entries_of_expression(expression: &syn::Expr) -> Vec<Entry> {
    let mut collector = Collector::default();
    collector.visit_expr(expression);
    collector.entries
}

/// The entries of tokens that are no complete syntax (inside of a macro's definition): one opaque entry for all.
#[must_use]
pub fn entries_of_tokens(tokens: &TokenStream) -> Vec<Entry> {
    vec![Entry {
        kind: EntryKind::Opaque,
        text: tokens.to_string(),
        around: String::new(),
        line: first_line(tokens),
        children: Vec::new(),
    }]
}

fn first_line(tokens: &TokenStream) -> usize {
    tokens
        .clone()
        .into_iter()
        .next()
        .map_or(0, |token| token.span().start().line)
}

#[derive(Default)]
struct Collector {
    entries: Vec<Entry>,
    /// The blocks around, from the outermost one that is not the body itself.
    blocks: Vec<String>,
}

impl Collector {
    fn nested(&mut self, kind: EntryKind, tokens: &TokenStream, inside: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        inside(&mut inner);
        self.entries.push(Entry {
            kind,
            text: tokens.to_string(),
            around: self.blocks.last().cloned().unwrap_or_default(),
            line: first_line(tokens),
            children: inner.entries,
        });
    }
}

/// True if an item stands in this very block.
fn holds_items(block: &syn::Block) -> bool {
    let mut statements = block.stmts.iter();
    statements.any(|statement| matches!(statement, syn::Stmt::Item(_)))
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_block(&mut self, block: &'ast syn::Block) {
        let is_kept = holds_items(block);
        if is_kept {
            self.blocks.push(block.to_token_stream().to_string());
        }
        visit::visit_block(self, block);
        if is_kept {
            self.blocks.pop();
        }
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        let kind = if closure.asyncness.is_some() {
            EntryKind::Async
        } else {
            EntryKind::Closure
        };
        self.nested(kind, &closure.to_token_stream(), |inner| {
            visit::visit_expr_closure(inner, closure);
        });
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.nested(EntryKind::Async, &block.to_token_stream(), |inner| {
            visit::visit_expr_async(inner, block);
        });
    }

    // Functions inside of a body have numbers of their own, and are found as functions of their own.
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if let syn::Item::Static(item) = item {
            self.nested(EntryKind::Static, &item.to_token_stream(), |_| {});
        } else if let syn::Item::Macro(item) = item {
            self.visit_macro(&item.mac);
        } else if !matches!(item, syn::Item::Use(_) | syn::Item::ExternCrate(_)) {
            let tokens = item.to_token_stream();
            let text = self.blocks.last().cloned();
            self.entries.push(Entry {
                kind: EntryKind::Item,
                text: text.unwrap_or_else(|| tokens.to_string()),
                around: self.blocks.last().cloned().unwrap_or_default(),
                line: first_line(&tokens),
                children: Vec::new(),
            });
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        let plain = PLAIN_MACROS.contains(&name.as_str());
        let arguments = call
            .parse_body_with(
                syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated,
            )
            .ok();
        let tokens = call.to_token_stream();
        if !plain {
            self.nested(EntryKind::Macro, &tokens, |_| {});
        }
        match arguments {
            Some(arguments) => {
                for argument in &arguments {
                    self.visit_expr(argument);
                }
            }
            None if may_hide_closures(&call.tokens) => {
                self.nested(EntryKind::Opaque, &tokens, |_| {});
            }
            None => {}
        }
    }
}

/// True if the tokens could contain a closure or an async block.
fn may_hide_closures(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '|',
        TokenTree::Ident(ident) => ident == "async",
        TokenTree::Group(group) => may_hide_closures(&group.stream()),
        TokenTree::Literal(_) => false,
    })
}
