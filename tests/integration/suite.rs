//! The test suite of a real crate runs over and over inside of a program whose functions are patched every 50 ms, each
//! time with other code that does the same. No test may end otherwise than before the first patch.
//!
//! The crate is `semver`, as this workspace's lock file has it, unless `HOTPATCH_SUITE_CRATE` names the directory of
//! another one; `HOTPATCH_SUITE_PATCHES` says how many patches there are (20 unless told otherwise). A program gets at most 700 of
//! them (its arena has room for 784) and is then started anew.
//!
//! [`crate_as_program`] makes the program: the crate and a binary in one package, in which each `#[test]` is an ordinary
//! function in a list. Tests that macros write, and those that return something or are to panic, are left out. At its
//! beginning every function of the crate and of its tests stores a number, which differs between the two versions that
//! take turns; so each patch replaces every function that the program has, and all the callers of each, by new code.
//! The two versions are compiled once: compiling would take longer than 50 ms. Everything behind that is what a
//! session does with a save: diff, judge, link, send, publish.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use cargo_hotpatch::capture::inputs::Inputs;
use cargo_hotpatch::client::Listener;
use cargo_hotpatch::compile::CompiledUnit;
use cargo_hotpatch::event::{FunctionKind, Timings};
use cargo_hotpatch::explain::Observed;
use cargo_hotpatch::link::store::Library;
use cargo_hotpatch::process::{Launch, Program};
use cargo_hotpatch::session::decide::{Edit, Environment, SourceChange};
use cargo_hotpatch::session::engine::{self, Applied};
use cargo_hotpatch::session::objects::{Files, Reference, reference};
use cargo_hotpatch::session::running::Running;
use cargo_hotpatch::table::image::Image;
use cargo_hotpatch::table::policy::SlotPolicy;
use libtest_mimic::Trial;

use crate::crate_as_program::{self, Version};
use crate::phases::Phases;
use crate::project::Project;
use crate::support::{deadline, trial};

/// The time from one patch to the next, if the tool is fast enough.
const BETWEEN: Duration = Duration::from_millis(50);

/// Patches that one process gets.
const PATCHES_PER_PROGRAM: usize = 700;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "suite::a_crates_own_tests_under_patches",
        a_crates_own_tests_under_patches,
    )]
}

