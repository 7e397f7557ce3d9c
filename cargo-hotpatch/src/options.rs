//! The command line as it is meant: paths made absolute, colours decided, what goes to cargo put in cargo's own form.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::{
    BenchArguments, CheckArguments, ColorChoice, DemoArguments, ExplainArguments, Fast,
    RunArguments, SaveArguments,
};
use crate::event::OutcomeKind;
use crate::process::Stop;

/// The exit codes of all subcommands, as README.md documents them. They are stable.
pub mod exit_code {
    /// All well. For `save`: patched, or nothing had to be done. For `check`: it would be so.
    pub const OK: u8 = 0;
    /// A failure that has no code of its own.
    pub const FAILURE: u8 = 1;
    /// The command line was wrong (clap's own code).
    pub const USAGE: u8 = 2;
    /// `save`: the program was restarted. `check`: it would be.
    pub const RESTARTED: u8 = 10;
    /// `save`: a restart was needed, and the session was started with `--no-restart`.
    pub const REFUSED: u8 = 11;
    /// `save`: the source does not compile; the program runs on. `check`: it does not compile.
    pub const COMPILE_ERROR: u8 = 12;
    /// `save`: a newer save took over.
    pub const SUPERSEDED: u8 = 13;
    /// `save --reached`: patched, and not all of its functions were called before the deadline.
    pub const NOT_REACHED: u8 = 14;
    /// `save`: no session runs for this workspace, or it ended before the outcome. `check`: there was no build of one either.
    pub const NO_SESSION: u8 = 20;
    /// `bench`: other processes keep the machine busy.
    pub const NOISY: u8 = 30;
    /// `run`: the first build failed (cargo's own code).
    pub const BUILD_FAILED: u8 = 101;
    /// A program that was ended by a signal counts as this plus the signal's number, as in a shell.
    pub const SIGNAL_BASE: u8 = 128;
    /// Ended by Ctrl-C.
    pub const INTERRUPTED: u8 = SIGNAL_BASE + 2;
}

/// The exit code of `save` for an outcome.
#[must_use]
pub fn exit_code_of_outcome(outcome: OutcomeKind) -> u8 {
    match outcome {
        OutcomeKind::Patched | OutcomeKind::Unchanged => exit_code::OK,
        OutcomeKind::Restarted => exit_code::RESTARTED,
        OutcomeKind::Refused => exit_code::REFUSED,
        OutcomeKind::CompileError => exit_code::COMPILE_ERROR,
        OutcomeKind::Superseded => exit_code::SUPERSEDED,
    }
}

/// The exit code of `run --once` for the program's end: its own status, or 128 + its signal.
#[must_use]
pub fn exit_code_of_program(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let wide = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => i32::from(exit_code::SIGNAL_BASE) + signal,
        (None, None) => i32::from(exit_code::FAILURE),
    };
    u8::try_from(wide).unwrap_or(exit_code::FAILURE)
}

/// `cargo hotpatch run`, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// What `cargo build` has to be given to build what is to be run: package, target, features, profile, directories,
    /// `--config`, `-Z`, lock flags, `-v`/`-q` and `--color`. No subcommand, no `--message-format`, no program arguments.
    pub cargo_arguments: Vec<OsString>,
    /// The part of [`Self::cargo_arguments`] that `cargo metadata` understands as well: manifest, features, lock flags,
    /// `--config`, `-Z`, `--color`.
    pub metadata_arguments: Vec<OsString>,
    /// `--manifest-path`, absolute.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`, absolute. The environment's and the configuration's are cargo's business.
    pub target_dir: Option<PathBuf>,
    /// `--target`.
    pub target: Option<String>,
    /// `--package`.
    pub package: Option<String>,
    /// `--bin`.
    pub bin: Option<String>,
    /// `--example`.
    pub example: Option<String>,
    /// `--profile`; `--release` is told by [`Self::release`].
    pub profile: Option<String>,
    /// `--release`.
    pub release: bool,
    /// Whether our own lines and the compiler's messages have colours.
    pub color: bool,
    /// Neither cargo's messages nor our lines.
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbose: u8,
    /// What stands after `--`.
    pub program_arguments: Vec<OsString>,
    /// `--events`, absolute.
    pub events: Option<PathBuf>,
    /// End with the program.
    pub once: bool,
    /// Refuse where a restart would be needed.
    pub no_restart: bool,
    /// Act only when `save` asks for it.
    pub manual: bool,
    /// How the program is ended.
    pub stop: Stop,
    /// In which crates edits of plain bodies are compiled in a shadow, and the whole crate behind them. `None`: in none.
    pub fast: Option<Fast>,
}

