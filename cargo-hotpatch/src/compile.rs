//! Replays captured compilers: the units of a plan, in the order of their dependencies, two at a time where they allow.
//!
//! What a later replay sees of an earlier one:
//!
//! - A unit that is *published* leaves its metadata beside its objects. Units that are compiled after it in the same
//!   [`Compiler::compile`] read that. [`Compiler::commit`] makes it what all later replays read.
//! - A replay counts only when the session says so. [`Compiler::commit`]: the running program has this code (patched,
//!   or nothing to patch). Anything else, that is [`Compiler::discard`], an error or a cancellation, leaves the
//!   published metadata as it was, and remembers the units: the next [`Compiler::compile`] compiles them again, also
//!   when only others are asked for.
//!
//! So published metadata always describes the running program, and the objects of a successful replay always hold
//! everything in which the source differs from it. Were published metadata to follow the source instead, a unit that is
//! edited after a refused patch would be compiled against types that the running program does not have, and nothing in
//! the objects that are compared would show it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use object::{Object as _, ObjectSymbol as _};

use crate::capture::RecordDir;
use crate::capture::cargo::Built;
use crate::capture::child::CancelFlag;
use crate::capture::record::{ObjectRef, UnitKey, UnitRecord};
use crate::capture::replay::{Job, ReplayError, Replayed, is_warm, replay, write_metadata_archive};
use crate::codes::{self, Reason};
use crate::plan::PlannedUnit;

/// How often a wait for a compilation in advance looks whether it was cancelled.
const WAIT: Duration = Duration::from_millis(20);

/// A unit that was compiled again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledUnit {
    /// Which.
    pub key: UnitKey,
    /// Its objects, all that it has in a link: the allocator shim of an executable, which is made only for a link, is
    /// the link's own. The files stay until the commit after the next that concerns this unit.
    pub objects: Vec<ObjectRef>,
    /// Every file that it was compiled from now; for [`crate::capture::inputs::Inputs::set_sources`].
    pub new_inputs: Vec<PathBuf>,
    /// Warnings as the compiler renders them; empty if there are none.
    pub rendered_warnings: String,
}

