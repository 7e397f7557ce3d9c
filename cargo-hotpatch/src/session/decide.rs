//! From compiled objects to what has to be replaced in the program: diff → judge → replacements. Nothing changes by it, neither
//! the program nor what is known of it.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context, Result};

use super::case::{add_unchanged_callers, case};
use super::objects::{ChangedObjects, Files, Reference, Rest, changed_objects, lock};
use super::places::Places;
use super::spread::spread;
use super::users::{Spared, Users, is_spared};
use super::versions;
use crate::capture::inputs::Inputs;
use crate::capture::record::ObjectRef;
use crate::codes::{self, Reason};
use crate::compile::CompiledUnit;
use crate::diff::identity::DoubtKind;
use crate::diff::pairing::FunctionKey;
use crate::diff::{self, Change, Difference, NamedObject, NewFunction, Scope};
use crate::event::Timings;
use crate::explain::Observed;
use crate::judge::debug::DebugFacts;
use crate::judge::{self, CutNames, Departed};
use crate::link::plan::pretty;
use crate::link::store::Library;
use crate::link::{Live, OldNames, Store};
use crate::object::read::ObjectFile;
use crate::object::target::is_mangled;
use crate::process::stacks::Stacks;
use crate::table::policy::SlotPolicy;

/// A source file before and after.
#[derive(Debug, Clone)]
pub struct SourceChange {
    /// Its path.
    pub path: PathBuf,
    /// What was built into the running program; `None` if the file did not exist.
    pub old: Option<Arc<[u8]>>,
    /// What was compiled now.
    pub new: Option<Arc<[u8]>>,
}

/// What is the same for all patches of a process.
#[derive(Debug)]
pub struct Environment<'e> {
    /// The libraries of the program's link.
    pub libraries: &'e [Library],
    /// Which new functions get a slot.
    pub policy: &'e SlotPolicy,
    /// The executable's crate.
    pub executable: &'e str,
    /// Each unit's crate name and opt-level.
    pub units: &'e HashMap<String, (String, String)>,
    /// What the build read.
    pub inputs: &'e Inputs,
}
/// What was compiled, and from what.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'e> {
    /// The objects of what runs.
    pub reference: &'e Reference,
    /// The units that were compiled.
    pub compiled: &'e [CompiledUnit],
    /// The files that differ.
    pub sources: &'e [SourceChange],
    /// The threads of the program, if it runs.
    pub stacks: Option<&'e Stacks>,
}

/// The objects of the program as it will be.
#[derive(Debug)]
pub struct Build<'f> {
    /// All of them were added.
    pub files: &'f Files,
    /// Those that were compiled now, and differ.
    pub fresh: Vec<ObjectRef>,
    /// All others that may be part of it.
    pub others: Vec<&'f ObjectRef>,
}

impl Build<'_> {
    /// All of them.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        self.fresh.iter().chain(self.others.iter().copied())
    }
}

/// What the edit comes to.
#[derive(Debug)]
pub enum Decision<'f> {
    /// No object differs.
    Same,
    /// The edit needs a restart.
    Restart {
        /// Why; the first is the most telling.
        reasons: Vec<Reason>,
    },
    /// The program can follow.
    Replace(Box<Replacement<'f>>),
}

/// What has to be replaced in the program, and all that linking needs. There may be no function at all: then only names moved.
#[derive(Debug)]
pub struct Replacement<'f> {
    /// What differs.
    pub difference: Difference,
    /// By which names the program knows what the new objects know under others.
    pub names: OldNames,
    /// Functions of the program, and what replaces each.
    pub replacements: Vec<(FunctionKey, NewFunction)>,
    /// Functions that get a place of their own.
    pub renewed: Vec<NewFunction>,
    /// Instances of foreign code that had no slot, and get a place of their own. What leads to them is among the replacements.
    pub(super) spared: Spared,
    /// Functions that get new line numbers and nothing else.
    pub refreshed: HashSet<String>,
    /// Functions of which the old and the new version will live side by side.
    pub cut: Option<CutNames>,
    /// Everything that a patch may take from.
    pub store: Store<'f>,
    /// Whose calls tell whether the edit has an effect.
    pub build: Build<'f>,
    /// Remarks of the judge.
    pub notes: Vec<String>,
    /// What the program still has and the source has not.
    pub departed: Departed,
}

