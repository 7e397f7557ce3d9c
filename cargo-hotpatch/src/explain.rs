//! What the last save or check made of each function: kept in the record directory, looked up by `cargo hotpatch explain`.
//!
//! Whoever decides about an edit ([`crate::session::decide`]) notes what it saw in an [`Observed`]; afterwards that is written to
//! `explained/<unit>.json`, in words. It says nothing that was not seen: of a function that is not in it the image knows that it
//! exists, and that is all.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::capture::RecordDir;
use crate::capture::directory::{read_json, write_json};
use crate::diff::{Change, ChangedFunction};
use crate::link::plan::pretty;
use crate::object::target::is_mangled;
use crate::table::image::Image;
use crate::table::origin::source_crate;
use crate::table::policy::SlotPolicy;

const VERSION: u32 = 1;
/// How many near matches are listed.
const NEAR: usize = 10;
/// How many letters may differ in a near match.
const MISTYPED: usize = 3;

/// What was seen of functions on the way to a decision.
#[derive(Debug, Default)]
pub struct Observed {
    /// Functions that differ.
    pub changed: Vec<ChangedFunction>,
    /// Symbols of functions that were not there before.
    pub added: Vec<String>,
    /// Symbols of functions that are gone.
    pub removed: Vec<String>,
    /// Those of [`Self::changed`] that the program does not have, by their new symbols.
    pub absent: HashSet<String>,
    /// Those that get a place of their own, by their new symbols.
    pub renewed: HashSet<String>,
    /// Symbols of functions that are the same, and are patched because of what they refer to.
    pub users: Vec<String>,
}

/// What was done about a function, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// Its place in the jump table leads to the new code.
    InPlace,
    /// It has a new place, the old one keeps the old code.
    NewPlace,
    /// It was not there before.
    New,
    /// The same code with new line numbers.
    Refreshed,
    /// It is the same, but refers to something that has a new place.
    Follows,
    /// Nobody calls it, so the program does not have it.
    Absent,
    /// It is gone.
    Removed,
    /// The edit was not applied.
    Nothing,
}

/// One function of an [`Explained`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedFunction {
    /// Demangled, without hashes.
    pub name: String,
    /// As the objects know it.
    pub symbol: String,
    /// Where it begins to differ, if it does.
    pub difference: Option<String>,
    /// What was done.
    pub done: Done,
}

/// What came of a save or a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    version: u32,
    workspace_root: PathBuf,
    /// The program's image.
    image: PathBuf,
    /// When, in milliseconds since 1970.
    pub time: u64,
    /// Nothing was applied: it was a check.
    pub is_check: bool,
    /// `patched`, `unchanged` or `restart`.
    pub outcome: String,
    /// Why, with codes.
    pub reasons: Vec<String>,
    /// All functions that were concerned.
    pub functions: Vec<ExplainedFunction>,
}

impl Explained {
    /// Puts what was seen into words. `is_refused` when the edit needs a restart.
    #[must_use]
    pub fn new(
        place: (&Path, &Path),
        observed: &Observed,
        is_check: bool,
        outcome: &str,
        reasons: Vec<String>,
    ) -> Self {
        let (workspace_root, image) = place;
        let is_applied = outcome != "restart";
        let mut functions = Vec::new();
        let mut note = |symbol: &str, difference: Option<String>, done: Done| {
            functions.push(ExplainedFunction {
                name: pretty(symbol),
                symbol: symbol.to_owned(),
                difference,
                done: if is_applied { done } else { Done::Nothing },
            });
        };
        for function in &observed.changed {
            let symbol = &function.new.key.name;
            let done = if observed.absent.contains(symbol) {
                Done::Absent
            } else if function.change == Change::LinesOnly {
                Done::Refreshed
            } else if observed.renewed.contains(symbol) {
                Done::NewPlace
            } else {
                Done::InPlace
            };
            note(symbol, Some(function.first.to_string()), done);
        }
        for symbol in &observed.added {
            note(symbol, None, Done::New);
        }
        for symbol in &observed.removed {
            note(symbol, None, Done::Removed);
        }
        for symbol in &observed.users {
            note(symbol, None, Done::Follows);
        }
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        Self {
            version: VERSION,
            workspace_root: workspace_root.to_owned(),
            image: image.to_owned(),
            time: u64::try_from(time).unwrap_or(u64::MAX),
            is_check,
            outcome: outcome.to_owned(),
            reasons,
            functions,
        }
    }