impl RunOptions {
    /// The profile's name as cargo knows it: `dev` without any flag.
    #[must_use]
    pub fn profile_name(&self) -> &str {
        match (&self.profile, self.release) {
            (Some(name), _) => name,
            (None, true) => "release",
            (None, false) => "dev",
        }
    }

    /// What was typed, seen from this environment.
    ///
    /// # Errors
    /// When the current directory cannot be told, so that a relative path has no meaning.
    pub fn new(typed: RunArguments) -> anyhow::Result<Self> {
        let color = ColorSources::of_stderr(typed.color).decide();
        let quiet = typed.quiet || (typed.verbose == 0 && variable_is("CARGO_TERM_QUIET", "true"));
        Self::from_parts(typed, color, quiet)
    }

    fn from_parts(typed: RunArguments, color: bool, quiet: bool) -> anyhow::Result<Self> {
        let manifest_path = typed.manifest_path.as_deref().map(absolute).transpose()?;
        let target_dir = typed.target_dir.as_deref().map(absolute).transpose()?;
        let events = typed.events.as_deref().map(absolute).transpose()?;

        let mut shared = ArgumentList::default();
        shared.pair("--manifest-path", manifest_path.as_deref());
        for features in &typed.features {
            shared.pair("--features", Some(features));
        }
        shared.flag("--all-features", typed.all_features);
        shared.flag("--no-default-features", typed.no_default_features);
        shared.flag("--locked", typed.locked);
        shared.flag("--offline", typed.offline);
        shared.flag("--frozen", typed.frozen);
        for config in &typed.config {
            shared.pair("--config", Some(config));
        }
        for unstable in &typed.unstable {
            shared.pair("-Z", Some(unstable));
        }
        // Cargo's output may be read by us through a pipe, so what was decided has to be said.
        shared.pair("--color", Some(if color { "always" } else { "never" }));

        let mut build = shared.clone();
        build.pair("--package", typed.package.as_deref());
        build.pair("--bin", typed.bin.as_deref());
        build.pair("--example", typed.example.as_deref());
        build.pair("--jobs", typed.jobs.as_deref());
        build.flag("--release", typed.release);
        build.pair("--profile", typed.profile.as_deref());
        build.pair("--target", typed.target.as_deref());
        build.pair("--target-dir", target_dir.as_deref());
        build.flag("--ignore-rust-version", typed.ignore_rust_version);
        for _ in 0..typed.verbose {
            build.flag("--verbose", true);
        }
        build.flag("--quiet", quiet);

        Ok(Self {
            cargo_arguments: build.0,
            metadata_arguments: shared.0,
            manifest_path,
            target_dir,
            target: typed.target,
            package: typed.package,
            bin: typed.bin,
            example: typed.example,
            profile: typed.profile,
            release: typed.release,
            color,
            quiet,
            verbose: typed.verbose,
            program_arguments: typed.program_arguments,
            events,
            once: typed.once,
            no_restart: typed.no_restart,
            manual: typed.manual,
            stop: Stop {
                signal: typed.stop_signal.unwrap_or(Stop::default().signal),
                grace: typed.grace.unwrap_or(Stop::default().grace),
            },
            fast: Some(typed.fast.unwrap_or(Fast::Auto)).filter(|fast| *fast != Fast::Never),
        })
    }
}