impl Replacement<'_> {
    /// True when nothing has to be put into the program.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replacements.is_empty()
            && self.renewed.is_empty()
            && self.spared.functions.is_empty()
            && self.difference.rewritten.is_empty()
    }

    /// True when all that the program gets is new line numbers.
    #[must_use]
    pub fn is_only_lines(&self) -> bool {
        self.renewed.is_empty()
            && self.difference.rewritten.is_empty()
            && self
                .replacements
                .iter()
                .map(|(_, new)| new)
                .chain(&self.spared.functions)
                .all(|new| self.refreshed.contains(&new.key.name))
    }
}

/// Decides what the edit comes to in the program that `live` describes. `fingerprinted` are the functions, by their new symbols, whose
/// fingerprints the difference is to have.
///
/// # Errors
/// What is broken, as opposed to what is refused.
pub fn decide<'f>(
    live: &Live,
    edit: &Edit<'f>,
    files: &'f mut Files,
    context: &Environment<'f>,
    timings: &mut Timings,
    observed: &mut Observed,
    fingerprinted: &dyn Fn(&str) -> bool,
) -> Result<Decision<'f>> {
    let started = Instant::now();
    let reference = edit.reference;
    let mut changed: Vec<(String, ChangedObjects)> = Vec::new();
    for unit in edit.compiled {
        let old = reference
            .get(&unit.key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let objects = changed_objects(files, old, &unit.objects)?;
        if !objects.old.is_empty() || !objects.new.is_empty() {
            changed.push((unit.key.clone(), objects));
        }
    }
    if changed.is_empty() {
        timings.diff = milliseconds(started);
        return Ok(Decision::Same);
    }
    files.add(reference.values().flatten());
    let files = &*files;
    let old = parse(files, changed.iter().flat_map(|(_, objects)| &objects.old))?;
    let new = parse(files, changed.iter().flat_map(|(_, objects)| &objects.new))?;
    let old_bytes = changed
        .iter()
        .flat_map(|(_, objects)| &objects.old)
        .map(|object| files.bytes(object))
        .collect::<Result<Vec<_>>>()?;
    let (old_named, new_named) = (named(&old), named(&new));
    let places = Places {
        live,
        stacks: edit.stacks,
        old: &old_named,
        old_bytes: &old_bytes,
        new: &new_named,
        is_still: OnceCell::new(),
    };
    let scope = Scope {
        wanted: None,
        fingerprinted,
        keeps_place: &|pair| places.keeps(pair),
    };
    let mut difference = diff::diff_among(&old_named, &new_named, scope)?;
    timings.diff = milliseconds(started);
    observed.changed.clone_from(&difference.changed);
    if let Some(reason) = allocator_change(&difference) {
        return Ok(Decision::Restart {
            reasons: vec![reason],
        });
    }
    if !difference.doubts.is_empty() {
        return Ok(Decision::Restart {
            reasons: difference.doubts,
        });
    }

    let moved: Vec<Reason> = difference
        .exchanged
        .iter()
        .filter(|doubt| doubt.kind == DoubtKind::Moved)
        .map(judge::exchange_reason)
        .collect();
    if !moved.is_empty() {
        return Ok(Decision::Restart { reasons: moved });
    }

    let started = Instant::now();
    let live_changes = LiveChanges::of(&difference, live, context);
    observe(observed, &difference, &live_changes);
    let mut case = case(
        live,
        &difference,
        live_changes
            .indices
            .iter()
            .map(|index| &difference.changed[*index]),
        &changed,
        files,
        edit.sources,
        context,
    )?;
    let memory = RememberedFacts::of(files, &changed)?;
    let mut verdict =
        judge::judge_with(&case, live.departed(), &memory).context("cannot judge the edit")?;
    // A caller in an object that did not change at all settles it; to find one, all objects have to be read. Where something else
    // restarts in any case, the doubt is none of the reasons.
    let is_doubt = |reason: &Reason| reason.code == codes::ABI_DOUBT.id;
    if verdict.restart.iter().any(is_doubt) && verdict.restart.iter().all(is_doubt) {
        add_unchanged_callers(&mut case, files, reference, &changed)?;
        verdict =
            judge::judge_with(&case, live.departed(), &memory).context("cannot judge the edit")?;
    } else {
        verdict.restart.retain(|reason| !is_doubt(reason));
    }
    timings.judge = milliseconds(started);
    if !verdict.restart.is_empty() {
        return Ok(Decision::Restart {
            reasons: verdict.restart,
        });
    }

    let started = Instant::now();
    let others = others(reference, &changed);
    let mut store = store(files, others.clone(), &changed, context)?;
    let build = Build {
        files,
        fresh: changed
            .iter()
            .flat_map(|(_, objects)| objects.new.iter().cloned())
            .collect(),
        others,
    };
    let names = old_names(&difference);
    let mut replacements = Vec::new();
    let mut renewed = Vec::new();
    if let Some(reason) = spread(&mut store, live, &names, edit.stacks, &mut difference)? {
        return Ok(Decision::Restart {
            reasons: vec![reason],
        });
    }
    let mut notes = verdict.notes;
    notes.extend(notes_on_constants(&difference));
    let cut = match verdict.cut {
        Some(mut cut) => {
            let before: Vec<ObjectFile<'_>> = old.into_iter().map(|(_, file)| file).collect();
            let roots = versions::roots(
                &mut store,
                &mut cut,
                live,
                &names,
                &before,
                edit.sources,
                context,
            )?;
            if let Some(why) = roots.crossing {
                return Ok(Decision::Restart {
                    reasons: cut.refused(&why),
                });
            }
            if roots.is_needless {
                None
            } else {
                difference.changed_constants.extend(roots.constants);
                replacements = roots.functions;
                notes.extend(cut.notes());
                Some(cut.names().clone())
            }
        }
        None => None,
    };
    let known: HashSet<FunctionKey> = replacements
        .iter()
        .map(|(_, new)| new.key.clone())
        .collect();
    for index in &live_changes.indices {
        let function = &difference.changed[*index];
        let is_cut = cut.as_ref().is_some_and(|cut| {
            cut.exposes(&function.old.name) || cut.exposes(&function.new.key.name)
        });
        if is_cut || known.contains(&function.new.key) {
            continue;
        }
        if verdict.renew.contains(&function.new.key.name) {
            renewed.push(function.new.clone());
        } else {
            replacements.push((function.old.clone(), function.new.clone()));
        }
    }
    observed.renewed = renewed
        .iter()
        .map(|function| function.key.name.clone())
        .collect();
    let mut refreshed: HashSet<String> = difference
        .changed
        .iter()
        .filter(|function| function.change == Change::LinesOnly)
        .map(|function| function.new.key.name.clone())
        .collect();
    let mut touched: BTreeSet<String> = difference.changed_constants.clone();
    touched.extend(renewed.iter().map(|function| function.key.name.clone()));
    let users = Users {
        live,
        names: &names,
        policy: context.policy,
        cut: cut.as_ref(),
    };
    let known = replacements.len();
    users.add(
        &mut store,
        &touched,
        &mut replacements,
        &renewed,
        &mut refreshed,
    )?;
    observed.users = replacements[known..]
        .iter()
        .map(|(_, new)| new.key.name.clone())
        .collect();
    let spared = users.of_spared(&mut store, &mut replacements, &renewed, &mut refreshed)?;
    observed.users.extend(spared.led.iter().cloned());
    if replacements.is_empty() && (cut.is_some() || !spared.functions.is_empty()) {
        let names = spared.functions.iter().map(|new| pretty(&new.key.name));
        let of: Vec<String> = notes.into_iter().chain(names).collect();
        return Ok(Decision::Restart {
            reasons: vec![Reason::new(
                &codes::NO_EFFECT,
                format!(
                    "nothing in the program would lead to the new version ({})",
                    of.join("; ")
                ),
            )],
        });
    }
    timings.link = milliseconds(started);
    Ok(Decision::Replace(Box::new(Replacement {
        difference,
        names,
        replacements,
        renewed,
        spared,
        refreshed,
        cut,
        store,
        build,
        notes,
        departed: verdict.departed,
    })))
}

