//! Which old item is which new one.
//!
//! A mangled name is no identity: an inserted `impl` block or macro renumbers everything below it, and a name then
//! belongs to another item. Items are paired by their path without disambiguators; where several share one path, by
//! order if their number is the same, by content if it is not, and not at all in doubt.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;

use super::NamedObject;
use super::identity::path_key;
use crate::codes::{self, Reason};
use crate::object::read::{SectionIndex, SymbolIndex};
use crate::object::target::is_mangled;

/// What identifies a function among all functions of a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey {
    /// Its symbol.
    pub name: String,
    /// The id of its object, where several objects have a local function of that name.
    pub object: Option<String>,
}

/// A function in a set of objects.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its key.
    pub key: FunctionKey,
    /// Index of its object.
    pub object: usize,
    /// Its symbol.
    pub symbol: SymbolIndex,
    /// Its code.
    pub section: SectionIndex,
}

/// The result of pairing: indexes into the two lists.
#[derive(Debug, Default)]
pub struct Pairs {
    /// Old and new.
    pub pairs: Vec<(usize, usize)>,
    /// Only new.
    pub added: Vec<usize>,
    /// Only old.
    pub removed: Vec<usize>,
    /// Groups in which it is not certain which is which.
    pub doubts: Vec<Reason>,
}

/// The old and the new items of one path.
type Group = (Vec<usize>, Vec<usize>);

/// A symbol's path without disambiguators: equal for items that only their position tells apart.
#[must_use]
pub fn canonical(name: &str) -> String {
    if is_mangled(name) {
        // Without `#` the crate's hash is kept, so that two crates of one name stay two.
        format!("{}", rustc_demangle::demangle(name))
    } else {
        name.to_owned()
    }
}

/// As [`canonical`], but not for people, and an instance that another crate compiled for itself is another item.
fn path_of(name: &str) -> String {
    match path_key(name) {
        Some(key) => format!("{key:x}"),
        None => canonical(name),
    }
}

/// Base-62 disambiguators in order: none, `s_`, `s0_`, `s1_`, … `sa_`, … `sA_`, … (Rust RFC 2603).
fn disambiguator_order(name: &str) -> (usize, Vec<u8>) {
    let rank = |byte: u8| match byte {
        b'_' => 0,
        b'0'..=b'9' => 1 + byte - b'0',
        b'a'..=b'z' => 11 + byte - b'a',
        b'A'..=b'Z' => 37 + byte - b'A',
        _ => 200,
    };
    (name.len(), name.bytes().map(rank).collect())
}

/// Pairs functions. `content` gives the digest of an item (`true`: of the new side) for groups that order cannot settle.
///
/// # Errors
/// What `content` returns.
pub fn pair_functions<'i>(
    old: &'i [Item],
    new: &'i [Item],
    content: &mut dyn FnMut(bool, &Item) -> Result<[u8; 32]>,
) -> Result<Pairs> {
    let mut result = Pairs::default();
    let old_by_key: HashMap<&FunctionKey, usize> = old
        .iter()
        .enumerate()
        .map(|(index, item)| (&item.key, index))
        .collect();
    let new_by_key: HashMap<&FunctionKey, usize> = new
        .iter()
        .enumerate()
        .map(|(index, item)| (&item.key, index))
        .collect();
    // Most groups are one item that kept its name. Only names that are not on both sides, and the groups that they
    // belong to, need the slow look.
    let mut groups: BTreeMap<(String, Option<&str>), Group> = BTreeMap::new();
    let unsettled: HashSet<(String, Option<&str>)> = old
        .iter()
        .filter(|item| !new_by_key.contains_key(&item.key))
        .chain(
            new.iter()
                .filter(|item| !old_by_key.contains_key(&item.key)),
        )
        .map(|item| (path_of(&item.key.name), item.key.object.as_deref()))
        .collect();
    let group_of = |item: &'i Item| -> Option<(String, Option<&'i str>)> {
        if unsettled.is_empty() {
            return None;
        }
        let group = (path_of(&item.key.name), item.key.object.as_deref());
        unsettled.contains(&group).then_some(group)
    };
    for (index, item) in old.iter().enumerate() {
        if let Some(group) = group_of(item) {
            groups.entry(group).or_default().0.push(index);
        } else if let Some(new_index) = new_by_key.get(&item.key) {
            result.pairs.push((index, *new_index));
        }
    }
    for (index, item) in new.iter().enumerate() {
        if let Some(group) = group_of(item) {
            groups.entry(group).or_default().1.push(index);
        }
    }
    for (mut olds, mut news) in groups.into_values() {
        if olds.len() == news.len() {
            olds.sort_by_key(|index| disambiguator_order(&old[*index].key.name));
            news.sort_by_key(|index| disambiguator_order(&new[*index].key.name));
            result.pairs.extend(olds.into_iter().zip(news));
            continue;
        }
        let mut left = Vec::new();
        for index in olds {
            let digest = content(false, &old[index])?;
            let mut found = None;
            for (position, candidate) in news.iter().enumerate() {
                if content(true, &new[*candidate])? == digest {
                    found = Some(position);
                    break;
                }
            }
            match found {
                Some(position) => result.pairs.push((index, news.remove(position))),
                None => left.push(index),
            }
        }
        if let (Some(first), false) = (left.first(), news.is_empty()) {
            let path = canonical(&old[*first].key.name);
            result.doubts.push(Reason::new(
                &codes::PAIRING_DOUBT,
                format!(
                    "{} old and {} new functions share the path `{path}`, and it is not certain which is which",
                    left.len(),
                    news.len()
                ),
            ));
        }
        result.removed.extend(left);
        result.added.extend(news);
    }
    Ok(result)
}

