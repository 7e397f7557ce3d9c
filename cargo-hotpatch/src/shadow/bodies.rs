//! One file: where its bodies are, which of them may go, and its text without them.

use std::ops::Range;

use quote::ToTokens as _;
use syn::{Attribute, Item};

use super::pieces::{self, Piece, Replacement};
use super::slice::Slice;
use super::{MARKER, ROOT, derives};
use crate::source::{
    forget_spans, is_builtin, is_called_only, is_generic, is_simple_body, on_stack_for,
};

/// A function with a body.
#[derive(Debug, Clone)]
pub(super) struct Body {
    /// As in [`crate::source::EditedFunction::path`].
    pub path: String,
    /// The block with its braces, in bytes.
    pub range: Range<usize>,
    /// Whether it may be left out.
    pub removal: Removal,
    /// How a static in its module names it; `None` where that is not possible.
    root: Option<Root>,
}

/// Whether a body may be left out, if it is not edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// It may: it is compiled by itself.
    Always,
    /// It may if no edited function can lead to a call of it: it is generic, or put into its callers.
    UnlessCalled,
    /// Others than its callers see it, or nothing is in it.
    Never,
}

/// A static that holds the function's address.
#[derive(Debug, Clone)]
struct Root {
    /// Behind this byte.
    at: usize,
    /// `cfg` attributes, and the expression that names the function.
    attributes: String,
    expression: String,
}

/// A file's text, its bodies, the derives in it that can go, and its pieces.
#[derive(Debug, Clone)]
pub struct SourceFile {
    text: String,
    bodies: Vec<Body>,
    derives: Vec<Replacement>,
    pieces: Vec<Piece>,
}

impl SourceFile {
    /// Takes a text apart. A text that is not a file of items has no bodies: it stays as it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        // What nests too deep is no file of items either, and stays.
        let parts = on_stack_for(&text, || Parts::of(&text)).unwrap_or_default();
        let Parts {
            bodies,
            derives,
            pieces,
        } = parts;
        Self {
            text,
            bodies,
            derives,
            pieces,
        }
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if the function of this path can be compiled in a shadow: there is one, and a static can name it, so that it is
    /// compiled at all.
    #[must_use]
    pub fn can_be_kept(&self, path: &str) -> bool {
        self.find(path).is_some_and(|body| body.root.is_some())
    }

    /// What of it can be left out. A text that is not a file of items is one piece.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its bodies, in the order of the text.
    pub(super) fn bodies(&self) -> &[Body] {
        &self.bodies
    }

    /// The path of a function in the middle that could be edited.
    pub(super) fn sample(&self) -> Option<&str> {
        let is_plain = |body: &&Body| body.removal == Removal::Always && body.root.is_some();
        let plain: Vec<&Body> = self.bodies.iter().filter(is_plain).collect();
        Some(&plain.get(plain.len() / 2)?.path)
    }

    /// The body of the only function of this path.
    pub(super) fn find(&self, path: &str) -> Option<&Body> {
        let mut found = self.bodies.iter().filter(|body| body.path == path);
        let first = found.next()?;
        // Of several (variants under `cfg`) nobody can tell which is meant.
        found.next().is_none().then_some(first)
    }

