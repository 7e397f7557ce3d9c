//! serde's derives without what they write: expanding them, and checking what comes of it, is most of what the compiler does
//! for a crate full of them (measured: 2.4 of 2.85 s for 300 types), and no edited body depends on more than that the `impl`s exist.
//!
//! So a derive is blanked out, its helper attributes with it, and an `impl` with the same header and no body takes its place.
//! The header is known for types without generic parameters only. serde puts each `impl` into a `const _` of its own, and symbols
//! have its number among those of the module; so do these, and in the same order. Where a module has others (its own, or those of
//! derives that are not known), numbers could differ, and the whole module stays as it is.

use std::collections::HashSet;
use std::ops::Range;

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{Attribute, Generics, Ident, Item, Path, Token, UseTree};

use super::MARKER;
use super::bodies::{conditions, nothing_follows};
use super::pieces::Replacement;
use crate::source::functions::BUILTIN_DERIVES;
use crate::source::is_builtin;

/// The derives that are known.
#[derive(Clone, Copy)]
enum Derive {
    Serialize,
    Deserialize,
}

impl Derive {
    fn of(name: &str) -> Option<Self> {
        match name {
            "Serialize" => Some(Self::Serialize),
            "Deserialize" => Some(Self::Deserialize),
            _ => None,
        }
    }

    fn header(self, of: &str) -> String {
        match self {
            Self::Serialize => format!(
                "impl ::serde::Serialize for {of}{{fn serialize<S: ::serde::Serializer>(&self,_:S)\
                 ->::core::result::Result<S::Ok,S::Error>{{crate::{MARKER}()}}}}"
            ),
            Self::Deserialize => format!(
                "impl<'de> ::serde::Deserialize<'de> for {of}{{fn deserialize<D: ::serde::Deserializer<'de>>(_:D)\
                 ->::core::result::Result<Self,D::Error>{{crate::{MARKER}()}}}}"
            ),
        }
    }
}

/// What to replace for the types of one module; nothing where something in it is not known. `bytes` tells where a span is.
pub(super) fn of_module(
    text: &str,
    items: &[Item],
    bytes: &dyn Fn(Span) -> Range<usize>,
) -> Vec<Replacement> {
    let module = Module {
        text,
        bytes,
        imported: imported_from_serde(items),
    };
    let mut replacements = Vec::new();
    for item in items {
        let replaced = match item {
            Item::Struct(it) => module.of_type(item, &it.attrs, &it.ident, &it.generics),
            Item::Enum(it) => module.of_type(item, &it.attrs, &it.ident, &it.generics),
            Item::Union(it) => module.of_type(item, &it.attrs, &it.ident, &it.generics),
            Item::Const(it) if it.ident == "_" => None,
            _ => continue,
        };
        match replaced {
            Some(replaced) => replacements.extend(replaced),
            None => return Vec::new(),
        }
    }
    replacements
}

struct Module<'m> {
    text: &'m str,
    bytes: &'m dyn Fn(Span) -> Range<usize>,
    /// The names that `use serde::…` brings in.
    imported: HashSet<String>,
}

impl Module<'_> {
    /// What to replace for one type: nothing if it derives nothing of serde. `None` if something is not known.
    fn of_type(
        &self,
        item: &Item,
        attributes: &[Attribute],
        name: &Ident,
        generics: &Generics,
    ) -> Option<Vec<Replacement>> {
        let mut known = Vec::new();
        let mut ranges = Vec::new();
        for attribute in attributes {
            if attribute.path().is_ident("derive") {
                for pair in paths(attribute)?.into_pairs() {
                    let (path, comma) = pair.into_tuple();
                    if let Some(derive) = self.serde_derive(&path) {
                        known.push(derive);
                        let mut range = (self.bytes)(path.span());
                        if let Some(comma) = comma {
                            range.end = (self.bytes)(comma.span()).end;
                        }
                        ranges.push(range);
                    } else if !is_builtin_derive(&path) {
                        return None;
                    }
                }
            } else if !is_builtin(attribute) && !attribute.path().is_ident("serde") {
                // Another macro, which may see the derives or add some (`cfg_attr`).
                return None;
            }
        }
        if known.is_empty() {
            return Some(Vec::new());
        }
        if !generics.params.is_empty() || generics.where_clause.is_some() {
            return None;
        }
        let mut helpers = Helpers {
            spans: Vec::new(),
            are_known: true,
        };
        helpers.visit_item(item);
        if !helpers.are_known {
            return None;
        }
        ranges.extend(helpers.spans.into_iter().map(|span| (self.bytes)(span)));
        ranges.sort_by_key(|range| range.start);
        let mut replacements = Vec::new();
        for range in ranges {
            let text = blank(self.text.get(range.clone())?)?;
            replacements.push(Replacement { range, text });
        }
        let end = (self.bytes)(item.span()).end;
        if !nothing_follows(self.text, end) {
            return None;
        }
        let conditions = conditions(attributes);
        let name = name.to_string();
        let text = known
            .into_iter()
            .map(|derive| format!("{conditions}const _:()={{{}}};", derive.header(&name)))
            .collect();
        replacements.push(Replacement {
            range: end..end,
            text,
        });
        Some(replacements)
    }

    fn serde_derive(&self, path: &Path) -> Option<Derive> {
        if let Some(name) = path.get_ident() {
            let name = name.to_string();
            return Derive::of(&name).filter(|_| self.imported.contains(&name));
        }
        let mut segments = path.segments.iter();
        let (krate, name) = (segments.next()?, segments.next()?);
        let is_serde = krate.ident == "serde" || krate.ident == "serde_derive";
        (is_serde && segments.next().is_none())
            .then(|| Derive::of(&name.ident.to_string()))
            .flatten()
    }
}