/// Old names of statics and thread-locals to new ones, where they differ. Groups whose number changed are left alone: whether
/// that is a doubt depends on whether they are mutable, which the judge decides.
#[must_use]
pub fn pair_statics(old: &[NamedObject<'_>], new: &[NamedObject<'_>]) -> HashMap<String, String> {
    pair_static_names(&static_names(old), &static_names(new))
}

/// As [`pair_statics`], from the names alone.
#[must_use]
pub fn pair_static_names(
    old_names: &HashSet<&str>,
    new_names: &HashSet<&str>,
) -> HashMap<String, String> {
    let mut groups: HashMap<String, (Vec<&str>, Vec<&str>)> = HashMap::new();
    for name in old_names {
        if !new_names.contains(name) {
            groups.entry(canonical(name)).or_default();
        }
    }
    if groups.is_empty() {
        return HashMap::new();
    }
    for name in old_names {
        if let Some(group) = groups.get_mut(&canonical(name)) {
            group.0.push(name);
        }
    }
    for name in new_names {
        if let Some(group) = groups.get_mut(&canonical(name)) {
            group.1.push(name);
        }
    }
    let mut names = HashMap::new();
    for (mut olds, mut news) in groups.into_values() {
        if olds.len() == news.len() {
            olds.sort_by_key(|name| disambiguator_order(name));
            news.sort_by_key(|name| disambiguator_order(name));
            names.extend(
                olds.into_iter()
                    .zip(news)
                    .map(|(from, to)| (from.to_owned(), to.to_owned())),
            );
        }
    }
    names
}

fn static_names<'a>(objects: &[NamedObject<'a>]) -> HashSet<&'a str> {
    objects
        .iter()
        .flat_map(|object| {
            object.file.symbols.iter().filter(|symbol| {
                symbol.section().is_some()
                    && is_mangled(symbol.name)
                    && (symbol.kind == object::elf::STT_OBJECT.0 || symbol.is_thread_local())
            })
        })
        .map(|symbol| symbol.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        Item {
            key: FunctionKey {
                name: name.to_owned(),
                object: None,
            },
            object: 0,
            symbol: 0,
            section: 0,
        }
    }

    #[test]
    fn names_that_stay_are_paired_by_name() {
        let old = [item("a"), item("b")];
        let new = [item("b"), item("a"), item("c")];
        let pairs = pair_functions(&old, &new, &mut |_, _| Ok([0; 32])).expect("pairing");
        assert_eq!(pairs.pairs, [(0, 1), (1, 0)]);
        assert_eq!((pairs.added, pairs.removed), (vec![2], vec![]));
    }

    #[test]
    fn an_impl_block_inserted_above_renumbers_and_is_followed() {
        // `<ws::Dog>::name` in the first and in the second impl block of its module.
        let old = [item("_RNvMCskVyHOA0GFd3_2wsNtB2_3Dog4name")];
        let new = [item("_RNvMs_CskVyHOA0GFd3_2wsNtB4_3Dog4name")];
        assert_eq!(canonical(&old[0].key.name), canonical(&new[0].key.name));
        let pairs = pair_functions(&old, &new, &mut |_, _| Ok([0; 32])).expect("pairing");
        assert_eq!(pairs.pairs, [(0, 0)]);
    }

    #[test]
    fn one_more_of_a_path_is_paired_by_content_or_doubted() {
        let names = ["_RNvNvCs1_1a1f1g", "_RNvNvCs1_1a1fs_1g"];
        let old = [item(names[0])];
        let new = [item(names[0]), item(names[1])];
        // Old content is the new second one's: the first is an insertion.
        let mut by_content =
            |is_new: bool, item: &Item| Ok([u8::from(is_new && item.key.name == names[0]); 32]);
        let pairs = pair_functions(&old, &new, &mut by_content).expect("pairing");
        assert_eq!(
            (pairs.pairs, pairs.added, pairs.doubts.len()),
            (vec![(0, 1)], vec![0], 0)
        );
        let mut none_alike = |is_new: bool, _: &Item| Ok([u8::from(is_new); 32]);
        let pairs = pair_functions(&old, &new, &mut none_alike).expect("pairing");
        assert_eq!(pairs.doubts.len(), 1);
    }

    #[test]
    fn disambiguators_sort_by_value() {
        let mut names = ["x_s0_", "x_sA_", "x_sa_", "x_", "x_s_", "x_s10_"];
        names.sort_by_key(|name| disambiguator_order(name));
        assert_eq!(names, ["x_", "x_s_", "x_s0_", "x_sa_", "x_sA_", "x_s10_"]);
    }
}
