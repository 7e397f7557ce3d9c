//! Two texts of one source file → what differs between them, item by item.
//!
//! Comments and white space never count. Documentation counts only where a derive or another attribute could read it.

pub mod closures;
mod cut;
mod depth;
pub mod functions;
pub mod index;
mod items;
pub mod macros;
mod shape;

use proc_macro2::TokenStream;

pub(crate) use depth::on_stack_for;
pub(crate) use items::{is_builtin, is_called_only, is_generic, is_simple_body};

/// What sort of item it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// A function, method or associated function.
    Function,
    /// A trait's header or the list and signatures of its items (not the default bodies).
    Trait,
    /// Struct, enum or union.
    Type,
    /// `type A = …`, also an associated one.
    TypeAlias,
    /// `static`.
    Static,
    /// `const`, also an associated one.
    Const,
    /// `macro_rules!` or `macro`.
    Macro,
    /// A macro's call where an item may stand.
    MacroCall,
    /// An `impl` block's header.
    ImplHeader,
    /// `use` or `extern crate`.
    Use,
    /// A module's declaration or attributes.
    Module,
    /// Something in an `extern` block.
    Extern,
    /// Attributes of the file itself.
    Attributes,
    /// The order of the items.
    Order,
    /// Anything else.
    Other,
}

/// How an item differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Difference {
    /// Only the new text has it.
    Added,
    /// Only the old text has it.
    Removed,
    /// Both have it, with other tokens.
    Edited,
}

/// First and last line of an item, 1-based.
pub type Lines = (usize, usize);

/// An item that differs in something other than a function's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedItem {
    /// What it is.
    pub kind: ItemKind,
    /// How it differs.
    pub difference: Difference,
    /// Its name, with modules and impl blocks inside of this file: `outer::<Square as Shape>::area`.
    pub path: String,
    /// Where it was.
    pub old: Option<Lines>,
    /// Where it is.
    pub new: Option<Lines>,
    /// Both texts have it, a type, an alias or a static, and memory holds something else for it: other types, or another number of them.
    /// That the types have the same names does not say that they are the same.
    pub is_reshaped: bool,
}

/// A function that both texts have, with another body or another header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedFunction {
    /// Its name, with modules and impl blocks inside of this file: `outer::<Square as Shape>::area`.
    pub path: String,
    /// Its identifier.
    pub name: String,
    /// Where it was.
    pub old: Lines,
    /// Where it is.
    pub new: Lines,
    /// Signature, attributes and visibility are equal token by token.
    pub header_equal: bool,
    /// In both texts.
    pub compiled_by: CompiledBy,
}

/// Into whose objects a function's body is compiled without optimisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompiledBy {
    /// Its own crate's and no other's: it is *plain*. Not generic, nor in a generic impl, nor a trait's default method; neither `const`
    /// nor `async`; no `impl` in its result; no `#[inline]` and no attribute that is not built in; no items in its body.
    ItsCrate,
    /// As above, but for `#[inline]`: those of each crate that calls it. (`#[inline(always)]` puts it into each object by itself.)
    OthersPerhaps,
    /// Whose is not known.
    Others,
}

impl EditedFunction {
    /// True if no crate but its own can have compiled it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.compiled_by == CompiledBy::ItsCrate
    }
}

/// What differs between two texts of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceChange {
    /// All that differs is in these lines of the old and of the new text: what is above and below them is equal, item by
    /// item. Whole texts when nothing better is known.
    pub within: (Lines, Lines),
    /// Why one of the texts cannot be parsed. Nothing else is known then.
    pub unparsable: Option<String>,
    /// Functions whose header or body differs.
    pub edited: Vec<EditedFunction>,
    /// All other differences, functions that were added or removed among them.
    pub items: Vec<ChangedItem>,
    /// Functions whose text is the same on other lines or in other columns, and which other crates may have compiled for
    /// themselves (they are not [plain](CompiledBy::ItsCrate)), and calls of macros that may expand to such ones. The place
    /// is in the code of those crates: a panic names it.
    pub displaced: Vec<String>,
}

