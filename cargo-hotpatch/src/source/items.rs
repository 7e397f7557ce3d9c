//! A file as a flat list of items, and the comparison of two such lists.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Generics, Item};

use super::cut::Piece;
use super::shape::shape;
use super::{ChangedItem, CompiledBy, Difference, EditedFunction, ItemKind, Lines, SourceChange};

/// One item, its parts as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flat {
    kind: ItemKind,
    path: String,
    name: String,
    /// All tokens but a function's body.
    header: String,
    /// A function's body.
    body: Option<String>,
    lines: Lines,
    compiled_by: CompiledBy,
    /// Line and column of all its tokens, digested, if other crates may have them in their code.
    places: Option<u64>,
    /// What memory holds for it; empty for anything but types, aliases and statics.
    shape: String,
}

/// The items of a piece that does not begin its file: there, `#!` is an error.
struct Items(Vec<Item>);

impl syn::parse::Parse for Items {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(Self(items))
    }
}

/// Why a text is not taken apart, and where.
#[derive(Debug)]
pub(super) struct Unparsable {
    /// 1-based.
    pub(super) line: usize,
    /// 1-based.
    pub(super) column: usize,
    /// What was expected.
    pub(super) message: String,
}

impl From<syn::Error> for Unparsable {
    fn from(error: syn::Error) -> Self {
        let start = error.span().start();
        Self {
            line: start.line,
            column: start.column + 1,
            message: error.to_string(),
        }
    }
}

/// Takes a file, or a piece of one, apart.
pub(super) fn parse(piece: &Piece<'_>) -> Result<Vec<Flat>, Unparsable> {
    let parsed = super::depth::on_stack_for(piece.text, || {
        let parsed = parse_here(piece).map_err(Unparsable::from);
        super::forget_spans();
        parsed
    });
    parsed.unwrap_or_else(|| {
        Err(Unparsable {
            line: piece.first_line,
            column: 1,
            message: "it nests too deep".to_owned(),
        })
    })
}

fn parse_here(piece: &Piece<'_>) -> syn::Result<Vec<Flat>> {
    let (attributes, items) = if piece.first_line == 1 {
        let file = syn::parse_file(piece.text)?;
        (file.attrs, file.items)
    } else {
        (Vec::new(), syn::parse_str::<Items>(piece.text)?.0)
    };
    let mut flattener = Flattener {
        flats: Vec::new(),
        path: Vec::new(),
        lines_above: piece.first_line - 1,
    };
    let attributes = tokens(&Attributes(&attributes, true));
    if !attributes.is_empty() {
        flattener.flats.push(Flat {
            kind: ItemKind::Attributes,
            path: String::new(),
            name: String::new(),
            header: attributes,
            body: None,
            lines: (1, 1),
            compiled_by: CompiledBy::Others,
            places: None,
            shape: String::new(),
        });
    }
    for item in &items {
        flattener.item(item);
    }
    Ok(flattener.flats)
}

pub(super) fn tokens(item: &impl ToTokens) -> String {
    item.to_token_stream().to_string()
}

/// Attributes without documentation, unless something could read it.
struct Attributes<'a>(&'a [Attribute], bool);

impl ToTokens for Attributes<'_> {
    fn to_tokens(&self, out: &mut proc_macro2::TokenStream) {
        let keep_documentation = !self.1 && self.0.iter().any(|attribute| !is_builtin(attribute));
        for attribute in self.0 {
            if keep_documentation || !attribute.path().is_ident("doc") {
                attribute.to_tokens(out);
            }
        }
    }
}

/// An attribute that the compiler itself gives its meaning, and that does not replace the item by something else.
pub(crate) fn is_builtin(attribute: &Attribute) -> bool {
    const NAMES: &[&str] = &[
        "allow",
        "warn",
        "deny",
        "expect",
        "forbid",
        "cfg",
        "cold",
        "must_use",
        "doc",
        "deprecated",
        "no_mangle",
        "export_name",
        "link_section",
        "track_caller",
        "target_feature",
        "inline",
        "non_exhaustive",
        "repr",
        "used",
        "ignore",
        "automatically_derived",
        "link",
        "path",
        "macro_use",
        "macro_export",
        "unsafe",
        "naked",
        "default",
    ];
    let path = attribute.path();
    match path.get_ident() {
        Some(ident) => NAMES.iter().any(|name| ident == name),
        None => path.segments.first().is_some_and(|first| {
            first.ident == "rustfmt" || first.ident == "clippy" || first.ident == "diagnostic"
        }),
    }
}

