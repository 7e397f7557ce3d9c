//! The command line as it was typed. What it means is in [`crate::options`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// `cargo hotpatch …`, or `cargo-hotpatch …` called directly.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-hotpatch",
    bin_name = "cargo hotpatch",
    version,
    about = "Save a file, and the running Rust program changes",
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "New here? `cargo hotpatch demo` shows it on a small project of its own."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one command in a process"
)]
pub enum Command {
    /// Run a program, and move every saved edit into it while it runs
    Run(RunArguments),
    /// Have the running session act at once, wait for the outcome, and exit by it
    Save(SaveArguments),
    /// Tell what a save would come to, without applying anything
    Check(CheckArguments),
    /// Show the whole thing on a small project of its own, in under a minute
    Demo(DemoArguments),
    /// Measure patch, `cargo check` and restart after real edits, on this machine
    Bench(BenchArguments),
    /// Explain a code such as HP0101, or what became of a function
    Explain(ExplainArguments),
}

/// `--fast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fast {
    /// In crates of which a part is compiled sooner than the whole: all but the smallest.
    #[value(alias = "1")]
    Auto,
    /// In all crates.
    Always,
    /// In none.
    #[value(alias = "0")]
    Never,
}

impl Fast {
    /// As it is typed after `--fast`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// When to use colours; cargo's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// As it is typed after `--color`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

const OURS: &str = "Live patching";
const PACKAGE: &str = "Package selection";
const TARGET: &str = "Target selection";
const FEATURES: &str = "Feature selection";
const COMPILATION: &str = "Compilation options";
const MANIFEST: &str = "Manifest options";

/// `cargo hotpatch run`: what `cargo run` takes, and a few of ours.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 the session ended in good order, 2 wrong usage, 101 the first build failed, 130 interrupted,
1 anything else. With --once: the program's own status, or 128 + the signal that ended it.")]
pub struct RunArguments {
    /// Append one JSON object a line to FILE for everything that happens (see EVENTS.md)
    #[arg(long, value_name = "FILE", help_heading = OURS)]
    pub events: Option<PathBuf>,
    /// End when the program ends, with its status
    #[arg(long, help_heading = OURS)]
    pub once: bool,
    /// Never restart the program: an edit that would need it is refused
    #[arg(long, help_heading = OURS)]
    pub no_restart: bool,
    /// Act only when `cargo hotpatch save` is called, not when a file is saved
    #[arg(long, help_heading = OURS)]
    pub manual: bool,
    /// How long the program may take to end when it is restarted, or the session ends, before it is killed; another signal to the
    /// session, or two more Ctrl-C, cuts that short [default: 3]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = OURS)]
    pub grace: Option<std::time::Duration>,
    /// The signal that asks the program to end, such as SIGINT [default: SIGTERM]
    #[arg(long, value_name = "SIGNAL", value_parser = signal, help_heading = OURS)]
    pub stop_signal: Option<i32>,
    /// Compile only what was edited where that is enough, and the whole crate afterwards: in crates where that is sooner (`auto`, what
    /// is done without this), in all (`always`), or in none
    #[arg(
        long,
        env = "HOTPATCH_FAST",
        hide_env_values = true,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        help_heading = OURS
    )]
    pub fast: Option<Fast>,

    /// Package with the target to run
    #[arg(short, long, value_name = "SPEC", help_heading = PACKAGE)]
    pub package: Option<String>,

    /// Name of the bin target to run
    #[arg(long, value_name = "NAME", help_heading = TARGET, conflicts_with = "example")]
    pub bin: Option<String>,
    /// Name of the example target to run
    #[arg(long, value_name = "NAME", help_heading = TARGET)]
    pub example: Option<String>,

    /// Space or comma separated list of features to activate
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = FEATURES)]
    pub features: Vec<String>,
    /// Activate all available features
    #[arg(long, help_heading = FEATURES)]
    pub all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long, help_heading = FEATURES)]
    pub no_default_features: bool,

    /// Number of parallel jobs, defaults to # of CPUs
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, help_heading = COMPILATION)]
    pub jobs: Option<String>,
    /// Build in release mode, with optimizations
    #[arg(short, long, help_heading = COMPILATION, conflicts_with = "profile")]
    pub release: bool,
    /// Build with the specified profile
    #[arg(long, value_name = "PROFILE-NAME", help_heading = COMPILATION)]
    pub profile: Option<String>,
    /// Build for the target triple
    #[arg(long, value_name = "TRIPLE", help_heading = COMPILATION)]
    pub target: Option<String>,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY", help_heading = COMPILATION)]
    pub target_dir: Option<PathBuf>,

    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = MANIFEST)]
    pub manifest_path: Option<PathBuf>,
    /// Ignore `rust-version` specification in packages
    #[arg(long, help_heading = MANIFEST)]
    pub ignore_rust_version: bool,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, help_heading = MANIFEST)]
    pub locked: bool,
    /// Run without accessing the network
    #[arg(long, help_heading = MANIFEST)]
    pub offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, help_heading = MANIFEST)]
    pub frozen: bool,

    /// Use verbose output (-vv very verbose)
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Print neither cargo's messages nor ours (for full-screen programs)
    #[arg(short, long)]
    pub quiet: bool,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub config: Vec<OsString>,
    /// Unstable (nightly-only) flags to Cargo
    #[arg(short = 'Z', value_name = "FLAG")]
    pub unstable: Vec<String>,

    /// Arguments for the program to run
    #[arg(trailing_var_arg = true, value_name = "ARGS")]
    pub program_arguments: Vec<OsString>,
}

