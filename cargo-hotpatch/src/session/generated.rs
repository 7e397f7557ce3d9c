//! What the build itself writes belongs to the save that caused it: it is no newer save.
//!
//! Which process wrote a file cannot be asked. Two things tell:
//!
//! - Below the build directory only builds write (`OUT_DIR`).
//! - A build script of the file's package ran when the file changed. Cargo notes when it starts a script
//!   (`invoked.timestamp`) and when it has ended (`output`). The package is compiled after that, with what the file holds.
//!   A file of the save itself is the user's in any case.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Session;
use super::decide::SourceChange;
use crate::watch::{Change, ChangedFile};

/// How far the kernel's time stamps lag at most.
const TICK: Duration = Duration::from_millis(20);

impl Session {
    /// The change without what the build has written; `None` if nothing is left.
    pub(super) fn without_generated(&mut self, mut change: Change) -> Option<Change> {
        let files = std::mem::take(&mut change.files);
        for file in files {
            if self.was_built(&file) {
                continue;
            }
            if self.is_by_build(&file) {
                if let Some(job) = &mut self.job {
                    job.written.push(file.path);
                }
                continue;
            }
            change.files.push(file);
        }
        (!change.files.is_empty()).then_some(change)
    }

    /// Whether this very content is what runs, or was written by the build that compiles it: only now has it been seen. What a job has read
    /// before its save was told of is the save's all the same: the watch knows of a file a moment before the session does.
    fn was_built(&mut self, file: &ChangedFile) -> bool {
        let Some(content) = &file.content else {
            return false;
        };
        let is_compiled = |job: &super::Job| {
            let mut sources = job.sources.iter();
            !job.is_superseded
                && job.generated.contains(&file.path)
                && sources
                    .any(|source| source.path == file.path && source.new.as_ref() == Some(content))
        };
        match self.baseline.get(&file.path) {
            _ if self.job.as_ref().is_some_and(is_compiled) => return true,
            Some(known) => return known == content && !self.dirty.contains(&file.path),
            None => {}
        }
        let hash = self.built.contents.get(&file.path);
        let is_built = hash.is_some_and(|hash| blake3::hash(content) == *hash);
        if is_built {
            self.baseline.insert(file.path.clone(), content.clone());
            self.dirty.remove(&file.path);
        }
        is_built
    }

    /// Adds to the job's sources those that nobody saved and that hold something else than what runs: its build has written them.
    pub(super) fn take_in_generated(&mut self) {
        let Some(job) = &mut self.job else { return };
        for path in self.built.inputs.sources.keys() {
            let Some(old) = self.baseline.get(path) else {
                continue;
            };
            if job.sources.iter().any(|source| source.path == *path) {
                continue;
            }
            let new = fs::read(path).ok();
            if new.as_deref() != Some(&**old) {
                job.generated.push(path.clone());
                job.sources.push(SourceChange {
                    path: path.clone(),
                    old: Some(old.clone()),
                    new: new.map(Into::into),
                });
            }
        }
    }

    fn is_by_build(&self, file: &ChangedFile) -> bool {
        let Some(job) = &self.job else { return false };
        let is_building = job.ahead.is_some() || !job.restart_reasons.is_empty();
        if !is_building
            || job.is_superseded
            || job.files.iter().any(|saved| saved.path == file.path)
        {
            return false;
        }
        file.path.starts_with(&self.target.build_directory)
            || self.built.script_runs.iter().any(|(root, run)| {
                file.path.starts_with(root) && ran_at(run, file.modified, job.build_began)
            })
    }

    /// The job ends otherwise than by a restart: what its build has written differs from what runs.
    pub(super) fn keep_written(&mut self) {
        let written = self
            .job
            .as_mut()
            .map(|job| std::mem::take(&mut job.written));
        for path in written.unwrap_or_default() {
            if self.baseline.get(&path) != self.watcher.content(&path).as_ref() {
                self.dirty.insert(path);
            }
        }
    }
}

/// Whether a build script of this package, of which `run` is one run's directory, was at work at that time, in a build that
/// began then. With other features or dependencies the run has another directory beside it.
fn ran_at(run: &Path, time: SystemTime, began: SystemTime) -> bool {
    let Some((name, siblings)) = run.file_name().zip(run.parent()) else {
        return false;
    };
    let name = name.to_string_lossy();
    let package = name.rsplit_once('-').map_or(&*name, |(package, _)| package);
    let entries = fs::read_dir(siblings).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy()
                .rsplit_once('-')
                .is_some_and(|(found, _)| found == package)
        })
        .any(|entry| {
            let started = fs::metadata(entry.path().join("invoked.timestamp"))
                .and_then(|data| data.modified());
            let Some(started) = started.ok().filter(|started| *started + TICK >= began) else {
                return false;
            };
            let is_running = match ended(&entry.path().join("output")) {
                Some(ended) if ended >= started => time <= ended + TICK,
                _ => true,
            };
            is_running && time + TICK >= started
        })
}

/// When a script's output was written: its modification time is set back to the start.
fn ended(output: &Path) -> Option<SystemTime> {
    let data = fs::metadata(output).ok()?;
    let seconds = u64::try_from(data.ctime()).ok()?;
    let rest = u32::try_from(data.ctime_nsec()).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, rest))
}
