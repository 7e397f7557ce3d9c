//! A parsed file → its pieces.

use std::ops::Range;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Attribute, Generics, Ident, ImplItem, Item, UseTree};

use super::{BodyWords, Kind, Leaf, Numbered, Origin, Piece, Replacement, blank};
use crate::shadow::bodies::{conditions, nothing_follows};
use crate::shadow::derives::{derived_names, is_builtin_derive};
use crate::shadow::words::{Word, defined, tidy, words};
use crate::source::is_builtin;

/// The pieces of a file. `derives` are replaced in it, and `bytes` tells where a span is.
pub(in crate::shadow) fn of_file(
    text: &str,
    items: &[Item],
    derives: &[Replacement],
    bytes: &dyn Fn(Span) -> Range<usize>,
) -> Vec<Piece> {
    let mut collector = Collector {
        text,
        bytes,
        derives,
        pieces: Vec::new(),
        inside: None,
        module: None,
    };
    for item in items {
        collector.item(item);
    }
    collector.pieces
}

/// What is no file of items, such as an expression for `include!`, as a piece that stays; nothing if it is no Rust at all.
pub(in crate::shadow) fn of_tokens(text: &str) -> Vec<Piece> {
    let tokens = text.parse::<TokenStream>();
    let piece = tokens.map(|tokens| Piece {
        range: 0..text.len(),
        inside: None,
        module: None,
        kind: Kind::Always,
        numbered: Numbered::Not,
        words: words(tokens),
        body: None,
    });
    piece.into_iter().collect()
}

struct Collector<'t> {
    text: &'t str,
    bytes: &'t dyn Fn(Span) -> Range<usize>,
    derives: &'t [Replacement],
    pieces: Vec<Piece>,
    inside: Option<usize>,
    module: Option<usize>,
}

/// Names, as they are declared.
fn names<'a>(idents: impl IntoIterator<Item = &'a Ident>) -> Vec<String> {
    idents.into_iter().map(ToString::to_string).collect()
}