/// `cargo hotpatch save`.
#[derive(Debug, Args)]
#[command(after_help = "\
A program that has ended by itself is built and started again, as by a file that is saved then: that counts as restarted.

Exit codes: 0 patched or unchanged, 10 restarted, 11 refused, 12 compile error, 13 superseded by a newer save,
14 patched, but not called in time (--reached), 20 no session runs for this workspace, 2 wrong usage, 1 anything else.")]
pub struct SaveArguments {
    /// The files that were saved; without any, every file is looked at
    #[arg(value_name = "FILES")]
    pub files: Vec<PathBuf>,
    /// Path to a Cargo.toml of the session's workspace; otherwise the FILES and the current directory tell
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// After a patch, wait until the program has called every edited function
    #[arg(long)]
    pub reached: bool,
    /// How long to wait for that
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        requires = "reached"
    )]
    pub within: u64,
    /// Print nothing; the exit code tells
    #[arg(short, long)]
    pub quiet: bool,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
}

/// `cargo hotpatch check`.
#[derive(Debug, Args)]
#[command(after_help = "\
With a running session the files on disk are compared with what runs; without one, with the last build that a session made.
Nothing is applied, and nothing changes in the session or the program.

Exit codes: 0 it would be patched, or nothing would change; 10 it would be restarted, 12 compile error,
20 there is neither a session nor a build of one, 2 wrong usage, 1 anything else.")]
pub struct CheckArguments {
    /// Take the content of FILE, as an editor holds it before it is saved, from standard input
    #[arg(long, value_name = "FILE")]
    pub stdin_file: Option<PathBuf>,
    /// Print one JSON object to standard output (see EVENTS.md)
    #[arg(long)]
    pub json: bool,
    /// Path to a Cargo.toml of the workspace; otherwise the current directory tells
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Target directory in which the last build is looked for, if no session runs
    #[arg(long, value_name = "DIRECTORY")]
    pub target_dir: Option<PathBuf>,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
}

/// `cargo hotpatch demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Leave the demo's project on disk and say where
    #[arg(long)]
    pub keep: bool,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
}

const MEASURED: &str = "What is measured";
const EDIT: &str = "The edit in your own project";

/// `cargo hotpatch bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without a PATH, projects are generated: hello (one file), modules (10,000 lines), derives (10,000 lines full of serde),
large (40,000 lines in one crate), workspace (8 crates, the edit in the lowest). With hello comes what a call of a
patched function costs more because it tells that it was called, in a loop of nothing but calls. Two real programs are measured if they are
named: rhai 1.27.0 (a language; its library of 57,000 lines is edited) and miniserve 0.35.0 (a web server). Cargo downloads
them, and what they depend on, from the registry.

Your own project is copied into its target directory, three times, and only the copies are edited. Without --file, a
statement without effect is put into a few functions that the program turns out to have, and `restart` ends when the new
program is started (or says what --ready tells).

A program that serves pages is asked for one: --ask 'http://127.0.0.1:{port}/page'. Whatever the status, its text has to
have in it what --expect says; the first one after a patch, at once. {port} stands for a free port, in the program's
arguments as well, where it has to be: the patched program and the restarted one run at a time.

Where `dx` (dioxus-cli) or `cargo-hot` is installed, it patches the generated projects in the same turns, each in a copy with
the loop of `main` in the form that it needs. That one cannot do an edit is a remark. --no-peers leaves them out.

Exit codes: 0 measured, 30 refused because other processes keep this machine busy, 2 wrong usage, 130 interrupted,
1 anything else, such as an edit that did not show in the program's answer.")]
pub struct BenchArguments {
    /// Your own project: its directory or its Cargo.toml
    #[arg(value_name = "PATH", conflicts_with = "project")]
    pub path: Option<PathBuf>,