/// Strips documentation from a definition when nothing could read it.
fn definition<T: ToTokens + Clone>(
    item: &T,
    attributes: &[Attribute],
    strip: impl Fn(&mut T),
) -> String {
    if attributes.iter().all(is_builtin) {
        let mut copy = item.clone();
        strip(&mut copy);
        return tokens(&copy);
    }
    tokens(item)
}

fn without_documentation(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
}

fn strip_fields(fields: &mut syn::Fields) {
    for field in fields {
        without_documentation(&mut field.attrs);
    }
}

/// Generic over more than lifetimes.
pub(crate) fn is_generic(generics: &Generics) -> bool {
    generics
        .params
        .iter()
        .any(|param| !matches!(param, syn::GenericParam::Lifetime(_)))
}

/// Looks for what makes a body or signature more than plain.
#[derive(Default)]
struct Finder {
    found: bool,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item(&mut self, _item: &'ast Item) {
        self.found = true;
    }
    fn visit_type_impl_trait(&mut self, _type: &'ast syn::TypeImplTrait) {
        self.found = true;
    }
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.found |= may_hide_items(&call.tokens);
        visit::visit_macro(self, call);
    }
}

fn may_hide_items(tokens: &proc_macro2::TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => {
            ["fn", "struct", "enum", "union", "static", "trait", "mod"]
                .iter()
                .any(|word| ident == word)
        }
        proc_macro2::TokenTree::Group(group) => may_hide_items(&group.stream()),
        _ => false,
    })
}

/// Signature and body alone: not generic, nor `const`, nor `async`; no `impl` in the signature, no items in the body.
pub(crate) fn is_simple_body(signature: &syn::Signature, block: &syn::Block) -> bool {
    let mut finder = Finder::default();
    finder.visit_signature(signature);
    finder.visit_block(block);
    !finder.found
        && signature.constness.is_none()
        && signature.asyncness.is_none()
        && !is_generic(&signature.generics)
}

/// True if nothing but calls of the function can tell what its body is: not `const` nor `async`, no `impl` in its result, no items in
/// the body. It may be generic.
pub(crate) fn is_called_only(signature: &syn::Signature, block: &syn::Block) -> bool {
    let mut finder = Finder::default();
    finder.visit_return_type(&signature.output);
    finder.visit_block(block);
    !finder.found && signature.constness.is_none() && signature.asyncness.is_none()
}

fn compiled_by(
    attributes: &[Attribute],
    signature: &syn::Signature,
    block: &syn::Block,
) -> CompiledBy {
    let inline = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("inline"));
    let is_in_each_object = inline.is_some_and(|inline| tokens(inline).contains("always"));
    if !is_simple_body(signature, block)
        || !attributes.iter().all(is_builtin)
        || attributes.iter().any(|one| tokens(one).contains("naked"))
        || is_in_each_object
    {
        CompiledBy::Others
    } else if inline.is_some() {
        CompiledBy::OthersPerhaps
    } else {
        CompiledBy::ItsCrate
    }
}

struct Flattener {
    flats: Vec<Flat>,
    path: Vec<String>,
    /// In front of the piece.
    lines_above: usize,
}

impl Flattener {
    fn push(&mut self, kind: ItemKind, name: &str, header: String, spanned: &impl ToTokens) {
        let lines = self.lines(spanned);
        let path = self.joined(name);
        self.flats.push(Flat {
            kind,
            path,
            name: name.to_owned(),
            header,
            body: None,
            lines,
            compiled_by: CompiledBy::Others,
            places: (kind == ItemKind::MacroCall).then(|| places(spanned, self.lines_above)),
            shape: String::new(),
        });
    }

    fn lines(&self, spanned: &impl syn::spanned::Spanned) -> Lines {
        let span = spanned.span();
        (
            self.lines_above + span.start().line,
            self.lines_above + span.end().line,
        )
    }

