//! One captured compiler command, run again: to objects, in directories of our own, without cargo.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, setpriority_process};

use super::arguments::{Replay, RustcArguments};
use super::blame::Blame;
use super::child::{CancelFlag, CancellableChild};
use super::inputs::parse_dep_info;
use super::overlay::Overlay;
use super::record::{ObjectRef, UnitRecord, object_id, parse_object_name};
use super::waiting::{WaitingCompiler, surroundings};
use super::wrapper::{argument_file, compiler_command, is_too_long};

/// Errors that say something about the crates beside the source, not about the source: a crate file was replaced, was
/// not found, or was written by another compiler.
const ERRORS_OF_THE_SURROUNDINGS: &[&str] = &[
    "E0460", "E0461", "E0462", "E0463", "E0464", "E0514", "E0519", "E0523", "E0786",
];

/// The same, for errors that have no code: parts of their messages.
const MESSAGES_OF_THE_SURROUNDINGS: &[&str] = &[
    "colliding StableCrateId",
    "cannot satisfy dependencies so",
    "only metadata stub found for",
    "extern location for ",
    "required to be available in ",
];

/// How low the priority of compiling in advance is (0 is normal, 19 the lowest).
const BACKGROUND_NICENESS: i32 = 10;

/// How often another process that replays the same unit is asked whether it is done.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// How to run one unit.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The unit.
    pub unit: &'a UnitRecord,
    /// The unit's directory for replays, with its incremental directory inside.
    pub directory: &'a Path,
    /// Where the result is to be in the end.
    pub out_dir: &'a Path,
    /// Whether diagnostics are rendered with colours.
    pub color: bool,
    /// Compile in advance, with less of the processor.
    pub background: bool,
    /// Content that the compiler is to find in the place of a file's.
    pub overlay: Option<&'a Overlay>,
    /// Compile the copies of the sources below this directory; no metadata is written then.
    pub mirror: Option<&'a Path>,
}

/// What a replay has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The objects, in the order of their names.
    pub objects: Vec<ObjectRef>,
    /// Every file that the compiler read.
    pub inputs: Vec<PathBuf>,
    /// The metadata, if it is a library.
    pub metadata: Option<PathBuf>,
    /// Warnings as the compiler renders them; empty if there are none.
    pub warnings: String,
}

/// Why a replay has no result.
#[derive(Debug)]
pub enum ReplayError {
    /// The source does not compile.
    Source {
        /// What the compiler said.
        rendered: String,
    },
    /// A flag was set.
    Cancelled,
    /// Not the source's fault.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for ReplayError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl Job<'_> {
    /// Where the compiler writes. The same for every replay: the path is part of what rustc compares, and with another
    /// one it would reuse nothing.
    fn work_dir(&self) -> PathBuf {
        self.directory.join("out")
    }

    fn incremental(&self) -> PathBuf {
        incremental_of(self.directory)
    }

    /// Whether the compiler writes metadata. What it is to write is compared too, so it is not a question of this or
    /// that replay; and it costs nothing, since a library's metadata is made anyway.
    fn has_metadata(&self) -> bool {
        self.mirror.is_none()
            && self
                .unit
                .crate_types
                .iter()
                .any(|kind| kind == "lib" || kind == "rlib")
    }
}

/// The incremental directory inside of a unit's directory for replays.
#[must_use]
pub fn incremental_of(directory: &Path) -> PathBuf {
    directory.join("incremental")
}