    /// One of the projects (may be repeated); all that are generated if none is named
    #[arg(long, value_name = "NAME", value_parser = crate::bench::NAMES, help_heading = MEASURED)]
    pub project: Vec<String>,
    /// How many edits are measured in each project, each as patch, `cargo check` and restart in turn
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = MEASURED)]
    pub edits: usize,
    /// How many patches in a row are made of the first project after that: 500 of hello, and none of others, unless told.
    /// More than some 700 restart it
    #[arg(long, value_name = "N", help_heading = MEASURED)]
    pub patches: Option<usize>,
    /// Measure with `cargo hotpatch run --fast=WHEN`
    #[arg(
        long,
        env = "HOTPATCH_FAST",
        hide_env_values = true,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        help_heading = MEASURED
    )]
    pub fast: Option<Fast>,
    /// Leave out other tools of this kind that are installed (see below)
    #[arg(long, help_heading = MEASURED)]
    pub no_peers: bool,
    /// Measure although other processes keep this machine busy; the result says so
    #[arg(long, help_heading = MEASURED)]
    pub even_if_noisy: bool,

    /// Package with the target to run
    #[arg(short, long, value_name = "SPEC", requires = "path", help_heading = PACKAGE)]
    pub package: Option<String>,
    /// Name of the bin target to run
    #[arg(long, value_name = "NAME", requires = "path", help_heading = TARGET)]
    pub bin: Option<String>,
    /// Space or comma separated list of features to activate
    #[arg(short = 'F', long, value_name = "FEATURES", requires = "path", help_heading = FEATURES)]
    pub features: Vec<String>,
    /// Build in release mode, with optimizations
    #[arg(short, long, requires = "path", help_heading = COMPILATION)]
    pub release: bool,

    /// The file to edit
    #[arg(long, value_name = "FILE", requires_all = ["path", "replace", "with"], help_heading = EDIT)]
    pub file: Option<PathBuf>,
    /// What stands in it, once
    #[arg(long, value_name = "TEXT", requires = "file", help_heading = EDIT)]
    pub replace: Option<String>,
    /// What to write there, with {n} for the number of the edit
    #[arg(long, value_name = "TEXT", requires = "file", help_heading = EDIT)]
    pub with: Option<String>,
    /// A line to send to the program after each edit, so that it executes the function, or the address of a page that it
    /// serves (see below)
    #[arg(long, value_name = "LINE|ADDRESS", requires = "expect", help_heading = EDIT)]
    pub ask: Option<String>,
    /// What a line of the program, or the page, has in it then, with {n} for the number of the edit
    #[arg(long, value_name = "TEXT", requires = "file", help_heading = EDIT)]
    pub expect: Option<String>,
    /// What the program says when it has started
    #[arg(long, value_name = "TEXT", requires = "path", help_heading = EDIT)]
    pub ready: Option<String>,

    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Write a picture
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Leave the projects on disk and say where
    #[arg(long)]
    pub keep: bool,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,

    /// Arguments for the program, behind `--`; {port} in them is a free port
    #[arg(last = true, value_name = "ARGS", requires = "path")]
    pub program_arguments: Vec<OsString>,
}

/// `cargo hotpatch explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Of a function it tells where its two versions first differed in the last save or check, and what was done about it.

Exit codes: 0 explained, 2 there is no such code or function, or it is not certain which one is meant; 1 anything else.")]
pub struct ExplainArguments {
    /// A code such as HP0101 (upper or lower case), or a function such as my_crate::module::function, or the end of its path;
    /// without one, all codes are listed
    #[arg(value_name = "CODE|FUNCTION")]
    pub what: Option<String>,
    /// Path to a Cargo.toml of the function's workspace; otherwise the current directory tells
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Target directory of the function's workspace
    #[arg(long, value_name = "DIRECTORY")]
    pub target_dir: Option<PathBuf>,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorChoice>,
}

/// The longest `--grace`: a day.
const LONGEST_GRACE: f64 = 86_400.0;

fn seconds(typed: &str) -> Result<std::time::Duration, String> {
    let seconds: f64 = typed
        .trim_end_matches('s')
        .parse()
        .map_err(|_| "a number of seconds is wanted, such as 10 or 0.5".to_owned())?;
    if !(0.0..=LONGEST_GRACE).contains(&seconds) {
        return Err(format!("it has to be from 0 to {LONGEST_GRACE} seconds"));
    }
    Ok(std::time::Duration::from_secs_f64(seconds))
}

fn signal(typed: &str) -> Result<i32, String> {
    let name = typed.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let found = crate::process::signals::ENDING
        .iter()
        .find(|number| {
            crate::process::signals::name(**number) == format!("SIG{name}")
                || number.to_string() == name
        })
        .copied();
    found.ok_or_else(|| {
        let names = crate::process::signals::ENDING.map(crate::process::signals::name);
        format!(
            "a signal that a program can take notice of is wanted: {}",
            names.join(", ")
        )
    })
}

