//! The replay: one live program under the tool, one cold program for each state of the source, and the comparison.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;

use crate::compare::{Difference, Facts, NO_ANSWER, Request, Verdict, judge};
use crate::project::Project;
use crate::running::{Event, Mark, Running};
use crate::steps::{Save, Split, between};
use crate::support::{build_deadline, deadline, is_fast, output_of, scrubbed_command, tool};
use crate::tree::{self, Files, Tree};

/// What is replayed, and where.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The binary crate that uses the crate under replay, by the path `../crate`.
    pub(crate) driver: Tree,
    pub(crate) requests: Vec<Request>,
    pub(crate) versions: Vec<Tree>,
    pub(crate) split: Split,
    /// The two workspaces are made here.
    pub(crate) work: PathBuf,
    /// The source of wrong steps, before and after, is kept here.
    pub(crate) wrong: PathBuf,
    /// No more saves than these.
    pub(crate) most_steps: usize,
}

/// One save and what came of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    /// From 1.
    pub(crate) number: usize,
    /// The version that it leads to.
    pub(crate) version: String,
    /// What of that version: `src/lib.rs 2/5`.
    pub(crate) part: String,
    /// As the event log names it; `not noticed` if the session did not see the save, `no outcome` if it never told one.
    pub(crate) outcome: String,
    /// `fast` or `full`; empty where nothing was compiled, and of sessions without a fast way.
    pub(crate) way: String,
    /// Whether the whole crate has confirmed what came the fast way.
    pub(crate) agrees: Option<bool>,
    /// The code of the reason; empty if there is none.
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) notes: Vec<String>,
    /// Name and kind.
    pub(crate) functions: Vec<(String, String)>,
    /// From the change of the file to the acknowledgement.
    pub(crate) milliseconds: Option<f64>,
    /// What plain cargo needed to build the same state, without starting it.
    pub(crate) cargo_milliseconds: f64,
    pub(crate) verdict: Verdict,
    /// What is wrong besides the answers.
    pub(crate) complaint: Option<String>,
    pub(crate) differences: Vec<Difference>,
}

/// The result for one crate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Replay {
    #[serde(rename = "crate")]
    pub(crate) package: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) versions: usize,
    pub(crate) requests: usize,
    /// Requests that the first version answers in different words: how much the comparison can see.
    pub(crate) distinct_answers: usize,
    pub(crate) steps: Vec<Step>,
}

/// Where the crate under replay is, in both workspaces.
const SUBJECT: &str = "crate";
const DRIVER: &str = "driver";

/// How long a save may go unnoticed before the session is asked to look. A session that needed to be asked is not wrong.
const NOTICE: Duration = Duration::from_millis(400);

/// Runs all steps. `progress` sees the result as it is after each.
pub(crate) fn replay(
    plan: &Plan,
    mut progress: impl FnMut(&Replay) -> Result<()>,
) -> Result<Replay> {
    let (Some(first), Some(last)) = (plan.versions.first(), plan.versions.last()) else {
        bail!("no version to start with");
    };
    let mut cold = Cold::new(plan, first)?;
    ensure!(
        cold.build()?,
        "the first version does not build with this driver\n{}",
        cold.errors
    );
    let cold_answers = cold.answers(&plan.requests)?;
    ensure!(
        !cold_answers.iter().any(|answer| answer == NO_ANSWER),
        "the first version does not answer all requests: {cold_answers:?}"
    );
    let mut replay = Replay {
        package: first.package()?,
        first: first.name.clone(),
        last: last.name.clone(),
        versions: plan.versions.len(),
        requests: plan.requests.len(),
        distinct_answers: {
            let mut answers: Vec<&String> = cold_answers.iter().collect();
            answers.sort();
            answers.dedup();
            answers.len()
        },
        steps: Vec::new(),
    };
    let mut state = State {
        plan,
        warm: Warm::start(plan, &first.files, 0)?,
        cold,
        expected: cold_answers,
        is_wrong: false,
    };
    let answers = state.warm.answers(&plan.requests);
    ensure!(
        answers == state.expected,
        "the driver's answers differ without any edit: they must depend on nothing but the requests\n{answers:?}\n{:?}",
        state.expected
    );
    for pair in plan.versions.windows(2) {
        for save in between(&pair[0], &pair[1], plan.split) {
            if replay.steps.len() >= plan.most_steps {
                return Ok(replay);
            }
            let number = replay.steps.len() + 1;
            let step = state
                .step(number, &pair[1].name, &save)
                .with_context(|| format!("step {number}, {} {}", pair[1].name, save.part))?;
            replay.steps.push(step);
            progress(&replay)?;
        }
    }
    state.warm.session.check_one_outcome_per_save()?;
    Ok(replay)
}