/// What is said of immutable statics with new values at another place.
fn notes_on_constants(difference: &Difference) -> BTreeSet<String> {
    let moved = difference.changed_constants.iter().map(|name| {
        format!(
            "`{}` has a new value; a reference that the program keeps may still lead to the old one",
            pretty(name)
        )
    });
    moved.collect()
}

pub(super) fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

/// With a `#[global_allocator]`, the allocation functions move from the object that rustc makes for the link into the crate's
/// own. Memory of one allocator must never reach the other.
fn allocator_change(difference: &Difference) -> Option<Reason> {
    let is_allocation = |name: &str| {
        ["__rust_alloc", "__rust_dealloc", "__rust_realloc"]
            .iter()
            .any(|part| name.contains(part))
    };
    let added = difference.added.iter().map(|function| &function.key.name);
    let removed = difference.removed.iter().map(|key| &key.name);
    added
        .chain(removed)
        .any(|name| is_allocation(name))
        .then(|| {
            Reason::new(
                &codes::REGISTRY,
                "a global allocator was added or removed; memory of the old one is in use"
                    .to_owned(),
            )
        })
}

/// Remembers what the debug info of the objects that differ says.
struct RememberedFacts<'f> {
    files: &'f Files,
    /// By the address of their first byte.
    objects: HashMap<usize, &'f ObjectRef>,
    /// Those of this edit, by the same: it may be judged twice.
    read: Mutex<HashMap<usize, Arc<DebugFacts>>>,
}

