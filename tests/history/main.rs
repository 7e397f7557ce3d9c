//! The history of a crate, replayed: its versions are fed to a live program as saves, and after each the program must answer
//! as one does that was just built and started. `README.md` beside this file says more, and what came of it.
//!
//! ```text
//! cargo test --test history                       the tool's own tests, with a small history of its own
//! cargo test --test history -- replay --help      the tool
//! ```

mod compare;
mod example;
mod project;
mod replay;
#[path = "../integration/running.rs"]
#[allow(dead_code, reason = "the integration tests use all of it")]
mod running;
mod steps;
#[path = "../integration/support.rs"]
#[allow(dead_code, reason = "the integration tests use all of it")]
mod support;
mod table;
mod tree;
mod versions;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::compare::{Verdict, parse_requests};
use crate::replay::{Plan, Replay, replay};
use crate::steps::Split;
use crate::tree::Tree;

/// Feeds the versions of a crate to a live program, one save after the other, and compares it with cold starts.
///
/// Exit code 1 if a step was wrong.
#[derive(Debug, Parser)]
#[command(name = "cargo test --test history -- replay")]
struct Options {
    /// The program that uses the crate: a package of its own that depends on it by the path `../crate`, with its requests in
    /// `requests.txt`.
    #[arg(long, value_name = "FOLDER")]
    driver: PathBuf,
    /// A version's source. Given once for each version, in order.
    #[arg(
        long = "tree",
        value_name = "FOLDER",
        group = "source",
        required = true
    )]
    trees: Vec<PathBuf>,
    /// A crate of the registry.
    #[arg(
        long = "crate",
        value_name = "NAME",
        group = "source",
        requires = "versions"
    )]
    package: Option<String>,
    /// Its releases, in order, with commas between.
    #[arg(
        long,
        value_name = "VERSIONS",
        value_delimiter = ',',
        requires = "package"
    )]
    versions: Vec<String>,
    /// A git repository, bare or not.
    #[arg(long, value_name = "FOLDER", group = "source", requires = "commits")]
    git: Option<PathBuf>,
    /// Its commits: the first one is started.
    #[arg(long, value_name = "BEGIN..END", requires = "git")]
    commits: Option<String>,
    /// Where in the repository the crate is.
    #[arg(long, value_name = "FOLDER", requires = "git")]
    subfolder: Option<PathBuf>,
    /// How far a version's difference is taken apart.
    #[arg(long, value_enum, default_value = "hunks")]
    split: Split,
    /// Ends after so many saves.
    #[arg(long, value_name = "NUMBER", default_value_t = usize::MAX, hide_default_value = true)]
    most_steps: usize,
    /// Where `result.md`, `result.json` and the source of wrong steps are put.
    #[arg(long, value_name = "FOLDER", default_value = "target/history")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "replay") {
        let options = Options::parse_from(arguments.into_iter().skip(1));
        return match run(&options) {
            Ok(0) => ExitCode::SUCCESS,
            Ok(_) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::from(2)
            }
        };
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let mut trials = compare::trials();
    trials.extend(steps::trials());
    trials.extend(example::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Returns how many steps were wrong.
fn run(options: &Options) -> Result<usize> {
    let requests = options.driver.join("requests.txt");
    let requests = fs::read_to_string(&requests)
        .with_context(|| format!("cannot read `{}`", requests.display()))?;
    let versions = if let Some(package) = &options.package {
        versions::of_releases(package, &options.versions)?
    } else if let (Some(repository), Some(range)) = (&options.git, &options.commits) {
        let subfolder = options.subfolder.clone().unwrap_or_default();
        versions::of_commits(repository, range, &subfolder)?
    } else {
        versions::of_folders(&options.trees)?
    };
    fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make `{}`", options.out.display()))?;
    let work = tempfile::Builder::new()
        .prefix("hotpatch-history-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let plan = Plan {
        driver: Tree::read("driver", &options.driver)?,
        requests: parse_requests(&requests),
        versions,
        split: options.split,
        work: work.path().to_owned(),
        wrong: options.out.join("wrong"),
        most_steps: options.most_steps,
    };
    let write = |name: &str, text: String| {
        let path = options.out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    };
    // After each step, so that a replay that is broken off has a result.
    let publish = |replay: &Replay| -> Result<String> {
        let markdown = table::markdown(replay);
        write("result.json", serde_json::to_string_pretty(replay)?)?;
        write("result.md", markdown.clone())?;
        Ok(markdown)
    };
    let replay = replay(&plan, |so_far| {
        if let Some(step) = so_far.steps.last() {
            println!("{}", table::line(step));
        }
        publish(so_far).map(|_| ())
    })?;
    let markdown = publish(&replay)?;
    let head = markdown.split("\n| # |").next().unwrap_or_default();
    println!("\n{head}");
    Ok(table::with_verdict(&replay.steps, Verdict::Wrong))
}