struct State<'a> {
    plan: &'a Plan,
    warm: Warm,
    cold: Cold,
    /// What the newest version that builds answers after a cold start.
    expected: Vec<String>,
    /// A program that is wrong stays wrong: the next step begins with a new one.
    is_wrong: bool,
}

impl State<'_> {
    fn step(&mut self, number: usize, version: &str, save: &Save) -> Result<Step> {
        if std::mem::take(&mut self.is_wrong) {
            // Only what builds can be started; what came after it is saved again.
            self.warm = Warm::start(self.plan, &self.cold.last_good, number)?;
            self.warm.write(&self.cold.files, &self.cold.last_good)?;
        }
        let before = self.cold.files.clone();
        let old_pid = self.warm.session.program_pid()?;
        let had_ended = self.warm.has_ended();
        let mark = self.warm.session.mark();
        let saved = self.warm.save(save).and_then(|outcome| {
            let confirmation = self.warm.confirmation_since(mark, outcome.as_ref())?;
            Ok((outcome, confirmation))
        });
        let ((outcome, confirmation), problem) = match saved {
            Ok(saved) => (saved, None),
            // The session hangs or has ended: that is a result, too.
            Err(error) => ((None, None), Some(format!("{error:#}"))),
        };
        let way = text_of(&outcome, |outcome| outcome.text("way"));
        let agrees = confirmation
            .as_ref()
            .and_then(|confirmation| confirmation.flag("agrees"));
        // What the whole crate says counts.
        let outcome = match agrees {
            Some(false) => confirmation,
            _ => outcome,
        };
        self.cold.save(save)?;
        let building = Instant::now();
        let builds = self.cold.build()?;
        let cargo_milliseconds = building.elapsed().as_secs_f64() * 1000.0;
        if builds {
            self.expected = self.cold.answers(&self.plan.requests)?;
        }
        let answers = if problem.is_some() {
            vec![NO_ANSWER.to_owned(); self.plan.requests.len()]
        } else {
            self.warm.answers(&self.plan.requests)
        };
        let facts = Facts {
            outcome: outcome.as_ref().map(Event::outcome),
            builds,
            same_process: self.warm.session.program_pid()? == old_pid,
            keeps_a_static: self.warm.keeps_a_static(),
        };
        // It had ended, as the cold one does, and there is nothing to start: nobody can answer.
        let expected = if had_ended && facts.outcome == Some("compile-error") {
            vec![NO_ANSWER.to_owned(); self.plan.requests.len()]
        } else {
            self.expected.clone()
        };
        let (mut verdict, complaint, differences) =
            judge(facts, &self.plan.requests, &answers, &expected);
        if problem.is_some() {
            verdict = Verdict::Wrong;
        }
        let step = Step {
            number,
            version: version.to_owned(),
            part: save.part.clone(),
            outcome: match (&outcome, &problem) {
                (Some(outcome), _) => outcome.outcome().to_owned(),
                (None, Some(_)) => "no outcome".to_owned(),
                (None, None) => "not noticed".to_owned(),
            },
            way,
            agrees,
            code: text_of(&outcome, Event::code),
            reason: text_of(&outcome, Event::reason),
            notes: outcome
                .iter()
                .flat_map(Event::notes)
                .map(ToOwned::to_owned)
                .collect(),
            functions: outcome
                .iter()
                .flat_map(Event::functions)
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .collect(),
            milliseconds: outcome
                .as_ref()
                .and_then(|outcome| outcome.milliseconds("total")),
            cargo_milliseconds,
            verdict,
            complaint: problem.or(complaint),
            differences,
        };
        if verdict == Verdict::Wrong {
            self.keep_wrong(&before, &step)?;
            self.is_wrong = true;
        }
        Ok(step)
    }

    /// Both states of the source, all that was seen of the session, and the step itself.
    fn keep_wrong(&self, before: &Files, step: &Step) -> Result<()> {
        let folder = self.plan.wrong.join(format!("step-{:04}", step.number));
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty `{}`", folder.display()))?;
        }
        for (name, files) in [("before", before), ("after", &self.cold.files)] {
            make_workspace(&folder.join(name), &self.plan.driver, files)?;
        }
        fs::write(folder.join("session.txt"), self.warm.session.report())?;
        fs::write(
            folder.join("step.json"),
            serde_json::to_string_pretty(step)?,
        )?;
        Ok(())
    }
}