/// `cargo hotpatch save`, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveOptions {
    /// The files, absolute; none means all.
    pub files: Vec<PathBuf>,
    /// Where the session's workspace is looked for: the manifest's directory, else the current directory.
    pub directory: PathBuf,
    /// True when [`Self::directory`] was named by `--manifest-path`, so that the files do not tell.
    pub directory_was_named: bool,
    /// Print nothing.
    pub quiet: bool,
    /// Colours.
    pub color: bool,
    /// With `--reached`: how long patched functions may take to be called.
    pub reached: Option<Duration>,
}

impl SaveOptions {
    /// What was typed, seen from this environment.
    ///
    /// # Errors
    /// When the current directory cannot be told.
    pub fn new(typed: &SaveArguments) -> anyhow::Result<Self> {
        let files = typed
            .files
            .iter()
            .map(|file| absolute(file))
            .collect::<anyhow::Result<_>>()?;
        let directory = directory_of(typed.manifest_path.as_deref())?;
        Ok(Self {
            files,
            directory,
            directory_was_named: typed.manifest_path.is_some(),
            quiet: typed.quiet,
            color: ColorSources::of_stderr(typed.color).decide(),
            reached: typed.reached.then(|| Duration::from_secs(typed.within)),
        })
    }
}

/// The directory of a manifest, else the current one.
fn directory_of(manifest: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(manifest) = manifest else {
        return std::env::current_dir().context("cannot tell the current directory");
    };
    let manifest = absolute(manifest)?;
    if manifest.is_dir() {
        return Ok(manifest);
    }
    Ok(manifest.parent().map_or(manifest.clone(), Path::to_owned))
}

/// `cargo hotpatch check`, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOptions {
    /// The file whose content comes from standard input: absolute.
    pub stdin_file: Option<PathBuf>,
    /// Where the workspace is looked for.
    pub directory: PathBuf,
    /// `--manifest-path`, absolute.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`, absolute.
    pub target_dir: Option<PathBuf>,
    /// One JSON object instead of words.
    pub json: bool,
    /// Colours.
    pub color: bool,
}

impl CheckOptions {
    /// What was typed, seen from this environment.
    ///
    /// # Errors
    /// When the current directory cannot be told.
    pub fn new(typed: &CheckArguments) -> anyhow::Result<Self> {
        Ok(Self {
            stdin_file: typed.stdin_file.as_deref().map(absolute).transpose()?,
            directory: directory_of(typed.manifest_path.as_deref())?,
            manifest_path: typed.manifest_path.as_deref().map(absolute).transpose()?,
            target_dir: typed.target_dir.as_deref().map(absolute).transpose()?,
            json: typed.json,
            color: ColorSources::of_stderr(typed.color).decide(),
        })
    }
}

/// `cargo hotpatch demo`, as meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// Leave the project on disk.
    pub keep: bool,
    /// Colours.
    pub color: bool,
}

impl DemoOptions {
    /// What was typed, seen from this environment.
    #[must_use]
    pub fn new(typed: &DemoArguments) -> Self {
        Self {
            keep: typed.keep,
            color: ColorSources::of_stderr(typed.color).decide(),
        }
    }
}

/// `cargo hotpatch bench`, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchOptions {
    /// The `Cargo.toml` of the user's own project, absolute.
    pub manifest: Option<PathBuf>,
    /// The projects that need none of the user's, by name; never empty, and not looked at where there is a [`Self::manifest`].
    pub projects: Vec<String>,
    /// Measured edits of each project.
    pub edits: usize,
    /// Patches in a row.
    pub patches: usize,
    /// `--fast` of the sessions that are measured.
    pub fast: Option<Fast>,
    /// Measure other tools that are installed, too.
    pub peers: bool,
    /// Measure on a busy machine as well.
    pub even_if_noisy: bool,
    /// The `cargo` that is measured.
    pub cargo: PathBuf,
    /// What is run of the user's own project, in a form that `run`, `cargo check` and `cargo build` understand.
    pub cargo_arguments: Vec<OsString>,
    /// `--package`, which is among them.
    pub package: Option<String>,
    /// For the user's own program.
    pub program_arguments: Vec<OsString>,
    /// `--file`, absolute. With it there are [`Self::replace`] and [`Self::with`].
    pub file: Option<PathBuf>,
    /// `--replace`.
    pub replace: Option<String>,
    /// `--with`.
    pub with: Option<String>,
    /// `--ask`.
    pub ask: Option<String>,
    /// `--expect`.
    pub expect: Option<String>,
    /// `--ready`.
    pub ready: Option<String>,
    /// JSON instead of a table.
    pub json: bool,
    /// `--svg`, absolute.
    pub svg: Option<PathBuf>,
    /// Leave the projects on disk.
    pub keep: bool,
    /// Colours on stderr; a table has none.
    pub color: bool,
}