    /// The text with every removable body gone but those of `kept`, and with a static of that number for each of them;
    /// `without_derives`, with headers alone for what known derives write; and of a `slice` only what is in it.
    #[must_use]
    pub(super) fn shadow(
        &self,
        kept: &[(usize, &str)],
        without_derives: bool,
        slice: Option<&Slice>,
    ) -> String {
        let left_out = slice.map(|slice| slice.left_out(self)).unwrap_or_default();
        let is_there = |range: &Range<usize>| !left_out.iter().any(|one| one.has(range));
        let mut replacements: Vec<Replacement> = kept
            .iter()
            .filter_map(|(number, path)| Some((number, self.find(path)?.root.as_ref()?)))
            .map(|(number, root)| {
                let Root {
                    at,
                    attributes,
                    expression,
                } = root;
                Replacement {
                    range: *at..*at,
                    text: format!(
                        "{attributes}#[used]static {ROOT}{number}:crate::__hotpatch::Root=\
                         crate::__hotpatch::Root({expression} as *const ());"
                    ),
                }
            })
            .collect();
        let is_kept = |body: &Body| kept.iter().any(|(_, path)| *path == body.path);
        let removed = self.bodies.iter().filter(|body| {
            let may_go = match body.removal {
                Removal::Always => !is_kept(body),
                Removal::UnlessCalled => {
                    slice.is_some_and(|slice| !slice.has_body(body.range.start))
                }
                Removal::Never => false,
            };
            may_go && is_there(&body.range)
        });
        replacements.extend(removed.filter_map(|body| {
            let text = replacement(&self.text, &body.range)?;
            Some(Replacement {
                range: body.range.clone(),
                text,
            })
        }));
        if without_derives {
            let derives = self.derives.iter().cloned();
            replacements.extend(derives.filter(|derive| is_there(&derive.range)));
        }
        replacements.extend(left_out.iter().map(|one| one.replacement.clone()));
        pieces::replaced(&self.text, replacements)
    }
}

/// What is found in a text.
#[derive(Default)]
struct Parts {
    bodies: Vec<Body>,
    derives: Vec<Replacement>,
    pieces: Vec<Piece>,
}

impl Parts {
    fn of(text: &str) -> Self {
        let parts = match syn::parse_file(text) {
            Ok(file) => {
                let shift = text.len() - without_first_line(text).len();
                let mut finder = Finder {
                    text,
                    shift,
                    path: Vec::new(),
                    bodies: Vec::new(),
                    derives: Vec::new(),
                };
                finder.items(&file.items);
                let Finder {
                    bodies, derives, ..
                } = finder;
                let place = |span| bytes(shift, span);
                let pieces = pieces::of_file(text, &file.items, &derives, &place);
                Self {
                    bodies: without_roots_of_tests(bodies, &pieces),
                    derives,
                    pieces,
                }
            }
            Err(_) => Self {
                pieces: pieces::of_tokens(text),
                ..Self::default()
            },
        };
        forget_spans();
        parts
    }
}

/// What is compiled for tests only is not in the program: nothing names it, and a slice leaves it out as it is.
fn without_roots_of_tests(mut bodies: Vec<Body>, pieces: &[Piece]) -> Vec<Body> {
    let never: Vec<&Piece> = pieces
        .iter()
        .filter(|piece| matches!(piece.kind, pieces::Kind::Never))
        .collect();
    for body in &mut bodies {
        let is_around = |piece: &&Piece| {
            piece.range.start <= body.range.start && body.range.end <= piece.range.end
        };
        if never.iter().any(is_around) {
            body.root = None;
            body.removal = Removal::Never;
        }
    }
    bodies
}

/// What stands in a body's place: as many lines, and whatever follows on the last one in its column. `None` where there is no
/// room for it.
///
/// `#[inline]` would keep functions that nobody needs out of the objects. But it also gives a function a symbol and a linkage of
/// its own, so that calls of it would be other calls than those of the source.
fn replacement(text: &str, range: &Range<usize>) -> Option<String> {
    let old = &text[range.clone()];
    let mut new = format!("{{crate::{MARKER}()");
    let nothing_follows = nothing_follows(text, range.end);
    match old.rfind('\n') {
        Some(newline) => {
            new.extend(old.bytes().filter(|byte| *byte == b'\n').map(|_| '\n'));
            let last = &old[newline + 1..old.len() - 1];
            if last.chars().all(char::is_whitespace) {
                new.push_str(last);
            } else if nothing_follows {
            } else if last.is_ascii() {
                new.extend(last.chars().map(|c| if c == '\t' { '\t' } else { ' ' }));
            } else {
                return None;
            }
        }
        None if nothing_follows => {}
        // Columns are counted in characters in one place and in bytes in another.
        None if old.is_ascii() && new.len() < old.len() => {
            new.extend(std::iter::repeat_n(' ', old.len() - 1 - new.len()));
        }
        None => return None,
    }
    new.push('}');
    Some(new)
}

