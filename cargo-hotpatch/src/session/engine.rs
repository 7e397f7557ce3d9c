//! Moves what was decided into the running program: link → send, and what is to be said of it. Knows nothing of files being
//! saved.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Instant;

use anyhow::Result;

use super::decide::{Decision, Edit, Environment, Replacement, decide, milliseconds};
use super::effect::{Callers, effect};
use super::fast::{Fingerprints, Unconfirmed};
use super::marks::Mark;
use super::objects::Files;
use super::running::Running;
use crate::capture::record::UnitKey;
use crate::codes::{self, Reason};
use crate::diff::pairing::FunctionKey;
use crate::diff::{Change, Difference, NewFunction};
use crate::event::{FunctionKind, FunctionReport, Timings};
use crate::explain::Observed;
use crate::guard;
use crate::judge;
use crate::link::live::Callable;
use crate::link::plan::pretty;
use crate::link::{self, Live, Patch, ProgramSide, Request};
use crate::object::address::RunAddr;
use crate::process::stacks::Stacks;
use crate::shadow::tree::Function;
use crate::table::policy::SlotPolicy;

/// What became of compiled objects.
#[derive(Debug)]
pub enum Applied {
    /// The program has them.
    Taken(Taken),
    /// The edit needs a restart.
    Restart {
        /// Why; the first is the most telling.
        reasons: Vec<Reason>,
    },
}

/// What is to be said of a program that has what was compiled.
#[derive(Debug, Default)]
pub struct Taken {
    /// It has new code. Otherwise it does what it did (some functions may have been refreshed).
    pub is_patched: bool,
    /// What happened to which function; without new code, functions with new line numbers.
    pub functions: Vec<FunctionReport>,
    /// Further remarks.
    pub notes: Vec<String>,
    /// What `still_running` is to look for when the time has been taken.
    pub old_bodies: Bodies,
    /// When the program acknowledged; `None` where nothing was sent.
    pub acknowledged: Option<Instant>,
    /// By what it tells which of the functions were called since.
    pub marks: Vec<Mark>,
}

/// Moves compiled units into the running program. The reference is not changed: that is for the caller to do when the
/// result is not [`Applied::Restart`].
///
/// # Errors
/// What is broken, as opposed to what is refused.
pub fn apply(
    running: &mut Running,
    edit: &Edit<'_>,
    files: &mut Files,
    context: &Environment<'_>,
    timings: &mut Timings,
    observed: &mut Observed,
) -> Result<Applied> {
    let unconfirmed = running.unconfirmed.as_ref();
    let is_fast = |symbol: &str| unconfirmed.is_some_and(|it| it.fingerprints.contains_key(symbol));
    let decision = guard::catch("judge", || {
        guard::trial("judge");
        let live = &running.live;
        decide(live, edit, files, context, timings, observed, &is_fast)
    });
    let decision = decision.map_err(|panicked| panicked.reason())??;
    let mut decided = match replacement(decision) {
        Ok(decided) => decided,
        Err(applied) => {
            if matches!(applied, Applied::Taken(_)) {
                // Fast patches of what does not differ.
                running.undo()?;
            }
            return Ok(applied);
        }
    };
    let Some(unconfirmed) = running.unconfirmed.take() else {
        return carry_out(running, *decided, context, timings, Part::All, &mut |_| {
            None
        });
    };
    let fast = &unconfirmed.fingerprints;
    if !agrees(fast, &decided) {
        drop(decided);
        running.unconfirmed = Some(unconfirmed);
        // Once more, from where the program was before.
        running.undo()?;
        return apply(running, edit, files, context, timings, observed);
    }
    decided
        .replacements
        .retain(|(_, new)| !fast.contains_key(&new.key.name));
    let mut applied = carry_out(running, *decided, context, timings, Part::Rest, &mut |_| {
        None
    });
    match &mut applied {
        Ok(Applied::Taken(taken)) => {
            running.agreed = Some(true);
            if !taken.is_patched {
                // That it is not in the program is not true of what the fast way has brought.
                taken.notes.clear();
            }
        }
        // It stays unconfirmed, to be undone.
        Ok(Applied::Restart { .. }) | Err(_) => running.unconfirmed = Some(unconfirmed),
    }
    applied
}

