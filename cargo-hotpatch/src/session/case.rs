//! From a difference to what the judge is asked of it; for both ways of an edit.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::decide::{Environment, SourceChange};
use super::objects::{ChangedObjects, Files, Reference};
use crate::capture::record::ObjectRef;
use crate::diff::{Change, ChangedFunction, Difference};
use crate::judge::{self, Case, SourceCase, UnitCase};
use crate::link::Live;
use crate::link::live::Callable;
use crate::object::read::{ObjectFile, Place};
use crate::object::reloc::is_call;

/// What the judge is asked of a difference. `changed` are those of its changed functions that count.
pub(super) fn case<'c, 'd>(
    live: &Live,
    difference: &Difference,
    changed: impl Iterator<Item = &'d ChangedFunction>,
    objects: &'c [(String, ChangedObjects)],
    files: &'c Files,
    sources: &'c [SourceChange],
    context: &'c Environment<'_>,
) -> Result<Case<'c>> {
    let mut units = Vec::new();
    for (key, objects) in objects {
        let (crate_name, opt_level) = context
            .units
            .get(key)
            .with_context(|| format!("unit {key} is not part of the build"))?;
        let bytes = |objects: &'c [ObjectRef]| {
            objects
                .iter()
                .map(|object| files.bytes(object))
                .collect::<Result<Vec<_>>>()
        };
        units.push(UnitCase {
            key,
            crate_name,
            opt_level,
            old: bytes(&objects.old)?,
            new: bytes(&objects.new)?,
        });
    }
    let text = |content: &'c Option<Arc<[u8]>>| {
        content
            .as_deref()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    };
    Ok(Case {
        units,
        sources: sources
            .iter()
            .filter(|source| {
                source
                    .path
                    .extension()
                    .is_some_and(|extension| extension == "rs")
            })
            .map(|source| SourceCase {
                path: &source.path,
                old: text(&source.old),
                new: text(&source.new),
            })
            .collect(),
        changed: changed
            .filter(|function| function.change == Change::Code)
            .map(|function| judge::ChangedFunction {
                old: function.old.name.clone(),
                new: function.new.key.name.clone(),
                caller_unchanged: function.called_by_unchanged,
                unchanged_callers: function.unchanged_callers.clone(),
                changed_callers: function.changed_callers.clone(),
                in_old_vtable: function.in_old_data,
                cut_since: match live.function(
                    &function.old.name,
                    function.old.object.as_deref().unwrap_or(""),
                ) {
                    Ok(Some(Callable::Slot(slot))) => live.cut_since(slot),
                    _ => Vec::new(),
                },
            })
            .collect(),
        added: difference
            .added
            .iter()
            .map(|function| function.key.name.clone())
            .collect(),
        removed: difference
            .removed
            .iter()
            .map(|key| key.name.clone())
            .collect(),
        renamed: difference
            .renamed
            .iter()
            .map(|(old, new)| (&old.name, &new.name))
            .chain(
                difference
                    .changed
                    .iter()
                    .map(|function| (&function.old.name, &function.new.key.name)),
            )
            .filter(|(old, new)| old != new)
            .map(|(old, new)| (old.clone(), new.clone()))
            .collect(),
        exchanged: difference.exchanged.clone(),
        workspace_crates: &context.policy.workspace_crates,
        confined_to: None,
        texts: Box::new(Unedited { sources, context }),
    })
}

/// The source files of the build that are not among the edited ones, as they are on disk.
#[derive(Debug)]
struct Unedited<'c> {
    sources: &'c [SourceChange],
    context: &'c Environment<'c>,
}

impl judge::Texts for Unedited<'_> {
    fn of(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }

    fn all(&self) -> Vec<String> {
        let edited: HashSet<&Path> = (self.sources.iter())
            .map(|source| source.path.as_path())
            .collect();
        let rest = (self.context.inputs.sources.keys())
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .filter(|path| !edited.contains(path.as_path()));
        rest.filter_map(|path| std::fs::read_to_string(path).ok())
            .collect()
    }
}

/// Functions of unchanged objects that refer to a changed one: byte-identical callers.
pub(super) fn add_unchanged_callers(
    case: &mut Case<'_>,
    files: &Files,
    reference: &Reference,
    changed: &[(String, ChangedObjects)],
) -> Result<()> {
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (index, function) in case.changed.iter().enumerate() {
        // A function that got another name has no caller that stayed as it was.
        if function.old == function.new {
            by_name.insert(function.new.clone(), index);
        }
    }
    let old: HashSet<(&str, &str)> = changed
        .iter()
        .flat_map(|(_, objects)| &objects.old)
        .map(|object| (object.unit.as_str(), object.cgu.as_str()))
        .collect();
    for object in reference
        .values()
        .flatten()
        .filter(|object| !old.contains(&(object.unit.as_str(), object.cgu.as_str())))
    {
        let file = ObjectFile::parse(files.bytes(object)?)
            .with_context(|| format!("object {} of {}", object.cgu, object.unit))?;
        let wanted: HashMap<usize, usize> = file
            .symbols
            .iter()
            .enumerate()
            .filter(|(_, symbol)| symbol.place == Place::Undefined)
            .filter_map(|(symbol, named)| Some((symbol, *by_name.get(named.name)?)))
            .collect();
        if wanted.is_empty() {
            continue;
        }
        for (symbol, section) in file.functions() {
            for relocation in file.relocations(section)? {
                if let Some(function) = wanted.get(&relocation.symbol) {
                    let function = &mut case.changed[*function];
                    function.caller_unchanged |= is_call(
                        file.sections[section].data,
                        relocation.offset,
                        relocation.kind,
                    );
                    let caller = file.symbols[symbol].name.to_owned();
                    if !function.unchanged_callers.contains(&caller) {
                        function.unchanged_callers.push(caller);
                    }
                }
            }
        }
    }
    Ok(())
}
