//! Files that the program itself writes, where a build script names no inputs, so that every file of its package is one.
//!
//! Each change of such a file asks cargo, which may run the script again. Two rules keep that from going on for ever:
//!
//! - A file that changes all the time, or soon after cargo was asked because of it in vain, waits. The wait grows.
//! - A file that restarted the program and then changed again as the program began, twice in a row, or was only appended
//!   to, is the program's own. From then on its changes alone ask for nothing. That is said once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Session;
use crate::capture::inputs::Meaning;
use crate::codes::{self, Reason};
use crate::event::Event;
use crate::watch::{Change, ChangedFile};

/// Changes that are not further apart belong to one row.
const ROW: Duration = Duration::from_secs(1);
/// As many changes in a row are nobody's saves.
const MANY: u32 = 4;
/// How long a file waits at first, and at most.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A file that was quiet for so long begins anew.
const QUIET: Duration = Duration::from_secs(10);
/// After so many restarts for the same file it is the program's.
const RESTARTS: u32 = 2;

/// What is known of one such file.
#[derive(Debug)]
struct Writer {
    last: Instant,
    /// Changes in this row.
    row: u32,
    /// When it may be asked about again.
    due: Instant,
    wait: Duration,
    /// Restarts for it alone, each followed by a change that looks like the program's.
    restarts: u32,
    /// When the last of them was.
    restarted: Option<Instant>,
    is_own: bool,
}

/// All such files of a session.
#[derive(Debug, Default)]
pub(super) struct Writers {
    files: HashMap<PathBuf, Writer>,
    waiting: BTreeMap<PathBuf, ChangedFile>,
}

impl Writers {
    /// When the next file that waits is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = |path| self.files.get(path).map(|writer: &Writer| writer.due);
        self.waiting.keys().filter_map(due).min()
    }

    /// All that wait.
    pub(super) fn take(&mut self) -> Vec<ChangedFile> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    fn is_own(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|writer| writer.is_own)
    }

    /// A file changed: whether it has to wait. `is_appended`: its old content is how the new one begins.
    fn is_early(&mut self, path: &Path, now: Instant, is_appended: bool) -> bool {
        let writer = self.files.entry(path.to_owned()).or_insert(Writer {
            last: now,
            row: 0,
            due: now,
            wait: Duration::ZERO,
            restarts: 0,
            restarted: None,
            is_own: false,
        });
        let since = now.saturating_duration_since(writer.last);
        writer.row = if since <= ROW { writer.row + 1 } else { 1 };
        writer.last = now;
        if since > QUIET.max(2 * writer.wait) {
            writer.wait = Duration::ZERO;
        }
        if let Some(restarted) = writer.restarted.take() {
            let is_soon = now.saturating_duration_since(restarted) <= ROW;
            writer.restarts = if is_soon || is_appended {
                writer.restarts
            } else {
                0
            };
            writer.is_own |= writer.restarts >= RESTARTS;
        }
        if writer.row >= MANY && now >= writer.due {
            writer.due = now + SHORTEST;
        }
        writer.is_own || now < writer.due
    }

    /// Cargo was asked because of this file alone, and the program was restarted, or nothing came of it.
    fn asked(&mut self, path: &Path, now: Instant, is_restarted: bool) {
        let Some(writer) = self.files.get_mut(path) else {
            return;
        };
        if is_restarted {
            writer.restarts += 1;
            writer.restarted = Some(now);
        } else {
            writer.wait = (2 * writer.wait).clamp(SHORTEST, LONGEST);
            writer.due = now + writer.wait;
        }
    }
}

