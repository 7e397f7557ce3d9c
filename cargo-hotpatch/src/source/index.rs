//! What stands where in a text, found out piece by piece when somebody asks.

use std::cell::OnceCell;

use super::Lines;
use super::cut::{self, Piece};
use super::functions::{Contents, FunctionText, ImplText, TypeText, ValueText};

/// The functions, types, `impl` blocks and values of a text. Only those pieces of it are read that a question is about.
#[derive(Debug, Default)]
pub struct TextIndex<'t> {
    pieces: Vec<(Piece<'t>, OnceCell<Contents>)>,
    functions: OnceCell<Vec<FunctionText>>,
    types: OnceCell<Vec<TypeText>>,
}

impl<'t> TextIndex<'t> {
    /// The index of a file's text. Where tokens cannot be read, nothing is found.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let pieces = cut::pieces(text).unwrap_or_else(|| {
            vec![Piece {
                text,
                first_line: 1,
            }]
        });
        Self {
            pieces: pieces
                .into_iter()
                .map(|piece| (piece, OnceCell::new()))
                .collect(),
            ..Self::default()
        }
    }

    fn contents<'i>(
        &'i self,
        (piece, contents): &'i (Piece<'t>, OnceCell<Contents>),
    ) -> &'i Contents {
        contents.get_or_init(|| Contents::of(piece.text, piece.first_line - 1).unwrap_or_default())
    }

    /// What stands in the pieces that these lines touch, both ends included.
    fn around(&self, (first, last): Lines) -> impl Iterator<Item = &Contents> {
        // Every piece begins on a line of its own.
        let end = self
            .pieces
            .partition_point(|(piece, _)| piece.first_line <= last);
        let start = self.pieces[..end]
            .partition_point(|(piece, _)| piece.first_line <= first)
            .saturating_sub(1);
        self.pieces[start..end]
            .iter()
            .map(|piece| self.contents(piece))
    }

    /// All functions, in the order of the text. Reads all of it.
    #[must_use]
    pub fn functions(&self) -> &[FunctionText] {
        self.functions.get_or_init(|| {
            let contents = self.pieces.iter().map(|piece| self.contents(piece));
            contents
                .flat_map(|contents| contents.functions.iter().cloned())
                .collect()
        })
    }

    /// All types, in the order of the text. Reads all of it.
    #[must_use]
    pub fn types(&self) -> &[TypeText] {
        self.types.get_or_init(|| {
            let contents = self.pieces.iter().map(|piece| self.contents(piece));
            contents
                .flat_map(|contents| contents.types.iter().cloned())
                .collect()
        })
    }

    /// All values of statics and constants, in the order of the text. Reads all of it.
    pub fn values(&self) -> impl Iterator<Item = &ValueText> {
        self.pieces
            .iter()
            .flat_map(|piece| &self.contents(piece).values)
    }

    /// The functions that begin and end within these lines, in the order of the text.
    pub fn functions_within(&self, lines: Lines) -> impl Iterator<Item = &FunctionText> {
        self.around(lines)
            .flat_map(|contents| &contents.functions)
            .filter(move |text| text.first_line >= lines.0 && text.last_line <= lines.1)
    }

    /// The types whose names stand within these lines, in the order of the text.
    pub fn types_within(&self, lines: Lines) -> impl Iterator<Item = &TypeText> {
        self.around(lines)
            .flat_map(|contents| &contents.types)
            .filter(move |text| (lines.0..=lines.1).contains(&text.line))
    }

    /// The values of statics and constants whose names stand within these lines, in the order of the text.
    pub fn values_within(&self, lines: Lines) -> impl Iterator<Item = &ValueText> {
        self.around(lines)
            .flat_map(|contents| &contents.values)
            .filter(move |text| (lines.0..=lines.1).contains(&text.line))
    }

    /// The `impl` blocks that this line is a part of, in the order of the text.
    pub fn impls_around(&self, line: usize) -> impl Iterator<Item = &ImplText> {
        self.around((line, line))
            .flat_map(|contents| &contents.impls)
            .filter(move |text| (text.first_line..=text.last_line).contains(&line))
    }

    /// The function of this name whose item begins on this line.
    #[must_use]
    pub fn function_at(&self, name: &str, line: usize) -> Option<&FunctionText> {
        let functions = self
            .around((line, line))
            .flat_map(|contents| &contents.functions);
        let mut found = functions.filter(|function| {
            (function.name == name || function.name.is_empty())
                && (function.first_line..=function.name_line).contains(&line)
        });
        let first = found.next()?;
        // Two functions of one name on one line: nobody can tell which is meant.
        found.next().is_none().then_some(first)
    }

    /// The only function of this name in the item that an attribute on this line belongs to. An attribute of a procedural macro
    /// writes functions anew, and the compiler may then say that they stand where the attribute does (`#[async_trait]`).
    #[must_use]
    pub fn function_under(&self, name: &str, line: usize) -> Option<&FunctionText> {
        let (piece, _) = (self.pieces.iter())
            .take_while(|(piece, _)| piece.first_line <= line)
            .last()?;
        let text = piece.text.lines().nth(line - piece.first_line)?;
        if !text.trim_start().starts_with("#[") {
            return None;
        }
        let functions = self
            .around((line, line))
            .flat_map(|contents| &contents.functions);
        let mut found = functions.filter(|function| function.name == name);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The function of this name whose text covers this line, if there is exactly one.
    #[must_use]
    pub fn function_around(&self, name: &str, line: usize) -> Option<&FunctionText> {
        let functions = self
            .around((line, line))
            .flat_map(|contents| &contents.functions);
        let mut found = functions.filter(|function| {
            function.name == name && (function.first_line..=function.last_line).contains(&line)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// True if on this line stand derives of the standard library and no others, so that what is generated there has a
    /// fixed interface.
    #[must_use]
    pub fn is_builtin_derive(&self, line: usize) -> bool {
        self.around((line, line))
            .any(|contents| contents.is_builtin_derive(line))
    }
}