impl<'f> RememberedFacts<'f> {
    fn of(files: &'f Files, changed: &'f [(String, ChangedObjects)]) -> Result<Self> {
        let objects = changed
            .iter()
            .flat_map(|(_, objects)| objects.old.iter().chain(&objects.new))
            .map(|object| Ok((files.bytes(object)?.as_ptr().addr(), object)))
            .collect::<Result<_>>()?;
        Ok(Self {
            files,
            objects,
            read: Mutex::default(),
        })
    }
}

impl judge::FactsMemory for RememberedFacts<'_> {
    fn facts(
        &self,
        bytes: &[u8],
        read: &dyn Fn() -> Result<DebugFacts>,
    ) -> Result<Arc<DebugFacts>> {
        let address = bytes.as_ptr().addr();
        let object = match self.objects.get(&address) {
            Some(object) if object.len == bytes.len() as u64 => object,
            _ => return Ok(Arc::new(read()?)),
        };
        if let Some(known) = lock(&self.read).get(&address) {
            return Ok(known.clone());
        }
        let facts = self.files.facts(object, read)?;
        lock(&self.read).insert(address, facts.clone());
        Ok(facts)
    }
}

pub(super) fn named<'n>(files: &'n [(&'n str, ObjectFile<'n>)]) -> Vec<NamedObject<'n>> {
    files
        .iter()
        .map(|(id, file)| NamedObject { id, file })
        .collect()
}

pub(super) fn parse<'f>(
    files: &'f Files,
    objects: impl Iterator<Item = &'f ObjectRef>,
) -> Result<Vec<(&'f str, ObjectFile<'f>)>> {
    objects
        .map(|object| {
            let bytes = files.bytes(object)?;
            let file = ObjectFile::parse(bytes)
                .with_context(|| format!("object {} of {}", object.cgu, object.unit))?;
            Ok((object.id.as_str(), file))
        })
        .collect()
}

