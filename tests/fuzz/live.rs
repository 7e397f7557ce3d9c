//! A [`Case`] in a live session: each state is saved, and after each outcome the program must print what the simulation says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;

use crate::model::{Case, Program, Save, Step};
use crate::project::Project;
use crate::render::{self, Files};
use crate::running::{Event, Mark, Running};
use crate::simulate::{Answer, Difference, Simulation, compare, parse_answer};
use crate::support::{build_deadline, deadline, output_of, scrubbed_command, tool};

/// How long a save may go unnoticed before the session is asked to look.
const NOTICE: Duration = Duration::from_millis(400);

/// How long the session may take to tell that an edited function was not called: two seconds, on a busy machine.
const NOT_REACHED: Duration = Duration::from_secs(6);

/// What kind of fault was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Class {
    /// The program prints something that is neither the new nor the old.
    Wrong,
    /// The program prints what it printed before, and nothing told so.
    WithoutEffect,
    /// The program ended, or no longer answers.
    Crash,
    /// No outcome, an outcome that is not true, or a session that ended.
    Session,
    /// The fuzzer's own: cargo does not build the program, or a cold start prints something else than was simulated.
    Generator,
}

/// Something that must not be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) class: Class,
    /// Which step of the case, from 0.
    pub(crate) step: usize,
    pub(crate) label: String,
    /// The item whose line is wrong, as `Item::described`.
    pub(crate) item: String,
    pub(crate) id: u32,
    pub(crate) text: String,
    /// All that was seen of the session.
    pub(crate) report: String,
}

impl Finding {
    /// What is the same in two findings that are of one fault, as far as can be told.
    pub(crate) fn signature(&self) -> String {
        let label = if self.label.contains(" + ") {
            "several edits"
        } else {
            &self.label
        };
        format!("{:?} {} after {label}", self.class, self.item)
    }
}

/// What came of a step.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Done {
    pub(crate) seed: u64,
    pub(crate) step: usize,
    pub(crate) label: String,
    pub(crate) patchable: bool,
    pub(crate) outcome: String,
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) way: String,
    pub(crate) milliseconds: f64,
    /// Whether the whole crate said something else than the fast way.
    pub(crate) disagreed: bool,
    /// Whether the session had to be asked to look.
    pub(crate) unnoticed: bool,
}

/// Steps up to the first finding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) done: Vec<Done>,
    pub(crate) finding: Option<Finding>,
}

/// Runs a case in an empty folder. `Err` is only for what is not the tool's fault, such as a full disk.
pub(crate) fn run(case: &Case, folder: &Path, cold: &Cold) -> Result<Outcome> {
    let Some(first) = case.steps.first() else {
        bail!("a case without steps");
    };
    let root = folder
        .canonicalize()
        .with_context(|| format!("no folder `{}`", folder.display()))?;
    let project = Project::at(root);
    let files = render::files(&first.program, case.opt_level);
    write_files(&project, &Files::new(), &files, Save::InPlace)?;
    let args = vec![format!("--fast={}", case.fast)];
    let session = Running::session(&project, &args, &[], &[])?;
    let mut live = Live {
        case,
        project,
        session,
        cold,
        simulation: Simulation::default(),
        files,
        program: &first.program,
        accepted: BTreeSet::new(),
        mark: Mark::default(),
        under_way: None,
        last: Answer::new(),
        result: Outcome::default(),
    };
    live.result.finding = live.start()?;
    let mut index = 1;
    while live.result.finding.is_none() && index < case.steps.len() {
        live.result.finding = live.step(index)?;
        index += 1;
    }
    if live.result.finding.is_none() {
        live.result.finding = live.check_cold(case.steps.len() - 1)?;
    }
    Ok(live.result)
}

struct Live<'a> {
    case: &'a Case,
    project: Project,
    session: Running,
    cold: &'a Cold,
    simulation: Simulation,
    /// What is on disk.
    files: Files,
    /// What the program was last made of.
    program: &'a Program,
    /// Lines that do not show an edit, of which the session has told.
    accepted: BTreeSet<(String, String)>,
    last: Answer,
    /// Before the last save, and before those that it followed without waiting.
    mark: Mark,
    /// What was saved without waiting for its outcome: its labels, and whether all of it can be patched.
    under_way: Option<(String, bool)>,
    result: Outcome,
}