    fn joined(&self, name: &str) -> String {
        let mut path = self.path.join("::");
        if !path.is_empty() && !name.is_empty() {
            path.push_str("::");
        }
        path.push_str(name);
        path
    }

    fn function(
        &mut self,
        attributes: &[Attribute],
        visibility: Option<&syn::Visibility>,
        signature: &syn::Signature,
        block: &syn::Block,
        plain_around: bool,
        spanned: &impl syn::spanned::Spanned,
    ) {
        let header = format!(
            "{} {} {}",
            tokens(&Attributes(attributes, false)),
            visibility.map(tokens).unwrap_or_default(),
            tokens(signature)
        );
        let name = signature.ident.to_string();
        let compiled_by = match plain_around {
            true => compiled_by(attributes, signature, block),
            false => CompiledBy::Others,
        };
        self.flats.push(Flat {
            kind: ItemKind::Function,
            path: self.joined(&name),
            name,
            header,
            body: Some(tokens(block)),
            lines: self.lines(spanned),
            compiled_by,
            places: (compiled_by != CompiledBy::ItsCrate).then(|| places(block, self.lines_above)),
            shape: String::new(),
        });
    }

    fn item(&mut self, item: &Item) {
        let begins = self.flats.len();
        self.add(item);
        // A module's own items come behind it, and have their own.
        if let Some(flat) = self.flats.get_mut(begins) {
            flat.shape = shape(item);
        }
    }

    fn add(&mut self, item: &Item) {
        match item {
            Item::Fn(function) => {
                self.function(
                    &function.attrs,
                    Some(&function.vis),
                    &function.sig,
                    &function.block,
                    true,
                    function,
                );
            }
            Item::Impl(block) => self.implementation(block),
            Item::Trait(definition) => self.trait_definition(definition),
            Item::Mod(module) => self.module(module),
            Item::Struct(it) => {
                let text = definition(it, &it.attrs, |it| {
                    without_documentation(&mut it.attrs);
                    strip_fields(&mut it.fields);
                });
                self.push(ItemKind::Type, &it.ident.to_string(), text, it);
            }
            Item::Enum(it) => {
                let text = definition(it, &it.attrs, |it| {
                    without_documentation(&mut it.attrs);
                    for variant in &mut it.variants {
                        without_documentation(&mut variant.attrs);
                        strip_fields(&mut variant.fields);
                    }
                });
                self.push(ItemKind::Type, &it.ident.to_string(), text, it);
            }
            Item::Union(it) => {
                let text = definition(it, &it.attrs, |it| {
                    without_documentation(&mut it.attrs);
                    for field in &mut it.fields.named {
                        without_documentation(&mut field.attrs);
                    }
                });
                self.push(ItemKind::Type, &it.ident.to_string(), text, it);
            }
            Item::Type(it) => {
                let text = definition(it, &it.attrs, |it| without_documentation(&mut it.attrs));
                self.push(ItemKind::TypeAlias, &it.ident.to_string(), text, it);
            }
            Item::Static(it) => {
                let text = definition(it, &it.attrs, |it| without_documentation(&mut it.attrs));
                self.push(ItemKind::Static, &it.ident.to_string(), text, it);
            }
            Item::Const(it) => {
                let text = definition(it, &it.attrs, |it| without_documentation(&mut it.attrs));
                self.push(ItemKind::Const, &it.ident.to_string(), text, it);
            }
            Item::Macro(it) => {
                let mut copy = it.clone();
                without_documentation(&mut copy.attrs);
                match &it.ident {
                    Some(ident) => {
                        self.push(ItemKind::Macro, &ident.to_string(), tokens(&copy), it);
                    }
                    // Documentation inside of a call is its argument.
                    None => {
                        let text = tokens(it);
                        let name = format!("{}!", tokens(&it.mac.path));
                        self.push(ItemKind::MacroCall, &name, text, it);
                    }
                }
            }
            Item::Use(it) => {
                let text = tokens(it);
                self.push(ItemKind::Use, &text, text.clone(), it);
            }
            Item::ExternCrate(it) => {
                let text = tokens(it);
                self.push(ItemKind::Use, &text, text.clone(), it);
            }
            Item::ForeignMod(it) => {
                let text = tokens(it);
                self.push(ItemKind::Extern, &tokens(&it.abi), text, it);
            }
            other => {
                let text = tokens(other);
                self.push(ItemKind::Other, &text, text.clone(), other);
            }
        }
    }

