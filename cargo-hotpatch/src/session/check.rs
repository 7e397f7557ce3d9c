//! `cargo hotpatch check` of a running session: an edit goes all the way but the last step, and leaves no trace.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::decide::{Edit, Environment, SourceChange};
use super::engine::Applied;
use super::outcomes::superseded;
use super::rehearse::{Stage, rehearse};
use super::restarts::program_ended;
use super::saves::{caught, planned};
use super::{Session, Work};
use crate::capture::cargo::Built;
use crate::capture::child::CancelFlag;
use crate::capture::inputs::{Inputs, forms_of};
use crate::capture::overlay::Overlay;
use crate::check::{Against, CheckKind, CheckReport, Unsaved};
use crate::codes::{self, Reason};
use crate::compile::{CompileError, CompiledUnit, Compiler};
use crate::event::Timings;
use crate::explain::{Explained, Observed};
use crate::plan::Plan;
use crate::save::CheckRequest;
use crate::watch::Change;

/// A check that is being worked on.
pub(super) struct Checking {
    pub(super) request: CheckRequest,
    sources: Vec<SourceChange>,
    timings: Timings,
    started: Instant,
    compiling: Instant,
    pub(super) cancel: CancelFlag,
    /// A save came in between: it goes first, and the check is made again, of what is then the case.
    is_overtaken: bool,
}

impl Session {
    /// Takes a request; it is answered when nothing is under way.
    pub(super) fn check(&mut self, request: CheckRequest) {
        self.checks.push_back(request);
        self.next_check();
    }

    /// Begins the next check, unless something else is to be done first.
    pub(super) fn next_check(&mut self) {
        while self.job.is_none() && self.next.is_none() && self.checking.is_none() {
            let Some(request) = self.checks.pop_front() else {
                return;
            };
            self.begin_check(request);
        }
    }

    fn begin_check(&mut self, request: CheckRequest) {
        let started = Instant::now();
        let sources = self.sources_on_disk(request.unsaved.as_ref());
        let mut checking = Checking {
            request,
            sources,
            timings: Timings::default(),
            started,
            compiling: started,
            cancel: CancelFlag::new(),
            is_overtaken: false,
        };
        let plan = planned(&checking.sources, &self.built);
        checking.timings.plan = started.elapsed().as_secs_f64() * 1000.0;
        let units = match plan {
            Plan::Nothing => {
                self.answer_check(
                    checking,
                    CheckReport::new(CheckKind::Unchanged, Against::Program),
                );
                return;
            }
            Plan::Cargo(reason) => {
                let mut report = CheckReport::restart(vec![reason], Against::Program);
                report.notes.push(only_cargo_knows());
                self.answer_check(checking, report);
                return;
            }
            Plan::Replay(units) => units,
        };
        let overlay = match overlay_for(checking.request.unsaved.as_ref(), &self.built) {
            Ok(overlay) => overlay,
            Err(error) => {
                // Whoever asked may be gone.
                let _ = checking.request.reply.send(Err(format!("{error:#}")));
                return;
            }
        };
        let Some(mut compiler) = self.compiler.take() else {
            let reason = Reason::new(
                &codes::REPLAY_FAILED,
                "the compiler's state of before could not be brought back".to_owned(),
            );
            self.answer_check(
                checking,
                CheckReport::restart(vec![reason], Against::Program),
            );
            return;
        };
        checking.compiling = Instant::now();
        let cancel = checking.cancel.clone();
        self.checking = Some(checking);
        self.work("check", move || {
            let result = caught("check", || compiler.rehearse(&units, overlay, &cancel));
            Work::Rehearsed(compiler, result)
        });
    }

    /// Every file of the build whose content is not what runs.
    fn sources_on_disk(&self, unsaved: Option<&Unsaved>) -> Vec<SourceChange> {
        let known = |path: &PathBuf| {
            let built = self.baseline.get(path).cloned();
            // A file that the build may not have read as it was; if nothing came of it since, it is what runs.
            built.or_else(|| {
                let is_settled = !self.dirty.contains(path) && !self.is_held(path);
                is_settled.then(|| self.watcher.content(path)).flatten()
            })
        };
        changed_sources(&self.built.inputs, unsaved, &known)
    }