/// What a type derives. `None` if an attribute cannot be read.
pub(super) fn derived_names(attributes: &[Attribute]) -> Option<Vec<Path>> {
    let mut names = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("derive") {
            names.extend(paths(attribute)?);
        }
    }
    Some(names)
}

fn paths(derive: &Attribute) -> Option<Punctuated<Path, Token![,]>> {
    derive.parse_args_with(Punctuated::parse_terminated).ok()
}

pub(super) fn is_builtin_derive(path: &Path) -> bool {
    path.get_ident()
        .is_some_and(|name| BUILTIN_DERIVES.iter().any(|builtin| name == builtin))
}

/// The attributes that serde's derives read.
struct Helpers {
    spans: Vec<Span>,
    /// None of them asks for another header, and none may come out of a `cfg_attr`.
    are_known: bool,
}

impl<'ast> Visit<'ast> for Helpers {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        const OTHER_HEADERS: &[&str] = &["remote", "crate", "bound"];
        if attribute.path().is_ident("serde") {
            self.spans.push(attribute.span());
            let text = attribute.meta.to_token_stream().to_string();
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            self.are_known &= !words.any(|word| OTHER_HEADERS.contains(&word));
        } else if attribute.path().is_ident("cfg_attr") {
            self.are_known &= !attribute
                .meta
                .to_token_stream()
                .to_string()
                .contains("serde");
        }
    }
}

/// As many blanks, on as many lines. `None` where a column in bytes is another than in characters.
fn blank(old: &str) -> Option<String> {
    old.is_ascii().then(|| {
        let blank = |c: char| if c.is_whitespace() { c } else { ' ' };
        old.chars().map(blank).collect()
    })
}

/// The names that `use serde::…` brings into a module as they are.
fn imported_from_serde(items: &[Item]) -> HashSet<String> {
    fn leaves(tree: &UseTree, names: &mut HashSet<String>) {
        match tree {
            UseTree::Name(name) => {
                names.insert(name.ident.to_string());
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names)),
            // Deeper paths lead to traits, and other names to other things.
            UseTree::Path(_) | UseTree::Rename(_) | UseTree::Glob(_) => {}
        }
    }
    fn roots(tree: &UseTree, names: &mut HashSet<String>) {
        match tree {
            UseTree::Path(path) if path.ident == "serde" || path.ident == "serde_derive" => {
                leaves(&path.tree, names);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| roots(tree, names)),
            _ => {}
        }
    }
    let mut names = HashSet::new();
    for item in items {
        if let Item::Use(it) = item {
            roots(&it.tree, &mut names);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use crate::shadow::SourceFile;

    fn without(text: &str) -> String {
        SourceFile::new(text.to_owned()).shadow(&[], true, None)
    }

    #[test]
    fn a_derive_of_serde_becomes_a_header_and_all_else_keeps_its_place() {
        let text = "use serde::{Deserialize, Serialize};\n\
                    #[derive(Debug, Serialize, Deserialize)]\n\
                    #[serde(rename_all = \"camelCase\")]\n\
                    struct A {\n    #[serde(default)] name: String,\n}\n\
                    #[derive(serde::Serialize)]\n\
                    #[cfg(unix)]\n\
                    struct B(u8); // why\n";
        let shadow = without(text);
        let lines: Vec<&str> = shadow.lines().collect();
        assert_eq!(lines.len(), text.lines().count());
        assert_eq!(lines[1], format!("#[derive(Debug,{})]", " ".repeat(23)));
        assert_eq!(lines[2].trim(), "");
        assert_eq!(lines[4], format!("    {} name: String,", " ".repeat(17)));
        assert!(
            lines[5].starts_with("}const _:()={impl ::serde::Serialize for A{"),
            "{shadow}"
        );
        assert!(lines[5].contains("const _:()={impl<'de> ::serde::Deserialize<'de> for A{"));
        assert!(
            lines[8].starts_with(
                "struct B(u8);# [cfg (unix)]const _:()={impl ::serde::Serialize for B{"
            )
        );
        assert!(lines[8].ends_with("; // why"));
        syn::parse_file(&shadow).expect("a shadow parses");
        assert_eq!(
            SourceFile::new(text.to_owned()).shadow(&[], false, None),
            text
        );
    }

    #[test]
    fn a_module_with_anything_unknown_stays_as_it_is() {
        let known = "use serde::Serialize;\n#[derive(Serialize)]\nstruct A;\n";
        assert_ne!(without(known), known);
        for other in [
            "#[derive(Other)]\nstruct B;\n",
            "#[derive(Serialize)]\nstruct B<T>(T);\n",
            "#[derive(Serialize)]\n#[serde(remote = \"C\")]\nstruct B;\n",
            "#[derive(Serialize)]\nstruct B {\n#[cfg_attr(unix, serde(skip))]\nb: u8 }\n",
            "#[cfg_attr(unix, derive(Other))]\nstruct B;\n",
            "#[attribute]\nstruct B;\n",
            "#[derive(Serialize)]\nstruct B; struct C;\n",
            "const _: () = ();\n",
        ] {
            let text = format!("{known}{other}");
            assert_eq!(without(&text), text);
        }
        // A name alone is serde's only where it was imported from there.
        for text in [
            "use other::Serialize;\n#[derive(Serialize)]\nstruct A;\n",
            "use serde::ser::Serialize;\n#[derive(Serialize)]\nstruct A;\n",
            "use serde::Serialize as S;\n#[derive(S)]\nstruct A;\n",
        ] {
            assert_eq!(without(text), text);
        }
        // Each module is looked at by itself.
        let text = format!("mod one {{\n{known}}}\nmod two {{\n{known}const _: () = ();\n}}\n");
        assert_eq!(without(&text).matches("impl ").count(), 1);
    }
}
