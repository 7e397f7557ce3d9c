//! The fuzzer of the whole tool: random workspaces, random edits, and a model that knows what the live program has to
//! print after each. `README.md` beside this file says more, and what came of it.
//!
//! ```text
//! cargo test --test fuzz                          the short run: the corpus, then a few edits of a fixed seed
//! cargo test --test fuzz -- run --help            long runs
//! cargo test --test fuzz -- case FILE             one case, as a run has kept it
//! cargo test --test fuzz -- show --seed 1         writes a case, and runs nothing
//! ```

mod campaign;
mod define;
mod edits;
mod live;
mod model;
mod more;
#[path = "../history/project.rs"]
mod project;
mod random;
mod refer;
mod render;
#[path = "../integration/running.rs"]
#[allow(dead_code, reason = "the integration tests use all of it")]
mod running;
mod shrink;
mod simulate;
#[path = "../integration/support.rs"]
#[allow(dead_code, reason = "the integration tests use all of it")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;

use crate::campaign::{Plan, campaign, case_of, keep, table};
use crate::live::{Class, Cold, Finding};
use crate::model::{Case, Kind};
use crate::support::trial;

/// Makes random edits in random workspaces, and looks at what the live program prints.
///
/// Exit code 1 if something was found.
#[derive(Debug, Parser)]
#[command(name = "cargo test --test fuzz -- run")]
struct Options {
    /// The seed of the first workspace; each one after it has the next number.
    #[arg(long, env = "HOTPATCH_FUZZ_SEED", default_value_t = 1)]
    seed: u64,
    /// Ends after so many edits.
    #[arg(long, env = "HOTPATCH_FUZZ_EDITS", default_value_t = 2000)]
    edits: usize,
    /// Begins no workspace after so many seconds.
    #[arg(long, env = "HOTPATCH_FUZZ_SECONDS", default_value_t = 7200)]
    seconds: u64,
    /// Edits of one workspace.
    #[arg(long, default_value_t = 20)]
    edits_per_case: usize,
    #[arg(long, env = "HOTPATCH_FUZZ_OPT_LEVEL", default_value_t = 0)]
    opt_level: u8,
    /// `never`, `always`, `auto`, or `mixed`: `always` and `never` take turns.
    #[arg(long, env = "HOTPATCH_FUZZ_FAST", default_value = "never")]
    fast: String,
    /// Kinds of items, with commas between; all if none is given.
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// Kinds of items that are left out.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Sessions at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// How many seconds each finding is made smaller.
    #[arg(long, default_value_t = 90)]
    shrink: u64,
    /// Where findings are put.
    #[arg(long, default_value = "target/fuzz")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let result = match arguments.get(1).and_then(|word| word.to_str()) {
        Some("run") => run(&Options::parse_from(arguments.into_iter().skip(1))),
        Some("show") => show(&Options::parse_from(arguments.into_iter().skip(1))).map(|()| true),
        Some("case") => arguments
            .get(2)
            .context("which case? `case FILE`")
            .and_then(|file| check_case(Path::new(file)))
            .map(|()| true),
        _ => {
            let mut arguments = libtest_mimic::Arguments::from_args();
            // Each trial runs compilers of its own.
            arguments.test_threads.get_or_insert(2);
            return libtest_mimic::run(&arguments, trials()).exit_code();
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether nothing was found.
fn run(options: &Options) -> Result<bool> {
    let plan = plan_of(options)?;
    let summary = campaign(&plan)?;
    let table = table(&plan, &summary);
    println!("{table}");
    fs::create_dir_all(&options.out)
        .and_then(|()| fs::write(options.out.join("result.md"), &table))
        .with_context(|| format!("cannot write to `{}`", options.out.display()))?;
    Ok(summary.findings.is_empty())
}

/// Writes the case of a seed, with the texts of its start and of its edits, and runs nothing.
fn show(options: &Options) -> Result<()> {
    let case = case_of(&plan_of(options)?, options.seed);
    let finding = Finding {
        class: Class::Generator,
        step: case.steps.len() - 1,
        label: "nothing".to_owned(),
        item: "-".to_owned(),
        id: 0,
        text: "Nothing was run.".to_owned(),
        report: String::new(),
    };
    println!("{}", keep(&options.out, &case, &finding)?.display());
    Ok(())
}

fn plan_of(options: &Options) -> Result<Plan> {
    let named = |names: &[String]| -> Result<Vec<Kind>> {
        let named = |name: &String| {
            let name = serde_json::Value::String(name.clone());
            serde_json::from_value(name).context("no such kind of item")
        };
        names.iter().map(named).collect()
    };
    let without = named(&options.without)?;
    let mut kinds = named(&options.kinds)?;
    if kinds.is_empty() {
        kinds = Kind::ALL.to_vec();
    }
    kinds.retain(|kind| !without.contains(kind));
    Ok(Plan {
        seed: options.seed,
        edits: options.edits,
        time: Duration::from_secs(options.seconds),
        edits_per_case: options.edits_per_case,
        opt_level: options.opt_level,
        fast: options.fast.clone(),
        kinds,
        jobs: options.jobs,
        shrinking: Duration::from_secs(options.shrink),
        out: Some(options.out.clone()),
    })
}

/// Fails if the case shows a fault.
fn check_case(file: &Path) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let case: Case =
        serde_json::from_str(&text).with_context(|| format!("in `{}`", file.display()))?;
    let folder = tempfile::Builder::new()
        .prefix("hotpatch-fuzz-")
        .tempdir()?;
    let (warm, cold) = (folder.path().join("warm"), folder.path().join("cold"));
    fs::create_dir_all(&warm)?;
    let outcome = live::run(&case, &warm, &Cold::in_folder(cold)?)?;
    for done in &outcome.done {
        println!(
            "{}: {} {} {}",
            done.label, done.outcome, done.code, done.reason
        );
    }
    if let Some(finding) = outcome.finding {
        bail!(
            "{}\n{}\n{}",
            finding.signature(),
            finding.text,
            finding.report
        );
    }
    Ok(())
}

fn trials() -> Vec<libtest_mimic::Trial> {
    let mut trials = vec![trial("short::random_edits_of_a_fixed_seed", short_run)];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
    let mut files: Vec<PathBuf> = fs::read_dir(corpus)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("corpus::{name}");
        trials.push(trial(name, move || check_case(&file)));
    }
    trials
}

/// A few edits of a fixed seed. `HOTPATCH_FUZZ_SEED` and the other variables of a long run change it.
fn short_run() -> Result<()> {
    let options = ["fuzz", "--shrink=0"];
    let mut options = Options::parse_from(options);
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if !is_set("HOTPATCH_FUZZ_EDITS") {
        options.edits = 40;
    }
    if !is_set("HOTPATCH_FUZZ_SECONDS") {
        options.seconds = 40;
    }
    let mut plan = plan_of(&options)?;
    plan.jobs = 1;
    plan.out = None;
    let summary = campaign(&plan)?;
    ensure!(summary.findings.is_empty(), "{}", table(&plan, &summary));
    Ok(())
}