impl<'a> Live<'a> {
    fn start(&mut self) -> Result<Option<Finding>> {
        let started = self.session.wait_for_start();
        if let Err(error) = started {
            // A program that cargo does not build either is the generator's fault.
            self.cold.answers(&self.files, 1)?;
            return Ok(Some(self.finding(
                Class::Session,
                0,
                None,
                &format!("{error:#}"),
            )));
        }
        if self.case.fast != "never" {
            let warmed = self.session.wait_for_event(
                Mark::default(),
                "end of the warm-up",
                build_deadline(),
                |event| event.kind() == "warmed",
            );
            if let Err(error) = warmed {
                return Ok(Some(self.finding(
                    Class::Session,
                    0,
                    None,
                    &format!("{error:#}"),
                )));
            }
        }
        self.simulation.apply(self.program);
        self.tick(0, false)
    }

    fn finding(
        &self,
        class: Class,
        step: usize,
        difference: Option<&Difference>,
        text: &str,
    ) -> Finding {
        let id = difference.map_or(0, |difference| difference.item);
        let item = self.case.steps[..=step]
            .iter()
            .rev()
            .find_map(|step| step.program.items.get(&id));
        let item = match self.case.steps[step].save {
            // Whatever it shows in, it is of the file's time.
            Save::Old => "an old file".to_owned(),
            _ => item.map_or_else(|| "-".to_owned(), crate::model::Item::described),
        };
        Finding {
            class,
            step,
            label: self.case.steps[step].label.clone(),
            item,
            id,
            text: text.to_owned(),
            report: self.session.report(),
        }
    }

    /// Saves a step, and looks at what came of it.
    fn step(&mut self, index: usize) -> Result<Option<Finding>> {
        let case = self.case;
        let step = &case.steps[index];
        let files = render::files(&step.program, case.opt_level);
        if files == self.files {
            self.program = &step.program;
            return Ok(None);
        }
        // What was saved in a burst may become one save with this: the events of all of it are looked at together.
        if self.under_way.is_none() {
            self.mark = self.session.mark();
        }
        let mark = self.mark;
        write_files(&self.project, &self.files, &files, step.save)?;
        self.files = files;
        let is_followed =
            index + 1 < case.steps.len() && case.steps[index + 1].program.broken.is_none();
        if step.save == Save::Rapid && is_followed && step.program.broken.is_none() {
            // The session has the next step's save while it is at work on this one.
            self.under_way = Some(self.together(step));
            self.simulation.apply(&step.program);
            self.program = &step.program;
            return Ok(None);
        }
        let edits = self.together(step);
        self.under_way = None;
        let unnoticed = match self.settle(mark) {
            Ok(unnoticed) => unnoticed,
            Err(error) => {
                let text = format!("{error:#}");
                return Ok(Some(self.finding(Class::Session, index, None, &text)));
            }
        };
        let outcomes: Vec<Event> = self.events_since(mark, "outcome");
        let Some(outcome) = outcomes.last().cloned() else {
            return Ok(Some(self.finding(
                Class::Session,
                index,
                None,
                "the save has no outcome",
            )));
        };
        self.note(index, edits, &outcome, unnoticed);
        if let Some(finding) = self.follow(index, &outcomes)? {
            return Ok(Some(finding));
        }
        if outcome.outcome() == "compile-error" && step.program.broken.is_some() {
            return self.tick(index, true);
        }
        if let Some(finding) = self.tick(index, self.is_told(mark))? {
            return Ok(Some(finding));
        }
        self.confirm(index, mark, &outcome)
    }

    /// A step and what was saved before it without waiting.
    fn together(&self, step: &Step) -> (String, bool) {
        match &self.under_way {
            Some((labels, patchable)) => (
                format!("{labels} + {}", step.label),
                *patchable && step.patchable,
            ),
            None => (step.label.clone(), step.patchable),
        }
    }

    fn note(
        &mut self,
        index: usize,
        (label, patchable): (String, bool),
        outcome: &Event,
        unnoticed: bool,
    ) {
        self.result.done.push(Done {
            seed: self.case.seed,
            step: index,
            label,
            patchable,
            outcome: outcome.outcome().to_owned(),
            code: outcome.code().to_owned(),
            reason: outcome.reason().to_owned(),
            way: outcome.text("way").to_owned(),
            milliseconds: outcome.milliseconds("total").unwrap_or(0.0),
            disagreed: false,
            unnoticed,
        });
    }

