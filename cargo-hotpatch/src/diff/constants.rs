//! Immutable statics whose content differs.
//!
//! The program can get the new content at the old address ([`Rewritten`]): then whatever leads to the static, in code, in data or in
//! running frames, finds it there. Where that is not sound, the new content gets a place of its own, and all that refers to the
//! static has to change with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use anyhow::Result;

use super::digest::{Digest, Side};
use super::same::Comparison;
use crate::object::read::{Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::field_width;

/// An immutable static that is on both sides and differs.
#[derive(Debug, Clone, Copy)]
pub struct ConstantPair<'p> {
    /// As the program knows it.
    pub old_name: &'p str,
    /// In the old objects: which one, and the symbol there.
    pub old: (usize, SymbolIndex),
    /// In the new objects.
    pub new: (usize, SymbolIndex),
    /// How many of its 8-byte words differ.
    pub words: usize,
}

/// An immutable static that gets its new content where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// By which name the program knows it.
    pub old_name: String,
    /// Index into the new objects.
    pub object: usize,
    /// Its symbol there.
    pub symbol: SymbolIndex,
    /// How many of its 8-byte words differ.
    pub words: usize,
}

/// What became of the immutable statics that differ, by their new names.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// They get another place.
    pub(super) moved: BTreeSet<String>,
    /// They keep their place.
    pub(super) rewritten: BTreeMap<String, Rewritten>,
}

/// Two sides, and what is known of both.
pub(super) struct Compared<'c, 's, 'a> {
    pub(super) comparison: &'c mut Comparison<'s, 'a>,
    pub(super) old: &'c mut Digest<'s, 'a>,
    pub(super) new: &'c mut Digest<'s, 'a>,
    /// Old names to new ones, where they differ.
    pub(super) names: &'c HashMap<String, String>,
}

impl Compared<'_, '_, '_> {
    /// Immutable statics that exist on both sides with other content, or that refer to one that gets another place.
    pub(super) fn changed(
        mut self,
        keeps_place: &dyn Fn(&ConstantPair<'_>) -> bool,
    ) -> Result<Changed> {
        let old_constants = self.old.side.constants();
        let new_constants = self.new.side.constants();
        let mut changed = Changed::default();
        let mut pairs = HashMap::new();
        for (old_name, old) in &old_constants {
            let name = self.names.get(*old_name).map_or(*old_name, String::as_str);
            let Some(new) = new_constants.get(name) else {
                continue;
            };
            pairs.insert(name, (*old_name, *old));
            if !self.comparison.constants(*old, *new)?
                && self.old.constant(old.0, old.1)? != self.new.constant(new.0, new.1)?
            {
                let words = self.changed_words(*old, *new)?;
                changed.add(name, (old_name, *old), *new, words, keeps_place);
            }
        }
        // What refers to one that gets another place leads to the old value, so it counts as changed too.
        loop {
            let mut grown = false;
            for (name, new) in &new_constants {
                if changed.moved.is_empty() || changed.has(name) {
                    continue;
                }
                let words = references(self.new.side, *new, &changed.moved)?;
                if words == 0 {
                    continue;
                }
                grown = true;
                match pairs.get(name) {
                    Some(old) => changed.add(name, *old, *new, words, keeps_place),
                    None => {
                        changed.moved.insert((*name).to_owned());
                    }
                }
            }
            if !grown {
                return Ok(changed);
            }
        }
    }

    /// How many 8-byte words differ; what lies behind the end of the shorter one counts.
    fn changed_words(
        &mut self,
        old: (usize, SymbolIndex),
        new: (usize, SymbolIndex),
    ) -> Result<usize> {
        let (before, after) = (words(self.old, old)?, words(self.new, new)?);
        let common = before.iter().zip(&after);
        Ok(common.filter(|(before, after)| before != after).count()
            + before.len().abs_diff(after.len()))
    }
}

impl Changed {
    fn has(&self, name: &str) -> bool {
        self.moved.contains(name) || self.rewritten.contains_key(name)
    }

    fn add(
        &mut self,
        name: &str,
        (old_name, old): (&str, (usize, SymbolIndex)),
        new: (usize, SymbolIndex),
        words: usize,
        keeps_place: &dyn Fn(&ConstantPair<'_>) -> bool,
    ) {
        let pair = ConstantPair {
            old_name,
            old,
            new,
            words,
        };
        if keeps_place(&pair) {
            let rewritten = Rewritten {
                old_name: old_name.to_owned(),
                object: new.0,
                symbol: new.1,
                words,
            };
            self.rewritten.insert(name.to_owned(), rewritten);
        } else {
            self.moved.insert(name.to_owned());
        }
    }
}

/// Where a named constant lies, and what it refers to.
struct Extent {
    section: SectionIndex,
    /// In the section.
    range: Range<u64>,
    /// Those in the range; their offsets are in the section.
    relocations: Vec<Relocation>,
}

fn extent(side: &Side<'_>, (object, symbol): (usize, SymbolIndex)) -> Result<Option<Extent>> {
    let file = side.objects[object].file;
    let symbol = &file.symbols[symbol];
    let Some(section) = symbol.section() else {
        return Ok(None);
    };
    let range = symbol.value..symbol.value.saturating_add(symbol.size);
    let mut relocations = file.relocations(section)?;
    relocations.retain(|relocation| range.contains(&relocation.offset));
    Ok(Some(Extent {
        section,
        range,
        relocations,
    }))
}

/// How many references of a constant lead, maybe through anonymous data, to one of `moved`.
fn references(
    side: &Side<'_>,
    constant: (usize, SymbolIndex),
    moved: &BTreeSet<String>,
) -> Result<usize> {
    let Some(extent) = extent(side, constant)? else {
        return Ok(0);
    };
    let mut found = 0;
    for relocation in &extent.relocations {
        let names = side.names_behind(constant.0, relocation)?;
        found += usize::from(names.iter().any(|name| moved.contains(*name)));
    }
    Ok(found)
}

/// 8 bytes without what the linker writes into them, and the digest of that.
type Word = (Vec<u8>, Option<[u8; 32]>);

/// A constant word by word.
fn words(digest: &mut Digest<'_, '_>, constant: (usize, SymbolIndex)) -> Result<Vec<Word>> {
    const WORD: usize = 8;
    let Some(extent) = extent(digest.side, constant)? else {
        return Ok(Vec::new());
    };
    let Extent {
        section,
        range,
        relocations,
    } = extent;
    let start = range.start;
    let data = digest.side.objects[constant.0].file.sections[section].data;
    let range = usize::try_from(start)?..usize::try_from(range.end)?;
    let mut bytes = data.get(range).unwrap_or_default().to_vec();
    let mut meanings: HashMap<usize, [u8; 32]> = HashMap::new();
    for relocation in &relocations {
        let at = usize::try_from(relocation.offset - start)?;
        let width = field_width(relocation.kind).unwrap_or_default();
        if let Some(field) = bytes.get_mut(at..at + width) {
            field.fill(0);
        }
        let meaning = digest.relocation(constant.0, section, relocation)?;
        meanings.insert(at / WORD, meaning);
    }
    let words = bytes.chunks(WORD).enumerate();
    Ok(words
        .map(|(index, bytes)| (bytes.to_vec(), meanings.get(&index).copied()))
        .collect())
}