    /// Keeps it, in the place of the one before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, directory: &RecordDir, unit: &str) -> Result<()> {
        let file = directory
            .path()
            .join("explained")
            .join(format!("{unit}.json"));
        write_json(&file, self)
    }

    /// The newest one of this workspace.
    ///
    /// # Errors
    /// When one cannot be understood.
    pub fn newest(target_directory: &Path, workspace: &Path) -> Result<Option<Self>> {
        let Some(directory) = RecordDir::find(target_directory)? else {
            return Ok(None);
        };
        let folder = directory.path().join("explained");
        let mut found: Option<Self> = None;
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Some(other) = read_json::<Self>(&entry.path())? else {
                continue;
            };
            if other.version == VERSION
                && other.workspace_root == workspace
                && found.as_ref().is_none_or(|found| found.time < other.time)
            {
                found = Some(other);
            }
        }
        Ok(found)
    }

    /// The functions of the program that runs, or ran last.
    ///
    /// # Errors
    /// When the image cannot be read.
    pub fn names_in_image(&self) -> Result<BTreeSet<String>> {
        let image = Image::read(&self.image)
            .with_context(|| format!("cannot read the image `{}`", self.image.display()))?;
        let slots: Vec<&str> = image
            .slots()
            .filter_map(Result::ok)
            .map(|slot| slot.name)
            .collect();
        // Of the others only those that an edit could change are anything to ask about.
        let crates: HashSet<&str> = slots.iter().copied().filter_map(source_crate).collect();
        let policy = SlotPolicy::new(crates, false);
        Ok(image
            .functions_without_slot()
            .filter(|name| is_mangled(name) && policy.can_change(name))
            .chain(slots.iter().copied())
            .map(pretty)
            .collect())
    }
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// One function, by its full name.
    One(String),
    /// Several.
    Several(Vec<String>),
    /// None; these are near.
    None(Vec<String>),
}

/// Finds the function that is meant by `wanted`: its full name, or the end of its path.
#[must_use]
pub fn find(wanted: &str, names: &BTreeSet<String>) -> Found {
    if names.contains(wanted) {
        return Found::One(wanted.to_owned());
    }
    let tail = format!("::{wanted}");
    let ends = |name: &str| name == wanted || name.ends_with(&tail);
    let meant: Vec<&String> = names
        .iter()
        .filter(|name| ends(name) || ends(without_arguments(name)))
        .collect();
    match meant.as_slice() {
        [] => {}
        [one] => return Found::One((*one).clone()),
        several => return Found::Several(several.iter().map(|name| (*name).clone()).collect()),
    }
    let last = |name: &str| {
        without_arguments(name)
            .rsplit("::")
            .next()
            .unwrap_or_default()
            .to_lowercase()
    };
    let wanted_last = last(wanted);
    let mut near: Vec<(usize, &String)> = names
        .iter()
        .filter_map(|name| {
            let other = last(name);
            let distance = letters_that_differ(&wanted_last, &other);
            let is_near = distance <= MISTYPED.min(wanted_last.chars().count() / 2)
                || (!wanted_last.is_empty() && other.contains(&wanted_last));
            is_near.then_some((distance, name))
        })
        .collect();
    near.sort();
    Found::None(
        near.into_iter()
            .take(NEAR)
            .map(|(_, name)| name.clone())
            .collect(),
    )
}

/// `a::f::<u32>` to `a::f`.
fn without_arguments(name: &str) -> &str {
    if !name.ends_with('>') {
        return name;
    }
    let mut depth = 0_usize;
    for (at, character) in name.char_indices().rev() {
        match character {
            // An arrow is no bracket.
            '>' if !name[..at].ends_with('-') => depth += 1,
            '<' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return name[..at].strip_suffix("::").unwrap_or(name);
        }
    }
    name
}

/// How many letters have to be added, taken away or exchanged.
fn letters_that_differ(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, with) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != *with);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> BTreeSet<String> {
        [
            "app::greet",
            "app::inner::greet",
            "app::largest::<u32>",
            "<app::Dog as app::Animal>::name",
            "app::total",
        ]
        .map(str::to_owned)
        .into()
    }

    #[test]
    fn a_function_is_found_by_its_path_or_the_end_of_it() {
        let one = |name: &str| Found::One(name.to_owned());
        assert_eq!(find("app::greet", &names()), one("app::greet"));
        assert_eq!(find("inner::greet", &names()), one("app::inner::greet"));
        assert_eq!(find("largest", &names()), one("app::largest::<u32>"));
        assert_eq!(find("app::largest", &names()), one("app::largest::<u32>"));
        assert_eq!(
            find("name", &names()),
            one("<app::Dog as app::Animal>::name")
        );
        assert_eq!(
            find("greet", &names()),
            Found::Several(vec!["app::greet".into(), "app::inner::greet".into()])
        );
    }

    #[test]
    fn what_is_mistyped_gets_near_matches() {
        assert_eq!(
            find("app::totl", &names()),
            Found::None(vec!["app::total".into()])
        );
        assert_eq!(
            find("large", &names()),
            Found::None(vec!["app::largest::<u32>".into()])
        );
        assert_eq!(find("zzz", &names()), Found::None(vec![]));
        assert_eq!(find("", &names()), Found::None(vec![]));
    }

    #[test]
    fn arguments_are_told_from_paths() {
        assert_eq!(without_arguments("a::f::<fn() -> u32>"), "a::f");
        assert_eq!(without_arguments("<a::S as b::T>::f"), "<a::S as b::T>::f");
        assert_eq!(without_arguments("a::f::<b::G::<u8>>"), "a::f");
        assert_eq!(without_arguments("<a::S>"), "<a::S>");
    }
}