/// Why there are no objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompileError {
    /// The source does not compile.
    Source {
        /// What the compiler said, with colours if they were asked for.
        rendered: String,
    },
    /// The flag was set.
    Cancelled,
    /// Not the source's fault: only cargo can help.
    Failed(Reason),
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source { .. } => f.write_str("the source does not compile"),
            Self::Cancelled => f.write_str("the compilation was cancelled"),
            Self::Failed(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for CompileError {}

/// Replays the units of one build.
#[derive(Debug)]
pub struct Compiler {
    shared: Arc<Shared>,
    /// For each unit, the units it is compiled from.
    dependencies: Vec<Vec<usize>>,
    /// What was asked for since the last commit, and whether it is to be published.
    pending: BTreeMap<usize, bool>,
    /// The directory with the metadata of committed replays, and whose metadata is there.
    published: Option<PathBuf>,
    published_keys: BTreeSet<UnitKey>,
    /// What the last successful replay has left, until commit or discard.
    staged: Option<Staged>,
    /// Counts replays.
    generation: u64,
    /// For each unit, the generations whose objects are kept: the committed one is last.
    kept: BTreeMap<usize, Vec<u64>>,
    warm_up: Option<JoinHandle<()>>,
    /// Objects of the link that the compiler makes only for a link: see [`is_allocator_shim`].
    link_only: Vec<ObjectRef>,
}

#[derive(Debug)]
struct Staged {
    directory: Option<PathBuf>,
    keys: BTreeSet<UnitKey>,
    units: Vec<usize>,
}

/// What the thread that compiles in advance has to know.
#[derive(Debug)]
struct Shared {
    directory: RecordDir,
    units: Vec<UnitRecord>,
    color: bool,
    warm: Mutex<Warm>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Warm {
    /// Units that were never replayed; the next one is last.
    cold: Vec<usize>,
    running: Option<(usize, CancelFlag)>,
    /// A real replay is under way.
    paused: bool,
    ended: bool,
}

impl Compiler {
    /// A compiler for the units of `built`. Nothing is started yet.
    #[must_use]
    pub fn new(directory: &RecordDir, built: &Built, color: bool) -> Self {
        remove_leftovers(directory);
        let shared = Shared {
            directory: directory.clone(),
            units: built.units.clone(),
            color,
            warm: Mutex::default(),
            changed: Condvar::new(),
        };
        Self {
            shared: Arc::new(shared),
            dependencies: built.dependencies.clone(),
            pending: BTreeMap::new(),
            published: None,
            published_keys: BTreeSet::new(),
            staged: None,
            generation: 0,
            kept: BTreeMap::new(),
            warm_up: None,
            link_only: link_only(built),
        }
    }

    /// Begins to replay, in the background and with low priority, units that were never replayed, so that the first
    /// edit of each finds an incremental directory. (Cargo's own cannot be taken: what rustc is to emit is part of
    /// what it compares, and it throws away everything that was made for other outputs.)
    pub fn warm_up(&mut self) {
        if self.warm_up.is_some() {
            return;
        }
        // The last one, the executable, first: that is where most edits are.
        self.shared.lock().cold = (0..self.shared.units.len())
            .filter(|index| !is_warm(&self.shared.incremental(*index)))
            .collect();
        let shared = Arc::clone(&self.shared);
        self.warm_up = Some(std::thread::spawn(move || shared.warm_up()));
    }

    /// How many units are still to be compiled in advance.
    #[must_use]
    pub fn cold_units(&self) -> usize {
        let warm = self.shared.lock();
        warm.cold.len() + usize::from(warm.running.is_some())
    }

    /// Compiles `planned`, and whatever was asked for since the last commit. The result is in the order of
    /// dependencies.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn compile(
        &mut self,
        planned: &[PlannedUnit],
        cancel: &CancelFlag,
    ) -> Result<Vec<CompiledUnit>, CompileError> {
        self.discard();
        for unit in planned {
            let Some(index) = self
                .shared
                .units
                .iter()
                .position(|known| known.key == unit.key)
            else {
                return Err(failed(&anyhow::anyhow!(
                    "unit {} was never recorded",
                    unit.key
                )));
            };
            let publish = self.pending.entry(index).or_insert(false);
            *publish |= unit.publish;
        }
        self.generation += 1;
        let shared = Arc::clone(&self.shared);
        let units: BTreeMap<usize, bool> = self.pending.clone();
        let _paused = shared.pause_warm_up(&units, cancel);
        let staging = self.stage(&units).map_err(|error| failed(&error))?;
        let result = self.run(&units, &staging, cancel);
        match result {
            Ok(compiled) => {
                self.staged = Some(staging);
                Ok(compiled)
            }
            Err(error) => {
                remove_directory(staging.directory.as_deref());
                Err(if cancel.is_cancelled() {
                    CompileError::Cancelled
                } else {
                    error
                })
            }
        }
    }

    /// The running program has the code of the last successful replay, or behaves as if it had.
    pub fn commit(&mut self) {
        let Some(staged) = self.staged.take() else {
            return;
        };
        self.pending.clear();
        if staged.directory.is_some() {
            let old = std::mem::replace(&mut self.published, staged.directory);
            remove_directory(old.as_deref());
            self.published_keys = staged.keys;
        }
        for index in staged.units {
            let kept = self.kept.entry(index).or_default();
            kept.push(self.generation);
            // The one before is kept too: the session may still compare with it.
            if kept.len() > 2 {
                kept.remove(0);
            }
            let kept = kept.clone();
            let key = &self.shared.units[index].key;
            for (path, pid, generation) in out_directories(&self.shared.directory.replay(key)) {
                if pid == std::process::id() && !kept.contains(&generation) {
                    remove_directory(Some(&path));
                }
            }
        }
    }

    /// The last successful replay did not get into the running program.
    pub fn discard(&mut self) {
        if let Some(staged) = self.staged.take() {
            remove_directory(staged.directory.as_deref());
        }
    }

    /// A directory with all metadata that this replay's units may read: what is published, and room for what they
    /// publish. None if there is neither.
    fn stage(&self, units: &BTreeMap<usize, bool>) -> Result<Staged> {
        let mut keys = self.published_keys.clone();
        let new: Vec<&UnitKey> = units
            .iter()
            .filter(|(_, publish)| **publish)
            .map(|(index, _)| &self.shared.units[*index].key)
            .collect();
        let units: Vec<usize> = units.keys().copied().collect();
        if new.is_empty() {
            return Ok(Staged {
                directory: None,
                keys,
                units,
            });
        }
        let name = format!("published-{}-{}", std::process::id(), self.generation);
        let directory = self.shared.directory.path().join("replay").join(name);
        remove_directory(Some(&directory));
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        if let Some(published) = &self.published {
            for key in keys.iter().filter(|key| !new.contains(key)) {
                let (from, to) = (archive(published, key), archive(&directory, key));
                fs::hard_link(&from, &to).with_context(|| {
                    format!("cannot link {} to {}", from.display(), to.display())
                })?;
            }
        }
        keys.extend(new.into_iter().cloned());
        Ok(Staged {
            directory: Some(directory),
            keys,
            units,
        })
    }

    /// Runs the compilers: each as soon as those are done whose metadata it reads.
    fn run(
        &self,
        units: &BTreeMap<usize, bool>,
        staged: &Staged,
        cancel: &CancelFlag,
    ) -> Result<Vec<CompiledUnit>, CompileError> {
        let limit = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let directory = staged.directory.as_deref().or(self.published.as_deref());
        let abort = CancelFlag::new();
        let mut waiting: Vec<usize> = units.keys().copied().collect();
        let mut done: BTreeMap<usize, CompiledUnit> = BTreeMap::new();
        let mut failure: Option<CompileError> = None;
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let mut running = 0;
            loop {
                let is_ready = |index: &usize| {
                    self.dependencies[*index]
                        .iter()
                        .all(|need| units.get(need) != Some(&true) || done.contains_key(need))
                };
                while failure.is_none()
                    && running < limit
                    && let Some(position) = waiting.iter().position(is_ready)
                {
                    let index = waiting.remove(position);
                    let publish = units.get(&index) == Some(&true);
                    let (sender, abort) = (sender.clone(), &abort);
                    running += 1;
                    scope.spawn(move || {
                        let result = self.replay_unit(
                            index,
                            publish,
                            directory,
                            &staged.keys,
                            cancel,
                            abort,
                        );
                        // The receiver lives as long as this scope.
                        let _ = sender.send((index, result));
                    });
                }
                if running == 0 {
                    break;
                }
                let Ok((index, result)) = receiver.recv() else {
                    break;
                };
                running -= 1;
                match result {
                    Ok(compiled) => {
                        done.insert(index, compiled);
                    }
                    Err(error) => {
                        // Those that end now because of `abort` are not the reason.
                        failure.get_or_insert(error);
                        abort.cancel();
                    }
                }
            }
        });
        match failure {
            Some(error) => Err(error),
            None => Ok(done.into_values().collect()),
        }
    }

    fn replay_unit(
        &self,
        index: usize,
        publish: bool,
        directory: Option<&Path>,
        keys: &BTreeSet<UnitKey>,
        cancel: &CancelFlag,
        abort: &CancelFlag,
    ) -> Result<CompiledUnit, CompileError> {
        let unit = &self.shared.units[index];
        let job = Job {
            unit,
            out_dir: &self.shared.out_dir(index, self.generation),
            incremental: &self.shared.incremental(index),
            color: self.shared.color,
            background: false,
        };
        let replaced = |key: &str| {
            keys.contains(key)
                .then(|| archive(directory?, key).into())
                .flatten()
        };
        let replayed = replay(&job, publish, directory, &replaced, cancel, abort).map_err(
            |error| match error {
                ReplayError::Source { rendered } => CompileError::Source { rendered },
                ReplayError::Cancelled => CompileError::Cancelled,
                ReplayError::Failed(error) => failed(&error),
            },
        )?;
        let Replayed {
            mut objects,
            inputs,
            metadata,
            warnings,
        } = replayed;
        if let (Some(metadata), Some(directory)) = (metadata, directory) {
            write_metadata_archive(&metadata, &archive(directory, &unit.key))
                .map_err(|error| failed(&error))?;
        }
        let carried: Vec<ObjectRef> = self
            .link_only
            .iter()
            .filter(|object| object.unit == unit.key)
            .filter(|object| objects.iter().all(|other| other.cgu != object.cgu))
            .cloned()
            .collect();
        objects.extend(carried);
        Ok(CompiledUnit {
            key: unit.key.clone(),
            objects,
            new_inputs: inputs,
            rendered_warnings: warnings,
        })
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        self.discard();
        remove_directory(self.published.as_deref());
        {
            let mut warm = self.shared.lock();
            warm.ended = true;
            if let Some((_, flag)) = &warm.running {
                flag.cancel();
            }
        }
        self.shared.changed.notify_all();
        if let Some(thread) = self.warm_up.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Warm> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn incremental(&self, index: usize) -> PathBuf {
        self.directory
            .replay(&self.units[index].key)
            .join("incremental")
    }

    fn out_dir(&self, index: usize, generation: u64) -> PathBuf {
        let name = format!("out-{}-{generation}", std::process::id());
        self.directory.replay(&self.units[index].key).join(name)
    }

    /// The thread that compiles in advance.
    fn warm_up(&self) {
        loop {
            let mut warm = self.lock();
            while warm.paused && !warm.ended {
                warm = self
                    .changed
                    .wait(warm)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if warm.ended {
                return;
            }
            let Some(index) = warm.cold.pop() else { return };
            let flag = CancelFlag::new();
            warm.running = Some((index, flag.clone()));
            drop(warm);

            let out_dir = self.out_dir(index, 0);
            let job = Job {
                unit: &self.units[index],
                out_dir: &out_dir,
                incremental: &self.incremental(index),
                color: false,
                background: true,
            };
            // Whether it worked does not matter: then the first replay takes longer. Its source may just be edited.
            let result = replay(&job, false, None, &|_| None, &flag, &CancelFlag::new());
            remove_directory(Some(&out_dir));
            let mut warm = self.lock();
            warm.running = None;
            if matches!(result, Err(ReplayError::Cancelled)) {
                warm.cold.insert(0, index);
            }
            drop(warm);
            self.changed.notify_all();
        }
    }

    /// Stops compiling in advance while a real replay runs. One of a unit that is wanted now is waited for: it is
    /// ahead of a new one.
    fn pause_warm_up(&self, wanted: &BTreeMap<usize, bool>, cancel: &CancelFlag) -> Paused<'_> {
        let mut warm = self.lock();
        warm.paused = true;
        warm.cold.retain(|index| !wanted.contains_key(index));
        if let Some((index, flag)) = &warm.running
            && !wanted.contains_key(index)
        {
            flag.cancel();
        }
        while warm.running.is_some() && !cancel.is_cancelled() {
            let waited = self
                .changed
                .wait_timeout(warm, WAIT)
                .unwrap_or_else(PoisonError::into_inner);
            warm = waited.0;
        }
        drop(warm);
        Paused { shared: self }
    }
}