fn text_of(outcome: &Option<Event>, member: fn(&Event) -> &str) -> String {
    outcome.as_ref().map(member).unwrap_or_default().to_owned()
}

/// A workspace of driver and crate.
fn make_workspace(root: &Path, driver: &Tree, files: &Files) -> Result<()> {
    let manifest =
        format!("[workspace]\nmembers = [\"{DRIVER}\", \"{SUBJECT}\"]\nresolver = \"2\"\n");
    tree::write_file(root, Path::new("Cargo.toml"), Some(manifest.as_bytes()))?;
    // As for a dependency: what newer compilers warn of must not stop an old version that denies warnings.
    let config = "[build]\nrustflags = [\"--cap-lints=allow\"]\n";
    tree::write_file(
        root,
        Path::new(".cargo/config.toml"),
        Some(config.as_bytes()),
    )?;
    tree::write(&driver.files, &root.join(DRIVER))?;
    tree::write(files, &root.join(SUBJECT))
}

fn empty_folder(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder)
        .and_then(|()| folder.canonicalize())
        .with_context(|| format!("cannot make `{}`", folder.display()))
}

/// The program under the tool.
struct Warm {
    project: Project,
    session: Running,
    driver: String,
}

impl Warm {
    /// `number` tells the folders of several sessions of one replay apart.
    fn start(plan: &Plan, files: &Files, number: usize) -> Result<Self> {
        let root = empty_folder(&plan.work.join(format!("warm-{number}")))?;
        make_workspace(&root, &plan.driver, files)?;
        let project = Project::at(root);
        let driver = plan.driver.package()?;
        let mut args = vec!["-p".to_owned(), driver.clone()];
        if is_fast() {
            args.push("--fast=always".to_owned());
        }
        let session = Running::session(&project, &args, &[], &[])?;
        let warm = Self {
            project,
            session,
            driver,
        };
        warm.session.wait_for_start().with_context(|| {
            format!(
                "`{}` does not start\n{}",
                warm.driver,
                warm.session.report()
            )
        })?;
        if is_fast() {
            let is_warm = |event: &Event| event.kind() == "warmed";
            warm.session.wait_for_event(
                Mark::default(),
                "end of the warm-up",
                build_deadline(),
                is_warm,
            )?;
        }
        Ok(warm)
    }

    /// Saves, and waits for the outcome: the last one, if what was written at once was seen in parts. `None` if the session
    /// looked and found nothing that concerns it.
    fn save(&mut self, save: &Save) -> Result<Option<Event>> {
        let mark = self.session.mark();
        let root = self.project.path(SUBJECT);
        for (path, content) in &save.files {
            tree::write_file(&root, path, content.as_deref())?;
        }
        self.outcome_since(mark)
    }

    /// What the whole crate says of a patch that came the fast way.
    fn confirmation_since(&self, mark: Mark, outcome: Option<&Event>) -> Result<Option<Event>> {
        let Some(outcome) = outcome.filter(|outcome| outcome.text("way") == "fast") else {
            return Ok(None);
        };
        let patch = outcome.number("patch");
        let is_of_it =
            |event: &Event| event.kind() == "confirmation" && event.number("of") == patch;
        let confirmed =
            self.session
                .wait_for_event(mark, "confirmation", build_deadline(), is_of_it);
        confirmed.map(Some)
    }

    /// Writes what differs, and waits for whatever comes of it.
    fn write(&mut self, files: &Files, old: &Files) -> Result<()> {
        let changed = |path: &PathBuf| files.get(path) != old.get(path);
        let paths = files.keys().chain(old.keys()).filter(|path| changed(path));
        let save = Save {
            part: String::new(),
            files: paths
                .map(|path| (path.clone(), files.get(path).cloned()))
                .collect(),
        };
        self.save(&save).map(|_| ())
    }