impl BenchOptions {
    /// What was typed, seen from this environment.
    ///
    /// # Errors
    /// When the current directory cannot be told.
    pub fn new(typed: BenchArguments) -> anyhow::Result<Self> {
        let manifest = typed.path.as_deref().map(absolute).transpose()?;
        let manifest = manifest.map(|path| {
            if path.is_dir() {
                path.join("Cargo.toml")
            } else {
                path
            }
        });
        let mut cargo_arguments = ArgumentList::default();
        cargo_arguments.pair("--package", typed.package.as_deref());
        cargo_arguments.pair("--bin", typed.bin.as_deref());
        for features in &typed.features {
            cargo_arguments.pair("--features", Some(features));
        }
        cargo_arguments.flag("--release", typed.release);
        let projects = if typed.project.is_empty() {
            crate::bench::generate::NAMES.map(str::to_owned).to_vec()
        } else {
            typed.project
        };
        let is_small = manifest.is_none() && projects.first().is_some_and(|name| name == "hello");
        Ok(Self {
            manifest,
            projects,
            edits: typed.edits,
            patches: typed.patches.unwrap_or(if is_small { 500 } else { 0 }),
            fast: typed.fast,
            peers: !typed.no_peers,
            even_if_noisy: typed.even_if_noisy,
            cargo: std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            cargo_arguments: cargo_arguments.0,
            package: typed.package,
            program_arguments: typed.program_arguments,
            file: typed.file.as_deref().map(absolute).transpose()?,
            replace: typed.replace,
            with: typed.with,
            ask: typed.ask,
            expect: typed.expect,
            ready: typed.ready,
            json: typed.json,
            svg: typed.svg.as_deref().map(absolute).transpose()?,
            keep: typed.keep,
            color: ColorSources::of_stderr(typed.color).decide(),
        })
    }
}

/// `cargo hotpatch explain`, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainOptions {
    /// A code or a function; none means all codes.
    pub what: Option<String>,
    /// Where the function's workspace is looked for.
    pub directory: PathBuf,
    /// `--manifest-path`, absolute.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`, absolute.
    pub target_dir: Option<PathBuf>,
    /// Colours. What is printed goes to stdout.
    pub color: bool,
}

impl ExplainOptions {
    /// What was typed, seen from this environment.
    ///
    /// # Errors
    /// When the current directory cannot be told.
    pub fn new(typed: ExplainArguments) -> anyhow::Result<Self> {
        let color = ColorSources {
            is_terminal: std::io::stdout().is_terminal(),
            ..ColorSources::of_stderr(typed.color)
        };
        Ok(Self {
            directory: directory_of(typed.manifest_path.as_deref())?,
            manifest_path: typed.manifest_path.as_deref().map(absolute).transpose()?,
            target_dir: typed.target_dir.as_deref().map(absolute).transpose()?,
            what: typed.what,
            color: color.decide(),
        })
    }
}

/// Everything that says whether output has colours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColorSources {
    /// `--color`.
    pub flag: Option<ColorChoice>,
    /// `CARGO_TERM_COLOR`.
    pub cargo_term_color: Option<OsString>,
    /// `NO_COLOR`.
    pub no_color: Option<OsString>,
    /// `TERM`.
    pub term: Option<OsString>,
    /// Whether the output is a terminal.
    pub is_terminal: bool,
}

