//! One file as pieces that a shadow may leave out: its items, what belongs to `impl` blocks, and the names of its `use`s.

mod collect;

use std::ops::Range;

use super::bodies::nothing_follows;
use super::words::Word;

pub(super) use collect::{of_file, of_tokens};

/// What may be left out, in the order of the text: whatever a piece is inside of comes before it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// The text with its attributes, in bytes.
    pub range: Range<usize>,
    /// The module or `impl` block of this file that it is inside of.
    pub inside: Option<usize>,
    /// The module of this file that it is in: the piece, or `None` for the file's own.
    pub module: Option<usize>,
    /// What decides whether it stays.
    pub kind: Kind,
    /// Among which `impl`s of its module those are numbered that it is, or that come of it.
    pub numbered: Numbered,
    /// The words of what stays of it, but for the pieces inside of it.
    pub words: Vec<Word>,
    /// Its body, if it is a function.
    pub body: Option<BodyWords>,
}

/// How `impl`s are numbered, which symbols show: those that stand in the source in its order, and behind them what macros write, in the
/// order in which they are expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Numbered {
    /// There are none.
    Not,
    /// Among those that stand in the source.
    AsWritten,
    /// Among those that macros write: derives, attributes that are not built in, calls.
    AsExpanded,
}

/// What a body mentions.
#[derive(Debug, Clone)]
pub(super) struct BodyWords {
    /// Where it begins.
    pub begin: usize,
    /// Where whoever calls the function puts its name.
    pub called: [Word; 2],
    /// The words of the body.
    pub words: Vec<Word>,
}

/// What decides whether a piece stays.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Nothing: it always does.
    Always,
    /// Nothing: it is not compiled at all.
    Never,
    /// Somebody means one of these.
    Item(Vec<String>),
    /// As an item.
    Type {
        /// The name.
        name: String,
        /// What is replaced in its text, so that the same derives are there on a type without fields; where it has none, nothing stays.
        stub: Option<Vec<Replacement>>,
        /// Some of its derives are known, and may be replaced.
        has_known_derives: bool,
    },
    /// Somebody means it, or something in it, which can be meant without it.
    Trait {
        /// The name.
        name: String,
        /// What is in it.
        members: Vec<String>,
    },
    /// Something in it stays, or somebody means it.
    Module(String),
    /// All of these that are of this crate stay. It is numbered among those of its module.
    Impl {
        /// The names of the type, and of the trait.
        of: Vec<String>,
        /// What stands in its place, unless it is numbered otherwise.
        shell: Option<String>,
    },
    /// Its `impl` block does, and somebody means one of these; without names, whenever the block does.
    Member(Vec<String>),
    /// A macro's call, which may write anything. Somebody means one of the names that it may define; or it looks like an `impl`, and all
    /// that it is called with and is of this crate stays.
    Opaque {
        /// The names that it seems to define.
        defines: Vec<String>,
        /// What it is called with.
        of: Vec<Word>,
        /// There are no blocks in it, or an `impl`.
        is_like_impl: bool,
    },
    /// A declaration of names: a leaf, or a whole `use` with its leaves inside.
    Use(Option<Leaf>),
}

/// Text in the place of other text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    /// In bytes.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// A name that a `use` brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// What it is called here. `None` for `*` and for `_`.
    pub name: Option<String>,
    /// Others than the module and those in it can see it.
    pub is_visible: bool,
    /// It is `*`.
    pub is_glob: bool,
    /// It is called otherwise where it is from.
    pub is_renamed: bool,
    /// What its path begins with.
    pub origin: Origin,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The standard library.
    Std,
    /// This crate.
    Crate,
    /// This crate, if it has a module of this name, and another one otherwise.
    Named(String),
}

/// What stands in the place of `range`: `instead`, on as many lines, and whatever follows on the last one in its column. `None`
/// where there is no room for it.
pub(super) fn blank(text: &str, range: &Range<usize>, instead: &str) -> Option<String> {
    let old = text.get(range.clone())?;
    let mut new = instead.to_owned();
    let nothing_follows = nothing_follows(text, range.end);
    let last = match old.rfind('\n') {
        Some(newline) => {
            new.extend(old.bytes().filter(|byte| *byte == b'\n').map(|_| '\n'));
            &old[newline + 1..]
        }
        None => old.get(instead.len()..).or(nothing_follows.then_some(""))?,
    };
    if !nothing_follows {
        if !last.is_ascii() || !instead.is_ascii() {
            return None;
        }
        new.extend(last.chars().map(|c| if c == '\t' { '\t' } else { ' ' }));
    }
    Some(new)
}

/// `text` with these replacements. Of two that overlap, the one counts that begins first; of those that begin together, a text that is
/// put in before all others, then the longest. So what lies inside of a replaced text goes with it.
pub(super) fn replaced(text: &str, mut replacements: Vec<Replacement>) -> String {
    replacements.sort_by_key(|one| {
        let length = one.range.len();
        (one.range.start, length > 0, std::cmp::Reverse(length))
    });
    let mut out = String::with_capacity(text.len());
    let mut position = 0;
    for Replacement { range, text: new } in replacements {
        // Behind what is done, and nothing that is no text.
        let Some(kept) = text
            .get(position..range.start)
            .filter(|_| text.get(range.clone()).is_some())
        else {
            continue;
        };
        out.push_str(kept);
        out.push_str(&new);
        position = range.end;
    }
    out.push_str(text.get(position..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator of numbers that are the same in each run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            // Xorshift (Marsaglia).
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap_or_default()
        }
    }

    #[test]
    fn overlapping_replacements_never_panic_and_leave_the_rest_as_it_is() {
        let text = "fn ä() { 1; } mod m { fn g() { \"ö\"; } }";
        let mut numbers = Numbers(7);
        for _ in 0..20_000 {
            let replacements: Vec<Replacement> = (0..numbers.below(6))
                .map(|_| {
                    let (one, other) = (numbers.below(50), numbers.below(50));
                    Replacement {
                        range: one.min(other)..one.max(other),
                        text: String::new(),
                    }
                })
                .collect();
            let out = replaced(text, replacements.clone());
            // What is in no range stays.
            let stays = |at: &usize| replacements.iter().all(|one| !one.range.contains(at));
            let untouched = text.char_indices().filter(|(at, _)| stays(at));
            let mut rest = out.chars();
            for (at, letter) in untouched {
                assert!(
                    rest.any(|found| found == letter),
                    "{letter} at {at} of {replacements:?} is not in {out}"
                );
            }
        }
    }

    #[test]
    fn what_lies_inside_goes_with_what_is_around_it() {
        let one = |range: Range<usize>, text: &str| Replacement {
            range,
            text: text.to_owned(),
        };
        let replacements = vec![
            one(5..5, "X"),
            one(2..8, "_"),
            one(8..8, "Y"),
            one(2..2, "Z"),
        ];
        assert_eq!(replaced("0123456789", replacements), "01Z_Y89");
    }
}