/// Which of the changed functions the running program has at all.
struct LiveChanges {
    indices: Vec<usize>,
    /// Those of which it has only what debug info says of them, and which have no slot: they keep their old lines there.
    left: HashSet<usize>,
}

impl LiveChanges {
    fn of(difference: &Difference, live: &Live, context: &Environment<'_>) -> Self {
        let is_plain = context
            .units
            .values()
            .all(|(_, opt_level)| opt_level == "0");
        // Code that names no crate of the workspace comes from sources that no save changes. Without optimisation it only
        // differs in how it calls (a function that was in the same object is in another one now).
        let cannot_change =
            |name: &str| is_plain && is_mangled(name) && !context.policy.can_change(name);
        let (mut indices, mut left) = (Vec::new(), HashSet::new());
        for (index, function) in difference.changed.iter().enumerate() {
            if cannot_change(&function.old.name) && cannot_change(&function.new.key.name) {
                continue;
            }
            // What is ambiguous is left in, and refused by the linker.
            let object = function.old.object.as_deref().unwrap_or("");
            if matches!(live.function(&function.old.name, object), Ok(None)) {
                continue;
            }
            if function.in_debug_info_only
                && is_spared(live, context.policy, &function.old.name, object)
            {
                left.insert(index);
            } else {
                indices.push(index);
            }
        }
        Self { indices, left }
    }
}

fn observe(observed: &mut Observed, difference: &Difference, live: &LiveChanges) {
    let present: HashSet<usize> = live.indices.iter().copied().collect();
    let mut index = 0;
    observed.changed.retain(|_| {
        index += 1;
        !live.left.contains(&(index - 1))
    });
    observed.absent = difference
        .changed
        .iter()
        .enumerate()
        .filter(|(index, _)| !present.contains(index) && !live.left.contains(index))
        .map(|(_, function)| function.new.key.name.clone())
        .collect();
    observed.added = difference
        .added
        .iter()
        .map(|function| function.key.name.clone())
        .collect();
    observed.removed = difference
        .removed
        .iter()
        .map(|function| function.name.clone())
        .collect();
}

/// The objects of the program that do not differ.
fn others<'f>(
    reference: &'f Reference,
    changed: &[(String, ChangedObjects)],
) -> Vec<&'f ObjectRef> {
    let fresh: HashSet<(&str, &str)> = changed
        .iter()
        .flat_map(|(_, objects)| objects.old.iter().chain(&objects.new))
        .map(|object| (object.unit.as_str(), object.cgu.as_str()))
        .collect();
    let objects = reference.values().flatten();
    objects
        .filter(|object| !fresh.contains(&(object.unit.as_str(), object.cgu.as_str())))
        .collect()
}

/// Everything that the patch may take from. The changed new objects come first, in the order in which they were compared.
fn store<'f>(
    files: &'f Files,
    others: Vec<&'f ObjectRef>,
    changed: &[(String, ChangedObjects)],
    context: &Environment<'f>,
) -> Result<Store<'f>> {
    let rest = Rest {
        files,
        objects: others,
        outlined: false,
    };
    let mut store = Store::new(Box::new(rest), context.libraries);
    for object in changed.iter().flat_map(|(_, objects)| &objects.new) {
        store.add(&files.source(object)?, true)?;
    }
    Ok(store)
}

fn old_names(difference: &Difference) -> OldNames {
    let mut functions: HashMap<FunctionKey, FunctionKey> = difference
        .renamed
        .iter()
        .map(|(old, new)| (new.clone(), old.clone()))
        .collect();
    for function in &difference.changed {
        if function.old != function.new.key {
            functions.insert(function.new.key.clone(), function.old.clone());
        }
    }
    OldNames::new(functions, difference.renamed_statics.clone())
}
