//! Compiling shadows: see [`crate::shadow`]. Each unit's has a directory of its own inside of the unit's one for replays, and is
//! compiled in advance like the unit itself.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{CompileError, Compiler, Shared, failed, next_generation, out_name};
use crate::capture::child::CancelFlag;
use crate::capture::inputs::parse_dep_info;
use crate::capture::published::Published;
use crate::capture::record::ObjectRef;
use crate::capture::replay::{Job, ReplayError};
use crate::cli::Fast;
use crate::guard;
use crate::plan::PlannedUnit;
use crate::shadow::tree::{Function, Mirror, Tree};

/// Where the whole unit takes less than this, a slice of it would not be done sooner. (The smallest program takes 50 ms, and a slice of
/// it 35.)
const WORTHWHILE: Duration = Duration::from_millis(35);

/// The file, in a unit's directory for replays, with how long the last replay took, in milliseconds.
const DURATION: &str = "duration";

/// The directory of a unit's shadow inside of the unit's one for replays, in front of the session's number, and that of its slices
/// inside of it.
const SHADOW: &str = "shadow-";
const SLICE: &str = "slice";

/// The directory in one of these with the copies of the sources.
const MIRROR: &str = "mirror";

/// How many functions stay in a shadow after their edit: who edits one again finds it compiled.
const RECENT: usize = 6;

/// How often a slice is compiled again with what the compiler asked for, while somebody waits and while nobody does.
const LESSONS: u32 = 1;
const LESSONS_IN_ADVANCE: u32 = 5;

/// Of how many functions slices are compiled in advance, to learn what they lack.
const SAMPLES: usize = 3;

/// A content of a file, by path.
pub type Contents = Vec<(PathBuf, Arc<[u8]>)>;

/// The shadow of one unit.
#[derive(Debug)]
pub(super) struct UnitShadow {
    tree: Tree,
    whole: Mirror,
    slice: Mirror,
    /// The functions whose bodies are there in the whole shadow, by the number of their static.
    kept: Vec<Function>,
    /// Where objects are; the last two are kept.
    out_dirs: Vec<PathBuf>,
    /// The whole was compiled since the last build, so that what is compiled next is near to it.
    is_warm: bool,
    /// Functions whose slices do not compile.
    unsliced: HashSet<Function>,
    /// Functions of which it is not known yet whether that is the slice's fault or the edit's.
    suspected: Vec<Function>,
}

/// How much of a shadow is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// What the edited functions can see.
    Slice,
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
    /// True if this unit has a shadow: its sources were read.
    #[must_use]
    pub fn has_shadow(&self, key: &str) -> bool {
        let index = self.index_of(key);
        index.is_some_and(|index| self.shared.has_shadow(index))
    }

    /// True if a shadow of this unit would be compiled at once: nothing waits to be compiled the full way but what is in `plan`.
    #[must_use]
    pub fn can_compile_shadow(&self, key: &str, plan: &[PlannedUnit]) -> bool {
        let is_planned = |index: &usize| {
            let key = &self.shared.units[*index].key;
            plan.iter().any(|planned| planned.key == *key)
        };
        self.has_shadow(key) && self.pending.keys().all(is_planned)
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
            .pause_for(&std::collections::BTreeMap::new(), cancel);
        let compiled = guard::catch("fast compile", || {
            guard::trial("fast");
            self.shared.compile_shadow(index, files, functions, cancel)
        });
        let compiled = compiled.unwrap_or_else(|panicked| {
            let reason = panicked.reason();
            // What is known of the shadow may be half of it.
            self.shared.remove_shadow(index);
            guard::report(&panicked);
            Err(ReplayError::Failed(anyhow::Error::new(reason)))
        });
        compiled.map_err(|error| match error {
            _ if cancel.is_cancelled() => CompileError::Cancelled,
            ReplayError::Source { rendered } => CompileError::Source { rendered },
            ReplayError::Cancelled => CompileError::Cancelled,
            ReplayError::Failed(error) => failed(&error),
        })
    }
}

impl Shared {
    fn shadow_dir(&self, index: usize, extent: Extent) -> PathBuf {
        // Two sessions can have edits of their own in one shadow.
        let slot = self.read_published(Published::slot);
        let whole = self.replay_dir(index).join(format!("{SHADOW}{slot}"));
        match extent {
            Extent::Whole => whole,
            Extent::Slice => whole.join(SLICE),
        }
    }

