//! Paths to look for in names, all at once: a cut may have hundreds, and the names of futures are thousands of bytes long.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// A set of paths.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    all: BTreeSet<String>,
    /// Made from `all` when it is first needed; `None` within if there are too many for it.
    searcher: OnceLock<Option<AhoCorasick>>,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl Eq for Patterns {}

impl Patterns {
    /// Adds a path.
    pub fn insert(&mut self, pattern: String) {
        if self.all.insert(pattern) {
            self.searcher = OnceLock::new();
        }
    }

    /// Adds paths.
    pub fn extend(&mut self, patterns: impl IntoIterator<Item = String>) {
        for pattern in patterns {
            self.insert(pattern);
        }
    }

    /// True if this very path is one of them.
    #[must_use]
    pub fn contains(&self, pattern: &str) -> bool {
        self.all.contains(pattern)
    }

    /// All of them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// True if one of them stands in `text` where a path begins.
    #[must_use]
    pub fn stand_in(&self, text: &str) -> bool {
        if self.all.is_empty() {
            return false;
        }
        let searcher = self
            .searcher
            .get_or_init(|| AhoCorasick::new(&self.all).ok());
        match searcher {
            Some(searcher) => searcher
                .find_overlapping_iter(text)
                .any(|found| begins_path(text, found.start())),
            None => self.all.iter().any(|pattern| has(text, pattern)),
        }
    }
}

/// True if `text` contains `pattern` where a path begins.
pub(in crate::judge) fn has(text: &str, pattern: &str) -> bool {
    text.match_indices(pattern)
        .any(|(at, _)| begins_path(text, at))
}

fn begins_path(text: &str, at: usize) -> bool {
    !text[..at]
        .chars()
        .next_back()
        .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

/// The environments that debug info's name of a type mentions, with their generic arguments:
/// `Option<a::f::{closure_env#0}<u8>>` → `a::f::{closure_env#0}<u8>`.
pub(super) fn environments_in(name: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in name.match_indices("_env#") {
        let start = name[..at]
            .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | '#')))
            .map_or(0, |before| {
                before + name[before..].chars().next().map_or(1, char::len_utf8)
            });
        let Some(close) = name[at..].find('}') else {
            continue;
        };
        found.push(&name[start..behind_generics(name, at + close + 1)]);
    }
    found
}

/// Where the generic arguments that begin at `at` end; `at` if there are none.
fn behind_generics(name: &str, at: usize) -> usize {
    let bytes = name.as_bytes();
    if bytes.get(at) != Some(&b'<') {
        return at;
    }
    let mut depth = 0_i32;
    for (place, byte) in bytes.iter().enumerate().skip(at) {
        match byte {
            b'<' => depth += 1,
            // The `>` of an arrow closes nothing.
            b'>' if bytes[place - 1] == b'-' => {}
            b'>' => {
                depth -= 1;
                if depth == 0 {
                    return place + 1;
                }
            }
            _ => {}
        }
    }
    name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_where_they_begin() {
        let mut patterns = Patterns::default();
        assert!(!patterns.stand_in("a::f"));
        patterns.extend(["a::f::{closure#0}".to_owned(), "a::g::{".to_owned()]);
        for (text, found) in [
            ("Box<a::f::{closure#0}>", true),
            ("Box<(u8, a::g::{closure#3})>", true),
            ("ba::f::{closure#0}", false),
            ("b::a::f::{closure#0}", false),
            ("a::f::{closure#1}", false),
            ("ba::g::{closure#0}, &a::g::{closure#0}", true),
        ] {
            assert_eq!(patterns.stand_in(text), found, "{text}");
            let one_by_one = patterns.iter().any(|pattern| has(text, pattern));
            assert_eq!(one_by_one, found, "{text}");
        }
    }

    #[test]
    fn environments_are_found_in_names() {
        for (name, environments) in [
            ("u8", &[][..]),
            (
                "a::f::{async_fn_env#0}::Suspend0",
                &["a::f::{async_fn_env#0}"],
            ),
            (
                "Pin<&mut a::{impl#1}::f::{closure#0}::{async_block_env#0}<fn(u8) -> b::C, ()>>",
                &["a::{impl#1}::f::{closure#0}::{async_block_env#0}<fn(u8) -> b::C, ()>"],
            ),
            (
                "M<a::f::{closure_env#0}<b::g::{closure_env#1}>, c::{coroutine_env#2}>",
                &[
                    "a::f::{closure_env#0}<b::g::{closure_env#1}>",
                    "b::g::{closure_env#1}",
                    "c::{coroutine_env#2}",
                ],
            ),
        ] {
            assert_eq!(environments_in(name), environments, "{name}");
        }
    }
}
