//! How a save ended, and who is told.

use std::time::{Instant, SystemTime};

use super::engine::{self, Taken};
use super::{JUST_NOW, Session};
use crate::codes::{self, Reason};
use crate::event::{Event, Outcome, OutcomeKind, Timings, Way};
use crate::process::Program;
use crate::report::bounds;
use crate::report::text::without_colors;
use crate::save::{SaveReply, SaveRequest};
use crate::watch::{Change, ChangedFile};

impl Session {
    pub(super) fn outcome_of_job(&self, kind: OutcomeKind) -> Outcome {
        let mut timings = self.job.as_ref().map(|job| job.timings).unwrap_or_default();
        timings.total = timings.watch
            + self
                .job
                .as_ref()
                .map(|job| job.seen.elapsed().as_secs_f64() * 1000.0)
                .unwrap_or_default();
        let mut outcome = outcome(kind, timings);
        outcome.pid = self.pid();
        outcome
    }

    /// The outcome of a job that the program took.
    pub(super) fn outcome_of_taken(&self, taken: Taken, way: Way) -> Outcome {
        let mut outcome = self.outcome_of_job(if taken.is_patched {
            OutcomeKind::Patched
        } else {
            OutcomeKind::Unchanged
        });
        (outcome.functions, outcome.notes) = (taken.functions, taken.notes);
        outcome.way = Some(way);
        outcome.full_because = (self.job.as_ref()).and_then(|job| job.full_because.clone());
        if let (Some(at), Some(job)) = (taken.acknowledged, &self.job) {
            // What follows upon the acknowledgement (who still runs old code, what is remembered) delays nobody.
            let from_save = at.saturating_duration_since(job.seen);
            outcome.timings_ms.total = outcome.timings_ms.watch + from_save.as_secs_f64() * 1000.0;
        }
        if let Some(running) = &self.running
            && taken.is_patched
        {
            outcome.patch = Some(running.patches);
            // The time is taken by now.
            let still_running = engine::still_running(&running.stacks, &taken.old_bodies);
            outcome.functions.extend(still_running);
        }
        outcome
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.running
            .as_ref()
            .map(|running| &running.program)
            .or(self.unconnected.as_ref())
            .map(Program::pid)
    }

    pub(super) fn finish(&mut self, outcome: Outcome) {
        let job = self.job.take();
        let confirms = job.as_ref().and_then(|job| job.confirms);
        let waiting = job.map(|job| job.waiting).unwrap_or_default();
        match confirms {
            Some(patch) => self.conclude_confirmation(patch, outcome),
            None => self.conclude(outcome, waiting),
        }
        if let Some(change) = self.next.take() {
            self.begin(change);
        } else if confirms.is_none() {
            self.begin_confirmation();
        }
        self.next_check();
        if self.job.is_none()
            && let Some(compiler) = &self.compiler
        {
            compiler.stand_by();
        }
    }

    pub(super) fn conclude(&mut self, mut outcome: Outcome, waiting: Vec<SaveRequest>) {
        outcome.pid = self.pid();
        self.explain_compile_error(&mut outcome);
        self.say(&Event::Outcome(outcome.clone()));
        for request in waiting {
            let answer = SaveReply {
                outcome: outcome.clone(),
                diagnostics: self.diagnostics.clone(),
                reached: None,
            };
            self.answer(request, answer);
        }
        self.last_outcome = Some((outcome, Instant::now()));
    }

    /// Has an outcome say what the compiler said, for who sees events only.
    pub(super) fn explain_compile_error(&self, outcome: &mut Outcome) {
        if outcome.outcome != OutcomeKind::CompileError || self.diagnostics.is_empty() {
            return;
        }
        let said = without_colors(&self.diagnostics.concat());
        outcome.reason.get_or_insert_with(|| {
            let first = said.lines().find(|line| line.starts_with("error"));
            let first = first.unwrap_or(codes::COMPILE_ERROR.title);
            Reason::new(&codes::COMPILE_ERROR, first)
        });
        outcome.diagnostics = Some(bounds::diagnostics(said));
    }

    /// Somebody waits for the outcome of what is under way; if nothing is, nothing had changed.
    pub(super) fn save_settled(&mut self, request: SaveRequest) {
        if let Some(job) = &mut self.job
            && !job.is_superseded
            // What a fast patch came to has been said.
            && job.confirms.is_none()
        {
            job.waiting.push(request);
            return;
        }
        let is_confirming = self
            .job
            .as_ref()
            .is_some_and(|job| job.confirms.is_some() && !job.is_superseded);
        if self.job.is_some() && !is_confirming || self.next.is_some() {
            self.next_waiting.push(request);
            return;
        }
        if self.may_work_now() {
            self.next_waiting.push(request);
            self.begin_again();
            return;
        }
        let mut outcome = match &self.last_outcome {
            // The watcher was quicker than the asker.
            Some((last, at)) if at.elapsed() < JUST_NOW => last.clone(),
            // The files are as they were when they did not compile, or were refused: that is still so.
            Some((last, _))
                if matches!(
                    last.outcome,
                    OutcomeKind::CompileError | OutcomeKind::Refused
                ) =>
            {
                last.clone()
            }
            _ => outcome(OutcomeKind::Unchanged, Timings::default()),
        };
        outcome.pid = self.pid();
        let diagnostics = if outcome.outcome == OutcomeKind::CompileError {
            self.diagnostics.clone()
        } else {
            Vec::new()
        };
        let answer = SaveReply {
            outcome,
            diagnostics,
            reached: None,
        };
        self.answer(request, answer);
    }
}

impl Session {
    /// The last save failed for a reason that may have gone since, such as a full disk.
    fn may_work_now(&self) -> bool {
        let last = self.last_outcome.as_ref();
        let reason = last.and_then(|(outcome, _)| outcome.reason.as_ref());
        !self.dirty.is_empty() && reason.is_some_and(|reason| reason.code == codes::BUILD_BROKEN.id)
    }

    /// As if what is not in the program had just been saved.
    fn begin_again(&mut self) {
        let files = self.dirty.iter().map(|path| ChangedFile {
            path: path.clone(),
            content: self.watcher.content(path),
            modified: SystemTime::now(),
        });
        let change = Change {
            files: files.collect(),
            seen: Instant::now(),
        };
        self.begin(change);
    }
}

pub(super) fn outcome(kind: OutcomeKind, timings_ms: Timings) -> Outcome {
    Outcome {
        outcome: kind,
        functions: Vec::new(),
        reason: None,
        notes: Vec::new(),
        timings_ms,
        patch: None,
        pid: None,
        way: None,
        full_because: None,
        diagnostics: None,
    }
}

pub(super) fn superseded(change: &Change) -> Outcome {
    let total = change.seen.elapsed().as_secs_f64() * 1000.0;
    outcome(
        OutcomeKind::Superseded,
        Timings {
            total,
            ..Timings::default()
        },
    )
}

/// The first reason is the outcome's; the others are remarks.
pub(super) fn add_reasons(outcome: &mut Outcome, reasons: Vec<Reason>) {
    let mut reasons = reasons.into_iter();
    outcome.reason = reasons.next();
    outcome
        .notes
        .extend(reasons.map(|reason| reason.to_string()));
}
