//! Builds by cargo, starts and ends of the program: the way of an edit that the program cannot follow.

use std::path::Path;
use std::time::{Instant, SystemTime};

use anyhow::Result;

use super::outcomes::add_reasons;
use super::{Session, build_options, build_work};
use crate::capture::cargo::{BuildError, Built, Target};
use crate::codes::{self, Reason};
use crate::compile::Compiler;
use crate::event::{Event, Outcome, OutcomeKind};
use crate::guard;
use crate::options::exit_code;
use crate::process::signals::{Action, Received};
use crate::table::policy::SlotPolicy;

/// There is nothing to patch.
pub(super) fn program_ended() -> Reason {
    Reason::new(&codes::PROGRAM_ENDED, "the program had ended".to_owned())
}

/// The program does not answer: one that stands still (in a debugger, say) is not to be killed for it.
pub(super) fn is_timeout(reasons: &[Reason]) -> bool {
    reasons
        .first()
        .is_some_and(|reason| reason.code == codes::STUB_TIMEOUT.id)
}

impl Session {
    pub(super) fn rebuild(&mut self, reasons: Vec<Reason>) {
        let undone = self.undo_unconfirmed();
        let Some(job) = &mut self.job else { return };
        let has_program = self.running.is_some() || self.unconnected.is_some();
        if self.options.no_restart && has_program {
            let mut outcome = self.outcome_of_job(OutcomeKind::Refused);
            add_reasons(&mut outcome, reasons);
            outcome.notes.extend(undone);
            self.finish(outcome);
            return;
        }
        job.restart_reasons.clone_from(&reasons);
        job.stage_started = Instant::now();
        job.build_began = SystemTime::now();
        job.paused = self.compiler.as_ref().map(Compiler::pause_warm_up);
        let cancel = job.cancel.clone();
        // Whatever is no Rust may be a manifest, a lock file or a configuration.
        let is_rust = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
        let options = (!job.sources.iter().all(|source| is_rust(&source.path)))
            .then(|| build_options(&self.options));
        let event = Event::Building {
            reason: reasons.into_iter().next(),
        };
        self.say(&event);
        let (target, directory) = (&self.target, &self.directory);
        let work = build_work(target, options, directory, None, &cancel, &self.messages);
        self.work("build", move || {
            guard::trial("rebuild");
            work()
        });
    }

    pub(super) fn built(
        &mut self,
        result: Result<Built, BuildError>,
        target: Option<Box<Target>>,
        began: SystemTime,
    ) {
        let built = match result {
            Ok(built) => built,
            Err(BuildError::Cancelled) => {
                self.begin_next();
                return;
            }
            Err(BuildError::Compile { .. }) => {
                let outcome = self.outcome_of_job(OutcomeKind::CompileError);
                self.finish(outcome);
                return;
            }
            Err(error) => {
                let outcome = self.outcome_of_broken_build(&error, target.is_some());
                self.finish(outcome);
                return;
            }
        };
        let applying = Instant::now();
        if let Err(error) = self.change_over(built, target, began) {
            // The next save tries again; the session lives.
            let mut outcome = self.outcome_of_job(OutcomeKind::Refused);
            outcome.reason = Some(Reason::new(&codes::BUILD_BROKEN, format!("{error:#}")));
            self.finish(outcome);
            return;
        }
        self.note_asked(true);
        if let Some(job) = &mut self.job {
            job.timings.apply = applying.elapsed().as_secs_f64() * 1000.0;
        }
        let mut outcome = self.outcome_of_job(OutcomeKind::Restarted);
        if let Some(job) = &mut self.job {
            add_reasons(&mut outcome, std::mem::take(&mut job.restart_reasons));
        }
        self.finish(outcome);
    }

    /// What a save comes to whose build failed though no compiler rejects the source. An edited manifest that cargo cannot resolve, and an
    /// edited build script, are errors of the source like others.
    fn outcome_of_broken_build(&self, error: &BuildError, has_resolved: bool) -> Outcome {
        let reasons = self.job.iter().flat_map(|job| &job.restart_reasons);
        let mut edited = reasons.filter(|reason| {
            reason.code == codes::BUILD_SCRIPT.id
                || reason.code == codes::MANIFEST.id && !has_resolved
        });
        match (error, edited.next()) {
            (BuildError::Cargo { .. }, Some(reason)) => {
                let mut outcome = self.outcome_of_job(OutcomeKind::CompileError);
                outcome.reason = Some(Reason {
                    code: reason.code,
                    ..Reason::new(&codes::MANIFEST, error.to_string())
                });
                outcome
            }
            _ => {
                let mut outcome = self.outcome_of_job(OutcomeKind::Refused);
                outcome.reason = Some(Reason::new(&codes::BUILD_BROKEN, error.to_string()));
                outcome
            }
        }
    }

    /// From the old process to one of the new build.
    fn change_over(
        &mut self,
        built: Built,
        target: Option<Box<Target>>,
        began: SystemTime,
    ) -> Result<()> {
        self.stop();
        self.place.remove_patches();
        self.leave_cramped_place();
        self.built = built;
        self.suspect = None;
        if let Some(target) = target {
            self.target = *target;
        }
        self.policy = SlotPolicy::new(
            self.target.workspace_crates.iter().cloned(),
            self.built.link.all_instances,
        );
        self.adopt_build()?;
        self.watch_again(Some(began));
        self.take_baseline(began);
        self.start(true)?;
        self.keep_build();
        Ok(())
    }

    pub(super) fn signal(&mut self, received: Received) -> Option<u8> {
        let program = self
            .running
            .as_ref()
            .map(|running| &running.program)
            .or(self.unconnected.as_ref());
        match self
            .signals
            .decide(received, program.is_some(), Instant::now())
        {
            Action::LeaveToProgram => None,
            Action::Forward(signal) => {
                if let Some(program) = program {
                    program.signal(signal);
                }
                None
            }
            Action::Terminate => {
                self.is_ending = true;
                self.stop();
                Some(exit_code::SIGNAL_BASE + u8::try_from(received.signal).unwrap_or_default())
            }
            Action::End => {
                if let Some(job) = &self.job {
                    job.cancel.cancel();
                }
                if let Some(checking) = &self.checking {
                    checking.cancel.cancel();
                }
                Some(exit_code::SIGNAL_BASE + u8::try_from(received.signal).unwrap_or_default())
            }
        }
    }
}