/// Takes the command line apart. Cargo calls `cargo-hotpatch hotpatch …`; a person may leave the second word out.
///
/// # Errors
/// What clap says about wrong usage, and about `--help` and `--version`: print it with [`clap::Error::exit`].
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|word| word == "hotpatch") {
        arguments.remove(1);
    }
    Arguments::try_parse_from(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn typed(words: &[&str]) -> Result<Arguments, clap::Error> {
        parse(
            std::iter::once("cargo-hotpatch")
                .chain(words.iter().copied())
                .map(OsString::from),
        )
    }

    fn run(words: &[&str]) -> RunArguments {
        match typed(words).expect("it parses").command {
            Command::Run(run) => run,
            other => panic!("not run: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn cargo_and_people_call_it_alike() {
        assert_eq!(
            run(&["hotpatch", "run", "--bin", "a"]).bin.as_deref(),
            Some("a")
        );
        assert_eq!(run(&["run", "--bin", "a"]).bin.as_deref(), Some("a"));
    }

    #[test]
    fn what_cargo_run_takes_is_taken() {
        let taken = run(&[
            "run",
            "-p",
            "app",
            "--bin",
            "b",
            "-F",
            "x,y",
            "--features",
            "z",
            "--all-features",
            "--no-default-features",
            "-r",
            "--target",
            "x86_64-unknown-linux-gnu",
            "--target-dir",
            "t",
            "--manifest-path",
            "m/Cargo.toml",
            "--locked",
            "--offline",
            "--frozen",
            "-j",
            "-1",
            "-vv",
            "--color",
            "always",
            "--config",
            "a=1",
            "--",
            "-x",
            "--release",
            "--",
            "y",
        ]);
        assert_eq!(taken.features, ["x,y", "z"]);
        assert!(
            taken.release && taken.locked && taken.offline && taken.frozen && taken.all_features
        );
        assert_eq!((taken.verbose, taken.jobs.as_deref()), (2, Some("-1")));
        assert_eq!(taken.program_arguments, ["-x", "--release", "--", "y"]);
        assert_eq!(
            run(&["run", "one", "-r", "--two"]).program_arguments,
            ["one", "-r", "--two"]
        );
    }

    #[test]
    fn contradictions_are_refused() {
        for words in [
            &["run", "-q", "-v"][..],
            &["run", "--bin", "a", "--example", "b"],
            &["run", "-r", "--profile", "x"],
            &["run", "--color", "sometimes"],
            &["bench", "--project", "nonsense"],
            &["bench", "--project", "hello", "."],
            &["bench", ".", "--file", "src/main.rs", "--replace", "a"],
            &[
                "bench",
                "--file",
                "src/main.rs",
                "--replace",
                "a",
                "--with",
                "{n}",
            ],
            &["bench", "--release"],
            &["nonsense"],
            &[],
        ] {
            assert_eq!(
                typed(words).expect_err("it is refused").exit_code(),
                2,
                "{words:?}"
            );
        }
    }

    fn help(of: &str) -> String {
        let error = typed(&[of, "--help"]).expect_err("help is reported as an error");
        assert_eq!(error.exit_code(), 0);
        error.render().to_string()
    }

    #[test]
    fn help_lists_what_exists() {
        let text = typed(&["--help"]).expect_err("help").render().to_string();
        let expected = "\
Save a file, and the running Rust program changes

Usage: cargo hotpatch <COMMAND>

Commands:
  run      Run a program, and move every saved edit into it while it runs
  save     Have the running session act at once, wait for the outcome, and exit by it
  check    Tell what a save would come to, without applying anything
  demo     Show the whole thing on a small project of its own, in under a minute
  bench    Measure patch, `cargo check` and restart after real edits, on this machine
  explain  Explain a code such as HP0101, or what became of a function
  help     Print this message or the help of the given subcommand(s)

Options:
  -h, --help     Print help
  -V, --version  Print version

New here? `cargo hotpatch demo` shows it on a small project of its own.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn help_of_each_command_tells_its_exit_codes() {
        let save = help("save");
        for (code, word) in [
            (10, "restarted"),
            (11, "refused"),
            (12, "compile"),
            (13, "superseded"),
            (14, "--reached"),
            (20, "session"),
        ] {
            assert!(
                save.contains(&format!("{code} ")) && save.contains(word),
                "{save}"
            );
        }
        let run = help("run");
        assert!(
            run.starts_with("Run a program") && run.contains("101 the first build failed"),
            "{run}"
        );
        assert!(
            run.contains("Usage: cargo hotpatch run [OPTIONS] [ARGS]..."),
            "{run}"
        );
        let bench = help("bench");
        assert!(
            bench.contains("30 refused") && bench.contains("workspace"),
            "{bench}"
        );
        assert!(
            bench.contains("miniserve") && bench.contains("http://127.0.0.1:{port}/"),
            "{bench}"
        );
    }
}
