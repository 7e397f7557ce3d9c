//! Work beside the session's loop, and what becomes of a save when something in the tool panics.
//!
//! A panic leaves half of what it was doing. What the session knows of the program is made anew by a restart and by nothing else, so
//! that is what the save comes to; where the user forbids restarts, saves are refused until there was one. A panic in work that can be
//! left undone (compiling in advance, the fast path, telling listeners) is said as a warning.

use std::sync::mpsc::Sender;

use anyhow::Result;

use super::outcomes::{outcome, superseded};
use super::place::{self, Place};
use super::{Message, Session, Work};
use crate::capture::directory::RecordDir;
use crate::codes::{self, Reason};
use crate::event::{Event, OutcomeKind, Timings};
use crate::guard::{self, Panicked};
use crate::save::{SaveReply, SaveRequest};
use crate::watch::Change;

/// Does `work` on a thread of its own. What it comes to is a message with this number.
pub(super) fn spawn_work(
    name: &'static str,
    number: u64,
    messages: &Sender<Message>,
    work: impl FnOnce() -> Work + Send + 'static,
) {
    let messages = messages.clone();
    guard::spawn_or_run(name, move || {
        let done = guard::catch(name, work).unwrap_or_else(Work::Panicked);
        let _ = messages.send(Message::Worked(number, Box::new(done)));
    });
}

/// What a message asks for, kept in case that the session panics over it.
#[derive(Default)]
pub(super) struct Asked {
    saved: Option<Change>,
    reply: Option<Sender<SaveReply>>,
}

impl Asked {
    pub(super) fn by(message: &Message) -> Self {
        match message {
            Message::Changed(change) => Self {
                saved: Some(change.clone()),
                reply: None,
            },
            Message::Save(request) | Message::SaveSettled(request) => Self {
                saved: None,
                reply: Some(request.reply.clone()),
            },
            _ => Self::default(),
        }
    }
}

impl Session {
    /// Makes the record directory anew, if somebody has removed it: `cargo clean` does so. Nothing of the last build is left then, so the
    /// save restarts.
    pub(super) fn restore_records(&mut self) {
        if self.directory.is_there() {
            return;
        }
        match RecordDir::open(&self.target.target_directory) {
            Ok(directory) => {
                self.directory = directory;
                self.compiler = None;
                self.suspect = Some(Reason::new(
                    &codes::REPLAY_FAILED,
                    "what the session has recorded of the last build is gone, as after `cargo clean`",
                ));
            }
            Err(error) => self.say(&Event::Warning {
                reason: Reason::new(
                    &codes::BESIDE,
                    format!("the record directory is gone: {error:#}"),
                ),
            }),
        }
    }

    /// Makes the session's directory and its socket anew, if somebody has removed them.
    pub(super) fn restore_place(&mut self) {
        if let Err(error) = self.try_to_restore_place() {
            let reason = Reason::new(
                &codes::BESIDE,
                format!("the session's directory is gone: {error:#}"),
            );
            self.say(&Event::Warning { reason });
        }
    }

    /// Looks for another directory if this one's file system is nearly full. Only while no program runs: one that does knows this one.
    pub(super) fn leave_cramped_place(&mut self) {
        if !self.place.is_cramped() {
            return;
        }
        let moved = Place::new(&place::rooms(self.directory.path())).and_then(|place| {
            self.stub_listener.bind_again(place.path())?;
            self.place = place;
            Ok(())
        });
        if let Err(error) = moved {
            let message = format!("the session's directory is nearly full: {error:#}");
            let reason = Reason::new(&codes::BESIDE, message);
            self.say(&Event::Warning { reason });
        }
    }

    fn try_to_restore_place(&mut self) -> Result<()> {
        let was_gone = match self.place.restore() {
            Ok(was_gone) => was_gone,
            Err(_) => {
                self.place = Place::new(&place::rooms(self.directory.path()))?;
                true
            }
        };
        if !was_gone && self.stub_listener.is_reachable() {
            return Ok(());
        }
        self.stub_listener.bind_again(self.place.path())?;
        if let Some(running) = &mut self.running {
            running.set_directory(self.place.path());
        }
        let message = format!(
            "somebody removed the session's directory; it was made again: `{}`",
            self.place.path().display()
        );
        let reason = Reason::new(&codes::BESIDE, message);
        self.say(&Event::Warning { reason });
        Ok(())
    }

    /// Begins work. Its result arrives as a message, and counts unless the session has given it up meanwhile.
    pub(super) fn work(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Work + Send + 'static,
    ) {
        self.work += 1;
        spawn_work(name, self.work, &self.messages, work);
    }

    /// Gives every save that is open an outcome after a panic: a restart, which makes anew what may be half done.
    pub(super) fn recover(&mut self, panicked: &Panicked, asked: Asked) {
        let reason = panicked.reason();
        self.suspect = Some(reason.clone());
        // Whatever is under way is given up.
        self.work += 1;
        if let Some(checking) = self.checking.take() {
            checking.cancel.cancel();
            let _ = checking.request.reply.send(Err(reason.to_string()));
        }
        let mut waiting = std::mem::take(&mut self.next_waiting);
        waiting.extend(asked.reply.map(|reply| SaveRequest {
            files: None,
            reached: None,
            reply,
        }));
        let newer = self.next.take().or(asked.saved);
        let change = match self.job.take() {
            Some(job) => {
                job.cancel.cancel();
                // It was a restart that panicked: another one would most likely do so again.
                if newer.is_none() && !job.restart_reasons.is_empty() {
                    waiting.extend(job.waiting);
                    let mut outcome = outcome(OutcomeKind::Refused, job.timings);
                    outcome.reason = Some(reason);
                    self.conclude(outcome, waiting);
                    self.next_check();
                    return;
                }
                let own = Change {
                    files: job.files,
                    seen: job.seen,
                };
                let is_open = !job.is_superseded && job.confirms.is_none();
                match newer {
                    Some(newer) if newer.seen != own.seen => {
                        if is_open {
                            self.conclude(superseded(&own), job.waiting);
                        }
                        self.say_saved(&newer);
                        Some(newer)
                    }
                    _ => {
                        waiting.extend(job.waiting);
                        is_open.then_some(own)
                    }
                }
            }
            None => {
                newer.iter().for_each(|change| self.say_saved(change));
                newer
            }
        };
        match change {
            Some(change) => {
                self.next_waiting = waiting;
                self.open_job(change);
                self.rebuild(vec![reason]);
            }
            None => {
                let mut answer = outcome(OutcomeKind::Refused, Timings::default());
                answer.reason = Some(reason.clone());
                for request in waiting {
                    let _ = request.reply.send(answer.clone().into());
                }
                self.say(&Event::Warning { reason });
                self.next_check();
            }
        }
    }
}