    /// Reads the sources of a unit that is known to be worth a shadow, so that its slices can be compiled.
    pub(super) fn read_shadow(&self, index: usize) -> Result<()> {
        let unit = &self.units[index];
        let is_worthwhile = match self.fast {
            Some(Fast::Always) => true,
            Some(Fast::Auto) => {
                duration(&self.replay_dir(index)).is_some_and(|whole| whole >= WORTHWHILE)
            }
            Some(Fast::Never) | None => false,
        };
        if !is_worthwhile || unit.opt_level != "0" {
            return Ok(());
        }
        let text = std::fs::read_to_string(&unit.dep_info)
            .with_context(|| format!("cannot read {}", unit.dep_info.display()))?;
        let files: Contents = parse_dep_info(&text, &unit.cwd)
            .into_iter()
            .filter_map(|path| Some((path.clone(), std::fs::read(&path).ok()?.into())))
            .collect();
        // Not under the lock: a save may ask whether there is one.
        let mut tree = Tree::new(unit)?;
        tree.set_files(files);
        let mirror = |extent: Extent| Mirror::new(self.shadow_dir(index, extent).join(MIRROR));
        let shadow = UnitShadow {
            tree,
            whole: mirror(Extent::Whole),
            slice: mirror(Extent::Slice),
            kept: Vec::new(),
            out_dirs: Vec::new(),
            is_warm: false,
            unsliced: HashSet::new(),
            suspected: Vec::new(),
        };
        self.shadows().insert(index, shadow);
        Ok(())
    }

    pub(super) fn remove_shadow(&self, index: usize) {
        self.shadows().remove(&index);
    }

    fn shadows(&self) -> MutexGuard<'_, HashMap<usize, UnitShadow>> {
        self.shadows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first compilation of a whole shadow since the build, with no body that could be left out; for units that are worth it.
    pub(super) fn warm_shadow(&self, index: usize, cancel: &CancelFlag) -> Result<(), ReplayError> {
        if self.fast == Some(Fast::Auto) && duration(&self.replay_dir(index)).is_none() {
            self.warm_unit(index, cancel)?;
        }
        if !self.has_shadow(index) {
            self.read_shadow(index)?;
        }
        if !self.has_shadow(index) {
            return Ok(());
        }
        let compiled = self.compile_extent(index, &[], Extent::Whole, true, cancel);
        match compiled {
            // What is called serde here may be another crate.
            Err(ReplayError::Source { .. })
                if self.with_shadow(index, |shadow| shadow.tree.keep_derives())? =>
            {
                self.compile_extent(index, &[], Extent::Whole, true, cancel)?;
            }
            other => drop(other?),
        }
        Ok(self.with_shadow(index, |shadow| shadow.is_warm = true)?)
    }

    fn has_shadow(&self, index: usize) -> bool {
        self.shadows().contains_key(&index)
    }

    fn with_shadow<T>(&self, index: usize, use_it: impl FnOnce(&mut UnitShadow) -> T) -> Result<T> {
        let mut shadows = self.shadows();
        let shadow = shadows
            .get_mut(&index)
            .with_context(|| format!("the sources of {} were not read", self.units[index].key))?;
        Ok(use_it(shadow))
    }

    /// Compiles the slice of `functions`; where it is most of the crate, and of functions whose slices do not compile, the whole shadow.
    fn compile_shadow(
        &self,
        index: usize,
        files: Contents,
        functions: &[Function],
        cancel: &CancelFlag,
    ) -> Result<Option<CompiledShadow>, ReplayError> {
        let is_unsliced = self.with_shadow(index, |shadow| {
            shadow.tree.set_files(files);
            let mut functions = functions.iter();
            functions.any(|function| shadow.unsliced.contains(function))
        })?;
        if !is_unsliced {
            match self.compile_slice(index, functions, LESSONS, false, cancel) {
                Ok(None) => {}
                Err(ReplayError::Source { rendered }) => {
                    // Either the edit does not compile, or a slice of it never does: the full way tells.
                    self.with_shadow(index, |shadow| shadow.suspected = functions.to_vec())?;
                    return Err(ReplayError::Source { rendered });
                }
                other => return other,
            }
        }
        if self.with_shadow(index, |shadow| shadow.is_warm)? {
            self.compile_extent(index, functions, Extent::Whole, false, cancel)
        } else {
            Ok(None)
        }
    }