impl Collector<'_> {
    fn range(&self, of: &impl ToTokens) -> Range<usize> {
        (self.bytes)(of.span())
    }

    /// A piece, unless it cannot be told apart in the text: then it stays whatever happens.
    fn push(&mut self, range: Range<usize>, kind: Kind, words: Vec<Word>) -> usize {
        let can_go = blank(self.text, &range, "").is_some();
        let kind = match kind {
            Kind::Always | Kind::Use(_) => kind,
            _ if !can_go => Kind::Always,
            kind => kind,
        };
        self.pieces.push(Piece {
            range,
            inside: self.inside,
            module: self.module,
            kind,
            words,
            body: None,
            numbered: Numbered::Not,
        });
        self.pieces.len() - 1
    }

    fn item(&mut self, item: &Item) {
        let first = self.pieces.len();
        self.of_item(item);
        // An attribute that is not known may add anything to an item. (Of a module it makes a module.)
        let is_known = attributes(item).iter().all(is_known) || matches!(item, Item::Mod(_));
        if let Some(piece) = self.pieces.get_mut(first)
            && !is_known
            && !matches!(piece.kind, Kind::Never)
            && piece.numbered == Numbered::Not
        {
            piece.numbered = Numbered::AsExpanded;
        }
    }

    fn of_item(&mut self, item: &Item) {
        let range = self.range(item);
        let attributes = attributes(item);
        if attributes.iter().any(is_of_tests) {
            self.push(range, Kind::Never, Vec::new());
            return;
        }
        let all = || words(item.to_token_stream());
        let is_needed = attributes.iter().any(|attribute| {
            ["global_allocator", "panic_handler", "alloc_error_handler"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        });
        let named = |idents: Vec<String>| match is_needed {
            true => Kind::Always,
            false => Kind::Item(idents),
        };
        match item {
            Item::Fn(it) => {
                let kind = named(names([&it.sig.ident]));
                let parts = (&*it.attrs, Some(&it.vis), &it.sig, &*it.block);
                let called = Word::of_item(&it.sig.ident.to_string());
                self.function(range, kind, parts, called);
            }
            Item::Const(it) if it.ident == "_" => {
                self.opaque(range, item.to_token_stream(), Vec::new());
            }
            Item::Const(it) => drop(self.push(range, named(names([&it.ident])), all())),
            Item::Static(it) => drop(self.push(range, named(names([&it.ident])), all())),
            Item::Type(it) => drop(self.push(range, named(names([&it.ident])), all())),
            Item::TraitAlias(it) => drop(self.push(range, named(names([&it.ident])), all())),
            Item::Struct(it) => {
                let fields = match &it.fields {
                    syn::Fields::Named(fields) => Some((self.range(fields), ";")),
                    syn::Fields::Unnamed(fields) => Some((self.range(fields), "")),
                    syn::Fields::Unit => None,
                };
                let without = fields.into_iter().collect();
                self.of_type(item, range, &it.ident, &it.generics, without);
            }
            Item::Enum(it) => {
                let variants = (self.bytes)(it.brace_token.span.join());
                let without = vec![
                    ((self.bytes)(it.enum_token.span), "struct"),
                    (variants, ";"),
                ];
                self.of_type(item, range, &it.ident, &it.generics, without);
            }
            Item::Union(it) => {
                // A derive on a union asks for other things than one on a struct.
                self.of_type(item, range, &it.ident, &it.generics, Vec::new());
            }
            Item::Trait(it) => {
                let members = it
                    .items
                    .iter()
                    .filter_map(|member| match member {
                        syn::TraitItem::Fn(it) => Some(&it.sig.ident),
                        syn::TraitItem::Const(it) => Some(&it.ident),
                        syn::TraitItem::Type(it) => Some(&it.ident),
                        _ => None,
                    })
                    .collect::<Vec<_>>();
                let kind = Kind::Trait {
                    name: it.ident.to_string(),
                    members: names(members),
                };
                let mut header = it.clone();
                header.items.clear();
                let piece = self.push(range, kind, words(header.to_token_stream()));
                let around = self.inside.replace(piece);
                for member in &it.items {
                    let range = self.range(member);
                    let kind = Kind::Member(Vec::new());
                    match member {
                        syn::TraitItem::Fn(syn::TraitItemFn {
                            attrs,
                            sig,
                            default: Some(block),
                            ..
                        }) => {
                            let called = Word::of_member(&sig.ident.to_string());
                            self.function(range, kind, (attrs, None, sig, block), called);
                        }
                        _ => drop(self.push(range, kind, words(member.to_token_stream()))),
                    }
                }
                self.inside = around;
            }
            Item::Mod(it) => {
                let words_of_header = words(tokens_of(&it.attrs));
                let Some((_, items)) = &it.content else {
                    // The file of another name is looked for by its name.
                    let kind = match it.attrs.iter().any(|one| one.path().is_ident("path")) {
                        true => Kind::Always,
                        false => Kind::Module(it.ident.to_string()),
                    };
                    self.push(range, kind, words_of_header);
                    return;
                };
                let is_known = it.attrs.iter().all(is_known);
                let kind = match is_known {
                    true => Kind::Module(it.ident.to_string()),
                    false => named(names([&it.ident])),
                };
                let words = if is_known { words_of_header } else { all() };
                let module = self.push(range, kind, words);
                if is_known {
                    let around = (self.inside, self.module);
                    (self.inside, self.module) = (Some(module), Some(module));
                    for item in items {
                        self.item(item);
                    }
                    (self.inside, self.module) = around;
                }
            }
            Item::Impl(it) => self.implementation(range, it),
            Item::Macro(it) => match &it.ident {
                Some(name) => drop(self.push(range, named(names([name])), all())),
                None => {
                    let defines = defined(it.mac.tokens.clone());
                    self.opaque(range, item.to_token_stream(), defines);
                }
            },
            Item::ForeignMod(it) => {
                let functions = it.items.iter().filter_map(|item| match item {
                    syn::ForeignItem::Fn(it) => Some(&it.sig.ident),
                    syn::ForeignItem::Static(it) => Some(&it.ident),
                    syn::ForeignItem::Type(it) => Some(&it.ident),
                    _ => None,
                });
                let kind = named(names(functions));
                self.push(range, kind, all());
            }
            Item::Use(it) => {
                let outer = self.push(range, Kind::Use(None), Vec::new());
                let is_visible = !matches!(it.vis, syn::Visibility::Inherited);
                let around = self.inside.replace(outer);
                let place = self.range(&it.tree);
                self.leaves(&it.tree, place, &mut Vec::new(), is_visible);
                self.inside = around;
            }
            _ => drop(self.push(range, Kind::Always, all())),
        }
    }

    fn opaque(&mut self, range: Range<usize>, tokens: TokenStream, defines: Vec<String>) {
        let is_like_impl = is_like_impl(tokens.clone());
        let words = words(tokens);
        let kind = Kind::Opaque {
            defines,
            of: words.clone(),
            is_like_impl,
        };
        let piece = self.push(range, kind, words);
        self.pieces[piece].numbered = Numbered::AsExpanded;
    }

    fn function(
        &mut self,
        range: Range<usize>,
        kind: Kind,
        (attributes, visibility, signature, block): (
            &[Attribute],
            Option<&syn::Visibility>,
            &syn::Signature,
            &syn::Block,
        ),
        called: [Word; 2],
    ) {
        let mut header = tokens_of(attributes);
        visibility.to_tokens(&mut header);
        signature.to_tokens(&mut header);
        let header = words(header);
        let begin = (self.bytes)(block.brace_token.span.join()).start;
        let piece = self.push(range, kind, header);
        self.pieces[piece].body = Some(BodyWords {
            begin,
            called,
            words: words(block.to_token_stream()),
        });
    }

    fn of_type(
        &mut self,
        item: &Item,
        range: Range<usize>,
        name: &Ident,
        generics: &Generics,
        without: Vec<(Range<usize>, &str)>,
    ) {
        let words = words(item.to_token_stream());
        let attributes = attributes(item);
        let name = name.to_string();
        let is_bare = attributes.iter().all(is_builtin);
        let has_known_derives = self
            .derives
            .iter()
            .any(|derive| range.start <= derive.range.start && derive.range.end <= range.end);
        let can_be_bare = has_plain_derives(attributes, has_known_derives)
            && generics.params.is_empty()
            && generics.where_clause.is_none()
            && !matches!(item, Item::Union(_))
            && nothing_follows(self.text, range.end);
        let bare = |(range, instead): (Range<usize>, &str)| {
            let lines = self.text[range.clone()].matches('\n').count();
            let text = format!("{instead}{}", "\n".repeat(lines));
            Replacement { range, text }
        };
        let stub = (!is_bare && can_be_bare).then(|| without.into_iter().map(bare).collect());
        let piece = self.push(
            range,
            Kind::Type {
                name,
                stub,
                has_known_derives,
            },
            words,
        );
        if !is_bare {
            self.pieces[piece].numbered = Numbered::AsExpanded;
        }
    }

    fn implementation(&mut self, range: Range<usize>, block: &syn::ItemImpl) {
        let mut header = tokens_of(&block.attrs);
        block.generics.to_tokens(&mut header);
        block.generics.where_clause.to_tokens(&mut header);
        let mut of = block.self_ty.to_token_stream();
        if let Some((_, path, _)) = &block.trait_ {
            path.to_tokens(&mut of);
        }
        let parameters: Vec<String> = block
            .generics
            .type_params()
            .map(|parameter| parameter.ident.to_string())
            .collect();
        let mut names = idents(of.clone());
        names.retain(|name| name != "Self" && !parameters.contains(name));
        header.extend(of);
        let conditions = conditions(&block.attrs);
        let shell = format!("{conditions}impl crate::__hotpatch::Shell{{}}");
        let has_room = blank(self.text, &range, &shell).is_some();
        let is_known = block.attrs.iter().all(is_known) && has_room;
        let header = match is_known {
            true => words(header),
            false => words(block.to_token_stream()),
        };
        let shell = is_known.then_some(shell);
        let piece = self.push(range, Kind::Impl { of: names, shell }, header);
        // What `cfg_attr` makes of an `impl` is written there or not.
        let is_written = block
            .attrs
            .iter()
            .all(|one| self::is_known(one) || one.path().is_ident("cfg_attr"));
        self.pieces[piece].numbered = match is_written {
            true => Numbered::AsWritten,
            false => Numbered::AsExpanded,
        };
        if !is_known {
            return;
        }
        let is_inherent = block.trait_.is_none();
        let around = self.inside.replace(piece);
        for member in &block.items {
            let range = self.range(member);
            let named = |ident: &Ident| match is_inherent {
                true => Kind::Member(vec![ident.to_string()]),
                false => Kind::Member(Vec::new()),
            };
            let all = || words(member.to_token_stream());
            match member {
                ImplItem::Fn(it) => {
                    let parts = (&*it.attrs, Some(&it.vis), &it.sig, &it.block);
                    let called = Word::of_member(&it.sig.ident.to_string());
                    self.function(range, named(&it.sig.ident), parts, called);
                }
                ImplItem::Const(it) => drop(self.push(range, named(&it.ident), all())),
                ImplItem::Type(it) => drop(self.push(range, named(&it.ident), all())),
                _ => drop(self.push(range, Kind::Member(Vec::new()), all())),
            }
        }
        self.inside = around;
    }

    /// The leaves of a `use`; `path` is what leads to `tree`, and `place` the text that goes with it.
    fn leaves(
        &mut self,
        tree: &UseTree,
        place: Range<usize>,
        path: &mut Vec<String>,
        is_visible: bool,
    ) {
        let first = path.first().map_or("", String::as_str);
        let origin = match first {
            "std" | "core" | "alloc" => Origin::Std,
            "crate" | "self" | "super" => Origin::Crate,
            first => Origin::Named(first.to_owned()),
        };
        let leaf = |name: Option<&Ident>, is_glob| Leaf {
            name: name.map(ToString::to_string),
            is_visible,
            is_glob,
            is_renamed: matches!(tree, UseTree::Rename(_)),
            origin: origin.clone(),
        };
        let (leaf, last) = match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.leaves(&inner.tree, place, path, is_visible);
                path.pop();
                return;
            }
            UseTree::Group(group) => {
                for pair in group.items.pairs() {
                    let (tree, comma) = pair.into_tuple();
                    let mut place = self.range(tree);
                    if let Some(comma) = comma {
                        place.end = self.range(comma).end;
                    }
                    let around = self.inside;
                    if has_group(tree) {
                        self.inside = Some(self.push(place.clone(), Kind::Use(None), Vec::new()));
                    }
                    self.leaves(tree, place, path, is_visible);
                    self.inside = around;
                }
                return;
            }
            UseTree::Name(name) if name.ident == "self" => {
                let own = path.last().map(|name| Ident::new(name, Span::call_site()));
                (leaf(own.as_ref(), false), None)
            }
            UseTree::Name(name) => (leaf(Some(&name.ident), false), Some(name.ident.to_string())),
            UseTree::Rename(it) => {
                let name = (it.rename != "_").then_some(&it.rename);
                (leaf(name, false), Some(it.ident.to_string()))
            }
            UseTree::Glob(_) => (leaf(None, true), None),
        };
        let words = path
            .iter()
            .chain(&last)
            .flat_map(|name| Word::of_item(name))
            .collect();
        self.push(place, Kind::Use(Some(leaf)), tidy(words));
    }
}