/// Runs the compiler. `published` and `replaced` say where metadata of earlier replays lies, see [`Replay`]. `waiting` is a
/// compiler of this unit that was started in advance; one of a job with an overlay or in the background cannot be.
///
/// # Errors
/// See [`ReplayError`].
pub fn replay(
    job: &Job<'_>,
    published: &Path,
    replaced: &dyn Fn(&str) -> Option<PathBuf>,
    waiting: Option<WaitingCompiler>,
    cancel: &CancelFlag,
    abort: &CancelFlag,
) -> Result<Replayed, ReplayError> {
    let unit = job.unit;
    let Some(_lock) = lock(job, cancel, abort)? else {
        return Err(ReplayError::Cancelled);
    };
    prepare(job)?;
    let (work_dir, incremental) = (job.work_dir(), job.incremental());
    let args = RustcArguments::parse(&unit.args).for_replay(&Replay {
        out_dir: &work_dir,
        incremental: &incremental,
        metadata: job.has_metadata(),
        color: job.color,
        published,
        replaced,
        mirror: job.mirror.map(|mirror| (mirror, unit.cwd.as_path())),
    });
    let is_over = || cancel.is_cancelled() || abort.is_cancelled();
    let waiting = waiting.and_then(|waiting| waiting.compile(&args, cancel, abort));
    let compile_now = || match start(job, &args, cancel, abort)? {
        Some(child) => Ok(attend(job, child)?),
        None => Err(ReplayError::Cancelled),
    };
    let ended = waiting.map(|child| attend(job, child)).transpose()?;
    let (said, status) = match ended {
        // Killed from outside while it waited, and let go before anybody saw that: another one takes its place.
        Some((_, status)) if status.signal().is_some() && !is_over() => {
            prepare(job)?;
            compile_now()?
        }
        Some(ended) => ended,
        None => compile_now()?,
    };
    if is_over() {
        return Err(ReplayError::Cancelled);
    }
    if !status.success() {
        return Err(said.into_error(unit, status));
    }
    Ok(collect(job, said)?)
}

/// Reads what a compiler says, to its end.
fn attend(job: &Job<'_>, mut child: CancellableChild) -> Result<(Said, ExitStatus)> {
    if job.background
        && let Some(id) = i32::try_from(child.child.id()).ok().and_then(Pid::from_raw)
    {
        // Only politeness: nothing depends on it.
        let _ = setpriority_process(Some(id), BACKGROUND_NICENESS);
    }
    let key = &job.unit.key;
    let mut said = Said::default();
    if let Some(stderr) = child.child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line =
                line.with_context(|| format!("cannot read what the compiler says of {key}"))?;
            said.read(&String::from_utf8_lossy(&line));
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for the compiler of {key}"))?;
    Ok((said, status))
}

/// Only one process at a time replays a unit. `None` when cancelled while another one does.
fn lock(job: &Job<'_>, cancel: &CancelFlag, abort: &CancelFlag) -> Result<Option<fs::File>> {
    let directory = job.directory;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let path = directory.join("lock");
    let file =
        fs::File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        if cancel.is_cancelled() || abort.is_cancelled() {
            return Ok(None);
        }
        std::thread::sleep(LOCK_RETRY);
    }
}

fn prepare(job: &Job<'_>) -> Result<()> {
    for directory in [job.out_dir, &job.work_dir()] {
        match fs::remove_dir_all(directory) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot remove {}", directory.display()));
            }
        }
    }
    for directory in [job.work_dir(), job.incremental()] {
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
    }
    Ok(())
}

fn start(
    job: &Job<'_>,
    args: &[OsString],
    cancel: &CancelFlag,
    abort: &CancelFlag,
) -> Result<Option<CancellableChild>> {
    let unit = job.unit;
    let spawn = |args: &[OsString]| {
        let mut command = compiler_command(&unit.rustc, unit.user_wrapper.as_deref(), args);
        if let Some(overlay) = job.overlay {
            command = overlay.around(Some(&command));
        }
        surroundings(&mut command, unit).stdin(Stdio::null());
        cancel.spawn_also_under(abort, &mut command)
    };
    let started = match spawn(args) {
        Err(error) if is_too_long(&error) => {
            let file = job.work_dir().join("arguments");
            fs::write(&file, argument_file(args))
                .with_context(|| format!("cannot write {}", file.display()))?;
            let mut argument = OsString::from("@");
            argument.push(file);
            spawn(&[argument])
        }
        other => other,
    };
    started.with_context(|| {
        format!(
            "cannot run {} in {}",
            unit.rustc.display(),
            unit.cwd.display()
        )
    })
}