    /// A save takes over from a check.
    pub(super) fn overtake_check(&mut self, change: Change) {
        if let Some(checking) = &mut self.checking {
            checking.cancel.cancel();
            checking.is_overtaken = true;
        }
        if let Some(older) = self.next.take() {
            // It was never begun, but it was said to be saved.
            self.say_saved(&older);
            self.conclude(superseded(&older), Vec::new());
        }
        for file in &change.files {
            self.dirty.insert(file.path.clone());
        }
        self.next = Some(change);
    }

    /// The compiler is done with a check.
    pub(super) fn rehearsed(
        &mut self,
        compiler: Compiler,
        result: Result<Vec<CompiledUnit>, CompileError>,
    ) {
        self.compiler = Some(compiler);
        let Some(mut checking) = self.checking.take() else {
            return;
        };
        if checking.is_overtaken {
            self.forget_rehearsal();
            self.checks.push_front(checking.request);
            self.begin_next();
            return;
        }
        checking.timings.compile = checking.compiling.elapsed().as_secs_f64() * 1000.0;
        let report = match result {
            Ok(units) => self.rehearse(&mut checking, &units),
            Err(error) => not_compiled(error, Against::Program),
        };
        self.forget_rehearsal();
        self.answer_check(checking, report);
        self.next_check();
    }

    /// Lets go of the objects of a check.
    fn forget_rehearsal(&mut self) {
        self.files.keep_only(&self.reference);
        if let Some(compiler) = &mut self.compiler {
            compiler.forget_rehearsal();
        }
    }

    fn rehearse(&mut self, checking: &mut Checking, units: &[CompiledUnit]) -> CheckReport {
        let rehearsed = self.rehearse_units(units, &checking.sources, &mut checking.timings);
        let Some((rehearsed, observed)) = rehearsed else {
            let reason = if self.unconnected.is_some() {
                Reason::new(
                    &codes::NOT_CONNECTED,
                    "the program has no connection to the tool".to_owned(),
                )
            } else {
                program_ended()
            };
            return CheckReport::restart(vec![reason], Against::Program);
        };
        let report = report_of(rehearsed, units, Against::Program);
        let outcome = match report.check {
            CheckKind::Patch => "patched",
            CheckKind::Unchanged => "unchanged",
            CheckKind::Restart | CheckKind::CompileError => "restart",
        };
        self.keep_explanations(&observed, true, outcome, &report.reasons);
        report
    }

    /// What would come of compiled units in the running program. `None` if there is none.
    pub(super) fn rehearse_units(
        &mut self,
        units: &[CompiledUnit],
        sources: &[SourceChange],
        timings: &mut Timings,
    ) -> Option<(anyhow::Result<Applied>, Observed)> {
        let running = self.running.as_mut()?;
        let environment = Environment {
            libraries: &self.libraries,
            policy: &self.policy,
            executable: &self.target.crate_name,
            units: &self.units,
            inputs: &self.built.inputs,
        };
        let mut observed = Observed::default();
        let (stacks, arena) = (running.stacks.clone(), running.arena());
        let (live, mut program) = running.for_rehearsing();
        let rehearsed = rehearse(
            Stage {
                live,
                program: &mut program,
                arena,
                stacks: Some(stacks.clone()),
            },
            &Edit {
                reference: &self.reference,
                compiled: units,
                sources,
                stacks: Some(&stacks),
            },
            &mut self.files,
            &environment,
            timings,
            &mut observed,
        );
        Some((rehearsed, observed))
    }

    /// For `cargo hotpatch explain`, which is not worth a failure.
    pub(super) fn keep_explanations(
        &self,
        observed: &Observed,
        is_check: bool,
        outcome: &str,
        reasons: &[Reason],
    ) {
        let _ = Explained::new(
            (&self.target.workspace_root, &self.built.link.image),
            observed,
            is_check,
            outcome,
            reasons.iter().map(Reason::to_string).collect(),
        )
        .keep(&self.directory, &self.built.link.unit);
    }

    fn answer_check(&mut self, checking: Checking, mut report: CheckReport) {
        report.pid = self.pid();
        if report.check == CheckKind::Restart && self.options.no_restart && report.pid.is_some() {
            report.notes.push(
                "the session was started with --no-restart: the save would be refused".to_owned(),
            );
        }
        finish_report(
            &mut report,
            &checking.sources,
            checking.request.unsaved.as_ref(),
            &self.target.workspace_root,
        );
        report.timings_ms = checking.timings;
        report.timings_ms.total = checking.started.elapsed().as_secs_f64() * 1000.0;
        // Whoever asked may be gone.
        let _ = checking.request.reply.send(Ok(report));
    }
}

