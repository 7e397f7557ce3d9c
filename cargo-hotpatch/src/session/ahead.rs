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
use crate::capture::cargo::{BuildError, BuildLine, BuildOptions, Built};
use crate::capture::child::CancelFlag;
use crate::capture::gate::{Gate, WaitingLink};
use crate::capture::record::ObjectRef;
use crate::codes::Reason;
use crate::compile::{CompiledUnit, Compiler};
use crate::event::Event;
use crate::explain::Observed;
use crate::guard;
use crate::plan::PlannedUnit;
use crate::source;

/// A build whose link waits for the verdict.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) state: State,
    /// What is compiled if it is given up.
    pub(super) units: Vec<PlannedUnit>,
    /// Only cargo can tell whether this asks for a restart; see [`super::asked`]. `None`: the objects tell.
    pub(super) why: Option<Reason>,
    /// What it said so far: said to nobody before it counts.
    lines: Vec<BuildLine>,
    _gate: Gate,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody knows yet.
    Building,
    /// It restarts.
    Allowed,
    /// Cargo makes the program that runs.
    Same,
    /// It would restart, and may not.
    Refused,
    /// It is no restart, or not for certain.
    GivenUp,
}

impl Session {
    /// Begins such a build, if the source speaks for one. Otherwise `units` come back.
    pub(super) fn build_ahead(&mut self, units: Vec<PlannedUnit>) -> Result<(), Vec<PlannedUnit>> {
        let is_reshaped = |job: &super::Job| job.sources.iter().any(is_reshaped);
        if self.options.no_restart || !self.job.as_ref().is_some_and(is_reshaped) {
            return Err(units);
        }
        self.begin_ahead(units, None, None)
    }

    /// Begins a build whose link waits. `why` is what only cargo can tell the meaning of; `options` as in [`build_work`].
    pub(super) fn begin_ahead(
        &mut self,
        units: Vec<PlannedUnit>,
        why: Option<Reason>,
        options: Option<BuildOptions>,
    ) -> Result<(), Vec<PlannedUnit>> {
        let Some(job) = &mut self.job else {
            return Err(units);
        };
        // Fast patches would have to be taken back first, as the full way does.
        let is_settled = self
            .running
            .as_ref()
            .is_some_and(|running| running.unconfirmed.is_none());
        if job.confirms.is_some() || !is_settled {
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
        job.build_began = std::time::SystemTime::now();
        let (target, directory) = (&self.target, &self.directory);
        let path = Some(gate.path());
        let work = build_work(
            target,
            options,
            directory,
            path,
            &job.cancel,
            &self.messages,
        );
        job.ahead = Some(Ahead {
            state: State::Building,
            units,
            why,
            lines: Vec::new(),
            _gate: gate,
        });
        self.say(&Event::Progress { stage: "compiling" });
        self.work("build", move || {
            guard::trial("ahead");
            work()
        });
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
            State::GivenUp | State::Same | State::Refused => return,
            State::Building if ahead.why.is_some() => return self.compare_link(link),
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
                self.keep_explanations(&observed, false, "restart", &reasons);
                self.allow_link(link, reasons);
            }
            None => {
                ahead.state = State::GivenUp;
                job.cancel.cancel();
            }
        }
    }

    /// It restarts.
    pub(super) fn allow_link(&mut self, link: WaitingLink, reasons: Vec<Reason>) {
        let Some(job) = &mut self.job else { return };
        let Some(ahead) = &mut job.ahead else { return };
        ahead.state = State::Allowed;
        link.allow();
        let lines = std::mem::take(&mut ahead.lines);
        job.restart_reasons.clone_from(&reasons);
        self.say(&Event::Building {
            reason: reasons.into_iter().next(),
        });
        self.say_lines(lines);
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
        job.cancel = CancelFlag::new();
        let reasons: Vec<Reason> = ahead.why.iter().cloned().collect();
        match (ahead.state, result) {
            (State::Allowed, result) => Some(result),
            (State::Building, Err(error @ BuildError::Compile { .. })) => {
                self.say_lines(ahead.lines);
                Some(Err(error))
            }
            (State::Building, result) if ahead.why.is_some() => {
                self.say_lines(ahead.lines);
                if let Ok(built) = &result {
                    if self.is_fresh(built, ahead.units) {
                        return None;
                    }
                    if self.options.no_restart {
                        self.refuse(reasons);
                        return None;
                    }
                }
                if let Some(job) = &mut self.job {
                    job.restart_reasons = reasons;
                }
                Some(result)
            }
            (State::Building | State::GivenUp, _) => {
                self.compile(ahead.units);
                None
            }
            (State::Same, _) => {
                self.say_lines(ahead.lines);
                self.cargo_makes_the_same();
                None
            }
            (State::Refused, _) => {
                self.refuse(reasons);
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
pub(super) fn units_of(objects: &[ObjectRef]) -> Vec<CompiledUnit> {
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
