//! How a save ended, and who is told.

use std::time::Instant;

use super::engine::{self, Taken};
use super::{JUST_NOW, Session};
use crate::codes::Reason;
use crate::event::{Event, Outcome, OutcomeKind, Timings, Way};
use crate::process::Program;
use crate::save::{SaveReply, SaveRequest};
use crate::watch::Change;

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
        if outcome.outcome != OutcomeKind::Restarted {
            self.keep_written();
        }
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
        self.say(&Event::Outcome(outcome.clone()));
        for request in waiting {
            let reply = SaveReply {
                outcome: outcome.clone(),
                diagnostics: self.diagnostics.clone(),
            };
            // Whoever asked may be gone.
            let _ = request.reply.send(reply);
        }
        self.last_outcome = Some((outcome, Instant::now()));
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
        let _ = request.reply.send(SaveReply {
            outcome,
            diagnostics,
        });
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