/// Every file of the build whose content differs from what `known` says of it.
pub(crate) fn changed_sources(
    inputs: &Inputs,
    unsaved: Option<&Unsaved>,
    known: &dyn Fn(&PathBuf) -> Option<Arc<[u8]>>,
) -> Vec<SourceChange> {
    let unsaved_forms = unsaved.map(|unsaved| forms_of(&unsaved.path));
    let mut paths: Vec<PathBuf> = inputs.paths().map(PathBuf::from).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| {
            let buffer = unsaved.filter(|_| {
                unsaved_forms
                    .as_ref()
                    .is_some_and(|forms| forms.contains(&path))
            });
            // What cannot be read is as good as not there, as it is for the watcher.
            let new: Option<Arc<[u8]>> = match buffer {
                Some(buffer) => Some(buffer.content.as_slice().into()),
                None if path.is_file() => std::fs::read(&path).ok().map(Into::into),
                None => None,
            };
            let old = known(&path);
            (old != new).then_some(SourceChange { path, old, new })
        })
        .collect()
}

/// What the compiler is to find in the place of a file on disk.
///
/// # Errors
/// When that cannot be arranged on this system, or with this compiler.
pub(crate) fn overlay_for(
    unsaved: Option<&Unsaved>,
    built: &Built,
) -> anyhow::Result<Option<Overlay>> {
    let Some(unsaved) = unsaved else {
        return Ok(None);
    };
    // A compiler that runs elsewhere (in a server, say) would read the file on disk.
    if let Some(wrapper) = built
        .units
        .iter()
        .find_map(|unit| unit.user_wrapper.as_ref())
    {
        anyhow::bail!(
            "unsaved content cannot be compiled through `{}`: it may read the file on disk",
            wrapper.display()
        );
    }
    Overlay::new(unsaved).map(Some)
}

/// What is said when only cargo can follow.
pub(crate) fn only_cargo_knows() -> String {
    "whether it builds is not known: only cargo can tell".to_owned()
}

/// What is said when nothing was compiled.
pub(crate) fn not_compiled(error: CompileError, against: Against) -> CheckReport {
    match error {
        CompileError::Source { rendered } => CheckReport {
            diagnostics: vec![rendered],
            ..CheckReport::new(CheckKind::CompileError, against)
        },
        CompileError::Failed(reason) => CheckReport::restart(vec![reason], against),
        CompileError::Cancelled => CheckReport::restart(
            vec![Reason::new(
                &codes::REPLAY_FAILED,
                "the compiler was interrupted".to_owned(),
            )],
            against,
        ),
    }
}

/// What is said of a rehearsal.
pub(crate) fn report_of(
    rehearsed: anyhow::Result<Applied>,
    units: &[CompiledUnit],
    against: Against,
) -> CheckReport {
    let mut report = match rehearsed {
        Ok(Applied::Taken(taken)) => {
            let kind = if taken.is_patched {
                CheckKind::Patch
            } else {
                CheckKind::Unchanged
            };
            CheckReport {
                functions: taken.functions,
                notes: taken.notes,
                ..CheckReport::new(kind, against)
            }
        }
        Ok(Applied::Restart { reasons }) => CheckReport::restart(reasons, against),
        Err(error) => CheckReport::restart(
            vec![Reason::new(&codes::BAD_OBJECT, format!("{error:#}"))],
            against,
        ),
    };
    report.diagnostics.extend(
        units
            .iter()
            .map(|unit| unit.rendered_warnings.clone())
            .filter(|rendered| !rendered.is_empty()),
    );
    report
}

/// Names the files that differ.
pub(crate) fn finish_report(
    report: &mut CheckReport,
    sources: &[SourceChange],
    unsaved: Option<&Unsaved>,
    workspace: &std::path::Path,
) {
    let shown = |path: &std::path::Path| {
        path.strip_prefix(workspace)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    report.files = sources.iter().map(|source| shown(&source.path)).collect();
    if let Some(unsaved) = unsaved
        && sources.is_empty()
        && report.check == CheckKind::Unchanged
    {
        report.notes.push(format!(
            "`{}` holds what was built, or is not read by the build",
            shown(&unsaved.path)
        ));
    }
}
