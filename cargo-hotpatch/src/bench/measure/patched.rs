//! The copy under `cargo hotpatch run`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::super::project::{self, Project, Site};
use super::page::{self, Page};
use super::{ANSWER, Change, Confirmation, PATIENCE, Patch, Plan, STAGES, milliseconds, tail};
use crate::demo::session::{Session, Start};

/// The copy under `cargo hotpatch run`.
pub(super) struct PatchLane<'a> {
    project: &'a Project,
    pub(super) directory: &'a Path,
    pub(super) session: Session,
    pub(super) messages: PathBuf,
    /// The program's process.
    program: Option<u32>,
    /// Where it may listen, the next process of it as well.
    port: u16,
    pub(super) slots: Option<u64>,
    /// How often this process of the program was asked.
    asked: u64,
    pub(super) last_names_the_function: bool,
    /// The beginning of the last save.
    begin: Instant,
}

impl<'a> PatchLane<'a> {
    pub(super) fn start(project: &'a Project, plan: &Plan, directory: &'a Path) -> Result<Self> {
        let package = directory.join(&project.package);
        let messages = package.join("session.log");
        let mut arguments = project.cargo_arguments.clone();
        arguments.extend(["--color".into(), "never".into()]);
        if let Some(fast) = plan.fast {
            arguments.push(format!("--fast={}", fast.as_str()).into());
        }
        let port = page::port_for(project)?;
        if !project.program_arguments.is_empty() {
            arguments.push("--".into());
            arguments.extend(project.arguments_with(port));
        }
        let log = File::create(&messages)
            .with_context(|| format!("cannot create `{}`", messages.display()))?;
        let mut session = Session::start(Start {
            tool: &plan.tool,
            directory: &package,
            arguments,
            messages: Some(log),
            patience: PATIENCE,
        })?;
        let started = session
            .next_event("started")
            .with_context(|| format!("the program did not start:\n{}", tail(&messages)));
        let started = match started {
            Ok(started) => started,
            Err(error) => {
                session.end();
                return Err(error);
            }
        };
        let lane = Self {
            project,
            directory,
            session,
            messages,
            program: started["pid"].as_u64().and_then(|pid| pid.try_into().ok()),
            port,
            slots: started["slots"].as_u64(),
            asked: 0,
            last_names_the_function: false,
            begin: Instant::now(),
        };
        match lane.wait_until_it_serves() {
            Ok(()) => Ok(lane),
            Err(error) => {
                let error = error.context(format!(
                    "the last lines of the session:\n{}",
                    tail(&lane.messages)
                ));
                lane.session.end();
                Err(error)
            }
        }
    }

    /// Of a program that serves pages: until it does. From then on, the first page after an edit has to show it.
    fn wait_until_it_serves(&self) -> Result<()> {
        match first_page(self.project, self.port)? {
            Some(page) => page
                .wait_for(None, false, Instant::now() + ANSWER)
                .context("the program was started, but does not serve its page"),
            None => Ok(()),
        }
    }

    /// Waits until the session has nothing more to do because of the last edit: it would be measured as cargo's otherwise.
    fn settle(&mut self, patch: &mut Patch) -> Result<()> {
        if patch.way.as_deref() == Some("fast") {
            let event = self.session.next_event("confirmation")?;
            patch.confirmation = Some(Confirmation {
                until: milliseconds(self.begin),
                agrees: event["agrees"] == true,
            });
        }
        self.session.wait_until_warm()
    }

