//! The last build of a session, kept in the record directory: what `check` compares with when no session runs.
//!
//! Objects, image and compiler commands are in the record directory in any case. Kept beside them, in
//! `last-build/<unit>.json`, is how they belong together, and the source texts that they were built from. Whoever finds that the
//! image or an object is another one than the session saw says so, and compares nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::{Against, CheckKind, CheckReport, Unsaved};
use crate::capture::RecordDir;
use crate::capture::cargo::Built;
use crate::capture::child::CancelFlag;
use crate::capture::directory::{read_json, write_json};
use crate::capture::inputs::Inputs;
use crate::capture::record::{LinkRecord, UnitKey};
use crate::codes::{self, Reason};
use crate::compile::{CompiledUnit, Compiler};
use crate::event::Timings;
use crate::explain::{Explained, Observed};
use crate::link::store::Library;
use crate::link::{Live, PAGE, ProgramSide, align_up};
use crate::object::address::{LoadBias, RunAddr};
use crate::options::CheckOptions;
use crate::plan::Plan;
use crate::session::check::{
    changed_sources, finish_report, not_compiled, only_cargo_knows, overlay_for, report_of,
};
use crate::session::decide::{Edit, Environment, SourceChange};
use crate::session::objects::{Files, reference};
use crate::session::rehearse::{Stage, rehearse};
use crate::session::saves::planned;
use crate::table::image::Image;
use crate::table::policy::SlotPolicy;

const VERSION: u32 = 1;
/// Where a patch is imagined: as far behind the jump table, in bytes.
const DISTANCE_OF_ARENA: u64 = 256 << 20;
/// How large the imagined arena is, in bytes.
const ARENA: u64 = 256 << 20;

/// There is neither a session nor a build that one has made.
#[derive(Debug)]
pub struct NothingBuilt {
    workspace: PathBuf,
}

impl std::fmt::Display for NothingBuilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "no session runs for `{}`, and none has built it yet (hint: `cargo hotpatch run` does both)",
            self.workspace.display()
        )
    }
}

impl std::error::Error for NothingBuilt {}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u32,
    workspace_root: PathBuf,
    workspace_crates: Vec<String>,
    crate_name: String,
    link: LinkRecord,
    units: Vec<UnitKey>,
    dependencies: Vec<Vec<usize>>,
    used_by_foreign: Vec<(UnitKey, StoredReason)>,
    sources: Vec<(PathBuf, Vec<UnitKey>)>,
    cargo: Vec<(PathBuf, StoredReason)>,
    cargo_directories: Vec<(PathBuf, StoredReason)>,
    texts: BTreeMap<PathBuf, Text>,
    /// [`stamp`] of the link.
    stamp: String,
}

/// The content of a file that was built.
#[derive(Debug, Serialize, Deserialize)]
struct Text {
    hash: String,
    /// What is needed of more than the hash: Rust's source.
    text: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredReason {
    code: String,
    message: String,
}

impl StoredReason {
    fn of(reason: &Reason) -> Self {
        Self {
            code: reason.code.to_owned(),
            message: reason.message.clone(),
        }
    }

