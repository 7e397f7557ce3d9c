//! When is a save finished? Time goes in, decisions come out; no files and no clocks here.
//!
//! ```text
//! in place:            MODIFY (truncate) ── MODIFY (write) ── CLOSE ─► look
//! rename over it:      MOVED_TO ─► look
//! delete and create:   DELETE ─► gone? wait ≤ MISSING ── CREATE ── MODIFY ── CLOSE ─► look
//! truncate and close:  CLOSE ─► empty? wait ≤ EMPTY ── MODIFY ── CLOSE ─► look
//! never closed:        MODIFY ─ OPEN_WRITER ─► look
//! ```
//!
//! All suspicious files are looked at together, when nobody writes the last of them any more, but never later than
//! [`LONGEST`] after the first event. Nothing is waited for that may come: other files of the same save, a little later, are
//! for the session to take in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::contents::{Known, Seen};

/// After a write whose writer has not closed the file.
pub(super) const OPEN_WRITER: Duration = Duration::from_millis(100);
/// How long an empty file that was not empty is not believed.
pub(super) const EMPTY: Duration = Duration::from_millis(100);
/// How long the absence of a file that was there is not believed.
pub(super) const MISSING: Duration = Duration::from_millis(150);
/// From the first event of a batch to looking, whatever goes on.
pub(super) const LONGEST: Duration = Duration::from_millis(400);

/// After a look at a file that the system did not allow.
pub(super) const AGAIN: Duration = Duration::from_millis(250);

/// What an event says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// Somebody writes, and will say when the file is closed.
    InProgress,
    /// Something that ends no save: a change of permissions. Never cuts a wait short.
    Touched,
    /// The file is as it shall be, as far as one event can tell.
    Finished,
}

/// What to think of a suspicious file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The content is the known one.
    Same,
    /// It may still be on its way.
    Wait,
    /// The content is another one.
    Changed,
}

#[derive(Debug, Clone, Copy)]
struct Suspicion {
    due: Instant,
    doubted_since: Option<Instant>,
}

/// The suspicious files.
#[derive(Debug, Default)]
pub(super) struct Batch {
    files: BTreeMap<PathBuf, Suspicion>,
    began: Option<Instant>,
    notes: u64,
}

impl Batch {
    /// An event concerns `file`.
    pub(super) fn note(&mut self, file: PathBuf, hint: Hint, now: Instant) {
        self.notes += 1;
        self.began.get_or_insert(now);
        let due = match hint {
            Hint::InProgress => now + OPEN_WRITER,
            Hint::Touched | Hint::Finished => now,
        };
        self.files
            .entry(file)
            .and_modify(|suspicion| {
                if hint != Hint::Touched {
                    suspicion.due = due;
                }
            })
            .or_insert(Suspicion {
                due,
                doubted_since: None,
            });
    }

    /// When to look, if there is anything to look at.
    pub(super) fn due(&self) -> Option<Instant> {
        let quiet = self.files.values().map(|suspicion| suspicion.due).max()?;
        Some(self.began.map_or(quiet, |began| quiet.min(began + LONGEST)))
    }

