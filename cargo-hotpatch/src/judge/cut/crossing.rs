//! The ways in which an old value could meet new code: see the table in [`super`].

use std::collections::{BTreeMap, BTreeSet};

use super::patterns::has;
use super::{Cut, CutNames};
use crate::judge::debug::{FunctionFacts, Place};
use crate::judge::names;
use crate::judge::relocatable::Memory;
use crate::source::functions::FunctionText;
use crate::source::index::TextIndex;

/// One of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Statics and thread-locals whose type reaches the cut.
    Statics,
    /// `dyn Any` and `TypeId` of what is cut.
    Any,
    /// Raw pointers handed to what handles the cut.
    RawPointers,
    /// `unsafe` in code that handles the cut.
    Unsafe,
    /// Statics inside of closures that cannot be paired.
    InnerStatics,
    /// State in the receiver of a function that names the cut and is redirected nevertheless.
    State,
    /// What such a function, and those that it makes new values with, could turn an address into.
    Makers,
    /// Parameters that debug info does not tell, since they have no name.
    Parameters,
}

impl Check {
    /// False only in a build for development whose environment names the check in `HOTPATCH_WITHOUT_CHECK`: a test shows that way
    /// that the check is what keeps a program from being torn.
    pub(super) fn is_on(self) -> bool {
        if !cfg!(debug_assertions) {
            return true;
        }
        let name = match self {
            Self::Statics => "statics",
            Self::Any => "any",
            Self::RawPointers => "raw-pointers",
            Self::Unsafe => "unsafe",
            Self::InnerStatics => "inner-statics",
            Self::State => "state",
            Self::Makers => "makers",
            Self::Parameters => "parameters",
        };
        !std::env::var("HOTPATCH_WITHOUT_CHECK")
            .is_ok_and(|off| off.split(',').any(|one| one == name))
    }
}

/// What is known of the program around a cut.
#[derive(Debug)]
pub struct Around<'a> {
    /// Symbols of functions outside of the cut that are replaced because they refer to it.
    pub roots: &'a BTreeSet<String>,
    /// Symbols of functions of the cut that the roots refer to in their code.
    pub entries: &'a BTreeSet<String>,
    /// Symbols of functions of the cut that free ones refer to, directly or through others of this list, and that take nothing of
    /// the cut: each with those of the list that refer to it.
    pub makers: &'a BTreeMap<String, BTreeSet<String>>,
    /// Symbols of functions that name the cut and were let go: see [`Cut::free`].
    pub free: &'a BTreeSet<String>,
    /// All symbols of functions of the cut that objects of the workspace define or name.
    pub members: &'a BTreeSet<String>,
    /// Workspace crates.
    pub crates: &'a std::collections::HashSet<String>,
    /// The workspace's macros that expand to `unsafe`: see [`crate::source::macros::with_unsafe`].
    pub macros: &'a BTreeSet<String>,
}

impl Cut {
    /// How an old value could meet new code; `None` if it cannot. `read` gives the text of a source file as it was compiled.
    #[must_use]
    pub fn crossing(
        &self,
        around: &Around<'_>,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        if let Some(name) = &self.strange {
            return Some(format!(
                "`{name}` holds the old and the new, and its name does not say so"
            ));
        }
        let checks: [(Check, &dyn Fn() -> Option<String>); 7] = [
            (Check::Statics, &|| self.in_statics()),
            (Check::InnerStatics, &|| self.inner_statics()),
            (Check::Any, &|| through_any(around)),
            (Check::RawPointers, &|| self.raw_pointers(around)),
            (Check::Unsafe, &|| self.unsafe_code(around, read)),
            (Check::Makers, &|| self.makers(around, read)),
            (Check::Parameters, &|| self.parameters(around, read)),
        ];
        checks
            .iter()
            .filter(|(check, _)| check.is_on())
            .find_map(|(_, found)| found())
    }

    /// True if a static holds something of the cut, or is inside of one of its closures.
    #[must_use]
    pub fn has_statics(&self) -> bool {
        self.in_statics().or_else(|| self.inner_statics()).is_some()
    }

    fn in_statics(&self) -> Option<String> {
        self.facts
            .iter()
            .flat_map(|facts| &facts.statics)
            .find(|(_, fact)| self.exposes_type(&fact.type_name))
            .map(|(symbol, _)| {
                format!(
                    "the old and the new could meet in the static `{}`",
                    names::canonical(symbol)
                )
            })
    }

    fn inner_statics(&self) -> Option<String> {
        self.facts
            .iter()
            .flat_map(|facts| &facts.statics)
            .filter(|(_, fact)| matches!(fact.memory, Memory::Writable | Memory::PerThread))
            .map(|(symbol, _)| CutNames::path(symbol))
            .find(|path| {
                self.names
                    .paths
                    .iter()
                    .any(|pattern| pattern.ends_with('{') && has(path, pattern))
            })
            .map(|path| {
                format!("`{path}` is a static inside of one of them, and it is not certain whose")
            })
    }

    fn raw_pointers(&self, around: &Around<'_>) -> Option<String> {
        around
            .entries
            .iter()
            .filter(|symbol| !is_drop_glue(symbol))
            .find_map(|symbol| {
                let facts = self.facts_of(symbol)?;
                let raw = facts
                    .parameters
                    .iter()
                    .chain([&facts.result])
                    .find(|name| is_raw(name))?;
                Some(format!(
                    "`{}` handles the old and the new, and has a `{raw}` in its signature",
                    names::canonical(symbol)
                ))
            })
    }

    /// Looks into the source of every root, and of every function of the cut that the workspace's sources define.
    fn unsafe_code(
        &self,
        around: &Around<'_>,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let ours: Vec<(&str, &FunctionFacts)> = around
            .members
            .iter()
            .filter_map(|symbol| Some((symbol.as_str(), self.facts_of(symbol)?)))
            .filter(|(_, facts)| {
                let name = facts.scope.split("::").next();
                name.is_some_and(|name| around.crates.contains(name))
            })
            .collect();
        let of_roots = around.roots.iter().filter_map(|root| self.facts_of(root));
        let texts = texts(of_roots.chain(ours.iter().map(|(_, facts)| *facts)), read);
        let indexes = indexes(&texts);
        for symbol in around.roots {
            let Some(facts) = self.facts_of(symbol) else {
                if is_drop_glue(symbol) {
                    continue;
                }
                return Some(format!(
                    "the source of `{}`, which makes the new ones, is not known",
                    names::canonical(symbol)
                ));
            };
            match self.contains_unsafe(symbol, facts, &indexes, around.macros) {
                Some(false) => {}
                Some(true) => {
                    return Some(format!(
                        "`{}`, which makes the new ones, contains `unsafe`",
                        names::canonical(symbol)
                    ));
                }
                None => {
                    return Some(format!(
                        "the source of `{}`, which makes the new ones, was not found",
                        names::canonical(symbol)
                    ));
                }
            }
        }
        for (symbol, facts) in ours {
            if self.contains_unsafe(symbol, facts, &indexes, around.macros) != Some(false) {
                return Some(format!(
                    "`{}` handles the old and the new, and contains `unsafe` (or its source was not found)",
                    names::canonical(symbol)
                ));
            }
        }
        None
    }
}