    fn back(&self) -> Reason {
        let code = codes::find(&self.code).unwrap_or(&codes::NOT_CAPTURED);
        Reason::new(code, self.message.clone())
    }
}

/// Identity, length and time of the image and of every file that holds an object: another build has others.
fn stamp(link: &LinkRecord) -> Result<String> {
    let paths: BTreeSet<&Path> = link
        .objects
        .iter()
        .map(|object| object.path.as_path())
        .chain([link.image.as_path()])
        .collect();
    let mut hash = blake3::Hasher::new();
    for path in paths {
        let data = std::fs::metadata(path)
            .with_context(|| format!("`{}` is not there", path.display()))?;
        for number in [data.ino(), data.size(), data.mtime().unsigned_abs()] {
            hash.update(&number.to_le_bytes());
        }
        hash.update(&data.mtime_nsec().to_le_bytes());
    }
    Ok(hash.finalize().to_hex().to_string())
}

fn file_of(directory: &RecordDir, unit: &str) -> PathBuf {
    directory
        .path()
        .join("last-build")
        .join(format!("{unit}.json"))
}

/// Keeps what was built, and from what. `texts` are the files as the build read them.
///
/// # Errors
/// When it cannot be written.
pub fn keep(
    directory: &RecordDir,
    target: &crate::capture::cargo::Target,
    built: &Built,
    texts: &HashMap<PathBuf, Arc<[u8]>>,
) -> Result<()> {
    let reasons = |(path, reason): (&PathBuf, &Reason)| (path.clone(), StoredReason::of(reason));
    let texts = texts.iter().map(|(path, content)| {
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let text = std::str::from_utf8(content).ok().filter(|_| is_rust);
        let stored = Text {
            hash: blake3::hash(content).to_hex().to_string(),
            text: text.map(str::to_owned),
        };
        (path.clone(), stored)
    });
    let stored = Stored {
        version: VERSION,
        workspace_root: target.workspace_root.clone(),
        workspace_crates: target.workspace_crates.clone(),
        crate_name: target.crate_name.clone(),
        link: built.link.clone(),
        units: built.units.iter().map(|unit| unit.key.clone()).collect(),
        dependencies: built.dependencies.clone(),
        used_by_foreign: built
            .used_by_foreign
            .iter()
            .map(|(unit, reason)| (unit.clone(), StoredReason::of(reason)))
            .collect(),
        sources: built.inputs.sources.clone().into_iter().collect(),
        cargo: built.inputs.cargo.iter().map(reasons).collect(),
        cargo_directories: built
            .inputs
            .cargo_directories
            .iter()
            .map(|(path, reason)| reasons((path, reason)))
            .collect(),
        texts: texts.collect(),
        stamp: stamp(&built.link)?,
    };
    write_json(&file_of(directory, &built.link.unit), &stored)
}

/// The newest build of this workspace in the directory.
fn newest(directory: &RecordDir, workspace: &Path) -> Result<Option<Stored>> {
    let folder = directory.path().join("last-build");
    let mut found: Option<(std::time::SystemTime, Stored)> = None;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(written) = entry.metadata().and_then(|data| data.modified()) else {
            continue;
        };
        if found.as_ref().is_some_and(|(other, _)| *other >= written) {
            continue;
        }
        let Some(stored) = read_json::<Stored>(&entry.path())? else {
            continue;
        };
        if stored.version == VERSION && stored.workspace_root == workspace {
            found = Some((written, stored));
        }
    }
    Ok(found.map(|(_, stored)| stored))
}

impl Stored {
    fn built(&self, directory: &RecordDir) -> Result<Built> {
        let units = self.units.iter().map(|key| {
            directory
                .read_unit(key)?
                .ok_or_else(|| anyhow!("the record of unit {key} is gone"))
        });
        let reasons = |(path, reason): &(PathBuf, StoredReason)| (path.clone(), reason.back());
        Ok(Built {
            link: self.link.clone(),
            units: units.collect::<Result<_>>()?,
            dependencies: self.dependencies.clone(),
            used_by_foreign: self
                .used_by_foreign
                .iter()
                .map(|(unit, reason)| (unit.clone(), reason.back()))
                .collect(),
            contents: HashMap::new(),
            inputs: Inputs {
                sources: self.sources.iter().cloned().collect(),
                cargo: self.cargo.iter().map(reasons).collect(),
                cargo_directories: self.cargo_directories.iter().map(reasons).collect(),
            },
            warnings: Vec::new(),
            duration: Duration::ZERO,
        })
    }

    /// The content that was built; what is not Rust is believed to be as it is when its hash is.
    fn text(&self, path: &Path) -> Option<Arc<[u8]>> {
        let stored = self.texts.get(path)?;
        if let Some(text) = &stored.text {
            return Some(text.as_bytes().into());
        }
        let content = std::fs::read(path).ok()?;
        let is_same = *blake3::hash(&content).to_hex() == *stored.hash;
        is_same.then(|| content.into())
    }
}