    /// The processes that are alive and ours.
    pub(super) fn processes(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.session.pid()).chain(self.program)
    }

    /// Makes an edit, waits for the outcome and for the answer, and then for what the session does behind it.
    pub(super) fn edit(&mut self, change: &Change<'_>) -> Result<Patch> {
        let mut patch = self.save(change)?;
        ensure!(
            patch.outcome != "compile-error",
            "with `{}` in `{}` it does not compile",
            change.new,
            change.site.file.display()
        );
        if let Some(expected) = change.site.expected(change.number) {
            self.wait_for_answer(change.site, &expected, patch.is_patched())
                .with_context(|| {
                    format!(
                        "the edit of `{}` in `{}` ended `{}`, but the program does not show it",
                        change.site.function,
                        change.site.file.display(),
                        patch.outcome
                    )
                })?;
        } else if patch.is_patched() {
            ensure!(
                self.last_names_the_function,
                "the outcome of the edit of `{}` does not name it",
                change.site.function
            );
        }
        patch.until_answer = milliseconds(self.begin);
        self.settle(&mut patch)?;
        Ok(patch)
    }

    /// Makes an edit and waits for the outcome.
    pub(super) fn save(&mut self, change: &Change<'_>) -> Result<Patch> {
        self.session.forget_lines();
        self.begin = Instant::now();
        project::replace(self.directory, &change.site.file, &change.old, &change.new)?;
        let event = self.session.next_event("outcome").with_context(|| {
            format!(
                "the edit of `{}` had no outcome",
                change.site.file.display()
            )
        })?;
        let mut patch = patch_of(&event);
        patch.until_answer = milliseconds(self.begin);
        self.last_names_the_function = names(&event, &change.site.function);
        let program = event["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        if program != self.program {
            (self.program, self.asked) = (program, 0);
        }
        Ok(patch)
    }

    /// `strictly`: the next line, or the first page, has to be it.
    fn wait_for_answer(&mut self, site: &Site, expected: &str, strictly: bool) -> Result<()> {
        let deadline = Instant::now() + ANSWER;
        if let Some(ask) = &site.ask {
            if page::is_page(ask) {
                return Page::new(ask, self.port)?.wait_for(Some(expected), strictly, deadline);
            }
            self.session.send(ask)?;
            self.asked += 1;
        }
        let mut last = None;
        loop {
            let line = self.session.next_line(deadline).with_context(|| {
                format!("no line with {expected:?} within {ANSWER:?}; the last one: {last:?}")
            })?;
            if !line.contains(expected) {
                let must_be_it = strictly && self.project.counts && line != "ready";
                ensure!(!must_be_it, "it answers {line:?} instead of {expected:?}");
                last = Some(line);
                continue;
            }
            let count = line
                .split(' ')
                .next()
                .and_then(|count| count.parse::<u64>().ok());
            ensure!(
                !self.project.counts || count == Some(self.asked),
                "it was asked {} times, and answers {line:?}: its state was lost",
                self.asked
            );
            return Ok(());
        }
    }
}

/// A page of the program, if it is asked for one.
pub(super) fn first_page(project: &Project, port: u16) -> Result<Option<Page>> {
    project
        .sites
        .iter()
        .filter_map(|site| site.ask.as_deref())
        .find(|ask| page::is_page(ask))
        .map(|ask| Page::new(ask, port))
        .transpose()
}

fn patch_of(event: &Value) -> Patch {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let time = |stage: &str| event["timings_ms"][stage].as_f64().unwrap_or_default();
    Patch {
        outcome: text(&event["outcome"]).unwrap_or_default(),
        code: text(&event["reason"]["code"]),
        until_answer: 0.0,
        acknowledged: time("total"),
        stages: STAGES.map(time),
        way: text(&event["way"]),
        full_because: text(&event["full_because"]),
        confirmation: None,
    }
}

/// Whether an outcome says that a function of this name (without its path) was patched.
fn names(event: &Value, function: &str) -> bool {
    event["functions"].as_array().is_some_and(|functions| {
        functions.iter().any(|reported| {
            let name = reported["name"].as_str().unwrap_or_default();
            reported["kind"] == "patched" && name.rsplit("::").next() == Some(function)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_read() {
        let event = serde_json::json!({
            "outcome": "patched", "reason": null, "way": "fast",
            "functions": [{"name": "app::<impl app::Shape>::describe", "kind": "patched"}, {"name": "app::other", "kind": "refreshed"}],
            "timings_ms": {"watch": 1.0, "plan": 2.0, "compile": 3.0, "diff": 4.0, "judge": 5.0, "link": 6.0, "apply": 7.0, "total": 28.5},
        });
        let patch = patch_of(&event);
        assert!(patch.is_patched());
        assert_eq!(patch.stages, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(
            (patch.acknowledged, patch.way.as_deref()),
            (28.5, Some("fast"))
        );
        assert!(names(&event, "describe"));
        assert!(!names(&event, "other"), "only its lines are new");
        assert!(!names(&event, "scribe"));

        let event = serde_json::json!({"outcome": "restarted", "reason": {"code": "HP0101"}});
        let patch = patch_of(&event);
        assert!(!patch.is_patched());
        assert_eq!((patch.code.as_deref(), patch.way), (Some("HP0101"), None));
    }
}