fn has_group(tree: &UseTree) -> bool {
    match tree {
        UseTree::Path(path) => has_group(&path.tree),
        UseTree::Group(_) => true,
        UseTree::Name(_) | UseTree::Rename(_) | UseTree::Glob(_) => false,
    }
}

/// True if what a macro is called with, the outermost braces aside, has no blocks, or is an `impl`.
fn is_like_impl(tokens: TokenStream) -> bool {
    fn has(tokens: TokenStream, depth: usize, is_it: &dyn Fn(&TokenTree, usize) -> bool) -> bool {
        tokens.into_iter().any(|token| {
            is_it(&token, depth)
                || matches!(token, TokenTree::Group(group) if has(group.stream(), depth + 1, is_it))
        })
    }
    let is_block = |token: &TokenTree, depth| matches!(token, TokenTree::Group(group) if depth > 0 && group.delimiter() == Delimiter::Brace);
    let is_impl =
        |token: &TokenTree, _| matches!(token, TokenTree::Ident(ident) if ident == "impl");
    !has(tokens.clone(), 0, &is_block) || has(tokens, 0, &is_impl)
}

/// All identifiers.
fn idents(tokens: TokenStream) -> Vec<String> {
    let mut idents = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => idents.push(ident.to_string()),
            TokenTree::Group(group) => idents.extend(self::idents(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    idents
}

fn tokens_of(attributes: &[Attribute]) -> TokenStream {
    let mut tokens = TokenStream::new();
    for attribute in attributes {
        attribute.to_tokens(&mut tokens);
    }
    tokens
}

/// `#[cfg(test)]` and `#[test]`: a crate that is compiled as its own tests has no slices.
fn is_of_tests(attribute: &Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("test")
        || path.is_ident("bench")
        || (path.is_ident("cfg")
            && attribute
                .parse_args::<Ident>()
                .is_ok_and(|what| what == "test"))
}

/// True of attributes that add nothing to an item that could be numbered.
fn is_known(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    is_builtin(attribute) || last.is_some_and(|last| last.ident == "instrument")
}

/// True if a type without fields can have the same derives: all are known, and what they ask for is among them. (What was
/// implemented by hand may be gone.) With `has_known_derives`, those that are not are replaced.
fn has_plain_derives(attributes: &[Attribute], has_known_derives: bool) -> bool {
    const ASKED_FOR: &[(&str, &[&str])] = &[
        ("Copy", &["Clone"]),
        ("Eq", &["PartialEq"]),
        ("PartialOrd", &["PartialEq"]),
        ("Ord", &["Eq", "PartialOrd"]),
    ];
    let is_fine = |attribute: &Attribute| {
        (is_builtin(attribute) && !attribute.path().is_ident("repr"))
            || attribute.path().is_ident("derive")
            || (has_known_derives && attribute.path().is_ident("serde"))
    };
    let Some(derives) = derived_names(attributes) else {
        return false;
    };
    let has = |name: &str| derives.iter().any(|path| path.is_ident(name));
    attributes.iter().all(is_fine)
        && derives
            .iter()
            .all(|path| has_known_derives || is_builtin_derive(path))
        && ASKED_FOR
            .iter()
            .all(|(name, asked_for)| !has(name) || asked_for.iter().all(|name| has(name)))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::ExternCrate(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::ForeignMod(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::TraitAlias(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