/// What the compiler said, in its JSON lines and beside them.
#[derive(Debug, Default)]
struct Said {
    rendered: String,
    /// An error that points into a source.
    has_errors: bool,
    blame: Blame,
    /// An error that is not the source's.
    surroundings: Option<String>,
    /// What is not JSON: the report of an internal error.
    other: String,
}

impl Said {
    fn read(&mut self, line: &str) {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
            if !line.is_empty() {
                self.other.push_str(line);
                self.other.push('\n');
            }
            return;
        };
        let text = |path: &str| value.pointer(path).and_then(serde_json::Value::as_str);
        let (Some(rendered), Some(message)) = (text("/rendered"), text("/message")) else {
            return;
        };
        self.blame.take_in(&value);
        // As cargo does: the sums at the end say nothing new.
        if message.starts_with("aborting due to")
            || message.ends_with("warning emitted")
            || message.ends_with("warnings emitted")
        {
            return;
        }
        self.rendered.push_str(rendered);
        if text("/level").is_some_and(|level| level.starts_with("error")) {
            let has_place = value
                .pointer("/spans")
                .and_then(serde_json::Value::as_array)
                .is_some_and(|spans| !spans.is_empty());
            let is_of_the_surroundings = text("/code/code")
                .is_some_and(|code| ERRORS_OF_THE_SURROUNDINGS.contains(&code))
                || MESSAGES_OF_THE_SURROUNDINGS
                    .iter()
                    .any(|part| message.contains(part));
            // An error without a place may be the source's too (no `main`, no panic handler): cargo tells which.
            if is_of_the_surroundings || !has_place {
                self.surroundings.get_or_insert_with(|| message.to_owned());
            } else {
                self.has_errors = true;
            }
        }
    }

    fn into_error(self, unit: &UnitRecord, status: ExitStatus) -> ReplayError {
        if let Some(message) = self.surroundings {
            ReplayError::Failed(anyhow!("crate `{}`: {message}", unit.crate_name))
        } else if let Some(refused) = self.blame.system() {
            ReplayError::Failed(anyhow!("crate `{}`: {refused}", unit.crate_name))
        } else if status.code() == Some(1) && self.has_errors {
            ReplayError::Source {
                rendered: self.rendered,
            }
        } else {
            let said = if self.other.trim().is_empty() {
                self.rendered
            } else {
                self.other
            };
            ReplayError::Failed(anyhow!(
                "the compiler of crate `{}` ended with {status}: {}",
                unit.crate_name,
                said.trim()
            ))
        }
    }
}

fn collect(job: &Job<'_>, said: Said) -> Result<Replayed> {
    let key = &job.unit.key;
    let work_dir = job.work_dir();
    fs::rename(&work_dir, job.out_dir).with_context(|| {
        format!(
            "cannot move {} to {}",
            work_dir.display(),
            job.out_dir.display()
        )
    })?;
    let dep_info = job.out_dir.join(format!("{key}.d"));
    let text = fs::read_to_string(&dep_info)
        .with_context(|| format!("cannot read {}", dep_info.display()))?;
    let metadata = job
        .has_metadata()
        .then(|| job.out_dir.join(format!("lib{key}.rmeta")));
    if let Some(metadata) = metadata.as_ref().filter(|metadata| !metadata.is_file()) {
        bail!(
            "the compiler of {key} wrote no metadata to {}",
            metadata.display()
        );
    }
    Ok(Replayed {
        objects: objects(job)?,
        inputs: parse_dep_info(&text, &job.unit.cwd),
        metadata,
        warnings: said.rendered,
    })
}

