//! The fast way of a save, and the check behind it.
//!
//! Until the full way has seen an edit, the reference, the baseline and the published metadata stay what they were: a fast patch
//! lies on top ([`super::fast::Unconfirmed`]), and each newer save is compared with what lies below. So whatever is compiled the
//! full way next, by the check or by a save that could not go the fast way, sees everything that was never checked.

use std::time::{Instant, SystemTime};

use super::decide::{Environment, SourceChange};
use super::engine::{self, Applied};
use super::fast::{self, Shadow};
use super::saves::planned;
use super::{FastPlan, Job, Session, Work};
use crate::capture::child::CancelFlag;
use crate::capture::record::{ObjectRef, UnitKey};
use crate::codes::{self, Reason};
use crate::compile::{CompileError, CompiledShadow, Contents};
use crate::event::{Event, Outcome, OutcomeKind, Timings, Way};
use crate::explain::Observed;
use crate::guard;
use crate::plan::{Plan, PlannedUnit};
use crate::shadow::MARKER;
use crate::shadow::tree::Function;
use crate::source::closures::{Entry, EntryKind};
use crate::source::functions::FunctionText;
use crate::source::index::TextIndex;
use crate::source::{self, CompiledBy, Lines};

/// Where an edit goes that a shadow was compiled for and that does not go the fast way.
enum Elsewhere {
    /// The whole crate is compiled. Why.
    FullWay(String),
    /// Cargo builds at once: what differs is known.
    Restart(Reason, Box<Observed>),
}

impl From<String> for Elsewhere {
    fn from(why: String) -> Self {
        Self::FullWay(why)
    }
}