/// Moves what a shadow came to into the running program. Nothing is known then of what the full way will say.
///
/// # Errors
/// As [`apply`].
pub fn apply_fast(
    running: &mut Running,
    decided: Replacement<'_>,
    mut fingerprints: Fingerprints,
    shadow: (&UnitKey, &[Function]),
    context: &Environment<'_>,
    timings: &mut Timings,
) -> Result<Applied> {
    let before = match &running.unconfirmed {
        Some(unconfirmed) => unconfirmed.before.clone(),
        None => running.live.snapshot(),
    };
    let mut has: HashSet<String> = running
        .unconfirmed
        .iter()
        .flat_map(|unconfirmed| unconfirmed.fingerprints.keys().cloned())
        .collect();
    let applied = if decided.is_empty() {
        Applied::Taken(Taken::default())
    } else {
        carry_out(
            running,
            decided,
            context,
            timings,
            Part::All,
            &mut |patch| {
                let names = patch.functions.iter().map(|one| one.key.name.clone());
                has.extend(names);
                asks_for_types(patch)
            },
        )?
    };
    // Nobody calls the others, and the full way may not even compile them.
    fingerprints.retain(|symbol, _| has.contains(symbol));
    if matches!(applied, Applied::Taken(_)) {
        running.unconfirmed = Some(Unconfirmed {
            unit: shadow.0.clone(),
            fingerprints,
            functions: shadow.1.to_vec(),
            before,
            patch: running.patches,
        });
    }
    Ok(applied)
}

/// True if the full way has made every function what the fast way made it.
fn agrees(fast: &Fingerprints, decided: &Replacement<'_>) -> bool {
    if decided.cut.is_some() || !decided.renewed.is_empty() {
        return false;
    }
    let difference = &decided.difference;
    let differs: HashSet<&str> = difference
        .changed
        .iter()
        .map(|function| function.new.key.name.as_str())
        .chain(
            difference
                .added
                .iter()
                .map(|function| function.key.name.as_str()),
        )
        .collect();
    fast.iter().all(|(symbol, fingerprint)| {
        differs.contains(symbol.as_str())
            && difference
                .fingerprints
                .get(symbol)
                .is_some_and(|full| full.is_alike(fingerprint))
    })
}

/// Why a patch is left to the full way: it finds values by a type by which the program has found none before, and whether another
/// type is asked for no longer shows only where all functions are.
fn asks_for_types(patch: &Patch) -> Option<Reason> {
    let found = patch
        .functions
        .iter()
        .filter(|function| function.is_new)
        .map(|function| pretty(&function.key.name))
        .find(|name| name.contains("core::any::"))?;
    Some(Reason::new(&codes::TYPE_DOUBT, format!("`{found}` is new")))
}

/// How much of an edit is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it.
    All,
    /// What a fast patch has left: the effect of the edit may be in that patch.
    Rest,
}

/// Link and send, unless something in the patch speaks against it.
fn carry_out(
    running: &mut Running,
    mut decided: Replacement<'_>,
    context: &Environment<'_>,
    timings: &mut Timings,
    part: Part,
    objection: &mut dyn FnMut(&Patch) -> Option<Reason>,
) -> Result<Applied> {
    // What is cut has no place in the program under its new name: that of the old name is the old version's.
    let (cut, moved): (Vec<_>, Vec<_>) = decided
        .names
        .moved_functions()
        .map(|(new, old)| (old.clone(), new.clone()))
        .partition(|(_, new): &(FunctionKey, FunctionKey)| {
            decided
                .cut
                .as_ref()
                .is_some_and(|cut| cut.exposes(&new.name))
        });
    let mut removed = decided.difference.removed.clone();
    removed.extend(cut.into_iter().map(|(old, _)| old));
    let departed = std::mem::take(&mut decided.departed);
    if decided.is_empty() {
        // The names may have moved all the same.
        running
            .live
            .commit_names(&moved, &removed, &decided.difference.renamed_statics);
        running.live.depart(departed);
        return Ok(not_needed(&decided));
    }
    if let Some(reason) = running.is_lost() {
        return Ok(Applied::Restart {
            reasons: vec![reason],
        });
    }
    let started = Instant::now();
    let effect = effect(&running.live, &running.stacks, &decided, context)?;
    if let Some(reason) = effect.none
        && part == Part::All
    {
        return Ok(Applied::Restart {
            reasons: vec![reason],
        });
    }
    decided.notes.extend(effect.notes);
    let old_bodies = old_bodies(&running.live, &decided);
    let arena = running.arena();
    let linked = {
        let (live, mut ask) = running.for_linking();
        link(&mut decided, live, context.policy, arena, &mut ask)
            .map(|patch| (patch, ask.into_window()))
    };
    let (patch, window) = match linked {
        Ok((patch, Some(window))) => (patch, window),
        Ok((_, None)) => anyhow::bail!("the linker took no place for its patch"),
        Err(error) => return refusal(error),
    };
    timings.link += milliseconds(started);
    if let Some(reason) = objection(&patch) {
        return Ok(Applied::Restart {
            reasons: vec![reason],
        });
    }

    let started = Instant::now();
    if let Some(reason) = running.is_busy(&decided.difference.rewritten) {
        return Ok(Applied::Restart {
            reasons: vec![reason],
        });
    }
    let (table, acknowledged) = match running.send(&patch, &window) {
        Ok(sent) => sent,
        Err(error) => return refusal(error),
    };
    if let Some(cut) = decided.cut.clone() {
        running.live.cut(cut);
    }
    running.live.commit(
        &patch,
        table,
        &moved,
        &removed,
        &decided.difference.renamed_statics,
    );
    running.live.depart(departed);
    timings.apply = milliseconds(started);

    Ok(Applied::Taken(Taken {
        is_patched: !decided.is_only_lines(),
        functions: patched_functions(&decided, &patch),
        notes: decided.notes,
        old_bodies,
        acknowledged: Some(acknowledged),
        marks: marks(&patch, effect.callers),
    }))
}