impl Session {
    /// The change without what has to wait; `None` if nothing is left.
    pub(super) fn without_waiting(&mut self, mut change: Change) -> Option<Change> {
        let now = Instant::now();
        let mut own = Vec::new();
        let mut files = Vec::with_capacity(change.files.len());
        for file in change.files {
            if !self.is_only_a_scripts(&file.path) {
                files.push(file);
                continue;
            }
            let before = self.baseline.get(&file.path);
            let is_appended = before.is_some_and(|before| {
                let new = file.content.as_deref().unwrap_or_default();
                new.len() > before.len() && new.starts_with(before)
            });
            let was_own = self.writers.is_own(&file.path);
            if !self.writers.is_early(&file.path, now, is_appended) {
                files.push(file);
            } else if !self.writers.is_own(&file.path) {
                self.writers.waiting.insert(file.path.clone(), file);
            } else if !was_own {
                own.push(file.path);
            }
        }
        for path in own {
            self.say_own(&path);
        }
        change.files = files;
        (!change.files.is_empty()).then_some(change)
    }

    fn say_own(&mut self, path: &Path) {
        let path = path
            .strip_prefix(&self.target.workspace_root)
            .unwrap_or(path);
        let reason = Reason::new(
            &codes::BESIDE,
            format!(
                "`{}` changes whenever the program runs, so its changes restart nothing any more (hint: let the build \
                 script name its inputs, `cargo::rerun-if-changed=…`)",
                path.display()
            ),
        );
        self.say(&Event::Warning { reason });
    }

    /// Whether nobody reads this file but a build script.
    fn is_only_a_scripts(&self, path: &Path) -> bool {
        matches!(
            self.built.inputs.meaning(path),
            Meaning::Cargo(reason) if reason.code == codes::BUILD_SCRIPT.id
        ) && path.extension().is_none_or(|extension| extension != "rs")
    }

    /// What the job was about is over: whether cargo was asked because of one file alone.
    pub(super) fn note_asked(&mut self, is_restarted: bool) {
        let files = self.job.as_ref().map(|job| &job.files);
        let paths: Vec<PathBuf> = files
            .into_iter()
            .flatten()
            .map(|file| file.path.clone())
            .collect();
        for path in paths {
            self.writers.asked(&path, Instant::now(), is_restarted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_file_that_changes_in_vain_waits_longer_each_time() {
        let (mut writers, start, path) = (Writers::default(), Instant::now(), Path::new("log"));
        assert!(!writers.is_early(path, start, true));
        writers.asked(path, start + ms(300), false);
        assert!(writers.is_early(path, start + ms(301), true));
        assert!(!writers.is_early(path, start + ms(1_301), true));
        writers.asked(path, start + ms(1_600), false);
        assert!(writers.is_early(path, start + ms(3_000), true));
        assert!(!writers.is_early(path, start + ms(3_601), true));
        // A person who comes back to it later does not wait.
        writers.asked(path, start + ms(4_000), false);
        assert!(!writers.is_early(path, start + ms(60_000), false));
    }

    #[test]
    fn many_changes_in_a_row_wait() {
        let (mut writers, start, path) = (Writers::default(), Instant::now(), Path::new("log"));
        let early: Vec<bool> = (0..6)
            .map(|step| writers.is_early(path, start + ms(10 * step), false))
            .collect();
        assert_eq!(early, [false, false, false, true, true, true]);
    }

    #[test]
    fn a_file_that_restarts_the_program_as_it_begins_is_its_own() {
        let (mut writers, start, path) = (Writers::default(), Instant::now(), Path::new("log"));
        assert!(!writers.is_early(path, start, true));
        writers.asked(path, start + ms(2_000), true);
        assert!(!writers.is_early(path, start + ms(2_010), false));
        writers.asked(path, start + ms(4_000), true);
        assert!(writers.is_early(path, start + ms(4_010), false));
        assert!(writers.is_own(path));
        // Somebody who edits it every few seconds goes on being heard.
        let other = Path::new("words");
        for turn in 0..5 {
            assert!(!writers.is_early(other, start + ms(5_000 * turn), false));
            writers.asked(other, start + ms(5_000 * turn + 500), true);
        }
    }
}