fn objects(job: &Job<'_>) -> Result<Vec<ObjectRef>> {
    let key = &job.unit.key;
    let mut objects = Vec::new();
    for entry in fs::read_dir(job.out_dir)
        .with_context(|| format!("cannot list {}", job.out_dir.display()))?
    {
        let path = entry
            .with_context(|| format!("cannot list {}", job.out_dir.display()))?
            .path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some((unit, cgu)) = parse_object_name(name)
            && unit == key
        {
            let cgu = cgu.to_owned();
            objects.push(object(key, cgu, path)?);
        }
    }
    if objects.is_empty() {
        // A compiler that names the only object of a crate after the crate. The codegen unit's name is in the
        // incremental directory, where the same file is.
        let only = job.out_dir.join(format!("{key}.o"));
        if only.is_file() {
            let cgu = name_in_incremental(&job.incremental(), &only)?;
            objects.push(object(key, cgu, only)?);
        }
    }
    objects.sort_by(|one, other| one.cgu.cmp(&other.cgu));
    Ok(objects)
}

fn object(key: &str, cgu: String, path: PathBuf) -> Result<ObjectRef> {
    let len = fs::metadata(&path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    Ok(ObjectRef {
        unit: key.to_owned(),
        id: object_id(key, &cgu),
        cgu,
        path,
        offset: 0,
        len,
    })
}

/// The name under which `object` (the same file, or one of equal content) lies in the newest session.
fn name_in_incremental(incremental: &Path, object: &Path) -> Result<String> {
    let wanted =
        fs::metadata(object).with_context(|| format!("cannot read {}", object.display()))?;
    let content = fs::read(object).with_context(|| format!("cannot read {}", object.display()))?;
    let mut same_content = None;
    for crate_dir in list(incremental) {
        for session in list(&crate_dir).into_iter().filter(|path| path.is_dir()) {
            for file in list(&session) {
                let Some(name) = file
                    .file_name()
                    .and_then(|name| name.to_str()?.strip_suffix(".o"))
                else {
                    continue;
                };
                let Ok(found) = fs::metadata(&file) else {
                    continue;
                };
                if found.ino() == wanted.ino() && found.dev() == wanted.dev() {
                    return Ok(name.to_owned());
                }
                if found.len() == wanted.len()
                    && fs::read(&file).is_ok_and(|other| other == content)
                {
                    same_content = Some(name.to_owned());
                }
            }
        }
    }
    same_content
        .with_context(|| format!("{} is not in {}", object.display(), incremental.display()))
}

fn list(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

/// True when an earlier replay of the unit has left something to build on.
#[must_use]
pub fn is_warm(directory: &Path) -> bool {
    list(&incremental_of(directory))
        .iter()
        .flat_map(|crate_dir| list(crate_dir))
        .any(|session| {
            let name = session
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            name.starts_with("s-") && !name.ends_with("-working") && !name.ends_with(".lock")
        })
}

/// Writes `metadata` as an rlib with nothing else inside: a compiler that makes an executable insists on rlibs, and
/// one that makes objects only never looks at their objects.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_metadata_archive(metadata: &Path, archive: &Path) -> Result<()> {
    let content =
        fs::read(metadata).with_context(|| format!("cannot read {}", metadata.display()))?;
    let mut bytes = Vec::with_capacity(content.len() + 80);
    bytes.extend_from_slice(b"!<arch>\n");
    let header = format!(
        "{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
        "lib.rmeta/",
        0,
        0,
        0,
        644,
        content.len()
    );
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&content);
    if content.len() % 2 == 1 {
        bytes.push(b'\n');
    }
    // Under another name until it is whole; another unit may be looking through the directory.
    let temporary = archive.with_extension("unfinished");
    fs::write(&temporary, bytes)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    fs::rename(&temporary, archive).with_context(|| format!("cannot replace {}", archive.display()))
}

/// The name of an rlib's member that holds its metadata.
const METADATA_MEMBER: &[u8] = b"lib.rmeta";