impl SourceChange {
    /// True if the texts differ in comments and white space only. Lines may have moved.
    #[must_use]
    pub fn is_trivial(&self) -> bool {
        self.unparsable.is_none() && self.edited.is_empty() && self.items.is_empty()
    }

    /// True if every difference is inside of the body of a plain function, and nothing that other crates compile for
    /// themselves stands elsewhere: then no other crate can notice.
    #[must_use]
    pub fn only_plain_bodies(&self) -> bool {
        self.only_bodies()
            && self.edited.iter().all(EditedFunction::is_plain)
            && self.displaced.is_empty()
    }

    /// True if every difference is inside of a function's body.
    #[must_use]
    pub fn only_bodies(&self) -> bool {
        self.unparsable.is_none()
            && self.items.is_empty()
            && self.edited.iter().all(|function| function.header_equal)
    }

    /// True if an item of this kind differs.
    #[must_use]
    pub fn touches(&self, kind: ItemKind) -> bool {
        self.items.iter().any(|item| item.kind == kind)
    }
}

/// Compares two texts of one file. Only the items around the first and the last difference are parsed.
#[must_use]
pub fn compare(old_text: &str, new_text: &str) -> SourceChange {
    if old_text == new_text {
        return SourceChange::default();
    }
    compare_pieces(old_text, new_text).unwrap_or_else(|| compare_whole(old_text, new_text))
}

/// `None` when the texts cannot be cut, or the pieces that differ do not parse by themselves: then the whole texts say what
/// is wrong, and where.
fn compare_pieces(old_text: &str, new_text: &str) -> Option<SourceChange> {
    let (old, new) = (cut::pieces(old_text)?, cut::pieces(new_text)?);
    let cut::Differing {
        old: old_range,
        new: new_range,
    } = cut::differing(&old, &new);
    let behind = cut::joined(new_text, &new, new_range.end..new.len());
    let old = cut::joined(old_text, &old, old_range);
    let new = cut::joined(new_text, &new, new_range);
    let items = (items::parse(&old), items::parse(&new));
    let (Ok(old_items), Ok(new_items)) = items else {
        return None;
    };
    let mut change = items::compare(&old_items, &new_items);
    // Everything behind moved with the lines. That matters only where nothing else makes dependents be compiled again.
    if old.lines().1 != new.lines().1 && change.only_plain_bodies() {
        let moved = items::parse(&behind);
        change
            .displaced
            .extend(items::with_places(&moved.ok()?).map(str::to_owned));
    }
    change.within = (old.lines(), new.lines());
    Some(change)
}

fn compare_whole(old_text: &str, new_text: &str) -> SourceChange {
    let [old, new] = [old_text, new_text].map(|text| cut::Piece {
        text,
        first_line: 1,
    });
    let mut change = match (items::parse(&old), items::parse(&new)) {
        (Ok(old), Ok(new)) => items::compare(&old, &new),
        (Err(error), _) => unparsable("before", &error),
        (_, Err(error)) => unparsable("after", &error),
    };
    change.within = (old.lines(), new.lines());
    change
}

fn unparsable(when: &str, error: &items::Unparsable) -> SourceChange {
    let why = format!(
        "the text {when} the edit, line {}, column {}: {}",
        error.line, error.column, error.message
    );
    SourceChange {
        unparsable: Some(why),
        ..SourceChange::default()
    }
}

/// Lets the texts go that were parsed on this thread: the parser keeps each of them for as long as somebody could ask for the
/// place of a token. No token of before may be asked for it afterwards.
pub(crate) fn forget_spans() {
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// The tokens of a file's text.
fn tokens_of(text: &str) -> Result<TokenStream, proc_macro2::LexError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A script's first line is no Rust; `#![` is.
    let text = match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => {
            text.find('\n').map_or("", |end| &text[end..])
        }
        _ => text,
    };
    text.parse()
}

#[cfg(test)]
mod tests;