    /// Compiles a slice, and if it lacks something, a larger one, up to so many times.
    fn compile_slice(
        &self,
        index: usize,
        functions: &[Function],
        lessons: u32,
        background: bool,
        cancel: &CancelFlag,
    ) -> Result<Option<CompiledShadow>, ReplayError> {
        let learned = self.with_shadow(index, |shadow| shadow.tree.learned().clone())?;
        let mut left = lessons;
        loop {
            match self.compile_extent(index, functions, Extent::Slice, background, cancel) {
                Err(ReplayError::Source { rendered }) => {
                    let has_learned = self.with_shadow(index, |shadow| {
                        let has_learned = left > 0 && shadow.tree.learn(&rendered);
                        if !has_learned {
                            // What an error asks for that is the edit's is no name of the crate.
                            shadow.tree.learned_only(learned.clone());
                        }
                        has_learned
                    })?;
                    if !has_learned {
                        return Err(ReplayError::Source { rendered });
                    }
                    left -= 1;
                }
                other => return other,
            }
        }
    }

    /// Compiles some slices before anybody waits for one: what they lack, the first edit's would.
    pub(super) fn warm_slices(&self, index: usize, cancel: &CancelFlag) -> Result<(), ReplayError> {
        if !self.has_shadow(index) {
            return Ok(());
        }
        let samples = self.with_shadow(index, |shadow| shadow.tree.samples(SAMPLES))?;
        for function in samples {
            match self.compile_slice(index, &[function], LESSONS_IN_ADVANCE, true, cancel) {
                // It is as good as no sample.
                Ok(_) | Err(ReplayError::Source { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Says whether the crate itself compiles, to whoever thought that his slice did not because of it.
    pub(super) fn compiled_whole(&self, index: usize, does_compile: bool) {
        if let Some(shadow) = self.shadows().get_mut(&index) {
            let suspected = std::mem::take(&mut shadow.suspected);
            if does_compile {
                shadow.unsliced.extend(suspected);
            }
        }
    }

    fn compile_extent(
        &self,
        index: usize,
        functions: &[Function],
        extent: Extent,
        background: bool,
        cancel: &CancelFlag,
    ) -> Result<Option<CompiledShadow>, ReplayError> {
        let directory = self.shadow_dir(index, extent);
        let written = self.with_shadow(index, |shadow| -> Result<_> {
            let Some((mirror, numbers)) = shadow.write(functions, extent)? else {
                return Ok(None);
            };
            let out_dir = directory.join(out_name(next_generation()));
            shadow.out_dirs.push(out_dir.clone());
            if shadow.out_dirs.len() > 2 {
                super::remove_directory(Some(&shadow.out_dirs.remove(0)));
            }
            Ok(Some((out_dir, mirror, numbers)))
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
    /// Writes the shadow of `functions`. Returns where it is, and the numbers of their statics. `None` when there is none.
    fn write(
        &mut self,
        functions: &[Function],
        extent: Extent,
    ) -> Result<Option<(PathBuf, Vec<usize>)>> {
        let (mirror, is_written) = match extent {
            Extent::Whole => {
                self.keep(functions);
                let written = self.tree.write(&mut self.whole, &self.kept, None)?;
                (&self.whole, written)
            }
            Extent::Slice => {
                let Some(slice) = self.tree.slice(functions) else {
                    return Ok(None);
                };
                let written = self.tree.write(&mut self.slice, functions, Some(&slice))?;
                (&self.slice, written)
            }
        };
        let numbered = match extent {
            Extent::Whole => &self.kept,
            Extent::Slice => functions,
        };
        let numbers = functions
            .iter()
            .filter_map(|function| numbered.iter().position(|kept| kept == function))
            .collect();
        Ok(is_written.then(|| (mirror.directory().to_owned(), numbers)))
    }

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

/// Where shadows and slices of a unit have their objects, of whatever session.
pub(super) fn shadow_directories(replay: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(replay).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(SHADOW))
        .flat_map(|entry| [entry.path().join(SLICE), entry.path()])
}
