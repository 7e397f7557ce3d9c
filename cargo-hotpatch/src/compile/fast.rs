//! Compiling shadows: see [`crate::shadow`]. Each unit's has a directory of its own inside of the unit's one for replays, and is
//! compiled in advance like the unit itself.

use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{CompileError, Compiler, Shared, failed};
use crate::capture::child::CancelFlag;
use crate::capture::inputs::parse_dep_info;
use crate::capture::record::ObjectRef;
use crate::capture::replay::{Job, ReplayError};
use crate::cli::Fast;
use crate::shadow::tree::{Function, Tree};

/// Where the whole unit takes less than this, a shadow of it would save less than it costs: nobody notices the difference, and the
/// whole unit is compiled behind it all the same.
const WORTHWHILE: Duration = Duration::from_millis(400);

/// The file, in a unit's directory for replays, with how long the last replay took, in milliseconds.
const DURATION: &str = "duration";

/// How many functions stay in a shadow after their edit: who edits one again finds it compiled.
const RECENT: usize = 6;

/// A content of a file, by path.
pub type Contents = Vec<(PathBuf, Arc<[u8]>)>;

/// The shadow of one unit.
#[derive(Debug)]
pub(super) struct UnitShadow {
    tree: Tree,
    /// The functions whose bodies are there, by the number of their static.
    kept: Vec<Function>,
    generation: u64,
    /// It was compiled since the last build, so that what is compiled next is near to it.
    is_warm: bool,
}

/// What was compiled of a shadow.
#[derive(Debug)]
pub struct CompiledShadow {
    /// Its objects. They stay until the next but one shadow of the unit.
    pub objects: Vec<ObjectRef>,
    /// The numbers of the statics that name the functions that were asked for, in their order.
    pub numbers: Vec<usize>,
}

impl Compiler {
    /// True if a shadow of this unit would be compiled at once: it was before, and nothing waits to be compiled the full way
    /// but this unit alone.
    #[must_use]
    pub fn is_shadow_warm(&self, key: &str) -> bool {
        let Some(index) = self.index_of(key) else {
            return false;
        };
        let shadows = self.shared.shadows.lock();
        let shadows = shadows.unwrap_or_else(PoisonError::into_inner);
        shadows.get(&index).is_some_and(|shadow| shadow.is_warm)
            && self
                .pending
                .iter()
                .all(|(other, publish)| *other == index && !publish)
    }

    fn index_of(&self, key: &str) -> Option<usize> {
        self.shared.units.iter().position(|unit| unit.key == key)
    }

    /// Compiles the shadow of a unit in which `functions` have their bodies. `None` when one of them cannot be in a shadow.
    ///
    /// # Errors
    /// See [`CompileError`]. An error in the source proves nothing.
    pub fn compile_shadow(
        &mut self,
        key: &str,
        files: Contents,
        functions: &[Function],
        cancel: &CancelFlag,
    ) -> Result<Option<CompiledShadow>, CompileError> {
        let Some(index) = self.index_of(key) else {
            return Ok(None);
        };
        let _paused = self
            .shared
            .pause_warm_up(&std::collections::BTreeMap::new(), cancel);
        let compiled = self
            .shared
            .compile_shadow(index, files, functions, false, cancel);
        compiled.map_err(|error| match error {
            _ if cancel.is_cancelled() => CompileError::Cancelled,
            ReplayError::Source { rendered } => CompileError::Source { rendered },
            ReplayError::Cancelled => CompileError::Cancelled,
            ReplayError::Failed(error) => failed(&error),
        })
    }
}

impl Shared {
    pub(super) fn shadow_dir(&self, index: usize) -> PathBuf {
        self.replay_dir(index).join("shadow")
    }