    /// Brings the simulation to where the outcomes say that the program is.
    fn follow(&mut self, index: usize, outcomes: &[Event]) -> Result<Option<Finding>> {
        let step = &self.case.steps[index];
        let last = outcomes.last().map_or("", Event::outcome);
        if outcomes
            .iter()
            .any(|outcome| outcome.outcome() == "restarted")
        {
            self.restart();
        }
        match last {
            "patched" | "unchanged" | "restarted" => {
                if step.program.broken.is_some() {
                    let text = format!("`{last}`, and the source does not compile");
                    return Ok(Some(self.finding(Class::Session, index, None, &text)));
                }
                self.simulation.apply(&step.program);
                self.program = &step.program;
                Ok(None)
            }
            "compile-error" if step.program.broken.is_some() => Ok(None),
            "compile-error" => {
                // Cargo says who is right; what it does not build is the generator's fault.
                self.cold.answers(&self.files, 1)?;
                let text = "`compile-error`, and cargo builds it";
                Ok(Some(self.finding(Class::Session, index, None, text)))
            }
            other => {
                let text = format!("the last outcome is `{other}`");
                Ok(Some(self.finding(Class::Session, index, None, &text)))
            }
        }
    }

    fn restart(&mut self) {
        self.simulation = Simulation::default();
        self.accepted.clear();
        // What was saved in parts may have been started with what was there before.
        self.simulation.apply(self.program);
    }

    /// What the whole crate says of a patch that came the fast way.
    fn confirm(&mut self, index: usize, mark: Mark, outcome: &Event) -> Result<Option<Finding>> {
        if outcome.text("way") != "fast" {
            return Ok(None);
        }
        let patch = outcome.number("patch");
        let confirmed =
            self.session
                .wait_for_event(mark, "confirmation", build_deadline(), |event| {
                    event.kind() == "confirmation" && event.number("of") == patch
                });
        let confirmation = match confirmed {
            Ok(confirmation) => confirmation,
            Err(error) => {
                let text = format!("{error:#}");
                return Ok(Some(self.finding(Class::Session, index, None, &text)));
            }
        };
        if let Some(done) = self.result.done.last_mut() {
            done.disagreed = confirmation.flag("agrees") == Some(false);
        }
        if confirmation.outcome() == "restarted" {
            self.restart();
            self.simulation.apply(self.program);
        }
        self.tick(index, self.is_told(mark))
    }

    fn events_since(&self, mark: Mark, kind: &str) -> Vec<Event> {
        self.session.look(|seen| {
            let events = seen.events.iter().skip(mark.events);
            let events = events.map(|(_, event)| event);
            events
                .filter(|event| event.kind() == kind)
                .cloned()
                .collect()
        })
    }

    /// Whether the session has said that something of the last edit does not show.
    fn is_told(&self, mark: Mark) -> bool {
        let outcomes = self.events_since(mark, "outcome");
        let confirmations = self.events_since(mark, "confirmation");
        outcomes.iter().chain(&confirmations).any(|event| {
            let is_running = |(_, kind): &(&str, &str)| *kind == "still-running";
            !event.notes().is_empty() || event.functions().iter().any(is_running)
        })
    }

    /// Whether the session tells after a while that what would show the edit was not called.
    fn is_told_later(&mut self, difference: &Difference) -> bool {
        let Some(item) = self.program.items.get(&difference.item) else {
            return false;
        };
        let name = format!("::load_{}", item.letter());
        let told = self
            .session
            .wait_for_event(self.mark, "`not-reached` event", NOT_REACHED, |event| {
                let is_of_it = |(function, _): &(&str, &str)| function.ends_with(&name);
                event.kind() == "not-reached" && event.functions().iter().any(is_of_it)
            })
            .is_ok();
        if told {
            let text = (difference.key.clone(), difference.got.clone());
            self.accepted.insert(text);
        }
        told
    }

    /// Waits until all that was written has its outcome. Returns whether the session had to be asked to look.
    fn settle(&self, mark: Mark) -> Result<bool> {
        let noticed = self
            .session
            .wait_for_event(mark, "`saved` event", NOTICE, |event| {
                event.kind() == "saved"
            });
        loop {
            self.session
                .wait_until("outcome of every save", build_deadline(), |seen| {
                    let count = |kind: &str| {
                        let events = seen.events.iter().skip(mark.events);
                        events.filter(|(_, event)| event.kind() == kind).count()
                    };
                    Ok((count("saved") == count("outcome")).then_some(()))
                })?;
            let saves = self.events_since(mark, "saved").len();
            self.look_now()?;
            if self.events_since(mark, "saved").len() == saves {
                return Ok(noticed.is_err());
            }
        }
    }