/// True if no token follows on the line behind this byte.
pub(super) fn nothing_follows(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| {
        let rest = rest.split('\n').next().unwrap_or_default().trim();
        rest.is_empty() || rest.starts_with("//")
    })
}

/// The `cfg` attributes of what belongs to an item, to be put on what depends on it.
pub(super) fn conditions<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> String {
    attributes
        .into_iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .map(|attribute| attribute.to_token_stream().to_string())
        .collect()
}

/// As `syn::parse_file` takes it: without byte-order mark and a script's first line.
fn without_first_line(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => {
            text.find('\n').map_or("", |end| &text[end..])
        }
        _ => text,
    }
}

struct Finder<'t> {
    text: &'t str,
    /// Where the text that was parsed begins.
    shift: usize,
    path: Vec<String>,
    bodies: Vec<Body>,
    derives: Vec<Replacement>,
}

/// What surrounds a function.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// Nothing around it is under an attribute that is not built in.
    is_known: bool,
    /// Nothing around it makes it generic.
    is_plain: bool,
    block: Option<&'a syn::ItemImpl>,
}

/// Where a span is in a text of which the first `shift` bytes were not parsed.
fn bytes(shift: usize, span: proc_macro2::Span) -> Range<usize> {
    let range = span.byte_range();
    range.start + shift..range.end + shift
}

