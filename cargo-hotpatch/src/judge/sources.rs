//! The texts of the files that were edited, and where a function of the debug info stands in them.

use std::path::{Component, Path};

use crate::codes::Span;
use crate::source::functions::{FunctionText, TypeText};
use crate::source::index::TextIndex;
use crate::source::{ChangedItem, Difference, ItemKind, Lines, SourceChange};

use super::SourceCase;
use super::debug::{FunctionFacts, Place};

/// One edited file.
pub(super) struct SourceFile<'a> {
    pub(super) path: &'a Path,
    new_text: &'a str,
    pub(super) old: TextIndex<'a>,
    pub(super) new: TextIndex<'a>,
    pub(super) change: SourceChange,
    /// Why nothing can be said about it.
    pub(super) unreadable: bool,
}

/// All edited files.
pub(super) struct Sources<'a> {
    pub(super) files: Vec<SourceFile<'a>>,
}

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
}

/// Where the compiler says that something is.
pub(super) enum Whereabouts<'s, 'a> {
    /// In a file that was not edited.
    Untouched,
    /// In this edited file.
    Edited(&'s SourceFile<'a>),
    /// It cannot be told.
    Unclear,
}

/// What the texts say about a function's header.
pub(super) enum Header<'s> {
    /// Its file was not edited.
    Untouched,
    /// It stands here.
    Text(&'s FunctionText),
    /// A derive of the standard library made it.
    Derived,
    /// It was not found.
    Unknown,
}

/// The text that a function or closure stands in.
pub(super) enum Surroundings<'s> {
    /// Its file was not edited.
    Untouched,
    /// This function.
    Text(&'s FunctionText),
    /// It was not found, or several could be meant.
    Unknown,
}

impl<'a> Sources<'a> {
    pub(super) fn read(cases: &[SourceCase<'a>]) -> Self {
        let files = cases
            .iter()
            .filter(|case| {
                case.path
                    .extension()
                    .is_none_or(|extension| extension == "rs")
            })
            .map(|case| {
                let (old, new) = (case.old.unwrap_or(""), case.new.unwrap_or(""));
                let change = crate::source::compare(old, new);
                SourceFile {
                    path: case.path,
                    new_text: new,
                    old: TextIndex::of(old),
                    new: TextIndex::of(new),
                    unreadable: change.unparsable.is_some(),
                    change,
                }
            })
            .collect();
        Self { files }
    }

    /// All items that differ, in all files.
    pub(super) fn changed_items(&self) -> impl Iterator<Item = (&SourceFile<'a>, &ChangedItem)> {
        self.files
            .iter()
            .flat_map(|file| file.change.items.iter().map(move |item| (file, item)))
    }

    /// True if names could mean other things than before, although the texts that use them are equal.
    pub(super) fn names_may_have_moved(&self) -> bool {
        self.files.iter().any(|file| file.unreadable)
            || self.changed_items().any(|(_, item)| {
                let harmless = matches!(
                    item.kind,
                    ItemKind::Function
                        | ItemKind::Static
                        | ItemKind::Const
                        | ItemKind::Type
                        | ItemKind::Order
                );
                // A new impl or import cannot change what an unedited header meant before without clashing with it; an
                // edited or removed one can.
                !harmless && item.difference != Difference::Added
            })
    }

    /// True if nothing but bodies and constants differs.
    pub(super) fn is_calm(&self) -> bool {
        self.files.iter().all(|file| {
            !file.unreadable
                && file
                    .change
                    .edited
                    .iter()
                    .all(|function| function.header_equal)
                && file
                    .change
                    .items
                    .iter()
                    .all(|item| item.kind == ItemKind::Const)
        })
    }

    pub(super) fn whereabouts(&self, place: &str) -> Whereabouts<'_, 'a> {
        let compiled = Path::new(place);
        let from_elsewhere = place.starts_with("/rustc/")
            || place.contains("/registry/src/")
            || place.contains("/git/checkouts/")
            || place.contains("/lib/rustlib/src/");
        if from_elsewhere {
            return Whereabouts::Untouched;
        }
        let mut best: Option<(usize, &SourceFile<'a>, bool)> = None;
        let mut ties = 0;
        for file in &self.files {
            let (common, whole) = common_end(compiled, file.path);
            if common == 0 {
                continue;
            }
            match &best {
                Some((known, ..)) if *known > common => {}
                Some((known, ..)) if *known == common => ties += 1,
                _ => {
                    best = Some((common, file, whole));
                    ties = 0;
                }
            }
        }
        match best {
            None => Whereabouts::Untouched,
            Some((_, file, true)) if ties == 0 => Whereabouts::Edited(file),
            // A file of the same name in another folder; two equal folders deep it may be the same file under another
            // root (symbolic links, remapped paths).
            Some((1, _, false)) => Whereabouts::Untouched,
            Some(_) => Whereabouts::Unclear,
        }
    }

    /// False if the item at this place stands outside of everything that was edited.
    pub(super) fn may_be_edited(&self, side: Side, place: &Place) -> bool {
        match self.whereabouts(&place.file) {
            Whereabouts::Untouched => false,
            Whereabouts::Unclear => true,
            Whereabouts::Edited(file) => {
                let (first, last) = file.edited_lines(side);
                file.unreadable || (first..=last).contains(&(place.line as usize))
            }
        }
    }

    pub(super) fn header(&self, side: Side, function: &FunctionFacts) -> Header<'_> {
        let Some(place) = &function.place else {
            return Header::Unknown;
        };
        match self.whereabouts(&place.file) {
            Whereabouts::Untouched => Header::Untouched,
            Whereabouts::Unclear => Header::Unknown,
            Whereabouts::Edited(file) if file.unreadable => Header::Unknown,
            Whereabouts::Edited(file) => {
                let index = file.index(side);
                let line = place.line as usize;
                let name = function.name.split('<').next().unwrap_or(&function.name);
                let text = index
                    .function_at(name, line)
                    .or_else(|| index.function_under(name, line));
                match text {
                    Some(text) => Header::Text(text),
                    None if index.is_builtin_derive(line) => Header::Derived,
                    None => Header::Unknown,
                }
            }
        }
    }

    /// The function that a symbol of the debug info stands for: itself, or that which a closure stands in.
    pub(super) fn around(
        &self,
        side: Side,
        symbol: &str,
        function: &FunctionFacts,
    ) -> Surroundings<'_> {
        let Some(place) = &function.place else {
            return Surroundings::Unknown;
        };
        let file = match self.whereabouts(&place.file) {
            Whereabouts::Untouched => return Surroundings::Untouched,
            Whereabouts::Edited(file) if !file.unreadable => file,
            _ => return Surroundings::Unknown,
        };
        if !function.name.starts_with('{') {
            return match self.header(side, function) {
                Header::Text(text) => Surroundings::Text(text),
                _ => Surroundings::Unknown,
            };
        }
        let path = super::names::canonical(symbol);
        let parent = super::names::function_around(&path).unwrap_or_default();
        match file
            .index(side)
            .function_around(parent, place.line as usize)
        {
            Some(text) => Surroundings::Text(text),
            None => Surroundings::Unknown,
        }
    }

