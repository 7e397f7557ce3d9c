//! What the types are that a function handles, by what they look like rather than by their names.
//!
//! Debug info gives several types one name: local ones of two blocks, those of two crates of one name. Which of them a name
//! means, at a place, is only known from the entry that the place refers to. So each entry gets a digest of its fields, of
//! their types' fields and so on, and each function the digests of what its parameters, its result and its generic arguments are.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::HashMap;
use gimli::constants as dw;

use super::IsKept;
use super::walk::{At, RawMember, RawType, Walk, found_at};

/// A type that a function handles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// Its full name; of a pointer, the full name of what it points to.
    pub name: Arc<str>,
    /// What it looks like, and all that it is made of, some levels deep. Names of types that may have got another one count for nothing.
    pub digest: u64,
}

/// How many levels of fields, pointers and arguments go into a digest. Types refer to themselves by way of pointers, so there is an end.
const LEVELS: usize = 4;
/// How many pointers in a row are looked through.
const MAX_POINTERS: usize = 16;

fn hash(of: &impl std::hash::Hash) -> u64 {
    foldhash::fast::FixedState::default().hash_one(of)
}

/// What a type looks like by itself. `has_own_look`: a type that can change is known by its fields, any other by its name.
fn look(raw: &RawType<'_>, has_own_look: bool) -> u64 {
    let field = |member: &RawMember<'_>| hash(&(member.name, member.offset));
    if !has_own_look {
        return hash(&(raw.tag.0, raw.path.as_deref(), raw.size, raw.count));
    }
    let fields: Vec<u64> = raw.members.iter().map(field).collect();
    let variants = raw.variants.as_ref().map(|variants| {
        let tags: Vec<u64> = variants.discriminants.iter().map(field).collect();
        let each: Vec<(Option<i128>, Option<u64>)> = variants
            .variants
            .iter()
            .map(|(value, member)| (*value, member.as_ref().map(field)))
            .collect();
        (tags, each)
    });
    let own = (raw.tag.0, raw.size, raw.align, raw.count);
    hash(&(own, fields, variants, &raw.enumerators))
}

/// All that a type is made of or refers to.
fn parts<'r>(raw: &'r RawType<'_>) -> impl Iterator<Item = Option<At>> + 'r {
    let variants = raw.variants.iter().flat_map(|variants| {
        let members = variants.variants.iter();
        let members = members.filter_map(|(_, member)| member.as_ref());
        variants.discriminants.iter().chain(members)
    });
    let members = raw.members.iter().chain(variants);
    let members = members.map(|member| member.type_at);
    members
        .chain([raw.target])
        .chain(raw.arguments.iter().copied())
}

impl Walk<'_, '_> {
    /// The digest of each type. Those that are `kept` can change.
    pub(super) fn looks(&self, is_kept: IsKept<'_>) -> Vec<u64> {
        let mut looks: Vec<u64> = self
            .types
            .iter()
            .map(|raw| {
                let is_pointer =
                    matches!(raw.tag, dw::DW_TAG_pointer_type | dw::DW_TAG_reference_type);
                let can_change = is_pointer || raw.path.as_deref().is_none_or(is_kept);
                look(raw, can_change)
            })
            .collect();
        let links: Vec<Vec<usize>> = self
            .types
            .iter()
            .map(|raw| {
                parts(raw)
                    .flatten()
                    .filter_map(|at| found_at(&self.type_at, at))
                    .collect()
            })
            .collect();
        for _ in 0..LEVELS {
            looks = looks
                .iter()
                .zip(&links)
                .map(|(own, links)| {
                    if links.is_empty() {
                        return *own;
                    }
                    let inner: Vec<u64> = links.iter().map(|index| looks[*index]).collect();
                    hash(&(own, inner))
                })
                .collect();
        }
        looks
    }

    /// The types among `places` that can change, in this order.
    pub(super) fn handled(
        &mut self,
        places: impl Iterator<Item = Option<At>>,
        looks: &[u64],
        is_kept: &mut HashMap<usize, bool>,
        keeps: IsKept<'_>,
    ) -> Vec<Handled> {
        let mut handled = Vec::new();
        for place in places {
            let Some(index) = self.behind_pointers(place) else {
                continue;
            };
            let Some(path) = self.types[index].path.clone() else {
                continue;
            };
            if *is_kept.entry(index).or_insert_with(|| keeps(&path)) {
                handled.push(Handled {
                    name: path,
                    digest: looks[index],
                });
            }
        }
        handled
    }

    fn behind_pointers(&self, place: Option<At>) -> Option<usize> {
        let mut index = found_at(&self.type_at, place?)?;
        for _ in 0..MAX_POINTERS {
            let raw = &self.types[index];
            match raw.tag {
                dw::DW_TAG_pointer_type | dw::DW_TAG_reference_type | dw::DW_TAG_array_type => {
                    index = found_at(&self.type_at, raw.target?)?;
                }
                _ => return Some(index),
            }
        }
        None
    }
}