impl Finder<'_> {
    fn bytes(&self, span: proc_macro2::Span) -> Range<usize> {
        bytes(self.shift, span)
    }

    fn items(&mut self, items: &[Item]) {
        let (text, shift) = (self.text, self.shift);
        let derives = derives::of_module(text, items, &|span| bytes(shift, span));
        self.derives.extend(derives);
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(function) => {
                let around = Around {
                    is_known: true,
                    is_plain: true,
                    block: None,
                };
                let (attributes, block) = (&function.attrs, &function.block);
                self.function(attributes, &function.sig, block, around);
            }
            Item::Impl(block) => self.implementation(block),
            Item::Trait(it) => {
                let around = Around {
                    is_known: it.attrs.iter().all(is_builtin),
                    is_plain: false,
                    block: None,
                };
                self.path.push(it.ident.to_string());
                for item in &it.items {
                    if let syn::TraitItem::Fn(method) = item
                        && let Some(block) = &method.default
                    {
                        self.function(&method.attrs, &method.sig, block, around);
                    }
                }
                self.path.pop();
            }
            Item::Mod(module) => {
                if let Some((_, items)) = &module.content
                    && module.attrs.iter().all(is_builtin)
                {
                    self.path.push(module.ident.to_string());
                    self.items(items);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn implementation(&mut self, block: &syn::ItemImpl) {
        let own = block.self_ty.to_token_stream().to_string();
        self.path.push(match &block.trait_ {
            Some((_, path, _)) => format!("<{own} as {}>", path.to_token_stream()),
            None => own,
        });
        let around = Around {
            is_known: block.attrs.iter().all(is_builtin),
            is_plain: !is_generic(&block.generics),
            block: Some(block),
        };
        for item in &block.items {
            if let syn::ImplItem::Fn(method) = item {
                let (attributes, body) = (&method.attrs, &method.block);
                self.function(attributes, &method.sig, body, around);
            }
        }
        self.path.pop();
    }

    fn function(
        &mut self,
        attributes: &[Attribute],
        signature: &syn::Signature,
        block: &syn::Block,
        around: Around<'_>,
    ) {
        let range = self.bytes(block.brace_token.span.join());
        let is_block = self
            .text
            .get(range.clone())
            .is_some_and(|text| text.starts_with('{') && text.ends_with('}'));
        if !is_block {
            return;
        }
        let has = |name: &str| attributes.iter().any(|one| one.path().is_ident(name));
        let says = |word: &str| {
            attributes
                .iter()
                .any(|one| one.to_token_stream().to_string().contains(word))
        };
        let is_known = around.is_known && attributes.iter().all(is_builtin) && !says("naked");
        let is_simple = is_known
            && around.is_plain
            && is_simple_body(signature, block)
            && !(has("inline") && says("always"));
        let removal = if block.stmts.is_empty() {
            Removal::Never
        } else if is_simple {
            Removal::Always
        } else if is_known && is_called_only(signature, block) {
            Removal::UnlessCalled
        } else {
            Removal::Never
        };
        let mut path = self.path.join("::");
        if !path.is_empty() {
            path.push_str("::");
        }
        path.push_str(&signature.ident.to_string());
        let root = is_simple
            .then(|| self.root(attributes, signature, around.block, &range))
            .flatten();
        self.bodies.push(Body {
            path,
            range,
            removal,
            root,
        });
    }

    fn root(
        &self,
        attributes: &[Attribute],
        signature: &syn::Signature,
        block: Option<&syn::ItemImpl>,
        range: &Range<usize>,
    ) -> Option<Root> {
        let name = &signature.ident;
        let (at, expression) = match block {
            None => (range.end, name.to_string()),
            Some(block) => {
                let end = self.bytes(block.brace_token.span.close()).end;
                let own = anonymous_lifetimes(block.self_ty.to_token_stream());
                let expression = match &block.trait_ {
                    // Nobody may name a destructor.
                    Some((_, path, _)) if path.segments.last()?.ident == "Drop" => return None,
                    Some((_, path, _)) => {
                        let of = anonymous_lifetimes(path.to_token_stream());
                        format!("<{own} as {of}>::{name}")
                    }
                    None => format!("<{own}>::{name}"),
                };
                (end, expression)
            }
        };
        if !nothing_follows(self.text, at) {
            return None;
        }
        let around = block.into_iter().flat_map(|block| &block.attrs);
        Some(Root {
            at,
            attributes: conditions(attributes.iter().chain(around)),
            expression,
        })
    }
}

/// Tokens as text, with `'_` for each lifetime that the surroundings declare.
fn anonymous_lifetimes(tokens: proc_macro2::TokenStream) -> String {
    use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
    fn rename(tokens: TokenStream) -> TokenStream {
        let mut behind_quote = false;
        tokens
            .into_iter()
            .map(|token| {
                let is_name = std::mem::replace(
                    &mut behind_quote,
                    matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\''),
                );
                match token {
                    TokenTree::Ident(ident) if is_name && ident != "static" => {
                        TokenTree::Ident(Ident::new("_", Span::call_site()))
                    }
                    TokenTree::Group(group) => {
                        TokenTree::Group(Group::new(group.delimiter(), rename(group.stream())))
                    }
                    other => other,
                }
            })
            .collect()
    }
    rename(tokens).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without bodies, where those of `kept` stay.
    fn shadow(text: &str, kept: &[&str]) -> String {
        let kept: Vec<(usize, &str)> = kept.iter().copied().enumerate().collect();
        SourceFile::new(text.to_owned()).shadow(&kept, false, None)
    }

    #[test]
    fn what_stands_behind_a_body_keeps_line_and_column() {
        let call = format!("crate::{MARKER}()");
        for (text, expected) in [
            // Nothing follows: there is room.
            ("fn f() { 1; }\n", format!("fn f() {{{call}}}\n")),
            (
                "fn f() { 1; } // why\n",
                format!("fn f() {{{call}}} // why\n"),
            ),
            (
                "fn f() {\n    1;\n}\nfn g() {}",
                format!("fn f() {{{call}\n\n}}\nfn g() {{}}"),
            ),
            // The column of what follows: padded where the text is long enough, else left alone.
            (
                "fn f() { 1; } fn g() {}",
                "fn f() { 1; } fn g() {}".to_owned(),
            ),
            (
                "fn f() { let long_enough = 1234567; } fn g() {}",
                format!("fn f() {{{call} }} fn g() {{}}"),
            ),
            (
                "fn f() {\n    1; } fn g() {}",
                format!("fn f() {{{call}\n       }} fn g() {{}}"),
            ),
            // A column in bytes is another than in characters.
            (
                "fn f() {\n    'ä'; } fn g() {}",
                "fn f() {\n    'ä'; } fn g() {}".to_owned(),
            ),
        ] {
            assert_eq!(shadow(text, &[]), expected);
        }
    }

    #[test]
    fn bodies_that_others_see_stay() {
        for text in [
            "fn f<T>() { 1; }",
            "impl<T> S<T> {\nfn f() { 1; }\n}",
            "trait T {\nfn f() { 1; }\n}",
            "const fn f() { 1; }",
            "async fn f() { 1; }",
            "fn f() -> impl T { 1; }",
            "fn f(it: impl T) { 1; }",
            "fn f() {\nfn inner() { 1; }\n}",
            "fn f() { lazy! { static A: u8 = 1; } }",
            "#[tokio::main] fn f() { 1; }",
            "#[inline(always)] fn f() { 1; }",
            "#[unsafe(naked)] extern \"C\" fn f() { 1; }",
            "#[attribute] mod m {\nfn f() { 1; }\n}",
            "macro! {\nfn f() { 1; }\n}",
            "fn f() {}",
        ] {
            assert_eq!(shadow(text, &[]), text);
        }
        // Lifetimes make nothing generic that is compiled.
        assert!(shadow("impl<'a> S<'a> {\nfn f<'b>() { 1; }\n}", &[]).contains(MARKER));
    }

    #[test]
    fn kept_functions_are_named_by_statics_of_their_module() {
        let root = |number: usize, name: &str| {
            format!(
                "#[used]static {ROOT}{number}:crate::__hotpatch::Root=crate::__hotpatch::Root({name} as *const ());"
            )
        };
        let text = "mod m {\n    #[cfg(unix)]\n    fn f() { 1; }\n    fn g() { 1; }\n}\n";
        let shadowed = shadow(text, &["m::f"]);
        assert!(
            shadowed.contains(&format!("fn f() {{ 1; }}# [cfg (unix)]{}\n", root(0, "f"))),
            "{shadowed}"
        );
        assert!(shadowed.contains(&format!("fn g() {{crate::{MARKER}()}}\n")));
        let text = "impl<'a> fmt::Display for S<'a> {\n    fn fmt(&self) { 1; }\n}\n";
        let expected = root(0, "<S < '_ > as fmt :: Display>::fmt");
        assert!(
            shadow(text, &["<S < 'a > as fmt :: Display>::fmt"])
                .ends_with(&format!("}}{expected}\n")),
            "{}",
            shadow(text, &["<S < 'a > as fmt :: Display>::fmt"])
        );
        let destructor =
            SourceFile::new("impl Drop for S {\n    fn drop(&mut self) { 1; }\n}\n".to_owned());
        assert!(!destructor.can_be_kept("<S as Drop>::drop"));
        // Several of one path: nobody can tell which is meant.
        let twice =
            SourceFile::new("#[cfg(a)] fn f() { 1; }\n#[cfg(b)] fn f() { 2; }\n".to_owned());
        assert!(!twice.can_be_kept("f"));
    }

    #[test]
    fn what_is_for_tests_only_is_never_kept() {
        let text = "#[cfg(test)]\nmod tests {\n    impl Clone for Test {\n        fn clone(&self) -> Self { 1; }\n    }\n    \
                    impl Ser for Test {\n        fn ser(&self) { 2; }\n    }\n}\nfn used() { 3; }\n";
        let file = SourceFile::new(text.to_owned());
        assert!(!file.can_be_kept("tests::<Test as Ser>::ser"));
        assert_eq!(file.sample(), Some("used"));
    }
}