/// What a save would come to in a program that is as the last build.
///
/// # Errors
/// [`NothingBuilt`]; otherwise what is broken.
pub fn check(options: &CheckOptions, unsaved: Option<&Unsaved>) -> Result<CheckReport> {
    let started = Instant::now();
    let place = crate::capture::cargo::find_workspace(
        &options.directory,
        options.manifest_path.as_deref(),
    )?;
    let nothing = || NothingBuilt {
        workspace: place.workspace_root.clone(),
    };
    let target_directory = options
        .target_dir
        .as_deref()
        .unwrap_or(&place.target_directory);
    let directory = RecordDir::find(target_directory)?.ok_or_else(nothing)?;
    let stored = newest(&directory, &place.workspace_root)?.ok_or_else(nothing)?;
    let is_as_kept = stamp(&stored.link).is_ok_and(|now| now == stored.stamp);
    if !is_as_kept {
        return Err(anyhow!(nothing()).context(
            "what the last session built was replaced since, and not by a session that runs or ended in good order",
        ));
    }
    let built = stored.built(&directory)?;
    let sources = changed_sources(&built.inputs, unsaved, &|path| stored.text(path));
    let mut timings = Timings::default();
    let mut report = match planned(&sources, &built) {
        Plan::Nothing => CheckReport::new(CheckKind::Unchanged, Against::LastBuild),
        Plan::Cargo(reason) => {
            let mut report = CheckReport::restart(vec![reason], Against::LastBuild);
            report.notes.push(only_cargo_knows());
            report
        }
        Plan::Replay(units) => {
            timings.plan = started.elapsed().as_secs_f64() * 1000.0;
            let overlay = overlay_for(unsaved, &built)?;
            let compiling = Instant::now();
            let mut compiler = Compiler::new(&directory, &built, options.color, None)?;
            let compiled = compiler.rehearse(&units, overlay, &CancelFlag::new());
            timings.compile = compiling.elapsed().as_secs_f64() * 1000.0;
            let report = match compiled {
                Ok(units) => compare(&directory, &stored, &built, &units, &sources, &mut timings)?,
                Err(error) => not_compiled(error, Against::LastBuild),
            };
            compiler.forget_rehearsal();
            report
        }
    };
    finish_report(&mut report, &sources, unsaved, &stored.workspace_root);
    timings.total = started.elapsed().as_secs_f64() * 1000.0;
    report.timings_ms = timings;
    Ok(report)
}

/// Compares, judges and links as if the image of the build ran.
fn compare(
    directory: &RecordDir,
    stored: &Stored,
    built: &Built,
    units: &[CompiledUnit],
    sources: &[SourceChange],
    timings: &mut Timings,
) -> Result<CheckReport> {
    let reference = reference(&built.link.objects);
    let libraries = Library::open_present(&built.link.libraries)?;
    let crates = built.crates();
    let policy = SlotPolicy::new(
        stored.workspace_crates.iter().cloned(),
        built.link.all_instances,
    );
    let image = Image::read(&built.link.image)
        .with_context(|| format!("cannot read the image `{}`", built.link.image.display()))?;
    let live = Live::new(image, LoadBias(0));
    let start = align_up(live.table_range().end.0 + DISTANCE_OF_ARENA, PAGE);
    let arena = RunAddr(start)..RunAddr(start + ARENA);
    let mut imagined = ImaginedProgram {
        arena: arena.clone(),
        names: BTreeSet::new(),
    };
    let mut observed = Observed::default();
    let rehearsed = rehearse(
        Stage {
            live: &live,
            program: &mut imagined,
            arena,
            stacks: None,
        },
        &Edit {
            reference: &reference,
            compiled: units,
            sources,
            stacks: None,
        },
        &mut Files::default(),
        &Environment {
            libraries: &libraries,
            policy: &policy,
            executable: &stored.crate_name,
            units: &crates,
            inputs: &built.inputs,
        },
        timings,
        &mut observed,
    );
    let mut report = report_of(rehearsed, units, Against::LastBuild);
    keep_explanations(directory, stored, &observed, &report);
    if !imagined.names.is_empty() && report.check == CheckKind::Patch {
        let names: Vec<&str> = imagined.names.iter().map(String::as_str).collect();
        report.notes.push(format!(
            "only a running program can tell whether its dynamic libraries have: {}",
            names.join(", ")
        ));
    }
    Ok(report)
}

/// For `cargo hotpatch explain`, which is not worth a failure.
fn keep_explanations(
    directory: &RecordDir,
    stored: &Stored,
    observed: &Observed,
    report: &CheckReport,
) {
    let outcome = match report.check {
        CheckKind::Patch => "patched",
        CheckKind::Unchanged => "unchanged",
        CheckKind::Restart | CheckKind::CompileError => "restart",
    };
    let _ = Explained::new(
        (&stored.workspace_root, &stored.link.image),
        observed,
        true,
        outcome,
        report.reasons.iter().map(Reason::to_string).collect(),
    )
    .keep(directory, &stored.link.unit);
}

/// Stands for a program that does not run.
#[derive(Debug)]
struct ImaginedProgram {
    arena: std::ops::Range<RunAddr>,
    /// What it was asked for and cannot know.
    names: BTreeSet<String>,
}

impl ProgramSide for ImaginedProgram {
    fn look_up(&mut self, name: &str) -> Result<Option<RunAddr>> {
        self.names.insert(name.to_owned());
        // Any address will do: nothing is sent.
        Ok(Some(self.arena.end))
    }

    fn take_place(&mut self, bytes: u64) -> Result<RunAddr> {
        if bytes > self.arena.end.0 - self.arena.start.0 {
            return Err(
                Reason::new(&codes::ARENA_FULL, format!("no place for {bytes:#x} bytes")).into(),
            );
        }
        Ok(self.arena.start)
    }
}