/// Lets the compilation in advance go on when dropped.
struct Paused<'a> {
    shared: &'a Shared,
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.shared.lock().paused = false;
        self.shared.changed.notify_all();
    }
}

/// The objects of executables that a replay does not make, since it does not link.
fn link_only(built: &Built) -> Vec<ObjectRef> {
    let is_executable = |key: &str| {
        built
            .units
            .iter()
            .any(|unit| unit.key == key && unit.is_executable)
    };
    let objects = built
        .link
        .objects
        .iter()
        .filter(|object| is_executable(&object.unit));
    objects
        .filter(|object| is_allocator_shim(object))
        .cloned()
        .collect()
}

/// True for the object that connects `__rust_alloc` and its like to the global allocator. It depends on nothing but
/// whether there is a `#[global_allocator]` (whose definition is in an object of its crate).
fn is_allocator_shim(object: &ObjectRef) -> bool {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(object.len).map_err(io::Error::other)?];
        fs::File::open(&object.path)?.read_exact_at(&mut bytes, object.offset)?;
        Ok(bytes)
    };
    // An object that cannot be read is found by those who need what is in it.
    let Ok(bytes) = read() else { return false };
    let Ok(file) = object::File::parse(&*bytes) else {
        return false;
    };
    file.symbols().any(|symbol| {
        symbol.is_definition()
            && symbol
                .name_bytes()
                .is_ok_and(|name| contains(name, b"__rust_no_alloc_shim_is_unstable"))
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn failed(error: &anyhow::Error) -> CompileError {
    CompileError::Failed(Reason::new(&codes::REPLAY_FAILED, format!("{error:#}")))
}

fn archive(directory: &Path, key: &str) -> PathBuf {
    directory.join(format!("lib{key}.rlib"))
}

/// Best effort: what stays is removed by the next session.
fn remove_directory(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = fs::remove_dir_all(path);
    }
}

/// `out-<process>-<generation>` directories of one unit.
fn out_directories(replay: &Path) -> Vec<(PathBuf, u32, u64)> {
    let entries = fs::read_dir(replay).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let (pid, generation) = name.to_str()?.strip_prefix("out-")?.split_once('-')?;
            Some((entry.path(), pid.parse().ok()?, generation.parse().ok()?))
        })
        .collect()
}

/// Removes what sessions have left that are no more, and earlier compilers of this one.
fn remove_leftovers(directory: &RecordDir) {
    let is_over =
        |pid: u32| pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists();
    let replay = directory.path().join("replay");
    for entry in fs::read_dir(&replay).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let published = name
            .to_str()
            .and_then(|name| name.strip_prefix("published-"))
            .and_then(|rest| rest.split_once('-'));
        match published {
            Some((pid, _)) if pid.parse().is_ok_and(is_over) => {
                remove_directory(Some(&entry.path()));
            }
            Some(_) => {}
            None => out_directories(&entry.path())
                .into_iter()
                .filter(|(_, pid, _)| is_over(*pid))
                .for_each(|(path, ..)| remove_directory(Some(&path))),
        }
    }
}
