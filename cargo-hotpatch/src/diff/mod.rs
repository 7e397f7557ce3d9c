//! What differs between the objects that run and the objects that were just compiled. Pure: objects in, differences out.
//!
//! As kernel live patching does it, functions are compared section by section: bytes with the relocated fields masked, and
//! relocations by offset, kind, addend and what they *mean* ([`digest`]). Numbers that compilers give to anonymous data are
//! noise; so are the disambiguators in mangled names, which shift when an item is inserted above ([`pairing`]).

pub mod constants;
pub mod digest;
pub mod first;
mod form;
pub mod identity;
pub mod lines;
pub mod pairing;
pub mod same;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;

use crate::codes::Reason;
use crate::object::read::{ObjectFile, Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::is_call;
use crate::object::target::Target;
use constants::{ConstantPair, Rewritten};
use digest::{Digest, Side};
use first::FirstDifference;
use pairing::{FunctionKey, Item};
use same::Comparison;

/// One object and the id by which the jump table knows it.
#[derive(Debug, Clone, Copy)]
pub struct NamedObject<'a> {
    /// [`crate::capture::record::object_id`].
    pub id: &'a str,
    /// Its content.
    pub file: &'a ObjectFile<'a>,
}

/// A function in the new objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFunction {
    /// Its key.
    pub key: FunctionKey,
    /// Index into the new objects.
    pub object: usize,
    /// Its symbol.
    pub symbol: SymbolIndex,
    /// Its code.
    pub section: SectionIndex,
}

/// How much a function differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only line and column numbers: in the places that panics report, or in what debuggers and backtraces show.
    LinesOnly,
    /// Anything else.
    Code,
}

/// What a function is, of any build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Everything: code, what it refers to, how it unwinds, lines.
    whole: [u8; 32],
    /// What it does, however its calls are encoded.
    form: Option<[u8; 32]>,
}

impl Fingerprint {
    /// True if two functions of one source do the same, be their objects cut differently.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.whole == other.whole || (self.form.is_some() && self.form == other.form)
    }
}

/// A function that is there on both sides and differs.
#[derive(Debug, Clone)]
pub struct ChangedFunction {
    /// As the program knows it.
    pub old: FunctionKey,
    /// As the new objects know it.
    pub new: NewFunction,
    /// How much.
    pub change: Change,
    /// Nothing that is executed or read differs, only what debug info says of lines.
    pub in_debug_info_only: bool,
    /// Where it begins to differ.
    pub first: FirstDifference,
    /// Functions that refer to it and are the same in both builds, by their new names.
    pub unchanged_callers: Vec<String>,
    /// One of them calls it, as opposed to taking its address.
    pub called_by_unchanged: bool,
    /// Changed functions that refer to it, by their new names.
    pub changed_callers: Vec<String>,
    /// Its address stands in data of the old objects (a vtable, a table of functions).
    pub in_old_data: bool,
}

/// Everything that differs.
#[derive(Debug, Default)]
pub struct Difference {
    /// On both sides, and different.
    pub changed: Vec<ChangedFunction>,
    /// Only in the new objects.
    pub added: Vec<NewFunction>,
    /// Only in the old objects.
    pub removed: Vec<FunctionKey>,
    /// The same function under another name: its place in the jump table goes on under the new one.
    pub renamed: Vec<(FunctionKey, FunctionKey)>,
    /// Statics and thread-locals whose name changed: new name, old name.
    pub renamed_statics: BTreeMap<String, String>,
    /// Immutable statics whose content changed, by their new names, without those that are rewritten: what refers to one has to
    /// be replaced.
    pub changed_constants: BTreeSet<String>,
    /// Immutable statics that get their new content where they are, by their new names: [`Scope::keeps_place`] allows it.
    pub rewritten: BTreeMap<String, Rewritten>,
    /// What cannot be paired for certain.
    pub doubts: Vec<Reason>,
    /// Items of one path that may have changed places.
    pub exchanged: Vec<identity::Doubt>,
    /// Functions that are on both sides, the old name first. Only [`diff_among`] tells them.
    pub paired: Vec<(FunctionKey, NewFunction)>,
    /// What functions are in the new objects, line numbers included, by their new names: of those that [`Scope`] asks for.
    pub fingerprints: HashMap<String, Fingerprint>,
}

