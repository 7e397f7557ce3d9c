//! Replays captured compilers: the units of a plan, in the order of their dependencies, two at a time where they allow.
//!
//! What a later replay sees of an earlier one:
//!
//! - A unit that is *published* leaves its metadata where its dependents find it ([`Published`]): those that are
//!   compiled after it in the same [`Compiler::compile`], and after a [`Compiler::commit`] all later ones.
//! - A replay counts only when the session says so. [`Compiler::commit`]: the running program has this code (patched,
//!   or nothing to patch). Anything else, that is [`Compiler::discard`], an error or a cancellation, brings back the
//!   metadata from before, and remembers the units: the next [`Compiler::compile`] compiles them again, also when only
//!   others are asked for.
//!
//! So published metadata always describes the running program, and the objects of a successful replay always hold
//! everything in which the source differs from it. Were published metadata to follow the source instead, a unit that is
//! edited after a refused patch would be compiled against types that the running program does not have, and nothing in
//! the objects that are compared would show it.

mod fast;
mod warm;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::Result;
use object::{Object as _, ObjectSymbol as _};

use crate::capture::RecordDir;
use crate::capture::cargo::Built;
use crate::capture::child::CancelFlag;
use crate::capture::overlay::Overlay;
use crate::capture::published::Published;
use crate::capture::record::{ObjectRef, UnitKey, UnitRecord};
use crate::capture::replay::{Job, ReplayError, Replayed, is_warm, replay};
use crate::capture::waiting::WaitingCompiler;
use crate::cli::Fast;
use crate::codes::{self, Reason};
use crate::guard;
use crate::plan::PlannedUnit;

pub use fast::{CompiledShadow, Contents};
pub use warm::Paused;
use warm::Warm;

/// Everything that this process compiled into a directory of its own, by whatever compiler.
static GENERATIONS: AtomicU64 = AtomicU64::new(0);

/// A number that no other directory of this process has: what an earlier compiler left is removed while the next one may write already.
fn next_generation() -> u64 {
    // Relaxed: nothing else is read by it, and each number is given once in any case.
    GENERATIONS.fetch_add(1, Ordering::Relaxed) + 1
}

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
    /// The units of the last successful replay, until commit or discard.
    staged: Option<Vec<usize>>,
    /// The number of the last replay; no other of this process has it, so that no path of an object ever means two.
    generation: u64,
    /// For each unit, the generations whose objects are kept: the committed one is last.
    kept: BTreeMap<usize, Vec<u64>>,
    warm_up: Option<JoinHandle<()>>,
    /// What a rehearsal compiles in the place of a file on disk.
    overlay: Option<Overlay>,
    /// The units of the last rehearsal, whose objects are still there, and its generation.
    rehearsed: Option<(Vec<usize>, u64)>,
    /// Objects of the link that the compiler makes only for a link: see [`is_allocator_shim`].
    link_only: Vec<ObjectRef>,
    /// The units of the last compilation; before the first one, none.
    last: Vec<usize>,
}

/// What the thread that compiles in advance has to know.
#[derive(Debug)]
struct Shared {
    directory: RecordDir,
    units: Vec<UnitRecord>,
    color: bool,
    /// Written by real replays only, while nothing is compiled in advance.
    published: RwLock<Published>,
    warm: Mutex<Warm>,
    changed: Condvar,
    /// Compilers that wait for an edit of their unit: of the units that were compiled last, at most one for each processor.
    waiting: Mutex<BTreeMap<usize, WaitingCompiler>>,
    /// Which units have shadows.
    fast: Option<Fast>,
    shadows: Mutex<HashMap<usize, fast::UnitShadow>>,
}