    /// The type of this identifier in the new texts, if there is exactly one.
    pub(super) fn type_named(
        &self,
        side: Side,
        identifier: &str,
    ) -> Option<(&SourceFile<'a>, &TypeText)> {
        let mut found = self.files.iter().flat_map(|file| {
            let types = file.index(side).types().iter();
            types
                .filter(|text| text.name == identifier)
                .map(move |text| (file, text))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    pub(super) fn span_of_type(&self, name: &str) -> Option<Span> {
        let (file, text) = self.type_named(Side::New, super::names::identifier(name))?;
        Some(file.span(text.line))
    }

    pub(super) fn span_of(&self, place: Option<&Place>) -> Option<Span> {
        let place = place?;
        Some(Span {
            file: place.file.to_string(),
            line: place.line,
            column: 1,
        })
    }
}

impl<'a> SourceFile<'a> {
    pub(super) fn index(&self, side: Side) -> &TextIndex<'a> {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// The function of this name that stands in these lines, with nothing of it outside.
    pub(super) fn function_within(
        &self,
        side: Side,
        name: &str,
        lines: Lines,
    ) -> Option<&FunctionText> {
        self.index(side)
            .functions_within(lines)
            .find(|function| function.name == name)
    }

    /// The lines outside of which both texts are the same.
    pub(super) fn edited_lines(&self, side: Side) -> Lines {
        match side {
            Side::Old => self.change.within.0,
            Side::New => self.change.within.1,
        }
    }

    /// How many `|` the new text has in these lines.
    pub(super) fn bars_within(&self, (first, last): (usize, usize)) -> usize {
        self.new_text
            .lines()
            .skip(first.saturating_sub(1))
            .take(last + 1 - first.min(last))
            .flat_map(str::chars)
            .filter(|c| *c == '|')
            .count()
    }

    pub(super) fn span(&self, line: usize) -> Span {
        Span {
            file: self.path.to_string_lossy().into_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 1,
        }
    }
}

/// How many folders and names two paths have in common from the end, and whether that is all of one of them.
fn common_end(a: &Path, b: &Path) -> (usize, bool) {
    let parts = |path: &Path| -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir if parts.last().is_some_and(|last| last != "..") => {
                    parts.pop();
                }
                other => parts.push(other.as_os_str().to_string_lossy().into_owned()),
            }
        }
        parts
    };
    let (a, b) = (parts(a), parts(b));
    let common = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (common, common == a.len() || common == b.len())
}