/// Writes the metadata that is in an rlib to a file of its own. rustc wraps it into an object there, in a section of its
/// own, and reads a file of its own only as it is.
///
/// # Errors
/// When a file cannot be read or written, or the archive has no metadata.
pub fn extract_metadata(archive: &Path, metadata: &Path) -> Result<()> {
    let bytes = fs::read(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let content = metadata_in(&bytes)
        .with_context(|| format!("cannot find the metadata in {}", archive.display()))?;
    fs::write(metadata, content).with_context(|| format!("cannot write {}", metadata.display()))
}

fn metadata_in(archive: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>> {
    use object::{Object as _, ObjectSection as _};
    for member in object::read::archive::ArchiveFile::parse(archive)?.members() {
        let member = member?;
        if member.name() != METADATA_MEMBER {
            continue;
        }
        let content = member.data(archive)?;
        let Ok(file) = object::File::parse(content) else {
            return Ok(content.into());
        };
        let section = file
            .section_by_name(".rmeta")
            .context("the object around it has no such section")?;
        return Ok(section.uncompressed_data()?);
    }
    bail!("the archive has no member of that name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_archives_can_be_read_back() -> Result<()> {
        let directory = tempfile::tempdir()?;
        for content in [&b"rust\0\0\0\x09odd"[..], b"even"] {
            let (metadata, archive) = (
                directory.path().join("m"),
                directory.path().join("liba-1.rlib"),
            );
            fs::write(&metadata, content)?;
            write_metadata_archive(&metadata, &archive)?;
            let bytes = fs::read(&archive)?;
            let archive = object::read::archive::ArchiveFile::parse(&*bytes)?;
            let members: Vec<_> = archive.members().collect::<Result<_, _>>()?;
            assert_eq!(members.len(), 1);
            assert_eq!(members[0].name(), b"lib.rmeta");
            assert_eq!(members[0].data(&*bytes)?, content);
        }
        Ok(())
    }

    #[test]
    fn diagnostics_are_told_from_their_sums_and_from_crashes() {
        let mut said = Said::default();
        said.read(
            r#"{"message":"x","code":null,"level":"error","spans":[{}],"rendered":"error: x\n"}"#,
        );
        said.read(r#"{"message":"aborting due to 1 previous error","level":"error","rendered":"error: aborting\n"}"#);
        said.read("thread 'rustc' panicked");
        assert_eq!(said.rendered, "error: x\n");
        assert!(said.has_errors && said.other.contains("panicked"));
        assert_eq!(said.surroundings, None);
    }

    #[test]
    fn errors_of_the_set_up_are_not_the_sources() {
        for line in [
            r#"{"message":"cannot find `x`","level":"error","code":{"code":"E0463"},"spans":[{}],"rendered":"e"}"#,
            r#"{"message":"found crates (`a` and `a`) with colliding StableCrateId values","level":"error","code":null,"spans":[{}],"rendered":"e"}"#,
            r#"{"message":"extern location for a does not exist","level":"error","code":null,"spans":[],"rendered":"e"}"#,
            r#"{"message":"extern location for a does not exist","level":"error","code":null,"spans":[{}],"rendered":"e"}"#,
        ] {
            let mut said = Said::default();
            said.read(line);
            assert!(said.surroundings.is_some() && !said.has_errors, "{line}");
        }
    }

    #[test]
    fn metadata_is_taken_out_of_an_rlib() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let (metadata, archive, again) = (
            directory.path().join("m"),
            directory.path().join("liba.rlib"),
            directory.path().join("liba.rmeta"),
        );
        fs::write(&metadata, b"rust\0\0\0\x09odd")?;
        write_metadata_archive(&metadata, &archive)?;
        extract_metadata(&archive, &again)?;
        assert_eq!(fs::read(&metadata)?, fs::read(&again)?);
        fs::write(&archive, b"!<arch>\n")?;
        assert!(extract_metadata(&archive, &again).is_err());
        Ok(())
    }
}