    fn module(&mut self, module: &syn::ItemMod) {
        let name = module.ident.to_string();
        let mut header = module.clone();
        without_documentation(&mut header.attrs);
        header.content = None;
        self.push(ItemKind::Module, &name, tokens(&header), module);
        if let Some((_, items)) = &module.content {
            self.path.push(name);
            for item in items {
                self.item(item);
            }
            self.path.pop();
        }
    }

    fn implementation(&mut self, block: &syn::ItemImpl) {
        let mut header = block.clone();
        header.items.clear();
        without_documentation(&mut header.attrs);
        let own = tokens(&block.self_ty);
        let name = match &block.trait_ {
            Some((_, path, _)) => format!("<{own} as {}>", tokens(path)),
            None => own,
        };
        self.push(ItemKind::ImplHeader, &name, tokens(&header), block);
        let mut impl_in_header = Finder::default();
        impl_in_header.visit_type(&block.self_ty);
        let plain = !is_generic(&block.generics)
            && block.attrs.iter().all(is_builtin)
            && !impl_in_header.found;
        self.path.push(name);
        for item in &block.items {
            match item {
                syn::ImplItem::Fn(method) => {
                    self.function(
                        &method.attrs,
                        Some(&method.vis),
                        &method.sig,
                        &method.block,
                        plain,
                        method,
                    );
                }
                syn::ImplItem::Const(it) => {
                    self.push(ItemKind::Const, &it.ident.to_string(), tokens(it), it);
                }
                syn::ImplItem::Type(it) => {
                    self.push(ItemKind::TypeAlias, &it.ident.to_string(), tokens(it), it);
                }
                syn::ImplItem::Macro(it) => {
                    self.push(
                        ItemKind::MacroCall,
                        &format!("{}!", tokens(&it.mac.path)),
                        tokens(it),
                        it,
                    );
                }
                other => {
                    let text = tokens(other);
                    self.push(ItemKind::Other, &text, text.clone(), other);
                }
            }
        }
        self.path.pop();
    }

    fn trait_definition(&mut self, definition: &syn::ItemTrait) {
        let name = definition.ident.to_string();
        let mut header = definition.clone();
        if definition.attrs.iter().all(is_builtin) {
            without_documentation(&mut header.attrs);
        }
        for item in &mut header.items {
            if let syn::TraitItem::Fn(method) = item {
                without_documentation(&mut method.attrs);
                if method.default.is_some() {
                    // That there is a default is part of the list; what it does is a body.
                    method.default = Some(syn::Block {
                        brace_token: Default::default(),
                        stmts: Vec::new(),
                    });
                }
            }
        }
        self.push(ItemKind::Trait, &name, tokens(&header), definition);
        self.path.push(name);
        for item in &definition.items {
            if let syn::TraitItem::Fn(method) = item
                && let Some(block) = &method.default
            {
                self.function(&method.attrs, None, &method.sig, block, false, method);
            }
        }
        self.path.pop();
    }
}

/// A digest of where the tokens stand.
fn places(item: &impl ToTokens, lines_above: usize) -> u64 {
    fn add(tokens: proc_macro2::TokenStream, above: usize, hasher: &mut DefaultHasher) {
        for token in tokens {
            let start = token.span().start();
            (above + start.line, start.column).hash(hasher);
            if let proc_macro2::TokenTree::Group(group) = token {
                add(group.stream(), above, hasher);
            }
        }
    }
    let mut hasher = DefaultHasher::new();
    add(item.to_token_stream(), lines_above, &mut hasher);
    hasher.finish()
}

type Key<'a> = (ItemKind, &'a str);

/// The paths of all that other crates may have in their code.
pub(super) fn with_places(items: &[Flat]) -> impl Iterator<Item = &str> {
    let placed = items.iter().filter(|item| item.places.is_some());
    placed.map(|item| item.path.as_str())
}