/// What has to be replaced; an error is what the edit comes to without that.
pub(super) fn replacement(decision: Decision<'_>) -> Result<Box<Replacement<'_>>, Applied> {
    match decision {
        Decision::Same => Err(Applied::Taken(Taken::default())),
        Decision::Restart { reasons } => Err(Applied::Restart { reasons }),
        Decision::Replace(decided) => Ok(decided),
    }
}

/// Links what was decided.
pub(super) fn link(
    decided: &mut Replacement<'_>,
    live: &Live,
    policy: &SlotPolicy,
    arena: std::ops::Range<RunAddr>,
    program: &mut dyn ProgramSide,
) -> Result<Patch> {
    let renewed: Vec<NewFunction> = decided
        .renewed
        .iter()
        .chain(&decided.spared.functions)
        .cloned()
        .collect();
    let marked = marked(decided);
    let request = Request {
        replacements: &decided.replacements,
        renewed: &renewed,
        changed_constants: &decided.difference.changed_constants,
        rewritten: &decided.difference.rewritten,
        names: &decided.names,
        cut: decided.cut.as_ref(),
        marked: &marked,
        policy,
        arena,
    };
    link::link(&request, live, &mut decided.store, program)
}

/// The functions that carry the edit: the program tells when each of them is first called.
fn marked(decided: &Replacement<'_>) -> BTreeSet<String> {
    let replaced = decided.replacements.iter().map(|(_, new)| new);
    let of_cut = |name: &str| decided.cut.as_ref().is_some_and(|cut| cut.exposes(name));
    let changed = &decided.difference.changed;
    let cut = changed.iter().map(|function| &function.new);
    let marked: BTreeSet<String> = replaced
        .chain(&decided.renewed)
        .chain(cut.filter(|new| of_cut(&new.key.name)))
        .map(|new| new.key.name.as_str())
        .filter(|name| !decided.refreshed.contains(*name) && !decided.spared.led.contains(*name))
        .map(str::to_owned)
        .collect();
    let named: HashSet<String> = marked.iter().map(|symbol| pretty(symbol)).collect();
    let is_shim = |symbol: &str| {
        called_by_shim(&pretty(symbol)).is_some_and(|function| named.contains(function))
    };
    marked
        .iter()
        .filter(|symbol| !is_shim(symbol))
        .cloned()
        .collect()
}

/// What is called by the code that the compiler makes for `FnOnce`: nearly no closure in a `Box<dyn Fn()>` is ever called by that.
fn called_by_shim(path: &str) -> Option<&str> {
    let (function, shim) = path
        .strip_prefix('<')?
        .rsplit_once(" as core::ops::function::FnOnce<")?;
    shim.contains(">>::call_once").then_some(function)
}

/// The marks of a patch that the program has.
fn marks(patch: &Patch, mut callers: HashMap<String, Callers>) -> Vec<Mark> {
    let marked = patch.functions.iter().filter_map(|function| {
        let symbol = &function.key.name;
        Some(Mark {
            address: function.marked?.mark.0,
            callers: callers.remove(symbol).unwrap_or_default(),
            symbol: symbol.clone(),
        })
    });
    marked.collect()
}

/// What is said of the functions of a patch.
pub(super) fn patched_functions(decided: &Replacement<'_>, patch: &Patch) -> Vec<FunctionReport> {
    let names = |functions: &[NewFunction]| -> HashSet<String> {
        functions
            .iter()
            .map(|function| function.key.name.clone())
            .collect()
    };
    let added = names(&decided.difference.added);
    let mut renewed = names(&decided.renewed);
    renewed.extend(names(&decided.spared.functions));
    let changed: HashSet<&str> = decided
        .difference
        .changed
        .iter()
        .map(|function| function.new.key.name.as_str())
        .collect();
    let kind = |function: &link::PatchedFunction| {
        let name = &function.key.name;
        // Nobody edited what only leads to something.
        if decided.spared.led.contains(name) {
            return None;
        }
        let is_cut = decided.cut.as_ref().is_some_and(|cut| cut.exposes(name));
        if is_cut && !added.contains(name) {
            // What the new version needs of its own, and is as before, is nothing that anybody edited.
            return changed
                .contains(name.as_str())
                .then_some(FunctionKind::Patched);
        }
        Some(if function.is_new && !renewed.contains(name) {
            FunctionKind::New
        } else if decided.refreshed.contains(name) {
            FunctionKind::Refreshed
        } else {
            FunctionKind::Patched
        })
    };
    let mut functions: Vec<FunctionReport> = patch
        .functions
        .iter()
        .filter(|function| function.slot.is_some())
        .filter_map(|function| {
            Some(FunctionReport {
                name: pretty(&function.key.name),
                kind: kind(function)?,
                thread: None,
                certain: None,
            })
        })
        .collect();
    functions.extend(patch.rewrites.iter().map(|rewrite| FunctionReport {
        name: judge::static_path(&rewrite.name),
        kind: FunctionKind::Static,
        thread: None,
        certain: None,
    }));
    functions.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    functions
}

/// A refusal inside of an error is a reason to restart; anything else stays an error.
pub(super) fn refusal(error: anyhow::Error) -> Result<Applied> {
    match error.downcast_ref::<Reason>() {
        Some(reason) => Ok(Applied::Restart {
            reasons: vec![reason.clone()],
        }),
        None => Err(error),
    }
}
/// Code (run addresses), and the function that it is or was a version of.
pub type Bodies = Vec<(std::ops::Range<u64>, String)>;

/// All versions that the program has, before the patch, of the functions that somebody edited.
pub(super) fn old_bodies(live: &Live, decided: &Replacement<'_>) -> Bodies {
    decided
        .replacements
        .iter()
        .map(|(old, new)| (old, &new.key))
        .chain(
            decided
                .renewed
                .iter()
                .map(|function| (&function.key, &function.key)),
        )
        .chain(
            decided
                .difference
                .changed
                .iter()
                .filter(|function| {
                    let cut = decided.cut.as_ref();
                    cut.is_some_and(|cut| cut.exposes(&function.new.key.name))
                })
                .map(|function| (&function.old, &function.new.key)),
        )
        .filter(|(_, new)| !decided.refreshed.contains(&new.name))
        .filter_map(|(old, new)| {
            let object = old.object.as_deref().unwrap_or("");
            let Ok(Some(Callable::Slot(slot))) = live.function(&old.name, object) else {
                return None;
            };
            Some((slot, &new.name))
        })
        .flat_map(|(slot, name)| {
            live.all_bodies(slot)
                .map(|body| (body.start.0..body.end.0, name.clone()))
        })
        .collect()
}

/// Those that have a frame, once for each thread's name.
pub(super) fn still_running(stacks: &Stacks, old_bodies: &Bodies) -> Vec<FunctionReport> {
    if old_bodies.is_empty() {
        return Vec::new();
    }
    // The program may have ended by now: then nothing of it runs.
    let found = match stacks.look() {
        Ok(look) => look.still_running(old_bodies),
        Err(_) => return Vec::new(),
    };
    let mut frames: BTreeMap<(String, String), bool> = BTreeMap::new();
    for one in found {
        *frames.entry((one.function, one.thread)).or_default() |= one.certain;
    }
    frames
        .into_iter()
        .map(|((function, thread), certain)| FunctionReport {
            name: pretty(&function),
            kind: FunctionKind::StillRunning,
            thread: Some(thread),
            certain: Some(certain),
        })
        .collect()
}

/// Nothing is to be sent: what changed is not in the program.
pub(super) fn not_needed(decided: &Replacement<'_>) -> Applied {
    let mut notes = decided.notes.clone();
    notes.extend(not_in_program(&decided.difference));
    Applied::Taken(Taken {
        notes,
        ..Taken::default()
    })
}

/// Changed functions that the program does not have: nobody calls them, so the linker dropped them.
fn not_in_program(difference: &Difference) -> Vec<String> {
    let names: BTreeSet<String> = difference
        .changed
        .iter()
        .filter(|function| function.change == Change::Code)
        .map(|function| pretty(&function.new.key.name))
        .collect();
    names
        .into_iter()
        .map(|name| format!("`{name}` is not part of the program: nothing calls it"))
        .collect()
}
