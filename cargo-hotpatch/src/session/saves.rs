//! From saved files to compiled units to an outcome: the way of an edit that the program can follow.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::decide::{Edit, Environment, SourceChange};
use super::engine::{self, Applied};
use super::outcomes::{outcome, superseded};
use super::restarts::{is_timeout, program_ended};
use super::work::Asked;
use super::{Job, Session, Work, is_older};
use crate::capture::cargo::Built;
use crate::capture::child::CancelFlag;
use crate::codes::{self, Reason};
use crate::compile::{CompileError, CompiledUnit};
use crate::event::{Event, OutcomeKind, Timings, Way};
use crate::explain::Observed;
use crate::guard;
use crate::plan::{Plan, PlannedUnit, plan};
use crate::source;
use crate::watch::Change;

/// How long after the first file of a save another one belongs to it. Editors that save all buffers write them within a few
/// milliseconds, formatters within a few more.
const SAME_SAVE: Duration = Duration::from_millis(25);

impl Session {
    pub(super) fn changed(&mut self, change: Change) {
        let change = self.without_generated(change);
        if let Some(change) = change.and_then(|change| self.without_waiting(change)) {
            self.saved(change);
        }
    }

    /// What waited for its time, as one save.
    pub(super) fn waited(&mut self) {
        let files = self.writers.take();
        if !files.is_empty() {
            self.saved(Change {
                files,
                seen: Instant::now(),
            });
        }
    }

    fn saved(&mut self, change: Change) {
        guard::trial("changed");
        let Some(job) = &mut self.job else {
            if self.checking.is_some() {
                self.overtake_check(change);
            } else {
                self.begin(change);
            }
            return;
        };
        let lock_file = self.target.workspace_root.join("Cargo.lock");
        let is_lock_file = change.files.iter().all(|file| file.path == lock_file);
        if is_lock_file
            && !job.is_superseded
            && (job.ahead.is_some() || !job.restart_reasons.is_empty())
        {
            job.locked = Some(change);
            return;
        }
        if self.take_in(&change) {
            return;
        }
        let Some(job) = &mut self.job else { return };
        for file in job.locked.take().iter().flat_map(|change| &change.files) {
            self.dirty.insert(file.path.clone());
        }
        job.cancel.cancel();
        let is_first = !std::mem::replace(&mut job.is_superseded, true);
        if is_first {
            self.supersede_job();
        } else if let Some(older) = self.next.take() {
            // It was never begun, but it was said to be saved.
            self.say_saved(&older);
            self.conclude(superseded(&older), Vec::new());
        }
        for file in &change.files {
            self.dirty.insert(file.path.clone());
        }
        self.next = Some(change);
    }