impl Session {
    /// The fast way of the job, if it has one: every edit is inside of a body of a function that one unit compiles. What else is in the
    /// plan, crates that have its lines in their code, follows when it is confirmed. Otherwise why not.
    pub(super) fn fast_plan(
        &self,
        units: &[PlannedUnit],
    ) -> Result<(FastPlan, Contents), &'static str> {
        let (Some(job), Some(running), Some(compiler)) = (&self.job, &self.running, &self.compiler)
        else {
            return Err("no program runs");
        };
        let unit = self.edited_unit(&job.sources)?;
        if running.live.has_cuts() {
            return Err("old and new versions of a function live side by side");
        }
        if !compiler.can_compile_shadow(unit, units) {
            return Err("the crate has no shadow, or not yet");
        }
        let mut functions: Vec<Function> = Vec::new();
        if let Some(unconfirmed) = &running.unconfirmed {
            if unconfirmed.unit != *unit {
                return Err("a fast patch of another crate is not confirmed yet");
            }
            functions.clone_from(&unconfirmed.functions);
        }
        let mut may_be_elsewhere = false;
        let mut calls_macros = false;
        for source in &job.sources {
            let edited = edited_functions(source)?;
            may_be_elsewhere |= edited.compiled_by == CompiledBy::OthersPerhaps;
            calls_macros |= edited.calls_macros;
            for function in edited.functions {
                if !functions.contains(&function) {
                    functions.push(function);
                }
            }
        }
        if functions.is_empty() {
            return Err("no function was edited");
        }
        let files = self
            .built
            .inputs
            .sources
            .iter()
            .filter(|(_, units)| units.contains(unit))
            .filter_map(|(path, _)| {
                let content = self
                    .watcher
                    .content(path)
                    .or_else(|| Some(std::fs::read(path).ok()?.into()))?;
                Some((path.clone(), content))
            })
            .collect();
        let plan = FastPlan {
            unit: unit.clone(),
            functions,
            may_be_elsewhere,
            calls_macros,
        };
        Ok((plan, files))
    }

    /// The only unit that reads these files.
    fn edited_unit(&self, sources: &[SourceChange]) -> Result<&UnitKey, &'static str> {
        let mut found = None;
        for source in sources {
            let units = self.built.inputs.sources.get(&source.path);
            for unit in units.into_iter().flatten() {
                if *found.get_or_insert(unit) != unit {
                    return Err("what was edited is part of more than one crate");
                }
            }
        }
        found.ok_or("no crate was edited")
    }

    /// Begins to read what the next edit will ask of the program's objects. (A replay may have made all of a unit's anew.)
    pub(super) fn read_ahead(&self) {
        let has_shadow = |object: &ObjectRef| {
            let compiler = self.compiler.as_ref();
            compiler.is_some_and(|compiler| compiler.has_shadow(&object.unit))
        };
        self.files
            .read_ahead(self.reference.values().flatten(), &has_shadow);
    }

    /// Takes note of why the job does not go the fast way, if the session has one.
    pub(super) fn goes_the_full_way(&mut self, why: impl Into<String>) {
        if self.options.fast.is_some()
            && let Some(job) = &mut self.job
        {
            job.full_because = Some(why.into());
        }
    }

    pub(super) fn compile_shadow(
        &mut self,
        units: Vec<PlannedUnit>,
        fast: FastPlan,
        files: Contents,
    ) {
        let (Some(job), Some(mut compiler)) = (&mut self.job, self.compiler.take()) else {
            return;
        };
        job.stage_started = Instant::now();
        let cancel = job.cancel.clone();
        let (unit, functions) = (fast.unit.clone(), fast.functions.clone());
        job.planned = units;
        job.fast = Some(fast);
        self.say(&Event::Progress { stage: "compiling" });
        self.work("fast compile", move || {
            let result = compiler.compile_shadow(&unit, files, &functions, &cancel);
            Work::Shadow(compiler, result)
        });
    }

    /// A shadow was compiled, or was not: then, and whenever it does not suffice, the full way takes over.
    pub(super) fn shadow_compiled(&mut self, result: Result<Option<CompiledShadow>, CompileError>) {
        let applied = match result {
            Ok(Some(shadow)) => self.apply_shadow(&shadow),
            Ok(None) => Err(Elsewhere::FullWay(
                "an edited function cannot be compiled in a shadow, or not yet".to_owned(),
            )),
            // The error is of the shadow: the crate's own is said when it was compiled.
            Err(_) => Err(Elsewhere::FullWay("the shadow does not compile".to_owned())),
        };
        let outcome = match applied {
            Ok(outcome) => outcome,
            // The edit has no effect, whatever else of the crate's code differs: only bodies were edited.
            Err(Elsewhere::Restart(reason, observed)) => {
                let reasons = vec![reason];
                self.keep_explanations(&observed, false, "restart", &reasons);
                self.rebuild(reasons);
                return;
            }
            Err(Elsewhere::FullWay(why)) => {
                self.goes_the_full_way(why);
                let Some(job) = &mut self.job else { return };
                let units = std::mem::take(&mut job.planned);
                self.compile(units);
                return;
            }
        };
        self.finish(outcome);
    }

    /// The outcome, or why another way has to find one.
    fn apply_shadow(&mut self, compiled: &CompiledShadow) -> Result<Outcome, Elsewhere> {
        let (Some(job), Some(running)) = (self.job.as_mut(), self.running.as_mut()) else {
            return Err("no program runs".to_owned().into());
        };
        let Some(plan) = job.fast.take() else {
            return Err("nothing was to go the fast way".to_owned().into());
        };
        let environment = Environment {
            libraries: &self.libraries,
            policy: &self.policy,
            executable: &self.target.crate_name,
            units: &self.units,
            inputs: &self.built.inputs,
        };
        let roots: Vec<(usize, String)> = compiled
            .numbers
            .iter()
            .zip(&plan.functions)
            .map(|(number, function)| (*number, identifier(&function.path)))
            .collect();
        let shadow = Shadow {
            reference: &self.reference,
            sources: &job.sources,
            unit: &plan.unit,
            objects: &compiled.objects,
            roots: &roots,
            may_be_elsewhere: plan.may_be_elsewhere,
            calls_macros: plan.calls_macros,
        };
        let decided = guard::catch("fast judge", || {
            guard::trial("fast-judge");
            fast::decide(
                &running.live,
                &shadow,
                running.unconfirmed.as_ref(),
                &mut self.files,
                &environment,
                &mut job.timings,
            )
        });
        let decided = decided.map_err(|panicked| {
            let why = panicked.reason().to_string();
            guard::report(&panicked);
            why
        })?;
        let (replacement, fingerprints) = decided.map_err(|error| format!("{error:#}"))??;
        if replacement.is_empty() && running.unconfirmed.is_none() {
            return Err("no function of the program differs".to_owned().into());
        }
        let observed = Observed {
            changed: replacement.difference.changed.clone(),
            ..Observed::default()
        };
        let applied = engine::apply_fast(
            running,
            replacement,
            fingerprints,
            (&plan.unit, &plan.functions),
            &environment,
            &mut job.timings,
        );
        self.files.keep_only(&self.reference);
        // All other reasons to restart, and what is broken: the full way says it again, from the real source.
        let mut taken = match applied {
            Ok(Applied::Taken(taken)) => taken,
            Ok(Applied::Restart { reasons }) => {
                return Err(match reasons.into_iter().next() {
                    Some(reason) if reason.code == codes::NO_EFFECT.id => {
                        Elsewhere::Restart(reason, Box::new(observed))
                    }
                    Some(reason) => Elsewhere::FullWay(in_terms_of_source(reason.to_string())),
                    None => Elsewhere::FullWay("it would restart".to_owned()),
                });
            }
            Err(error) => return Err(in_terms_of_source(format!("{error:#}")).into()),
        };
        self.watch_marks(&mut taken);
        self.counts.fast += u64::from(taken.is_patched);
        Ok(self.outcome_of_taken(taken, Way::Fast))
    }

    /// Begins to compile the full way what went the fast way.
    pub(super) fn begin_confirmation(&mut self) {
        let Some(running) = &self.running else { return };
        let Some(unconfirmed) = &running.unconfirmed else {
            return;
        };
        let (unit, patch) = (unconfirmed.unit.clone(), unconfirmed.patch);
        let sources = self.dirty_sources();
        // What a save of these files would compile; the unit in any case, for what was undone in the source meanwhile.
        let mut units = match planned(&sources, &self.built) {
            Plan::Replay(units) => units,
            Plan::Nothing | Plan::Cargo(_) => Vec::new(),
        };
        if units.iter().all(|planned| planned.key != unit) {
            units.push(PlannedUnit {
                key: unit,
                publish: false,
            });
        }
        self.job = Some(Job {
            // Nobody saved anything.
            files: Vec::new(),
            sources,
            seen: Instant::now(),
            timings: Timings::default(),
            cancel: CancelFlag::new(),
            is_superseded: false,
            waiting: Vec::new(),
            stage_started: Instant::now(),
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
            confirms: Some(patch),
        });
        self.compile(units);
    }

    pub(super) fn conclude_confirmation(&mut self, patch: u64, mut outcome: Outcome) {
        outcome.pid = self.pid();
        self.explain_compile_error(&mut outcome);
        let agreed = self
            .running
            .as_mut()
            .and_then(|running| running.agreed.take());
        let agrees = match outcome.outcome {
            OutcomeKind::Superseded => None,
            OutcomeKind::Patched | OutcomeKind::Unchanged => agreed,
            OutcomeKind::Restarted | OutcomeKind::Refused | OutcomeKind::CompileError => {
                Some(false)
            }
        };
        match agrees {
            Some(true) => self.counts.agreed += 1,
            Some(false) => self.counts.disagreed += 1,
            None => {}
        }
        self.say(&Event::Confirmation {
            of: patch,
            agrees,
            outcome: outcome.clone(),
        });
        if agrees == Some(false) {
            self.last_outcome = Some((outcome, Instant::now()));
        }
    }

    /// Takes fast patches back that the full way has not confirmed, and returns what is to be said of it.
    pub(super) fn undo_unconfirmed(&mut self) -> Vec<String> {
        let Some(running) = &mut self.running else {
            return Vec::new();
        };
        match running.undo() {
            Ok(true) => {
                self.lose_marks("the patch was taken back");
                vec!["what was compiled the fast way and not checked is undone".to_owned()]
            }
            Ok(false) => Vec::new(),
            Err(error) => {
                let reason = error.downcast::<Reason>().unwrap_or_else(|error| {
                    Reason::new(&codes::NOT_CONNECTED, format!("{error:#}"))
                });
                self.say(&Event::Warning {
                    reason: reason.clone(),
                });
                vec![format!("a fast patch could not be undone: {reason}")]
            }
        }
    }

    /// A save went the full way. It may have been the one that said what earlier fast patches were worth.
    pub(super) fn count_full(&mut self) {
        if self.job.as_ref().is_some_and(|job| job.confirms.is_some()) {
            return;
        }
        self.counts.full += 1;
        if let Some(agreed) = self
            .running
            .as_mut()
            .and_then(|running| running.agreed.take())
        {
            if agreed {
                self.counts.agreed += 1;
            } else {
                self.counts.disagreed += 1;
            }
        }
    }
}

