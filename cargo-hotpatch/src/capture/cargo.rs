//! Runs cargo and reads its JSON lines. The only module that knows how cargo is called and what it answers.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::blame::{Blame, names_the_system};
use super::child::CancelFlag;
use super::collect::{self, Collected};
use super::contents::{self, Product};
use super::directory::RecordDir;
use super::inputs::Inputs;
use super::record::{LinkRecord, UnitKey, UnitRecord};
use super::target::SUPPORTED_TARGET;
use super::wrapper;
use crate::codes::{self, Reason};
use crate::process::environment::Surroundings;

pub use super::target::{BuildOptions, ExecutableKind, Target, Workspace, find_workspace, resolve};

/// What a build has left.
#[derive(Debug, Clone)]
pub struct Built {
    /// The provisioned link.
    pub link: LinkRecord,
    /// The units of this link, dependencies first.
    pub units: Vec<UnitRecord>,
    /// For each of `units`, in the same order: the indices of those that it is compiled from, directly, or over crates
    /// that are no members. Always smaller than its own index.
    pub dependencies: Vec<Vec<usize>>,
    /// Units whose interface is used by a crate that is no member, so that a change of the interface needs cargo.
    pub used_by_foreign: Vec<(UnitKey, Reason)>,
    /// Every file that the build read.
    pub inputs: Inputs,
    /// Of the files that were compiled: the content that the compiler read. Of a file that is not among them, nothing is known.
    pub contents: HashMap<PathBuf, blake3::Hash>,
    /// Directories of packages, and the directory of their build script's run.
    pub script_runs: Vec<(PathBuf, PathBuf)>,
    /// What had to be different from what the profile says.
    pub warnings: Vec<Reason>,
    /// What `cargo run` would give the program.
    pub surroundings: Surroundings,
    /// How long cargo took.
    pub duration: Duration,
}

impl Built {
    /// By unit: the crate's name and the opt-level.
    #[must_use]
    pub fn crates(&self) -> HashMap<String, (String, String)> {
        self.units
            .iter()
            .map(|unit| {
                let about = (unit.crate_name.clone(), unit.opt_level.clone());
                (unit.key.clone(), about)
            })
            .collect()
    }
}

/// Why there is nothing built.
#[derive(Debug)]
pub enum BuildError {
    /// The source does not compile (or does not link).
    Compile {
        /// What the compiler said, with colours if they were asked for. It went to `on_line` already.
        rendered: String,
    },
    /// The flag was set.
    Cancelled,
    /// Cargo ended in error without the compiler having said anything: a manifest, a build script, the network.
    Cargo {
        /// What cargo said; empty if it said it to the terminal directly.
        message: String,
    },
    /// The tool itself could not do its part.
    Failed(anyhow::Error),
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Compile { .. } => f.write_str("the source does not compile"),
            Self::Cancelled => f.write_str("the build was cancelled"),
            Self::Cargo { message } if message.is_empty() => f.write_str("cargo build failed"),
            Self::Cargo { message } => write!(f, "cargo build failed: {message}"),
            Self::Failed(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for BuildError {}

/// A line that a build says to people. Cargo's own lines are not among them unless `quiet`: they go to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildLine {
    /// A diagnostic of the compiler, rendered, possibly with colours, one or more lines with a line end. Cargo's
    /// progress bar may stand on the terminal's current line: clear it (`\r\x1b[K`) before printing.
    Diagnostic(String),
    /// Anything else that came on standard output.
    Text(String),
    /// Cargo waits for another one. Only where its own lines do not go to the terminal.
    Waits(String),
}

/// Builds `target`, through the wrapper, and collects what is known of it. With a `gate`, the link waits there for the session, and
/// cargo says nothing to the terminal: what becomes of the build is not known yet.
///
/// # Errors
/// See [`BuildError`].
pub fn build(
    target: &Target,
    directory: &RecordDir,
    gate: Option<&Path>,
    cancel: &CancelFlag,
    on_line: &mut (dyn FnMut(&BuildLine) + Send),
) -> Result<Built, BuildError> {
    let started = Instant::now();
    let mut forced = HashSet::new();
    let mut stale = Stale::default();
    stale.make(contents::stale_of_all(directory))?;
    loop {
        let artifacts = run_cargo(target, directory, gate, cancel, on_line)?;
        let collected =
            collect::collect(target, directory, &artifacts).map_err(BuildError::Failed)?;
        let missing = match collected {
            Collected::Complete(mut built, products) => {
                let compared =
                    contents::compare(directory, products).map_err(BuildError::Failed)?;
                if stale.make(compared.stale)? {
                    continue;
                }
                built.contents = compared.contents;
                built.duration = started.elapsed();
                return Ok(*built);
            }
            Collected::Missing(missing) => missing,
        };
        // Cargo says fresh, but a record is gone, or is older than the tool: without its output the unit is built
        // again, and only it and what depends on it.
        for file in missing.outputs {
            if !forced.insert(file.clone()) {
                return Err(BuildError::Failed(anyhow::anyhow!(
                    "{}: the unit was compiled again to get its record, but there is none in {}",
                    file.display(),
                    directory.path().display()
                )));
            }
            match std::fs::remove_file(&file) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let context =
                        format!("cannot remove {} to have it built again", file.display());
                    return Err(BuildError::Failed(
                        anyhow::Error::new(error).context(context),
                    ));
                }
            }
        }
    }
}