/// Compares two lists of items.
pub(super) fn compare(old: &[Flat], new: &[Flat]) -> SourceChange {
    let mut change = SourceChange::default();
    let mut by_key: HashMap<Key<'_>, (Vec<&Flat>, Vec<&Flat>)> = HashMap::new();
    for flat in old {
        by_key
            .entry((flat.kind, &flat.path))
            .or_default()
            .0
            .push(flat);
    }
    for flat in new {
        by_key
            .entry((flat.kind, &flat.path))
            .or_default()
            .1
            .push(flat);
    }
    let mut kept_old = Vec::new();
    let mut kept_new = Vec::new();
    for (old, new) in by_key.values() {
        // Several of one name (cfg variants, `use`, impl blocks): equal ones belong together, then the rest in order.
        let mut left_new: Vec<&Flat> = new.clone();
        let mut left_old = Vec::new();
        for one in old {
            match left_new
                .iter()
                .position(|other| other.header == one.header && other.body == one.body)
            {
                Some(index) => {
                    let other = left_new.remove(index);
                    if one.places != other.places {
                        change.displaced.push(other.path.clone());
                    }
                    kept_old.push(std::ptr::from_ref(*one));
                    kept_new.push(std::ptr::from_ref(other));
                }
                None => left_old.push(*one),
            }
        }
        let mut left_new = left_new.into_iter();
        for one in left_old {
            match left_new.next() {
                Some(other) => {
                    kept_old.push(std::ptr::from_ref(one));
                    kept_new.push(std::ptr::from_ref(other));
                    edited(one, other, &mut change);
                }
                None => change
                    .items
                    .push(changed(one, Difference::Removed, Some(one.lines), None)),
            }
        }
        for other in left_new {
            change
                .items
                .push(changed(other, Difference::Added, None, Some(other.lines)));
        }
    }
    if let Some((one, other)) = moved(old, new, &kept_old, &kept_new) {
        change.items.push(ChangedItem {
            kind: ItemKind::Order,
            difference: Difference::Edited,
            path: other.path.clone(),
            old: Some(one.lines),
            new: Some(other.lines),
            is_reshaped: false,
        });
    }
    change.items.sort_by(|a, b| {
        (a.new.or(a.old), a.kind, &a.path).cmp(&(b.new.or(b.old), b.kind, &b.path))
    });
    change.edited.sort_by_key(|a| a.new);
    change.displaced.sort();
    change
}

/// The first place where the items that both have stand in another order.
fn moved<'a>(
    old: &'a [Flat],
    new: &'a [Flat],
    kept_old: &[*const Flat],
    kept_new: &[*const Flat],
) -> Option<(&'a Flat, &'a Flat)> {
    let kept_old: std::collections::HashSet<_> = kept_old.iter().copied().collect();
    let kept_new: std::collections::HashSet<_> = kept_new.iter().copied().collect();
    let old = old
        .iter()
        .filter(|flat| kept_old.contains(&std::ptr::from_ref(*flat)));
    let new = new
        .iter()
        .filter(|flat| kept_new.contains(&std::ptr::from_ref(*flat)));
    old.zip(new)
        .find(|(one, other)| (one.kind, &one.path) != (other.kind, &other.path))
}

fn changed(
    flat: &Flat,
    difference: Difference,
    old: Option<Lines>,
    new: Option<Lines>,
) -> ChangedItem {
    ChangedItem {
        kind: flat.kind,
        difference,
        path: flat.path.clone(),
        old,
        new,
        is_reshaped: false,
    }
}

fn edited(old: &Flat, new: &Flat, change: &mut SourceChange) {
    if old.kind == ItemKind::Function {
        change.edited.push(EditedFunction {
            path: new.path.clone(),
            name: new.name.clone(),
            old: old.lines,
            new: new.lines,
            header_equal: old.header == new.header,
            compiled_by: old.compiled_by.max(new.compiled_by),
        });
    } else {
        change.items.push(ChangedItem {
            is_reshaped: old.shape != new.shape,
            ..changed(new, Difference::Edited, Some(old.lines), Some(new.lines))
        });
    }
}