/// What an edit of a file is confined to.
struct Edited {
    functions: Vec<Function>,
    compiled_by: CompiledBy,
    /// One of them calls a macro of which it is not known what it hides.
    calls_macros: bool,
}

/// The functions that an edit of a file is confined to, or why it cannot go the fast way.
fn edited_functions(source: &SourceChange) -> Result<Edited, &'static str> {
    let (Some(old), Some(new)) = (&source.old, &source.new) else {
        return Err("a file came or went");
    };
    let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) else {
        return Err("a file is not text");
    };
    let change = source::compare(old, new);
    // Lines of others may have moved: the full way brings them.
    if !change.only_bodies() {
        return Err("more than bodies of functions was edited");
    }
    let compiled_by = change.edited.iter().map(|function| function.compiled_by);
    let compiled_by = compiled_by.max().unwrap_or(CompiledBy::ItsCrate);
    if compiled_by == CompiledBy::Others {
        return Err("an edited function is not plain");
    }
    let Ok(file) = source.path.canonicalize() else {
        return Err("a file is gone");
    };
    let (before, after) = (TextIndex::of(old), TextIndex::of(new));
    let mut functions = Vec::new();
    let mut calls_macros = false;
    for edited in change.edited {
        calls_macros |= before.functions_within(edited.old).any(hides_something)
            || after.functions_within(edited.new).any(hides_something);
        if takes_memory_for_a_type(&before, edited.old)
            || takes_memory_for_a_type(&after, edited.new)
        {
            return Err("an edited function may take memory for another type");
        }
        functions.push(Function {
            file: file.clone(),
            path: edited.path,
        });
    }
    Ok(Edited {
        functions,
        compiled_by,
        calls_macros,
    })
}