    /// Whether the batch has waited as long as it may.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.began.is_some_and(|began| now >= began + LONGEST)
    }

    /// What to think of `file`, which is not the known content.
    pub(super) fn judge(
        &mut self,
        file: &Path,
        known: &Known,
        seen: &Seen,
        now: Instant,
    ) -> Verdict {
        let patience = match (known, seen) {
            (Known::File { .. }, Seen::Missing) => MISSING,
            (Known::File { .. }, Seen::File { content, .. }) if content.is_empty() => EMPTY,
            _ => return Verdict::Changed,
        };
        let overdue = self.is_overdue(now);
        let Some(suspicion) = self.files.get_mut(file) else {
            return Verdict::Changed;
        };
        let until = *suspicion.doubted_since.get_or_insert(now) + patience;
        if now >= until || overdue {
            return Verdict::Changed;
        }
        suspicion.due = until;
        Verdict::Wait
    }

    /// Nothing could be found out of `file`: it is looked at again a little later, whatever becomes of the others.
    pub(super) fn postpone(&mut self, file: &Path, now: Instant) {
        self.note(file.to_owned(), Hint::Finished, now);
        if let Some(suspicion) = self.files.get_mut(file) {
            suspicion.due = now + AGAIN;
        }
        self.began = Some(now + AGAIN);
    }

    /// The suspicious files, in order.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.files.keys().cloned().collect()
    }

    /// How many events were noted so far.
    pub(super) fn notes(&self) -> u64 {
        self.notes
    }

    /// `file` is decided.
    pub(super) fn forget(&mut self, file: &Path) {
        self.files.remove(file);
        if self.files.is_empty() {
            self.began = None;
        }
    }

    /// Drops the files that are not watched any more.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Path) -> bool) {
        self.files.retain(|path, _| keep(path));
        if self.files.is_empty() {
            self.began = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn file(text: &str) -> Seen {
        Seen::new(text.as_bytes(), SystemTime::UNIX_EPOCH)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_closed_file_is_looked_at_soon_and_an_open_one_later() {
        let (mut batch, start) = (Batch::default(), Instant::now());
        assert_eq!(batch.due(), None);
        batch.note("a".into(), Hint::InProgress, start);
        assert_eq!(batch.due(), Some(start + OPEN_WRITER));
        batch.note("a".into(), Hint::Finished, start + ms(1));
        assert_eq!(batch.due(), Some(start + ms(1)));
        batch.note("a".into(), Hint::InProgress, start + ms(2));
        batch.note("a".into(), Hint::Touched, start + ms(3));
        assert_eq!(
            batch.due(),
            Some(start + ms(2) + OPEN_WRITER),
            "a change of permissions ends no write"
        );
    }

    #[test]
    fn files_are_looked_at_together_but_not_for_ever() {
        let (mut batch, start) = (Batch::default(), Instant::now());
        for step in 0..300 {
            batch.note(
                format!("{step}").into(),
                Hint::Finished,
                start + ms(2 * step),
            );
        }
        assert_eq!(batch.due(), Some(start + LONGEST));
        assert!(batch.is_overdue(start + LONGEST));
        for name in batch.files() {
            batch.forget(&name);
        }
        assert_eq!(batch.due(), None);
        assert!(
            !batch.is_overdue(start + LONGEST),
            "the next batch begins anew"
        );
    }

    #[test]
    fn empty_and_missing_files_are_doubted_for_a_while() {
        for (seen, patience) in [(file(""), EMPTY), (Seen::Missing, MISSING)] {
            let (mut batch, start) = (Batch::default(), Instant::now());
            let (name, known) = (Path::new("a"), Known::from_seen(&file("text")));
            batch.note(name.into(), Hint::Finished, start);
            assert_eq!(batch.judge(name, &known, &seen, start), Verdict::Wait);
            assert_eq!(batch.due(), Some(start + patience));
            batch.note(name.into(), Hint::Finished, start + ms(20));
            assert_eq!(
                batch.due(),
                Some(start + ms(20)),
                "an event is looked at as soon as ever"
            );
            assert_eq!(
                batch.judge(name, &known, &seen, start + ms(23)),
                Verdict::Wait
            );
            assert_eq!(
                batch.judge(name, &known, &file("new"), start + ms(24)),
                Verdict::Changed
            );
            assert_eq!(
                batch.judge(name, &known, &seen, start + patience),
                Verdict::Changed
            );
        }
    }

    #[test]
    fn a_file_that_never_was_may_be_empty() {
        let (mut batch, now) = (Batch::default(), Instant::now());
        batch.note("a".into(), Hint::Finished, now);
        assert_eq!(
            batch.judge(Path::new("a"), &Known::Missing, &file(""), now),
            Verdict::Changed
        );
        assert_eq!(
            batch.judge(Path::new("a"), &Known::Unknown, &Seen::Missing, now),
            Verdict::Changed
        );
    }
}