    /// Lets the session look at all files at once, and returns when nothing is under way any more.
    fn look_now(&self) -> Result<()> {
        let mut command = scrubbed_command(tool(), self.project.root());
        command.args(["hotpatch", "save"]);
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

    fn tick(&mut self, index: usize, told: bool) -> Result<Option<Finding>> {
        let files = render::files(self.program, self.case.opt_level);
        let expected = self.simulation.tick(self.program, &files);
        let line = match answer_of(&mut self.session) {
            Ok(line) => line,
            Err(error) => {
                let text = format!("{error:#}");
                return Ok(Some(self.finding(Class::Crash, index, None, &text)));
            }
        };
        let answer = parse_answer(&line);
        if told {
            for (key, wanted) in &expected {
                for text in &wanted.if_told {
                    self.accepted.insert((key.clone(), text.clone()));
                }
            }
        }
        let mut differences = compare(&answer, &expected);
        differences.retain(|one| {
            let is_accepted = self.accepted.contains(&(one.key.clone(), one.got.clone()));
            !(one.is_silent && is_accepted)
        });
        differences.retain(|one| !(one.is_silent && self.is_told_later(one)));
        let Some(first) = differences.first() else {
            self.last = answer;
            return Ok(None);
        };
        let is_as_before = |one: &Difference| {
            one.is_silent || self.last.get(&one.key).is_some_and(|last| *last == one.got)
        };
        let class = if differences.iter().all(is_as_before) {
            Class::WithoutEffect
        } else {
            Class::Wrong
        };
        let shown = differences
            .iter()
            .find(|one| !is_as_before(one))
            .unwrap_or(first);
        let text: Vec<String> = differences.iter().map(ToString::to_string).collect();
        Ok(Some(self.finding(
            class,
            index,
            Some(shown),
            &text.join("\n"),
        )))
    }

    /// The simulation itself is checked: a cold start must print what it says.
    fn check_cold(&mut self, index: usize) -> Result<Option<Finding>> {
        let files = render::files(self.program, self.case.opt_level);
        let answers = self.cold.answers(&files, 2)?;
        let mut simulation = Simulation::default();
        simulation.apply(self.program);
        for answer in &answers {
            let expected = simulation.tick(self.program, &files);
            let differences = compare(answer, &expected);
            if let Some(first) = differences.first() {
                let text: Vec<String> = differences.iter().map(ToString::to_string).collect();
                return Ok(Some(self.finding(
                    Class::Generator,
                    index,
                    Some(first),
                    &text.join("\n"),
                )));
            }
        }
        Ok(None)
    }
}

/// Asks a program. What it prints when it starts is passed over.
fn answer_of(process: &mut Running) -> Result<String> {
    process.send("tick")?;
    process.wait_for_line("tick=1")
}

/// Writes what differs.
fn write_files(project: &Project, old: &Files, new: &Files, save: Save) -> Result<()> {
    for (name, text) in new
        .iter()
        .filter(|(name, text)| old.get(*name) != Some(*text))
    {
        let path = project.path(name);
        write_file(&path, text, save)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        let path = project.path(name);
        fs::remove_file(&path).with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    Ok(())
}

fn write_file(path: &Path, text: &str, save: Save) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    if matches!(save, Save::InPlace | Save::Rapid) {
        return fs::write(path, text);
    }
    let beside = path.with_extension("swp");
    fs::write(&beside, text)?;
    if save == Save::Old {
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options()
            .write(true)
            .open(&beside)?
            .set_modified(an_hour_ago)?;
    }
    fs::rename(beside, path)
}

/// Plain cargo, in a folder of its own that is used again and again.
pub(crate) struct Cold {
    project: Project,
}

impl Cold {
    pub(crate) fn in_folder(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
        let project = Project::at(folder.canonicalize()?);
        Ok(Self { project })
    }

    /// What a program that was just built and started prints at its first ticks. An error if cargo does not build it.
    pub(crate) fn answers(&self, files: &Files, ticks: usize) -> Result<Vec<Answer>> {
        for krate in ["low", "mid", "app"] {
            let _ = fs::remove_dir_all(self.project.path(krate));
        }
        write_files(&self.project, &Files::new(), files, Save::InPlace)?;
        let begun = Instant::now();
        let mut command = scrubbed_command("cargo", self.project.root());
        command.args(["build", "--quiet"]);
        let (status, _, errors) = output_of(&mut command)?;
        ensure!(
            status.success(),
            "cargo does not build a generated program ({} ms)\n{errors}",
            begun.elapsed().as_millis()
        );
        let program = self.project.path("target/debug/app");
        let command = scrubbed_command(&program, self.project.root());
        let mut process = Running::start(command, &self.project, None)?;
        (0..ticks)
            .map(|_| Ok(parse_answer(&answer_of(&mut process)?)))
            .collect()
    }
}