impl ColorSources {
    /// This process, writing to stderr.
    #[must_use]
    pub fn of_stderr(flag: Option<ColorChoice>) -> Self {
        Self {
            flag,
            cargo_term_color: std::env::var_os("CARGO_TERM_COLOR"),
            no_color: std::env::var_os("NO_COLOR"),
            term: std::env::var_os("TERM"),
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Cargo's order: the flag, then `CARGO_TERM_COLOR`, then `NO_COLOR` (not empty), then the terminal.
    #[must_use]
    pub fn decide(&self) -> bool {
        let from_variable = match self.cargo_term_color.as_deref().and_then(OsStr::to_str) {
            Some("always") => Some(ColorChoice::Always),
            Some("never") => Some(ColorChoice::Never),
            Some("auto") => Some(ColorChoice::Auto),
            _ => None,
        };
        match self.flag.or(from_variable) {
            Some(ColorChoice::Always) => true,
            Some(ColorChoice::Never) => false,
            Some(ColorChoice::Auto) | None => {
                let refused = self
                    .no_color
                    .as_ref()
                    .is_some_and(|value| !value.is_empty());
                let dumb = self.term.as_deref().is_none_or(|term| term == "dumb");
                self.is_terminal && !refused && !dumb
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
struct ArgumentList(Vec<OsString>);

impl ArgumentList {
    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.0.push(name.into());
        }
    }

    fn pair<S: AsRef<OsStr> + ?Sized>(&mut self, name: &str, value: Option<&S>) {
        if let Some(value) = value {
            self.0.push(name.into());
            self.0.push(value.as_ref().to_owned());
        }
    }
}

fn variable_is(name: &str, value: &str) -> bool {
    std::env::var_os(name).is_some_and(|found| found == value)
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot make `{}` absolute", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Command};

    fn bench(words: &[&str]) -> BenchOptions {
        let words = ["cargo-hotpatch", "bench"]
            .iter()
            .chain(words)
            .map(OsString::from);
        match cli::parse(words).expect("it parses").command {
            Command::Bench(typed) => BenchOptions::new(typed).expect("it has a meaning"),
            other => panic!("not bench: {other:?}"),
        }
    }

    #[test]
    fn many_patches_in_a_row_only_of_what_is_small_unless_told() {
        assert_eq!(bench(&[]).patches, 500);
        assert_eq!(bench(&[]).projects, crate::bench::generate::NAMES);
        assert_eq!(bench(&["--project", "large"]).patches, 0);
        assert_eq!(bench(&["."]).patches, 0);
        assert_eq!(bench(&[".", "--patches", "7"]).patches, 7);
    }

    #[test]
    fn the_own_project_is_its_manifest_and_what_cargo_needs_for_it() {
        let own = bench(&[
            "/",
            "--bin",
            "b",
            "-p",
            "x",
            "-F",
            "y",
            "--release",
            "--",
            "-v",
        ]);
        assert_eq!(own.manifest.as_deref(), Some(Path::new("/Cargo.toml")));
        assert_eq!(
            own.cargo_arguments,
            [
                "--package",
                "x",
                "--bin",
                "b",
                "--features",
                "y",
                "--release"
            ]
        );
        assert_eq!(own.program_arguments, ["-v"]);
    }

    fn run(words: &[&str]) -> RunOptions {
        let words = ["cargo-hotpatch", "run"]
            .iter()
            .chain(words)
            .map(OsString::from);
        match cli::parse(words).expect("it parses").command {
            Command::Run(typed) => {
                let (quiet, color) = (typed.quiet, typed.color == Some(ColorChoice::Always));
                RunOptions::from_parts(typed, color, quiet).expect("it has a meaning")
            }
            other => panic!("not run: {other:?}"),
        }
    }

    #[test]
    fn cargo_gets_what_selects_the_build() {
        let options = run(&[
            "-p",
            "app",
            "--example",
            "e",
            "-F",
            "a b",
            "-j4",
            "--profile",
            "fast",
            "-v",
            "--color",
            "always",
            "--locked",
            "--config",
            "x=1",
            "--",
            "--bin",
        ]);
        assert_eq!(
            options.cargo_arguments,
            [
                "--features",
                "a b",
                "--locked",
                "--config",
                "x=1",
                "--color",
                "always",
                "--package",
                "app",
                "--example",
                "e",
                "--jobs",
                "4",
                "--profile",
                "fast",
                "--verbose"
            ]
        );
        assert_eq!(
            options.metadata_arguments,
            [
                "--features",
                "a b",
                "--locked",
                "--config",
                "x=1",
                "--color",
                "always"
            ]
        );
        assert_eq!(options.program_arguments, ["--bin"]);
        assert_eq!(options.profile_name(), "fast");
    }

    #[test]
    fn paths_are_made_absolute_before_anything_changes_directory() {
        let options = run(&[
            "--manifest-path",
            "m/Cargo.toml",
            "--target-dir",
            "t",
            "--events",
            "e.jsonl",
        ]);
        for path in [&options.manifest_path, &options.target_dir, &options.events] {
            assert!(
                path.as_ref().is_some_and(|path| path.is_absolute()),
                "{path:?}"
            );
        }
        assert!(
            options
                .cargo_arguments
                .contains(&options.target_dir.expect("given").into_os_string())
        );
    }

    #[test]
    fn how_the_program_is_ended() {
        assert_eq!(run(&[]).stop, Stop::default());
        for typed in ["SIGINT", "int", "2"] {
            let stop = run(&["--grace", "0.5", "--stop-signal", typed]).stop;
            assert_eq!(stop.grace.as_millis(), 500);
            assert_eq!(stop.signal, libc::SIGINT);
        }
        for words in [
            ["run", "--grace=-1"],
            ["run", "--grace=soon"],
            ["run", "--stop-signal=KILL"],
        ] {
            let words = ["cargo-hotpatch"].iter().chain(&words).map(OsString::from);
            assert!(cli::parse(words).is_err());
        }
    }

    #[test]
    fn profiles_have_cargos_names() {
        assert_eq!(run(&[]).profile_name(), "dev");
        assert_eq!(run(&["-r"]).profile_name(), "release");
    }

    #[test]
    fn colours_are_decided_in_cargos_order() {
        let terminal = ColorSources {
            term: Some("xterm".into()),
            is_terminal: true,
            ..ColorSources::default()
        };
        let pipe = ColorSources {
            is_terminal: false,
            ..terminal.clone()
        };
        assert!(terminal.decide());
        assert!(!pipe.decide());
        assert!(
            !ColorSources {
                no_color: Some("1".into()),
                ..terminal.clone()
            }
            .decide()
        );
        assert!(
            ColorSources {
                no_color: Some("".into()),
                ..terminal.clone()
            }
            .decide()
        );
        assert!(
            !ColorSources {
                term: Some("dumb".into()),
                ..terminal.clone()
            }
            .decide()
        );
        assert!(
            ColorSources {
                cargo_term_color: Some("always".into()),
                no_color: Some("1".into()),
                ..pipe.clone()
            }
            .decide()
        );
        assert!(
            !ColorSources {
                flag: Some(ColorChoice::Never),
                cargo_term_color: Some("always".into()),
                ..terminal.clone()
            }
            .decide()
        );
        assert!(
            ColorSources {
                flag: Some(ColorChoice::Always),
                cargo_term_color: Some("never".into()),
                ..pipe
            }
            .decide()
        );
        assert!(
            ColorSources {
                flag: Some(ColorChoice::Auto),
                cargo_term_color: Some("never".into()),
                ..terminal
            }
            .decide()
        );
    }

    #[test]
    fn a_program_ended_by_a_signal_has_the_shells_code() {
        use std::os::unix::process::ExitStatusExt as _;
        assert_eq!(
            exit_code_of_program(std::process::ExitStatus::from_raw(9)),
            137
        );
        assert_eq!(
            exit_code_of_program(std::process::ExitStatus::from_raw(7 << 8)),
            7
        );
    }
}