fn a_crates_own_tests_under_patches() -> Result<()> {
    let patches: usize = std::env::var("HOTPATCH_SUITE_PATCHES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(20);
    let source = match std::env::var_os("HOTPATCH_SUITE_CRATE") {
        Some(directory) => PathBuf::from(directory),
        None => crate_as_program::source_of("semver")?,
    };
    let project = Project::with_files("suite", &[])?;
    let program = crate_as_program::write(&source, project.root())?;
    eprintln!("suite: {} functions are edited", program.functions);

    program.save(Version::First)?;
    let mut phases = Phases::build(project.root(), Some("suite"))?;
    let first = phases.compile().context("the first version")?;
    program.save(Version::Second)?;
    let second = phases.compile().context("the second version")?;

    let mut left = patches;
    let mut total = Totals::default();
    while left > 0 {
        let now = left.min(PATCHES_PER_PROGRAM);
        one_program(
            &project,
            &phases,
            &program,
            [&first, &second],
            now,
            &mut total,
        )?;
        left -= now;
    }
    let median = |stage: fn(&Timings) -> f64| -> f64 {
        let mut times: Vec<f64> = total.timings.iter().map(stage).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    eprintln!(
        "suite: {} tests; {} patches of {} functions, one in {:.0} ms (medians: diff {:.0}, judge {:.0}, link {:.0}, \
         apply {:.0} ms); {} results, {} of them unlike before",
        total.tests,
        patches,
        total.functions,
        total.seconds * 1000.0 / patches as f64,
        median(|timings| timings.diff),
        median(|timings| timings.judge),
        median(|timings| timings.link),
        median(|timings| timings.apply),
        total.results,
        total.wrong
    );
    ensure!(total.wrong == 0, "results differ: {}", total.first_wrong);
    ensure!(
        total.results > patches,
        "{} results with {patches} patches prove little",
        total.results
    );
    Ok(())
}

#[derive(Default)]
struct Totals {
    tests: usize,
    /// Of the last patch.
    functions: usize,
    results: usize,
    wrong: usize,
    first_wrong: String,
    seconds: f64,
    timings: Vec<Timings>,
}

/// Starts the program, patches it that many times, and adds what came of it.
fn one_program(
    project: &Project,
    phases: &Phases,
    source: &crate_as_program::Source,
    versions: [&Vec<CompiledUnit>; 2],
    patches: usize,
    total: &mut Totals,
) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("cargo-hotpatch-suite-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let results = folder.path().join("results");
    let stop = folder.path().join("stop");
    let listener = Listener::bind(folder.path())?;
    let launch = Launch {
        image: phases.built.link.image.clone(),
        argument_zero: "suite".into(),
        arguments: vec![results.clone().into(), stop.clone().into()],
        environment: vec![listener.environment()],
        working_directory: project.root().to_owned(),
    };
    let program = Program::spawn(&launch, |_| {})?;
    let image = Image::read(&phases.built.link.image)?;
    let mut running = Running::connect(program, &listener, image, folder.path())
        .map_err(|(_, error)| error)
        .context("the program's stub")?;
    let before = wait_for_results(&running, &results, 0)?;

    let mut live = LiveBuild::of(phases)?;
    let began = Instant::now();
    for patch in 0..patches {
        let turn = Instant::now();
        let is_second = patch % 2 == 0;
        let (from, to) = if is_second {
            (Version::First, Version::Second)
        } else {
            (Version::Second, Version::First)
        };
        let sources = source.changes(from, to);
        let mut timings = Timings::default();
        total.functions = live
            .apply(
                &mut running,
                versions[usize::from(is_second)],
                &sources,
                &mut timings,
            )
            .with_context(|| format!("patch {}", patch + 1))?;
        total.timings.push(timings);
        ensure!(
            running.program.ended().is_none(),
            "the program ended at patch {}: {:?}",
            patch + 1,
            running.program.ended()
        );
        // Not a synchronisation: this is the pace that is asked for.
        std::thread::sleep(BETWEEN.saturating_sub(turn.elapsed()));
    }
    total.seconds += began.elapsed().as_secs_f64();
    // Every test ran at least once more with the last patch.
    let settled = wait_for_results(&running, &results, 0)?;
    wait_for_results(&running, &results, settled.rounds + 2)?;
    fs::write(&stop, "").context("cannot ask the program to stop")?;
    let status = running
        .program
        .wait_for_end(deadline())
        .context("the program does not stop")?;
    ensure!(status.success(), "the program ended with {status}");
    let after = Results::read(&results)?.context("no results")?;
    ensure!(after.rounds > before.rounds, "no round while patches came");
    total.tests = after.tests;
    total.results += after.results;
    total.wrong += after.wrong;
    if total.first_wrong.is_empty() {
        total.first_wrong = after.first_wrong;
    }
    Ok(())
}

/// What a session keeps of its build.
struct LiveBuild {
    reference: Reference,
    files: Files,
    libraries: Vec<Library>,
    policy: SlotPolicy,
    units: HashMap<String, (String, String)>,
    inputs: Inputs,
    executable: String,
}

impl LiveBuild {
    fn of(phases: &Phases) -> Result<Self> {
        let built = &phases.built;
        Ok(Self {
            reference: reference(&built.link.objects),
            files: Files::default(),
            libraries: Library::open_present(&built.link.libraries)?,
            policy: SlotPolicy::new(
                phases.target.workspace_crates.iter().cloned(),
                phases.built.link.all_instances,
            ),
            units: built.crates(),
            inputs: built.inputs.clone(),
            executable: phases.target.crate_name.clone(),
        })
    }

    /// One patch; the number of functions that it replaced.
    fn apply(
        &mut self,
        running: &mut Running,
        compiled: &[CompiledUnit],
        sources: &[SourceChange],
        timings: &mut Timings,
    ) -> Result<usize> {
        let environment = Environment {
            libraries: &self.libraries,
            policy: &self.policy,
            executable: &self.executable,
            units: &self.units,
            inputs: &self.inputs,
        };
        let stacks = running.stacks.clone();
        let edit = Edit {
            reference: &self.reference,
            compiled,
            sources,
            stacks: Some(&stacks),
        };
        let applied = engine::apply(
            running,
            &edit,
            &mut self.files,
            &environment,
            timings,
            &mut Observed::default(),
        )?;
        for unit in compiled {
            self.reference
                .insert(unit.key.clone(), unit.objects.clone());
        }
        self.files.keep_only(&self.reference);
        match applied {
            Applied::Taken(taken) if taken.is_patched => Ok(taken
                .functions
                .iter()
                .filter(|function| function.kind == FunctionKind::Patched)
                .count()),
            other => bail!("not patched: {other:?}"),
        }
    }
}

/// What the program has written: see `crate_as_program::MAIN`.
#[derive(Debug)]
struct Results {
    tests: usize,
    /// How often each of its threads has gone through its tests at least.
    rounds: usize,
    results: usize,
    wrong: usize,
    first_wrong: String,
}

impl Results {
    fn read(path: &Path) -> Result<Option<Self>> {
        let Ok(text) = fs::read_to_string(path) else {
            return Ok(None);
        };
        let mut words = text.splitn(5, ' ');
        let mut number = || -> Result<usize> {
            let word = words.next().context("too few words")?;
            word.parse()
                .with_context(|| format!("`{word}` is no number"))
        };
        Ok(Some(Self {
            tests: number()?,
            rounds: number()?,
            results: number()?,
            wrong: number()?,
            first_wrong: words.next().unwrap_or_default().to_owned(),
        }))
    }
}

/// Waits until so many rounds are over.
fn wait_for_results(running: &Running, path: &Path, rounds: usize) -> Result<Results> {
    let end = Instant::now() + deadline();
    loop {
        if let Some(results) = Results::read(path)?
            && results.rounds >= rounds
        {
            return Ok(results);
        }
        ensure!(
            running.program.ended().is_none(),
            "the program ended: {:?}",
            running.program.ended()
        );
        ensure!(Instant::now() < end, "no results after {:?}", deadline());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A file's text as the session hands it on.
pub(crate) fn bytes(text: &str) -> Option<Arc<[u8]>> {
    Some(text.as_bytes().into())
}