/// What cargo had to be told to compile in this build, by content: the product's name, and when it was begun before.
#[derive(Debug, Default)]
struct Stale(HashMap<String, Option<u128>>);

impl Stale {
    /// Tells cargo to make `products`, each of them once. False if there is none that it was not told of before: an input that
    /// still differs then has changed during the build.
    fn make(&mut self, products: Vec<Product>) -> Result<bool, BuildError> {
        let mut is_any = false;
        for product in products {
            let began = product.began();
            match self.0.get(&product.name) {
                None => {
                    product.make_stale().map_err(BuildError::Failed)?;
                    self.0.insert(product.name, began);
                    is_any = true;
                }
                Some(before) if *before == began => {
                    return Err(BuildError::Failed(anyhow::anyhow!(
                        "a file of `{}` is not what it was compiled from, and cargo does not compile it anew",
                        product.name
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(is_any)
    }
}

/// What cargo said of one target that it built, or found fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The package's id.
    pub package: String,
    /// The target's name.
    pub target: String,
    /// The target's kinds.
    pub kinds: Vec<String>,
    /// What was written.
    pub files: Vec<PathBuf>,
    /// The executable, if it is one.
    pub executable: Option<PathBuf>,
}

/// What cargo said in one build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Artifacts {
    /// All targets.
    pub targets: Vec<Artifact>,
    /// Package id and `OUT_DIR` of each build script that ran, now or earlier.
    pub build_scripts: Vec<(String, PathBuf)>,
    /// What each of them asked for that concerns running programs.
    pub asked: Vec<AskedByScript>,
}

/// What a build script asked for that concerns running programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AskedByScript {
    /// The id of its package.
    pub package: String,
    /// `cargo::rustc-env`.
    pub variables: Vec<(String, String)>,
    /// `cargo::rustc-link-search`, as it was written: with `native=` in front, for instance.
    pub search: Vec<String>,
}

/// The command line.
fn arguments(target: &Target, directory: &RecordDir) -> Vec<OsString> {
    let options = &target.options;
    let mut args: Vec<OsString> = vec!["build".into()];
    // First, so that our own settings win over the same ones given with `--config`.
    args.extend(options.cargo_args.iter().cloned());
    let mut option = |name: &str, value: OsString| args.extend([name.into(), value]);
    option(
        if target.kind == ExecutableKind::Example {
            "--example"
        } else {
            "--bin"
        },
        target.name.clone().into(),
    );
    if let Some(package) = &options.package {
        option("--package", package.into());
    }
    if let Some(manifest_path) = &options.manifest_path {
        option("--manifest-path", manifest_path.into());
    }
    option("--profile", target.profile.clone().into());
    // Intermediate files stay where the user's own builds have them, so that dependencies are shared. Only the final
    // artifacts go elsewhere: nothing of the user's is replaced, not even when we are killed. (cargo before 1.91 does
    // not know the setting and then keeps everything in our directory: correct, but nothing is shared.)
    option("--target-dir", directory.artifacts().into());
    option(
        "--config",
        toml_setting("build.build-dir", &target.build_directory.to_string_lossy()),
    );
    if target.has_lto {
        option(
            "--config",
            toml_setting(&format!("profile.{}.lto", target.profile), "off"),
        );
    }
    option(
        "--color",
        if options.color { "always" } else { "never" }.into(),
    );
    args.push(
        if options.color {
            "--message-format=json-diagnostic-rendered-ansi"
        } else {
            "--message-format=json"
        }
        .into(),
    );
    if options.quiet {
        args.push("--quiet".into());
    }
    args.extend((0..options.verbose).map(|_| "--verbose".into()));
    args
}

fn toml_setting(key: &str, value: &str) -> OsString {
    format!("{key}={}", toml::Value::String(value.to_owned())).into()
}

fn run_cargo(
    target: &Target,
    directory: &RecordDir,
    gate: Option<&Path>,
    cancel: &CancelFlag,
    on_line: &mut (dyn FnMut(&BuildLine) + Send),
) -> Result<Artifacts, BuildError> {
    let failed = |error: io::Error, what: &str| {
        BuildError::Failed(anyhow::Error::new(error).context(what.to_owned()))
    };
    let is_silent = target.options.quiet || gate.is_some();
    let mut command = Command::new(&target.cargo);
    command
        .args(arguments(target, directory))
        .current_dir(&target.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(if is_silent {
            Stdio::piped()
        } else {
            Stdio::inherit()
        });
    wrapper::set_environment(
        &mut command,
        directory,
        &target.crate_name,
        target.user_wrapper.as_deref(),
        gate,
    );
    let child = cancel.spawn(&mut command).map_err(|error| {
        let is_there = target.directory.is_dir();
        failed(
            error,
            if is_there {
                "cannot run cargo"
            } else {
                "cannot run cargo, as the directory that the session was started in is gone"
            },
        )
    })?;
    let mut child = child.ok_or(BuildError::Cancelled)?;

    let mut artifacts = Artifacts::default();
    let mut errors = String::new();
    let mut blame = Blame::default();
    let (stdout, stderr) = (child.child.stdout.take(), child.child.stderr.take());
    let said = Mutex::new(on_line);
    let say = |line: &BuildLine| said.lock().unwrap_or_else(PoisonError::into_inner)(line);
    let says_waits = !target.options.quiet;
    let stderr = std::thread::scope(|scope| {
        // Read beside stdout, so that neither pipe fills up.
        let stderr = stderr.map(|stderr| {
            scope.spawn(|| {
                read_errors(stderr, &|line| {
                    if says_waits && line.contains(WAITS_FOR_LOCK) {
                        say(&BuildLine::Waits(line.to_owned()));
                    }
                })
            })
        });
        if let Some(stdout) = stdout {
            let mut lines = BufReader::new(stdout);
            let mut line = Vec::new();
            loop {
                line.clear();
                let length = lines
                    .read_until(b'\n', &mut line)
                    .map_err(|error| failed(error, "cannot read from cargo"))?;
                if length == 0 {
                    break;
                }
                let text = String::from_utf8_lossy(&line);
                match read_line(text.trim_end(), &mut blame) {
                    Line::Artifact(artifact) => artifacts.targets.push(artifact),
                    Line::BuildScript { asked, out_dir } => {
                        artifacts
                            .build_scripts
                            .push((asked.package.clone(), out_dir));
                        artifacts.asked.push(asked);
                    }
                    Line::Diagnostic { rendered, is_error } => {
                        if is_error {
                            errors.push_str(&rendered);
                        }
                        say(&BuildLine::Diagnostic(rendered));
                    }
                    Line::Text(text) => say(&BuildLine::Text(text)),
                    Line::Other => {}
                }
            }
        }
        let stderr = stderr.and_then(|thread| thread.join().ok());
        Ok(stderr.unwrap_or_default())
    })?;
    let status = child
        .wait()
        .map_err(|error| failed(error, "cannot wait for cargo"))?;
    let refused = blame.system().map(str::to_owned);
    if cancel.is_cancelled() {
        Err(BuildError::Cancelled)
    } else if status.success() {
        Ok(artifacts)
    } else if let Some(refused) = refused {
        Err(BuildError::Failed(anyhow::anyhow!("{refused}")))
    } else if status.code().is_none() {
        Err(BuildError::Failed(anyhow::anyhow!(
            "cargo ended with {status}"
        )))
    } else if names_the_system(&stderr) && errors.is_empty() {
        Err(BuildError::Failed(anyhow::anyhow!("{}", stderr.trim())))
    } else if errors.is_empty() {
        Err(BuildError::Cargo {
            message: stderr.trim().to_owned(),
        })
    } else {
        Err(BuildError::Compile { rendered: errors })
    }
}

/// In what cargo says while another cargo has a lock that it needs.
const WAITS_FOR_LOCK: &str = "Blocking waiting for file lock";

/// All that cargo says on its standard error, line by line as well.
fn read_errors(stderr: impl io::Read, on_line: &dyn Fn(&str)) -> String {
    let mut lines = BufReader::new(stderr);
    let (mut all, mut line) = (String::new(), Vec::new());
    while matches!(lines.read_until(b'\n', &mut line), Ok(length) if length > 0) {
        let text = String::from_utf8_lossy(&line);
        on_line(&text);
        all.push_str(&text);
        line.clear();
    }
    all
}

/// One line of cargo's standard output.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Artifact(Artifact),
    BuildScript {
        asked: AskedByScript,
        out_dir: PathBuf,
    },
    Diagnostic {
        rendered: String,
        is_error: bool,
    },
    Text(String),
    Other,
}

/// Reads tolerantly: what is not understood is no error, since newer cargos may say more.
fn read_line(line: &str, blame: &mut Blame) -> Line {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
        return if line.is_empty() {
            Line::Other
        } else {
            Line::Text(line.to_owned())
        };
    };
    let text = |path: &str| {
        value
            .pointer(path)
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    let list = |path: &str| {
        let list = value.pointer(path).and_then(serde_json::Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    match text("/reason").as_deref() {
        Some("compiler-artifact") => Line::Artifact(Artifact {
            package: text("/package_id").unwrap_or_default(),
            target: text("/target/name").unwrap_or_default(),
            kinds: list("/target/kind"),
            files: list("/filenames").into_iter().map(PathBuf::from).collect(),
            executable: text("/executable").map(PathBuf::from),
        }),
        Some("build-script-executed") => match (text("/package_id"), text("/out_dir")) {
            (Some(package), Some(out_dir)) => Line::BuildScript {
                asked: AskedByScript {
                    package,
                    variables: pairs_of(&value, "/env"),
                    search: list("/linked_paths"),
                },
                out_dir: out_dir.into(),
            },
            _ => Line::Other,
        },
        Some("compiler-message") => {
            if let Some(message) = value.get("message") {
                blame.take_in(message);
            }
            match text("/message/rendered") {
                Some(rendered) => Line::Diagnostic {
                    rendered,
                    is_error: text("/message/level")
                        .is_some_and(|level| level.starts_with("error")),
                },
                None => Line::Other,
            }
        }
        Some(_) => Line::Other,
        None => Line::Text(line.to_owned()),
    }
}

/// A list of pairs of strings.
fn pairs_of(value: &serde_json::Value, path: &str) -> Vec<(String, String)> {
    let list = value.pointer(path).and_then(serde_json::Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|pair| {
            let [name, value] = pair.as_array()?.as_slice() else {
                return None;
            };
            Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()))
        })
        .collect()
}

/// What had to be different from what the profile says.
pub(super) fn warnings(target: &Target, units: &[UnitRecord]) -> Vec<Reason> {
    let mut warnings = Vec::new();
    let overridden = |what: &str| {
        units
            .iter()
            .any(|unit| unit.overridden.iter().any(|name| name == what))
    };
    if target.has_lto || overridden("lto") {
        warnings.push(Reason::new(
            &codes::PROFILE_LTO,
            format!(
                "profile `{}` asks for link-time optimisation; it is switched off in this build",
                target.profile
            ),
        ));
    }
    let mut changed = Vec::new();
    if overridden("strip") {
        changed.push("nothing is stripped");
    }
    if overridden("debuginfo") {
        changed.push("workspace members are compiled with full debug info");
    }
    if overridden("split-debuginfo") {
        changed.push("debug info stays in the executable");
    }
    if !changed.is_empty() {
        let changed = changed.join(", ");
        warnings.push(Reason::new(
            &codes::PROFILE_STRIP,
            format!(
                "other than profile `{}` says, in this build {changed}",
                target.profile
            ),
        ));
    }
    if target.runner.is_empty()
        && let Some(condition) = target.conditional_runners.first()
    {
        let message = format!(
            "cargo's configuration has a runner under `{condition}`, which is not used: the program is started by itself (hint: \
             `target.{SUPPORTED_TARGET}.runner` is used)"
        );
        warnings.push(Reason::new(&codes::BESIDE, message));
    }
    warnings
}

/// Finds out what `options` mean, opens the record directory and builds: for callers that need nothing in between.
///
/// # Errors
/// See [`resolve`] and [`build`].
pub fn resolve_and_build(
    options: &BuildOptions,
    cancel: &CancelFlag,
) -> Result<(Target, RecordDir, Built)> {
    let target = resolve(options)?;
    let directory = RecordDir::open(&target.target_directory)
        .with_context(|| format!("cannot prepare {}", target.target_directory.display()))?;
    let built = build(&target, &directory, None, cancel, &mut |_| {})?;
    Ok((target, directory, built))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> Line {
        super::read_line(line, &mut Blame::default())
    }

    #[test]
    fn lines_are_read_tolerantly() {
        assert_eq!(read_line("hello"), Line::Text("hello".into()));
        assert_eq!(read_line(""), Line::Other);
        assert_eq!(
            read_line(r#"{"reason":"build-finished","success":true}"#),
            Line::Other
        );
        assert_eq!(read_line(r#"{"reason":"something-new"}"#), Line::Other);
        assert_eq!(read_line(r#"{"a":1}"#), Line::Text(r#"{"a":1}"#.into()));
        assert_eq!(
            read_line(
                r#"{"reason":"compiler-message","message":{"rendered":"error: x\n","level":"error"}}"#
            ),
            Line::Diagnostic {
                rendered: "error: x\n".into(),
                is_error: true
            }
        );
        assert_eq!(
            read_line(
                r#"{"reason":"compiler-artifact","package_id":"p","target":{"name":"t","kind":["bin"]},
                    "filenames":["/a"],"executable":"/a","new":3}"#
            ),
            Line::Artifact(Artifact {
                package: "p".into(),
                target: "t".into(),
                kinds: vec!["bin".into()],
                files: vec!["/a".into()],
                executable: Some("/a".into()),
            })
        );
        assert_eq!(
            read_line(
                r#"{"reason":"build-script-executed","package_id":"p","linked_libs":[],"linked_paths":["native=/l"],
                    "cfgs":[],"env":[["A","b"],["odd"]],"out_dir":"/o"}"#
            ),
            Line::BuildScript {
                asked: AskedByScript {
                    package: "p".into(),
                    variables: vec![("A".into(), "b".into())],
                    search: vec!["native=/l".into()],
                },
                out_dir: "/o".into(),
            }
        );
    }

    #[test]
    fn settings_are_quoted() {
        assert_eq!(
            toml_setting("build.build-dir", "/a \"b\""),
            OsString::from(r#"build.build-dir='/a "b"'"#)
        );
    }
}