    fn outcome_since(&self, mark: Mark) -> Result<Option<Event>> {
        let is_saved = |event: &Event| event.kind() == "saved";
        // Most saves are noticed long before this; those that are not are asked for below.
        let _ = self
            .session
            .wait_for_event(mark, "`saved` event", NOTICE, is_saved);
        loop {
            self.session
                .wait_until("outcome of every save", build_deadline(), |seen| {
                    let count = |kind: &str| {
                        seen.events
                            .iter()
                            .skip(mark.events)
                            .filter(|(_, event)| event.kind() == kind)
                            .count()
                    };
                    Ok((count("saved") == count("outcome")).then_some(()))
                })?;
            let before = self.session.mark();
            self.look_now()?;
            if self.session.mark().events == before.events {
                break;
            }
        }
        Ok(self.session.look(|seen| {
            seen.events
                .iter()
                .skip(mark.events)
                .map(|(_, event)| event)
                .rfind(|event| event.kind() == "outcome")
                .cloned()
        }))
    }

    /// Lets the session look at all files at once, and returns when nothing is under way any more.
    fn look_now(&self) -> Result<()> {
        let mut command = scrubbed_command(tool(), self.project.root());
        command.args(["hotpatch", "save"]);
        // Its exit code tells the outcome, which stands in the events as well.
        output_of(&mut command)?;
        let log = self.project.path("hotpatch-events.jsonl");
        let written = fs::read(&log)
            .with_context(|| format!("cannot read `{}`", log.display()))?
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.session
            .wait_until("last lines of the event log", deadline(), |seen| {
                Ok((seen.events.len() >= written).then_some(()))
            })
    }

    fn answers(&mut self, requests: &[Request]) -> Vec<String> {
        ask(&mut self.session, requests)
    }

    /// Whether the program has ended by itself. The next save that builds starts it again.
    fn has_ended(&self) -> bool {
        self.session.look(|seen| {
            seen.events
                .iter()
                .map(|(_, event)| event.kind())
                .rfind(|kind| matches!(*kind, "started" | "exited"))
                == Some("exited")
        })
    }

    /// Whether the session has said it of the process that runs now.
    fn keeps_a_static(&self) -> bool {
        self.session.look(|seen| {
            seen.events
                .iter()
                .rev()
                .map(|(_, event)| event)
                .take_while(|event| event.kind() != "started")
                .any(|event| {
                    event
                        .notes()
                        .iter()
                        .any(|note| note.contains("keeps its live value"))
                })
        })
    }
}

/// The program as plain cargo builds it.
struct Cold {
    project: Project,
    driver: String,
    /// The crate as it is on disk.
    files: Files,
    /// The newest state of the crate that builds.
    last_good: Files,
    /// What cargo said of the last build that failed.
    errors: String,
}

impl Cold {
    fn new(plan: &Plan, first: &Tree) -> Result<Self> {
        let root = empty_folder(&plan.work.join("cold"))?;
        make_workspace(&root, &plan.driver, &first.files)?;
        Ok(Self {
            project: Project::at(root),
            driver: plan.driver.package()?,
            files: first.files.clone(),
            last_good: first.files.clone(),
            errors: String::new(),
        })
    }

    fn save(&mut self, save: &Save) -> Result<()> {
        let root = self.project.path(SUBJECT);
        for (path, content) in &save.files {
            tree::write_file(&root, path, content.as_deref())?;
            match content {
                Some(content) => self.files.insert(path.clone(), content.clone()),
                None => self.files.remove(path),
            };
        }
        Ok(())
    }

    /// Whether it builds.
    fn build(&mut self) -> Result<bool> {
        let mut command = scrubbed_command("cargo", self.project.root());
        command.args(["build", "--quiet", "-p", &self.driver]);
        let (status, _, errors) = output_of(&mut command)?;
        if status.success() {
            self.last_good = self.files.clone();
        } else {
            self.errors = errors;
        }
        Ok(status.success())
    }

    fn answers(&self, requests: &[Request]) -> Result<Vec<String>> {
        let program = self.project.path("target/debug").join(&self.driver);
        let command = scrubbed_command(&program, self.project.root());
        let mut process = Running::start(command, &self.project, None)?;
        Ok(ask(&mut process, requests))
    }
}

/// Sends the requests one by one. From the first that is not answered on, nothing is.
fn ask(process: &mut Running, requests: &[Request]) -> Vec<String> {
    let mut answers = Vec::new();
    for request in requests {
        match process.ask(&request.line) {
            Ok(answer) => answers.push(answer),
            Err(_) => break,
        }
    }
    answers.resize(requests.len(), NO_ANSWER.to_owned());
    answers
}