impl Difference {
    /// Nothing at all differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
            && self.added.is_empty()
            && self.renamed.is_empty()
            && self.changed_constants.is_empty()
            && self.rewritten.is_empty()
    }
}

/// Compares two sets of objects: what runs, and what was just compiled. Objects that are byte-identical on both sides
/// should be left out by the caller.
///
/// # Errors
/// When an object refers to what it does not have.
pub fn diff(old: &[NamedObject<'_>], new: &[NamedObject<'_>]) -> Result<Difference> {
    diff_among(old, new, Scope::default())
}

/// What a comparison is of.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// These functions alone, by their symbols; statics are taken to be as they were. `None`: everything.
    pub wanted: Option<&'s dyn Fn(&str) -> bool>,
    /// Which functions get a fingerprint, by their new symbols. Nothing else that is said of a function needs one, and an edit can
    /// move thousands.
    pub fingerprinted: &'s dyn Fn(&str) -> bool,
    /// Whether the program can get the new content of an immutable static written over the old.
    pub keeps_place: &'s dyn Fn(&ConstantPair<'_>) -> bool,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self {
            wanted: None,
            fingerprinted: &|_| false,
            keeps_place: &|_| false,
        }
    }
}

/// As [`diff`], of what `scope` says.
///
/// # Errors
/// As [`diff`].
pub fn diff_among(
    old: &[NamedObject<'_>],
    new: &[NamedObject<'_>],
    scope: Scope<'_>,
) -> Result<Difference> {
    let Scope {
        wanted,
        fingerprinted,
        keeps_place,
    } = scope;
    let mut old_functions = functions(old);
    let mut new_functions = functions(new);
    if let Some(wanted) = wanted {
        old_functions.retain(|function| wanted(&function.key.name));
        new_functions.retain(|function| wanted(&function.key.name));
    }
    let mut result = Difference::default();

    let no_names = HashMap::new();
    let static_names = if wanted.is_some() {
        HashMap::new()
    } else {
        pairing::pair_statics(old, new)
    };
    let (old_side, new_side) = (Side::new(old), Side::new(new));
    let identity = identity::identify(&old_side, &new_side)?;
    let pairs = {
        let mut old_digest = Digest::new(&old_side, &static_names);
        let mut new_digest = Digest::new(&new_side, &no_names);
        let mut content = |is_new: bool, item: &Item| -> Result<[u8; 32]> {
            if let Some(content) = identity.content(is_new, &item.key.name) {
                return Ok(content);
            }
            let digest = if is_new {
                &mut new_digest
            } else {
                &mut old_digest
            };
            Ok(digest
                .function(item.object, item.symbol, item.section)?
                .loose)
        };
        pairing::pair_functions(&old_functions, &new_functions, &mut content)?
    };
    result.doubts = pairs.doubts;
    result.exchanged = identity.doubts;
    if let Some(wanted) = wanted {
        result.exchanged.retain(|doubt| wanted(&doubt.symbol));
    }

    let mut names = static_names.clone();
    for (old_index, new_index) in &pairs.pairs {
        let (from, to) = (
            &old_functions[*old_index].key,
            &new_functions[*new_index].key,
        );
        if from.name != to.name {
            names.insert(from.name.clone(), to.name.clone());
        }
    }
    let mut old_digest = Digest::new(&old_side, &names);
    let mut new_digest = Digest::new(&new_side, &no_names);
    let mut comparison = Comparison::new(&old_side, &new_side, &names);
    if wanted.is_none() {
        let found = constants::Compared {
            comparison: &mut comparison,
            old: &mut old_digest,
            new: &mut new_digest,
            names: &names,
        }
        .changed(keeps_place)?;
        result.changed_constants = found.moved;
        result.rewritten = found.rewritten;
    }
    result.renamed_statics = static_names
        .iter()
        .filter(|(from, to)| from != to)
        .map(|(from, to)| (to.clone(), from.clone()))
        .collect();

    let old_lines = line_rows(old)?;
    let new_lines = line_rows(new)?;
    let mut unchanged = HashSet::new();
    let mut changed_indices = HashMap::new();
    for (old_index, new_index) in &pairs.pairs {
        let (from, to) = (&old_functions[*old_index], &new_functions[*new_index]);
        let (code_differs, anything_differs) = if comparison.functions(from, to)? {
            (false, false)
        } else {
            let before = old_digest.function(from.object, from.symbol, from.section)?;
            let after = new_digest.function(to.object, to.symbol, to.section)?;
            (before.loose != after.loose, before.exact != after.exact)
        };
        let changed_constant = if result.changed_constants.is_empty() {
            None
        } else {
            let targets = new_digest.side.named_targets(to.object, to.section)?;
            targets
                .into_iter()
                .find(|name| result.changed_constants.contains(*name))
        };
        let reads_new_value = changed_constant.is_some();
        let change = if code_differs || reads_new_value {
            Some(Change::Code)
        } else if anything_differs
            || old_lines[from.object].get(&from.section) != new_lines[to.object].get(&to.section)
        {
            Some(Change::LinesOnly)
        } else {
            None
        };
        if wanted.is_some() {
            result.paired.push((from.key.clone(), new_function(to)));
        }
        match change {
            None => {
                unchanged.insert(to.key.name.clone());
                if from.key != to.key {
                    result.renamed.push((from.key.clone(), to.key.clone()));
                }
            }
            Some(change) => {
                changed_indices.insert(to.key.name.clone(), result.changed.len());
                result.changed.push(ChangedFunction {
                    old: from.key.clone(),
                    new: new_function(to),
                    change,
                    in_debug_info_only: change == Change::LinesOnly && !anything_differs,
                    first: first::first_difference(
                        (&mut old_digest, from),
                        (&mut new_digest, to),
                        change,
                        changed_constant,
                    )?,
                    unchanged_callers: Vec::new(),
                    called_by_unchanged: false,
                    changed_callers: Vec::new(),
                    in_old_data: false,
                });
            }
        }
    }
    let old_names = result.changed.iter().map(|changed| &*changed.old.name);
    let in_old_data = functions_named_in_data(&old_side, &old_names.collect())?;
    let new_names = result.changed.iter().map(|changed| &*changed.new.key.name);
    let callers = callers(&new_side, &new_functions, &new_names.collect())?;
    for changed in &mut result.changed {
        changed.in_old_data = in_old_data.contains(changed.old.name.as_str());
        for (caller, calls) in callers
            .get(changed.new.key.name.as_str())
            .into_iter()
            .flatten()
        {
            if unchanged.contains(*caller) {
                changed.unchanged_callers.push((*caller).to_owned());
                changed.called_by_unchanged |= *calls;
            } else if changed_indices.contains_key(*caller) && *caller != changed.new.key.name {
                changed.changed_callers.push((*caller).to_owned());
            }
        }
    }
    let added = pairs.added.iter();
    for index in pairs.pairs.iter().map(|(_, new)| new).chain(added) {
        let item = &new_functions[*index];
        if !fingerprinted(&item.key.name) {
            continue;
        }
        let digest = new_digest.function(item.object, item.symbol, item.section)?;
        let lines = new_lines[item.object].get(&item.section);
        let fingerprint = Fingerprint {
            whole: fingerprint(&digest, lines),
            form: new_digest.form(item.object, item.symbol, item.section)?,
        };
        result
            .fingerprints
            .insert(item.key.name.clone(), fingerprint);
    }
    result.added = pairs
        .added
        .iter()
        .map(|index| new_function(&new_functions[*index]))
        .collect();
    result.removed = pairs
        .removed
        .iter()
        .map(|index| old_functions[*index].key.clone())
        .collect();
    Ok(result)
}

/// Everything that a function is, in one number.
fn fingerprint(digest: &digest::Both, lines: Option<&Vec<u8>>) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(&digest.exact);
    hash.update(lines.map_or(&[][..], |lines| lines));
    *hash.finalize().as_bytes()
}

fn line_rows(objects: &[NamedObject<'_>]) -> Result<Vec<HashMap<SectionIndex, Vec<u8>>>> {
    objects
        .iter()
        .map(|object| lines::rows(object.file))
        .collect()
}

fn new_function(item: &Item) -> NewFunction {
    NewFunction {
        key: item.key.clone(),
        object: item.object,
        symbol: item.symbol,
        section: item.section,
    }
}

/// Every function of a set of objects with its key. A local function's key names its object only where several objects
/// have a local function of that name.
fn functions(objects: &[NamedObject<'_>]) -> Vec<Item> {
    let mut local_names: HashMap<&str, usize> = HashMap::new();
    for object in objects {
        for (symbol, _) in object.file.functions() {
            let symbol = &object.file.symbols[symbol];
            if symbol.is_local() {
                *local_names.entry(symbol.name).or_default() += 1;
            }
        }
    }
    let mut items = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        for (symbol_index, section) in object.file.functions() {
            let symbol = &object.file.symbols[symbol_index];
            let ambiguous =
                symbol.is_local() && local_names.get(symbol.name).is_some_and(|count| *count > 1);
            items.push(Item {
                key: FunctionKey {
                    name: symbol.name.to_owned(),
                    object: ambiguous.then(|| object.id.to_owned()),
                },
                object: index,
                symbol: symbol_index,
                section,
            });
        }
    }
    items
}

/// For each symbol of an object whether its name is one of `names`; `None` if none is.
fn symbols_named(object: &ObjectFile<'_>, names: &HashSet<&str>) -> Option<Vec<bool>> {
    let wanted: Vec<bool> = object
        .symbols
        .iter()
        .map(|symbol| names.contains(symbol.name))
        .collect();
    wanted.contains(&true).then_some(wanted)
}

/// The symbol of `wanted` that a relocation refers to, maybe by way of its section.
fn wanted_target(
    side: &Side<'_>,
    object: usize,
    wanted: &[bool],
    relocation: &Relocation,
) -> Option<SymbolIndex> {
    let file = side.objects[object].file;
    // A name of another object stands for itself.
    if !wanted[relocation.symbol] && file.symbols[relocation.symbol].section().is_none() {
        return None;
    }
    match side.symbols[object].target(file, relocation) {
        Target::Named { symbol, .. } if wanted[symbol] => Some(symbol),
        _ => None,
    }
}

/// Those of `names` that are functions whose address stands in some allocated data section.
fn functions_named_in_data<'a>(side: &Side<'a>, names: &HashSet<&str>) -> Result<HashSet<&'a str>> {
    let mut found = HashSet::new();
    for (index, object) in side.objects.iter().enumerate() {
        let Some(wanted) = symbols_named(object.file, names) else {
            continue;
        };
        for (section_index, section) in object.file.sections.iter().enumerate() {
            if !section.is_allocated() || section.is_code() || section.name.starts_with(".eh_frame")
            {
                continue;
            }
            for relocation in object.file.relocations(section_index)? {
                if let Some(symbol) = wanted_target(side, index, &wanted, &relocation) {
                    found.insert(object.file.symbols[symbol].name);
                }
            }
        }
    }
    Ok(found)
}

/// For each of `names` those of `functions` whose code refers to it, and whether they call it.
fn callers<'a>(
    side: &Side<'a>,
    functions: &'a [Item],
    names: &HashSet<&str>,
) -> Result<HashMap<&'a str, Vec<(&'a str, bool)>>> {
    let mut callers: HashMap<&str, Vec<(&str, bool)>> = HashMap::new();
    let wanted: Vec<Option<Vec<bool>>> = side
        .objects
        .iter()
        .map(|object| symbols_named(object.file, names))
        .collect();
    for function in functions {
        let Some(wanted) = &wanted[function.object] else {
            continue;
        };
        let object = side.objects[function.object].file;
        let code = object.sections[function.section].data;
        for relocation in object.relocations(function.section)? {
            if let Some(symbol) = wanted_target(side, function.object, wanted, &relocation) {
                let callers = callers.entry(object.symbols[symbol].name).or_default();
                let calls = is_call(code, relocation.offset, relocation.kind);
                match callers.last_mut() {
                    Some((last, also)) if *last == function.key.name => *also |= calls,
                    _ => callers.push((&function.key.name, calls)),
                }
            }
        }
    }
    Ok(callers)
}