    /// The first compilation of a shadow since the build, with no body that could be left out; for units that are worth it.
    pub(super) fn warm_shadow(&self, index: usize, cancel: &CancelFlag) -> Result<(), ReplayError> {
        let unit = &self.units[index];
        if self.fast == Some(Fast::Auto) {
            let replays = self.replay_dir(index);
            if duration(&replays).is_none() {
                self.warm_unit(index, cancel)?;
            }
            if duration(&replays).is_none_or(|whole| whole < WORTHWHILE) {
                return Ok(());
            }
        }
        let text = std::fs::read_to_string(&unit.dep_info)
            .with_context(|| format!("cannot read {}", unit.dep_info.display()))?;
        let files: Contents = parse_dep_info(&text, &unit.cwd)
            .into_iter()
            .filter_map(|path| Some((path.clone(), std::fs::read(&path).ok()?.into())))
            .collect();
        let compiled = self.compile_shadow(index, files.clone(), &[], true, cancel);
        match compiled {
            // What is called serde here may be another crate.
            Err(ReplayError::Source { .. })
                if self.with_shadow(index, |shadow| shadow.tree.keep_derives())? =>
            {
                self.compile_shadow(index, files, &[], true, cancel)?;
            }
            other => drop(other?),
        }
        Ok(self.with_shadow(index, |shadow| shadow.is_warm = true)?)
    }

    fn with_shadow<T>(&self, index: usize, use_it: impl FnOnce(&mut UnitShadow) -> T) -> Result<T> {
        let mut shadows = self.shadows.lock().unwrap_or_else(PoisonError::into_inner);
        let shadow = match shadows.entry(index) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(UnitShadow {
                tree: Tree::new(&self.shadow_dir(index).join("mirror"), &self.units[index])?,
                kept: Vec::new(),
                generation: 0,
                is_warm: false,
            }),
        };
        Ok(use_it(shadow))
    }

    fn compile_shadow(
        &self,
        index: usize,
        files: Contents,
        functions: &[Function],
        background: bool,
        cancel: &CancelFlag,
    ) -> Result<Option<CompiledShadow>, ReplayError> {
        let directory = self.shadow_dir(index);
        let out =
            |generation: u64| directory.join(format!("out-{}-{generation}", std::process::id()));
        let written = self.with_shadow(index, |shadow| -> Result<_> {
            shadow.tree.set_files(files);
            shadow.keep(functions);
            if !shadow.tree.write(&shadow.kept)? {
                return Ok(None);
            }
            shadow.generation += 1;
            if let Some(old) = shadow.generation.checked_sub(2) {
                super::remove_directory(Some(&out(old)));
            }
            let numbers = functions
                .iter()
                .filter_map(|function| shadow.kept.iter().position(|kept| kept == function))
                .collect();
            let mirror = shadow.tree.directory().to_owned();
            Ok(Some((out(shadow.generation), mirror, numbers)))
        })?;
        let Some((out_dir, mirror, numbers)) = written? else {
            return Ok(None);
        };
        let job = Job {
            unit: &self.units[index],
            out_dir: &out_dir,
            directory: &directory,
            color: false,
            background,
            overlay: None,
            mirror: Some(&mirror),
        };
        let waiting = if background {
            None
        } else {
            self.waiting().remove(&index)
        };
        let replayed = self.replay(&job, waiting, cancel, &CancelFlag::new())?;
        Ok(Some(CompiledShadow {
            objects: replayed.objects,
            numbers,
        }))
    }
}

impl UnitShadow {
    /// Makes room for `functions` among those whose bodies are there.
    fn keep(&mut self, functions: &[Function]) {
        self.kept
            .retain(|function| functions.contains(function) || self.tree.can_be_kept(function));
        for function in functions {
            if self.kept.contains(function) {
                continue;
            }
            // A place that becomes free is taken at once, so that the others keep their numbers.
            let place = (self.kept.len() >= RECENT)
                .then(|| self.kept.iter().position(|kept| !functions.contains(kept)))
                .flatten();
            match place {
                Some(place) => self.kept[place] = function.clone(),
                None => self.kept.push(function.clone()),
            }
        }
    }
}

/// Takes note of how long the whole unit took, when only little of it had to be compiled.
pub(super) fn remember_duration(replays: &Path, whole: Duration) {
    // Whoever does not find it measures again.
    let _ = std::fs::write(replays.join(DURATION), whole.as_millis().to_string());
}

fn duration(replays: &Path) -> Option<Duration> {
    let text = std::fs::read_to_string(replays.join(DURATION)).ok()?;
    Some(Duration::from_millis(text.parse().ok()?))
}

/// True for the directory of a shadow's objects that a session has left which is no more.
pub(super) fn remove_leftovers(replay: &Path, is_over: &dyn Fn(u32) -> bool) {
    for (path, pid, _) in super::out_directories(&replay.join("shadow")) {
        if is_over(pid) {
            super::remove_directory(Some(&path));
        }
    }
}