/// What the linker misses may be a body that the shadow left out: an edited function calls one that the program never had.
fn in_terms_of_source(why: String) -> String {
    if why.contains(MARKER) {
        return "an edited function calls one that the program has no code of".to_owned();
    }
    why
}

/// True if the function calls a macro that is not known to be harmless.
fn hides_something(function: &FunctionText) -> bool {
    fn has_macro(entries: &[Entry]) -> bool {
        entries.iter().any(|entry| {
            matches!(entry.kind, EntryKind::Macro | EntryKind::Opaque) || has_macro(&entry.children)
        })
    }
    has_macro(&function.entries)
}

/// True if a function in these lines may take memory for another type than it was, which debug info does not show: casts of raw
/// pointers, `dyn Any`. What comes of that is seen best where all is there.
fn takes_memory_for_a_type(index: &TextIndex<'_>, lines: Lines) -> bool {
    const WORDS: &[&str] = &[
        "unsafe",
        "cast",
        "from_raw",
        "from_raw_parts",
        "from_raw_parts_mut",
        "transmute",
        "transmute_copy",
        "with_exposed_provenance",
        "with_exposed_provenance_mut",
        // These are safe: crates such as `bytemuck` and `zerocopy` have them.
        "cast_mut",
        "cast_ref",
        "cast_slice",
        "cast_slice_mut",
        "from_bytes",
        "from_bytes_mut",
        "pod_read_unaligned",
        "read_from_bytes",
        "ref_from_bytes",
        "mut_from_bytes",
        "Any",
        "TypeId",
        "type_id",
        "downcast",
        "downcast_ref",
        "downcast_mut",
    ];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    index.functions_within(lines).any(|function| {
        let mut words = function.body.split(|c| !is_word(c));
        words.any(|word| WORDS.contains(&word))
            || function
                .body
                .replace(char::is_whitespace, "")
                .contains("as*")
    })
}

/// The last part of a path, as symbols have it.
fn identifier(path: &str) -> String {
    let last = path.rsplit("::").next().unwrap_or(path);
    last.strip_prefix("r#").unwrap_or(last).to_owned()
}