pub(super) fn is_raw(name: &str) -> bool {
    ["*const ", "*mut ", "core::ptr::non_null::NonNull<"]
        .iter()
        .any(|beginning| name.starts_with(beginning))
}

pub(super) fn is_drop_glue(symbol: &str) -> bool {
    names::canonical(symbol).starts_with("core::ptr::drop_in_place::<")
}

/// `dyn Any` is the way back from an erased type.
fn through_any(around: &Around<'_>) -> Option<String> {
    around
        .members
        .iter()
        .map(|symbol| names::canonical(symbol))
        .find(|path| path.contains("core::any::") && !path.starts_with("core::any::type_name"))
        .map(|path| {
            format!(
                "the program asks for its type (`{path}`), and could take an old one for a new one"
            )
        })
}

/// The files of these functions, by path.
pub(super) fn texts<'f>(
    functions: impl Iterator<Item = &'f FunctionFacts>,
    read: &dyn Fn(&str) -> Option<String>,
) -> BTreeMap<&'f str, String> {
    let files: BTreeSet<&str> = functions
        .filter_map(|facts| Some(&*facts.place.as_ref()?.file))
        .collect();
    files
        .into_iter()
        .filter_map(|file| Some((file, read(file)?)))
        .collect()
}

/// What stands in source files, by path.
pub(super) type Indexes<'t> = BTreeMap<&'t str, TextIndex<'t>>;

pub(super) fn indexes<'t>(texts: &'t BTreeMap<&'t str, String>) -> Indexes<'t> {
    texts
        .iter()
        .map(|(file, text)| (*file, TextIndex::of(text)))
        .collect()
}

impl Cut {
    /// The function's text, that of the function around it for a closure; `None` if it is not found.
    pub(super) fn text_of<'i>(
        &self,
        symbol: &str,
        facts: &FunctionFacts,
        indexes: &'i Indexes<'_>,
    ) -> Option<&'i FunctionText> {
        let Place { file, line } = facts.place.as_ref()?;
        if !facts.name.starts_with('{') {
            let name = facts.name.split('<').next()?;
            let (index, line) = (indexes.get(&**file)?, *line as usize);
            return index
                .function_around(name, line)
                .or_else(|| index.function_under(name, line));
        }
        let path = names::canonical(symbol);
        let name = names::function_around(&path)?;
        let here = indexes
            .get(&**file)
            .and_then(|index| index.function_around(name, *line as usize));
        if here.is_some() {
            return here;
        }
        // A macro made it, and its place is that of the macro's definition (`tokio::select!` makes closures). What was written
        // stands in the text of what is around it.
        let (outer, _) = path.rsplit_once("::{closure#")?;
        let mut known = self.facts.iter().flat_map(|facts| &facts.functions);
        let (symbol, facts) = known.find(|(other, _)| names::canonical(other) == outer)?;
        self.text_of(symbol, facts, indexes)
    }

    /// True if the function's text has the word `unsafe`, or calls a macro of the workspace that has; `None` if it is not found.
    pub(super) fn contains_unsafe(
        &self,
        symbol: &str,
        facts: &FunctionFacts,
        indexes: &Indexes<'_>,
        macros: &BTreeSet<String>,
    ) -> Option<bool> {
        let text = self.text_of(symbol, facts, indexes)?;
        let has =
            |word: &str| names::has_word(&text.body, word) || names::has_word(&text.header, word);
        // What `include!` brings stands in another file.
        Some(has("unsafe") || has("include") || macros.iter().any(|name| has(name)))
    }
}
