//! A build that begins before anybody has judged the edit.
//!
//! An edit that the program cannot follow would be compiled twice: by a replay, of which the verdict is that it restarts, and then by
//! cargo. Where the source says that this is how it will end (memory holds something else for a type or a static), only cargo
//! compiles. When it comes to the link, its objects are judged like a replay's. If it is a restart, the link, which went on meanwhile,
//! may replace what the last one left; if it is none, the build is given up, and the edit goes the full way.

use super::decide::SourceChange;
use super::engine::Applied;
use super::restarts::{is_timeout, program_ended};
use super::{Message, Session, build_work};
use crate::capture::cargo::{BuildError, BuildLine, Built};
use crate::capture::child::CancelFlag;
use crate::capture::gate::{Gate, WaitingLink};
use crate::capture::record::ObjectRef;
use crate::compile::{CompiledUnit, Compiler};
use crate::event::Event;
use crate::explain::Observed;
use crate::plan::PlannedUnit;
use crate::source;

/// A build whose link waits for the verdict.
#[derive(Debug)]
pub(super) struct Ahead {
    state: State,
    /// What is compiled if it is given up.
    units: Vec<PlannedUnit>,
    /// What it said so far: said to nobody before it counts.
    lines: Vec<BuildLine>,
    _gate: Gate,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nobody knows yet.
    Building,
    /// It restarts.
    Allowed,
    /// It is no restart, or not for certain.
    GivenUp,
}

impl Session {
    /// Begins such a build, if the source speaks for one. Otherwise `units` come back.
    pub(super) fn build_ahead(&mut self, units: Vec<PlannedUnit>) -> Result<(), Vec<PlannedUnit>> {
        let Some(job) = &mut self.job else {
            return Err(units);
        };
        // Fast patches would have to be taken back first, as the full way does.
        let is_settled = self
            .running
            .as_ref()
            .is_some_and(|running| running.unconfirmed.is_none());
        if self.options.no_restart
            || job.confirms.is_some()
            || !is_settled
            || !job.sources.iter().any(is_reshaped)
        {
            return Err(units);
        }
        let messages = self.messages.clone();
        let path = self.stub_listener.socket_directory().join("gate");
        let Ok(gate) = Gate::open(path, move |link| {
            let _ = messages.send(Message::LinkWaits(link));
        }) else {
            return Err(units);
        };
        job.paused = self.compiler.as_ref().map(Compiler::pause_warm_up);
        job.stage_started = std::time::Instant::now();
        let (target, directory) = (&self.target, &self.directory);
        let path = Some(gate.path());
        let work = build_work(target, None, directory, path, &job.cancel, &self.messages);
        job.ahead = Some(Ahead {
            state: State::Building,
            units,
            lines: Vec::new(),
            _gate: gate,
        });
        self.say(&Event::Progress { stage: "compiling" });
        self.work("build", work);
        Ok(())
    }

    /// What the build compiled is judged.
    pub(super) fn link_waits(&mut self, link: WaitingLink) {
        let Some(job) = &mut self.job else { return };
        let Some(ahead) = job.ahead.as_ref().filter(|_| !job.is_superseded) else {
            return;
        };
        match ahead.state {
            // Once more, because a record was missing.
            State::Allowed => return link.allow(),
            State::GivenUp => return,
            State::Building => {}
        }
        let sources = std::mem::take(&mut job.sources);
        let mut timings = job.timings;
        let rehearsed = self.rehearse_units(&units_of(&link.objects), &sources, &mut timings);
        // The next build has other objects under the same names.
        self.files.keep_only(&self.reference);
        let Some(job) = &mut self.job else { return };
        job.sources = sources;
        let Some(ahead) = &mut job.ahead else { return };
        let verdict = match rehearsed {
            Some((Ok(Applied::Restart { reasons }), observed)) if !is_timeout(&reasons) => {
                Some((reasons, observed))
            }
            Some(_) => None,
            None => Some((vec![program_ended()], Observed::default())),
        };
        match verdict {
            Some((reasons, observed)) => {
                job.timings = timings;
                ahead.state = State::Allowed;
                link.allow();
                let lines = std::mem::take(&mut ahead.lines);
                job.restart_reasons.clone_from(&reasons);
                self.keep_explanations(&observed, false, "restart", &reasons);
                self.say(&Event::Building {
                    reason: reasons.into_iter().next(),
                });
                self.say_lines(lines);
            }
            None => {
                ahead.state = State::GivenUp;
                job.cancel.cancel();
            }
        }
    }

    /// What a build says: when it counts, or now. That it waits for another one is said in any case.
    pub(super) fn build_line(&mut self, line: BuildLine) {
        let Some(job) = self.job.as_mut().filter(|job| !job.is_superseded) else {
            return;
        };
        match &mut job.ahead {
            Some(ahead)
                if ahead.state != State::Allowed && !matches!(line, BuildLine::Waits(_)) =>
            {
                ahead.lines.push(line);
            }
            _ => self.say_lines(vec![line]),
        }
    }

    /// The build has ended. What it came to counts if it restarts, or if the source does not compile; otherwise the edit goes the
    /// full way.
    pub(super) fn ahead_ended(
        &mut self,
        result: Result<Built, BuildError>,
    ) -> Option<Result<Built, BuildError>> {
        let Some(job) = &mut self.job else {
            return Some(result);
        };
        let Some(ahead) = job.ahead.take() else {
            return Some(result);
        };
        let does_not_compile = matches!(result, Err(BuildError::Compile { .. }));
        match ahead.state {
            State::Allowed => Some(result),
            State::Building if does_not_compile => {
                self.say_lines(ahead.lines);
                Some(result)
            }
            State::Building | State::GivenUp => {
                job.cancel = CancelFlag::new();
                self.compile(ahead.units);
                None
            }
        }
    }

    fn say_lines(&mut self, lines: Vec<BuildLine>) {
        for line in lines {
            self.say(&super::rendered(line));
        }
    }
}

/// Memory holds something else for a type or a static of this file.
fn is_reshaped(source: &SourceChange) -> bool {
    let text = |content: &Option<std::sync::Arc<[u8]>>| {
        String::from_utf8(content.as_deref().unwrap_or_default().to_vec()).unwrap_or_default()
    };
    let change = source::compare(&text(&source.old), &text(&source.new));
    change.items.iter().any(|item| item.is_reshaped)
}

/// All units of a link.
fn units_of(objects: &[ObjectRef]) -> Vec<CompiledUnit> {
    let mut units: Vec<CompiledUnit> = Vec::new();
    for object in objects {
        let known = units.iter_mut().find(|unit| unit.key == object.unit);
        match known {
            Some(unit) => unit.objects.push(object.clone()),
            None => units.push(CompiledUnit {
                key: object.unit.clone(),
                objects: vec![object.clone()],
                new_inputs: Vec::new(),
                rendered_warnings: String::new(),
            }),
        }
    }
    units
}