impl Compiler {
    /// A compiler for the units of `built`; `fast` says of which it makes shadows. Nothing is started yet.
    ///
    /// # Errors
    /// When the directories for replays cannot be made.
    pub fn new(
        directory: &RecordDir,
        built: &Built,
        color: bool,
        fast: Option<Fast>,
    ) -> Result<Self> {
        remove_leftovers(directory);
        let shared = Shared {
            directory: directory.clone(),
            units: built.units.clone(),
            color,
            published: RwLock::new(Published::open(directory, &built.units)?),
            warm: Mutex::default(),
            changed: Condvar::new(),
            waiting: Mutex::default(),
            fast,
            shadows: Mutex::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            dependencies: built.dependencies.clone(),
            pending: BTreeMap::new(),
            staged: None,
            generation: 0,
            kept: BTreeMap::new(),
            warm_up: None,
            overlay: None,
            rehearsed: None,
            link_only: link_only(built),
            last: Vec::new(),
        })
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
        self.discard().map_err(|error| failed(&error))?;
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
        self.generation = next_generation();
        let shared = Arc::clone(&self.shared);
        let units: BTreeMap<usize, bool> = self.pending.clone();
        self.last = units.keys().copied().collect();
        let _paused = shared.pause_for(&units, cancel);
        let publishing = units
            .iter()
            .filter(|(_, publish)| **publish)
            .map(|(index, _)| shared.units[*index].key.clone());
        let begun = shared.publish(|published| published.begin(publishing));
        let result = match begun {
            Ok(()) => self.run(&units, cancel),
            Err(error) => Err(failed(&error)),
        };
        if result.is_ok() {
            self.staged = Some(units.into_keys().collect());
        } else {
            shared
                .publish(Published::restore)
                .map_err(|error| failed(&error))?;
        }
        result.map_err(|error| {
            if cancel.is_cancelled() {
                CompileError::Cancelled
            } else {
                error
            }
        })
    }

    /// Starts the compilers of the next edit, which most often is one of what was edited last, or of the executable. To be
    /// called when nothing is waited for.
    pub fn stand_by(&self) {
        let executable = self.shared.units.len().checked_sub(1);
        let next = self
            .last
            .iter()
            .copied()
            .chain(executable.filter(|_| self.last.is_empty()));
        self.shared
            .stand_by(&next.take(processors()).collect::<Vec<_>>());
    }

    /// The running program has the code of the last successful replay, or behaves as if it had.
    pub fn commit(&mut self) {
        let Some(staged) = self.staged.take() else {
            return;
        };
        self.pending.clear();
        let _ = self.shared.publish(|published| {
            published.keep();
            Ok(())
        });
        for index in staged {
            let kept = self.kept.entry(index).or_default();
            kept.push(self.generation);
            // The one before is kept too: the session may still compare with it.
            if kept.len() > 2 {
                kept.remove(0);
            }
            let kept = kept.clone();
            let replay = self.shared.directory.replay(&self.shared.units[index].key);
            let newest = self.generation;
            // Hundreds of files each; a later generation may be in the making by then.
            // Best effort, as below.
            let _ = guard::spawn("clean up", move || {
                for (path, pid, generation) in out_directories(&replay) {
                    let is_over = generation < newest && !kept.contains(&generation);
                    if pid == std::process::id() && is_over {
                        remove_directory(Some(&path));
                    }
                }
            });
        }
    }

    /// The last successful replay did not get into the running program.
    ///
    /// # Errors
    /// When the metadata from before cannot be brought back; then only a new compiler, after a build, can go on.
    pub fn discard(&mut self) -> Result<()> {
        self.staged = None;
        self.shared.publish(Published::restore)
    }

    /// As [`Self::compile`], for objects that nothing is done with: neither what later replays read nor what they compile is
    /// changed by it. The objects are there until [`Self::forget_rehearsal`].
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn rehearse(
        &mut self,
        planned: &[PlannedUnit],
        overlay: Option<Overlay>,
        cancel: &CancelFlag,
    ) -> Result<Vec<CompiledUnit>, CompileError> {
        self.forget_rehearsal();
        let pending = self.pending.clone();
        self.overlay = overlay;
        let result = self.compile(planned, cancel);
        self.overlay = None;
        let compiled = self.pending.keys().copied().collect();
        self.rehearsed = Some((compiled, self.generation));
        self.pending = pending;
        self.discard().map_err(|error| failed(&error))?;
        result
    }

    /// Removes the objects of the last rehearsal.
    pub fn forget_rehearsal(&mut self) {
        if let Some((units, generation)) = self.rehearsed.take() {
            for index in units {
                remove_directory(Some(&self.shared.out_dir(index, generation)));
            }
        }
    }

    /// Runs the compilers: each as soon as those are done whose metadata it reads.
    fn run(
        &self,
        units: &BTreeMap<usize, bool>,
        cancel: &CancelFlag,
    ) -> Result<Vec<CompiledUnit>, CompileError> {
        let limit = processors();
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
                    let work = move || {
                        let result = guard::catch("compile", || {
                            self.replay_unit(index, publish, cancel, abort)
                        });
                        let result = result.unwrap_or_else(|panicked| {
                            Err(CompileError::Failed(panicked.reason()))
                        });
                        // The receiver lives as long as this scope.
                        let _ = sender.send((index, result));
                    };
                    let thread = std::thread::Builder::new().name("compile".to_owned());
                    if thread.spawn_scoped(scope, work.clone()).is_err() {
                        // No thread is to be had: one after the other.
                        work();
                    }
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
        cancel: &CancelFlag,
        abort: &CancelFlag,
    ) -> Result<CompiledUnit, CompileError> {
        let unit = &self.shared.units[index];
        // The first replay of a unit is as long as a build of it. Killed at every newer save, it would never end, and no
        // save after it would be quick; so it comes to its end, and the newer save finds it done.
        let unhurried = CancelFlag::new();
        let is_first = !is_warm(&self.shared.replay_dir(index));
        let cancel = if is_first { &unhurried } else { cancel };
        let job = Job {
            unit,
            out_dir: &self.shared.out_dir(index, self.generation),
            directory: &self.shared.replay_dir(index),
            color: self.shared.color,
            background: false,
            overlay: self.overlay.as_ref(),
            mirror: None,
        };
        // One with an overlay is started in another way.
        let waiting = match self.overlay {
            Some(_) => None,
            None => self.shared.waiting().remove(&index),
        };
        let replayed =
            self.shared
                .replay(&job, waiting, cancel, abort)
                .map_err(|error| match error {
                    ReplayError::Source { rendered } => {
                        self.shared.compiled_whole(index, false);
                        CompileError::Source { rendered }
                    }
                    ReplayError::Cancelled => CompileError::Cancelled,
                    ReplayError::Failed(error) => failed(&error),
                })?;
        self.shared.compiled_whole(index, true);
        let Replayed {
            mut objects,
            inputs,
            metadata,
            warnings,
        } = replayed;
        if publish && let Some(metadata) = metadata {
            self.shared
                .read_published(|published| published.write(&unit.key, &metadata))
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Warm> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what replays read.
    fn publish<T>(&self, change: impl FnOnce(&mut Published) -> Result<T>) -> Result<T> {
        change(
            &mut self
                .published
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn read_published<T>(&self, read: impl FnOnce(&Published) -> T) -> T {
        read(
            &self
                .published
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Has a compiler waiting for each of these units, and for no other.
    fn stand_by(&self, units: &[usize]) {
        let mut waiting = self.waiting();
        waiting.retain(|index, _| units.contains(index));
        for index in units {
            if !waiting.contains_key(index)
                && let Some(unit) = self.units.get(*index)
                // One that cannot be started now is started when it is needed, and then it is said why not.
                && let Ok(Some(compiler)) = WaitingCompiler::start(unit)
            {
                waiting.insert(*index, compiler);
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<usize, WaitingCompiler>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one compiler, with what is published now.
    fn replay(
        &self,
        job: &Job<'_>,
        waiting: Option<WaitingCompiler>,
        cancel: &CancelFlag,
        abort: &CancelFlag,
    ) -> Result<Replayed, ReplayError> {
        let directory = self.read_published(|published| published.directory().to_owned());
        let find = |key: &str| self.read_published(|published| published.find(key));
        let is_representative = job.mirror.is_none() && is_warm(job.directory);
        let started = Instant::now();
        let replayed = replay(job, &directory, &find, waiting, cancel, abort)?;
        if is_representative {
            fast::remember_duration(job.directory, started.elapsed());
        }
        Ok(replayed)
    }

    fn replay_dir(&self, index: usize) -> PathBuf {
        self.directory.replay(&self.units[index].key)
    }

    fn out_dir(&self, index: usize, generation: u64) -> PathBuf {
        self.replay_dir(index).join(out_name(generation))
    }
}

/// The object of the executable that a replay does not make, since it does not link.
fn link_only(built: &Built) -> Vec<ObjectRef> {
    let is_executable = |key: &str| {
        built
            .units
            .iter()
            .any(|unit| unit.key == key && unit.is_executable)
    };
    let mut objects: Vec<&ObjectRef> = built
        .link
        .objects
        .iter()
        .filter(|object| is_executable(&object.unit))
        .collect();
    // It is small, and there is one: the others need not be read.
    objects.sort_by_key(|object| object.len);
    objects
        .into_iter()
        .find(|object| is_allocator_shim(object))
        .cloned()
        .into_iter()
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

/// How many compilers run at a time.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

fn failed(error: &anyhow::Error) -> CompileError {
    // What has a code already keeps it.
    let known = error.downcast_ref::<Reason>().cloned();
    CompileError::Failed(
        known.unwrap_or_else(|| Reason::new(&codes::REPLAY_FAILED, format!("{error:#}"))),
    )
}

/// Best effort: what stays is removed by the next session.
fn remove_directory(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = fs::remove_dir_all(path);
    }
}

/// The name of the directory for what this process compiles as `generation`.
fn out_name(generation: u64) -> String {
    format!("out-{}-{generation}", std::process::id())
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

/// Removes, behind the caller's back, what sessions have left that are no more, and earlier compilers of this one: hundreds of files
/// each. Who compiles next makes directories of other names ([`next_generation`]).
fn remove_leftovers(directory: &RecordDir) {
    let is_over =
        |pid: u32| pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists();
    let replay = directory.path().join("replay");
    let units = fs::read_dir(&replay).into_iter().flatten().flatten();
    let leftovers: Vec<PathBuf> = units
        .flat_map(|unit| fast::shadow_directories(&unit.path()).chain([unit.path()]))
        .flat_map(|directory| out_directories(&directory))
        .filter(|(_, pid, _)| is_over(*pid))
        .map(|(path, ..)| path)
        .collect();
    let _ = guard::spawn("clean up", move || {
        for path in leftovers {
            remove_directory(Some(&path));
        }
    });
}