    /// A save of several files is begun with the first of them, since most saves are of one. The others belong to it when they
    /// come soon enough: then it begins once more with all of them, and nothing of that is an outcome.
    fn take_in(&mut self, change: &Change) -> bool {
        let Some(job) = &mut self.job else {
            return false;
        };
        let is_joined = job.is_superseded && !self.taken_in.is_empty();
        // A confirmation is no save that another file could belong to.
        let is_free = !job.is_superseded && job.locked.is_none() && job.confirms.is_none();
        let known = self.next.as_ref().map_or(&job.files, |next| &next.files);
        // A save writes a file once.
        let is_other = change
            .files
            .iter()
            .all(|file| known.iter().all(|other| other.path != file.path));
        let is_soon = change.seen.saturating_duration_since(job.seen) <= SAME_SAVE;
        if !((is_joined || is_free) && is_other && is_soon) {
            return false;
        }
        job.cancel.cancel();
        job.is_superseded = true;
        self.next_waiting.append(&mut job.waiting);
        let files = self.next.take().map(|next| next.files);
        let mut files = files.unwrap_or_else(|| std::mem::take(&mut job.files));
        for file in &change.files {
            self.dirty.insert(file.path.clone());
            self.taken_in.push(file.path.clone());
            files.push(file.clone());
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        self.next = Some(Change {
            files,
            seen: job.seen,
        });
        true
    }

    /// With `--manual`: keeps what was saved until somebody asks for it.
    pub(super) fn hold(&mut self, change: Change) {
        let held = self.held.get_or_insert_with(|| Change {
            files: Vec::new(),
            seen: change.seen,
        });
        for file in change.files {
            held.files.retain(|older| older.path != file.path);
            held.files.push(file);
        }
        held.files.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Acts on what is held. It counts as saved now: that it was asked for is what the latency is measured from.
    pub(super) fn release_held(&mut self) {
        let Some(mut change) = self.held.take() else {
            return;
        };
        change.seen = Instant::now();
        for file in &mut change.files {
            file.modified = SystemTime::now();
        }
        self.changed(change);
    }

    /// Whether this file was saved and is held.
    pub(super) fn is_held(&self, path: &Path) -> bool {
        self.held
            .iter()
            .flat_map(|held| &held.files)
            .any(|file| file.path == path)
    }

    pub(super) fn supersede_job(&mut self) {
        let Some(job) = &mut self.job else { return };
        let mut timings = job.timings;
        timings.total += job.seen.elapsed().as_secs_f64() * 1000.0;
        let waiting = std::mem::take(&mut job.waiting);
        let confirms = job.confirms;
        let outcome = outcome(OutcomeKind::Superseded, timings);
        match confirms {
            Some(patch) => self.conclude_confirmation(patch, outcome),
            None => self.conclude(outcome, waiting),
        }
    }

    pub(super) fn say_saved(&mut self, change: &Change) {
        let root = self.target.workspace_root.clone();
        let shown = |path: &PathBuf| path.strip_prefix(&root).unwrap_or(path).to_path_buf();
        let taken_in = std::mem::take(&mut self.taken_in);
        let event = if taken_in.is_empty() {
            Event::Saved {
                files: change.files.iter().map(|file| shown(&file.path)).collect(),
            }
        } else {
            Event::SavedToo {
                files: taken_in.iter().map(shown).collect(),
            }
        };
        self.say(&event);
    }

    pub(super) fn begin(&mut self, change: Change) {
        self.diagnostics.clear();
        self.say_saved(&change);
        self.open_job(change);
        if self.running.is_none() && self.unconnected.is_none() {
            self.rebuild(vec![program_ended()]);
            return;
        }
        self.plan_and_compile();
    }

    pub(super) fn open_job(&mut self, change: Change) {
        self.restore_place();
        self.restore_records();
        let watch = change
            .files
            .iter()
            .filter_map(|file| SystemTime::now().duration_since(file.modified).ok())
            .max()
            .unwrap_or_default()
            .saturating_sub(change.seen.elapsed());
        let mut timings = Timings {
            watch: watch.as_secs_f64() * 1000.0,
            ..Timings::default()
        };
        timings.total = timings.watch;
        let planning = Instant::now();
        for file in &change.files {
            self.dirty.insert(file.path.clone());
        }
        let sources = self.dirty_sources();
        self.job = Some(Job {
            files: change.files,
            sources,
            seen: change.seen,
            timings,
            cancel: CancelFlag::new(),
            is_superseded: false,
            waiting: std::mem::take(&mut self.next_waiting),
            stage_started: planning,
            compile_began: SystemTime::now(),
            build_began: SystemTime::now(),
            written: Vec::new(),
            generated: Vec::new(),
            restart_reasons: Vec::new(),
            ahead: None,
            paused: None,
            locked: None,
            planned: Vec::new(),
            fast: None,
            full_because: None,
            confirms: None,
        });
    }

    /// All files that differ from what runs. A file that is back to what it was is not one of them.
    pub(super) fn dirty_sources(&mut self) -> Vec<SourceChange> {
        let mut sources = Vec::new();
        for path in self.dirty.clone() {
            let old = self.baseline.get(&path).cloned();
            let new = self.watcher.content(&path);
            sources.push(SourceChange { path, old, new });
        }
        sources
    }

    pub(super) fn plan_and_compile(&mut self) {
        if let Some(reason) = &self.suspect {
            self.rebuild(vec![reason.clone()]);
            return;
        }
        let Some(job) = &mut self.job else { return };
        let planned = planned(&job.sources, &self.built);
        job.timings.plan = job.stage_started.elapsed().as_secs_f64() * 1000.0;
        let planned = match (planned, self.reads_older_environment()) {
            (Plan::Replay(_), Some(reason)) => Plan::Cargo(reason),
            (planned, _) => planned,
        };
        match planned {
            Plan::Nothing => {
                let mut outcome = self.outcome_of_job(OutcomeKind::Unchanged);
                outcome.notes.extend(self.notes_of_outside());
                self.take_baseline_of_job();
                self.finish(outcome);
            }
            Plan::Cargo(reason) => self.ask_cargo(reason),
            Plan::Replay(_) if self.running.is_none() => {
                self.rebuild(vec![Reason::new(
                    &codes::NOT_CONNECTED,
                    "the program has no connection to the tool".to_owned(),
                )]);
            }
            Plan::Replay(units) => match self.fast_plan(&units) {
                Ok((fast, files)) => self.compile_shadow(units, fast, files),
                Err(why) => {
                    self.goes_the_full_way(why);
                    if let Err(units) = self.build_ahead(units) {
                        self.compile(units);
                    }
                }
            },
        }
    }

    pub(super) fn compile(&mut self, units: Vec<PlannedUnit>) {
        let Some(job) = &mut self.job else { return };
        let Some(mut compiler) = self.compiler.take() else {
            self.rebuild(vec![Reason::new(
                &codes::REPLAY_FAILED,
                "the compiler's state of before could not be brought back".to_owned(),
            )]);
            return;
        };
        job.stage_started = Instant::now();
        job.compile_began = SystemTime::now();
        let cancel = job.cancel.clone();
        let name = job.confirms.map_or("compile", |_| "confirm");
        self.say(&Event::Progress { stage: "compiling" });
        self.work(name, move || {
            let result = caught(name, || compiler.compile(&units, &cancel));
            Work::Compiled(compiler, result)
        });
    }

    pub(super) fn worked(&mut self, work: Work) {
        let work = match work {
            Work::Rehearsed(compiler, result) => {
                self.rehearsed(compiler, result);
                return;
            }
            Work::Panicked(panicked) => {
                self.recover(&panicked, Asked::default());
                return;
            }
            work => work,
        };
        let elapsed = self
            .job
            .as_ref()
            .map(|job| job.stage_started.elapsed().as_secs_f64() * 1000.0)
            .unwrap_or_default();
        let is_superseded = self.job.as_ref().is_none_or(|job| job.is_superseded);
        if let Some(job) = &mut self.job {
            job.timings.compile += elapsed;
        }
        match work {
            Work::Compiled(compiler, result) => {
                if is_superseded {
                    self.compiler = Some(compiler);
                    self.discard_compiled();
                    self.begin_next();
                    return;
                }
                match result {
                    Ok(units) => {
                        self.compiler = Some(compiler);
                        self.apply(&units);
                    }
                    Err(error) => {
                        self.compiler = Some(compiler);
                        self.discard_compiled();
                        self.compile_failed(error);
                    }
                }
            }
            Work::Shadow(compiler, result) => {
                self.compiler = Some(compiler);
                if is_superseded || matches!(result, Err(CompileError::Cancelled)) {
                    self.begin_next();
                    return;
                }
                self.shadow_compiled(result);
            }
            Work::Built(result, target, began) => {
                if is_superseded {
                    self.begin_next();
                    return;
                }
                // What cargo found when it began is in the build. (A manifest is resolved before that: then the lock file is
                // written.)
                let locked = self.job.as_mut().and_then(|job| job.locked.take());
                self.next =
                    locked.filter(|change| change.files.iter().any(|file| file.modified > began));
                if let Some(result) = self.ahead_ended(result) {
                    self.built(result, target, began);
                }
            }
            // Taken care of above.
            Work::Rehearsed(..) | Work::Panicked(_) => {}
        }
    }

    /// What was compiled does not get into the program.
    pub(super) fn discard_compiled(&mut self) {
        if let Some(compiler) = &mut self.compiler
            && let Err(error) = compiler.discard()
        {
            let reason = Reason::new(
                &codes::REPLAY_FAILED,
                format!("the next save restarts the program: {error:#}"),
            );
            self.compiler = None;
            self.say(&Event::Warning { reason });
        }
    }

    pub(super) fn begin_next(&mut self) {
        self.keep_written();
        self.job = None;
        if let Some(change) = self.next.take() {
            self.begin(change);
        }
        self.next_check();
    }

    pub(super) fn compile_failed(&mut self, error: CompileError) {
        match error {
            CompileError::Source { rendered } => {
                self.say(&Event::Diagnostics { rendered });
                let notes = self.undo_unconfirmed();
                let mut outcome = self.outcome_of_job(OutcomeKind::CompileError);
                outcome.notes = notes;
                self.finish(outcome);
            }
            CompileError::Cancelled => self.begin_next(),
            CompileError::Failed(reason) => self.rebuild(vec![reason]),
        }
    }

    pub(super) fn apply(&mut self, units: &[CompiledUnit]) {
        for unit in units {
            if !unit.rendered_warnings.is_empty() {
                self.say(&Event::Diagnostics {
                    rendered: unit.rendered_warnings.clone(),
                });
            }
        }
        let (Some(job), Some(running)) = (&mut self.job, &mut self.running) else {
            if self.job.as_ref().is_some_and(|job| job.confirms.is_some()) {
                // Nothing is left to be checked; the next save builds.
                self.discard_compiled();
                let mut outcome = self.outcome_of_job(OutcomeKind::Superseded);
                outcome.reason = Some(program_ended());
                self.finish(outcome);
                return;
            }
            self.rebuild(vec![program_ended()]);
            return;
        };
        let environment = Environment {
            libraries: &self.libraries,
            policy: &self.policy,
            executable: &self.target.crate_name,
            units: &self.units,
            inputs: &self.built.inputs,
        };
        let mut observed = Observed::default();
        let stacks = running.stacks.clone();
        let applied = engine::apply(
            running,
            &Edit {
                reference: &self.reference,
                compiled: units,
                sources: &job.sources,
                stacks: Some(&stacks),
            },
            &mut self.files,
            &environment,
            &mut job.timings,
            &mut observed,
        );
        let compiled_at = job.compile_began;
        let mut taken = match applied {
            Ok(Applied::Taken(taken)) => taken,
            Ok(Applied::Restart { reasons }) => {
                self.discard_compiled();
                self.keep_explanations(&observed, false, "restart", &reasons);
                if is_timeout(&reasons) {
                    let mut outcome = self.outcome_of_job(OutcomeKind::Refused);
                    outcome.reason = reasons.into_iter().next();
                    self.finish(outcome);
                    return;
                }
                self.rebuild(reasons);
                return;
            }
            Err(error) => {
                self.discard_compiled();
                // A defect has its code already.
                let known = error.downcast_ref::<Reason>().cloned();
                let reason =
                    known.unwrap_or_else(|| Reason::new(&codes::BAD_OBJECT, format!("{error:#}")));
                self.rebuild(vec![reason]);
                return;
            }
        };
        if let Some(compiler) = &mut self.compiler {
            compiler.commit();
        }
        for unit in units {
            self.reference
                .insert(unit.key.clone(), unit.objects.clone());
            self.built.inputs.set_sources(&unit.key, &unit.new_inputs);
        }
        self.files.keep_only(&self.reference);
        self.watch_marks(&mut taken);
        let word = if taken.is_patched {
            "patched"
        } else {
            "unchanged"
        };
        let outcome = self.outcome_of_taken(taken, Way::Full);
        self.count_full();
        self.take_baseline_of_job();
        self.finish(outcome);
        // Behind the outcome: nobody waits for it.
        self.read_ahead();
        self.keep_explanations(&observed, false, word, &[]);
        self.watch_new_inputs(compiled_at);
    }

    /// Files that the compiler read for the first time are watched from now on.
    pub(super) fn watch_new_inputs(&mut self, compiled_at: SystemTime) {
        let new: Vec<PathBuf> = self
            .built
            .inputs
            .paths()
            .filter(|path| !self.baseline.contains_key(*path) && path.exists())
            .map(Path::to_path_buf)
            .collect();
        if new.is_empty() {
            return;
        }
        self.watch_again(Some(compiled_at));
        for path in new {
            // A file that changed since the compiler began may not be what it read: then nothing is known of it.
            if is_older(&path, compiled_at)
                && let Some(content) = self.watcher.content(&path)
            {
                self.baseline.insert(path, content);
            }
        }
    }

    pub(super) fn watch_again(&mut self, read_at: Option<SystemTime>) {
        let files: Vec<PathBuf> = self.built.inputs.paths().map(Path::to_path_buf).collect();
        let result = match read_at {
            Some(read_at) => self.watcher.set_files_read_at(files.into_iter(), read_at),
            None => self.watcher.set_files(files.into_iter()),
        };
        if let Err(error) = result {
            self.say(&Event::Warning {
                reason: Reason::new(
                    &codes::BESIDE,
                    format!("some files are not watched: {error:#}"),
                ),
            });
        }
    }

    /// What the job compiled is what runs now.
    pub(super) fn take_baseline_of_job(&mut self) {
        let Some(job) = &self.job else { return };
        for source in &job.sources {
            match &source.new {
                Some(content) => self.baseline.insert(source.path.clone(), content.clone()),
                None => self.baseline.remove(&source.path),
            };
            self.dirty.remove(&source.path);
        }
    }
}

/// What a compiler comes to; a panic in it is a failure like any other, and the compiler can be used after it: its next work begins
/// by bringing back what this one left.
pub(super) fn caught<T>(
    name: &str,
    work: impl FnOnce() -> Result<T, CompileError>,
) -> Result<T, CompileError> {
    let work = || {
        guard::trial(name);
        work()
    };
    guard::catch(name, work).unwrap_or_else(|panicked| Err(CompileError::Failed(panicked.reason())))
}

/// What a change of these files asks for.
pub(crate) fn planned(sources: &[SourceChange], built: &Built) -> Plan {
    let changed: Vec<PathBuf> = sources.iter().map(|source| source.path.clone()).collect();
    plan(&changed, built, &|path| only_plain_bodies(sources, path))
}

/// Whether all that changed in the file is bodies of plain functions.
pub(super) fn only_plain_bodies(sources: &[SourceChange], path: &Path) -> bool {
    let Some(source) = sources.iter().find(|source| source.path == path) else {
        return false;
    };
    let text = |content: &Option<Arc<[u8]>>| {
        content
            .as_deref()
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
    };
    match (text(&source.old), text(&source.new)) {
        (Some(old), Some(new)) => source::compare(&old, &new).only_plain_bodies(),
        _ => false,
    }
}
