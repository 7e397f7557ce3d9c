//! One `cargo hotpatch run`: the only place that knows all phases.
//!
//! Everything that can happen is a [`Message`], and one loop takes them in order. Compiling and building happen on a worker
//! thread, which owns the compiler while it works; all else is done by the loop itself. A save that arrives while work is
//! under way cancels it: the older save ends `superseded`, the newer one takes over all that is not in the program yet.

pub mod engine;
pub mod objects;
pub mod running;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::capture::cargo::{self, BuildError, BuildLine, BuildOptions, Built, Target};
use crate::capture::child::CancelFlag;
use crate::capture::directory::RecordDir;
use crate::client::Listener as StubListener;
use crate::codes::{self, Reason};
use crate::compile::{CompileError, CompiledUnit, Compiler};
use crate::event::{EVENTS_VERSION, Event, Listener, Outcome, OutcomeKind, Timings};
use crate::link::store::Library;
use crate::options::{RunOptions, exit_code, exit_code_of_program};
use crate::plan::{Plan, PlannedUnit, plan};
use crate::process::signals::{Action, Policy, Received};
use crate::process::terminal::TerminalState;
use crate::process::{Launch, Program};
use crate::report::FanOut;
use crate::save::{ControlServer, SaveReply, SaveRequest};
use crate::source;
use crate::table::image::Image;
use crate::table::policy::SlotPolicy;
use crate::watch::{Change, Watcher};
use engine::{Applied, Environment, SourceChange};
use objects::{Files, Reference};
use running::Running;

/// An outcome that is not older than this answers somebody who asks what became of a save: an editor asks right behind it.
const JUST_NOW: Duration = Duration::from_secs(2);
/// How long a program may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// Everything that can happen to a session.
enum Message {
    /// Files were saved.
    Changed(Change),
    /// Somebody asks to act on saved files at once.
    Save(SaveRequest),
    /// Everything that [`Message::Save`] found has been queued before this.
    SaveSettled(SaveRequest),
    /// A process ended. The number tells processes of one session apart.
    Exited(u64, ExitStatus),
    /// A signal reached the tool.
    Signal(Received),
    /// The worker is done.
    Worked(Box<Work>),
    /// A build said something.
    Line(BuildLine),
}

/// What the worker has done.
enum Work {
    Compiled(Compiler, Result<Vec<CompiledUnit>, CompileError>),
    Built(Result<Built, BuildError>, SystemTime),
}

/// A save that is being worked on.
struct Job {
    /// The files of this save and all that are not in the program yet.
    sources: Vec<SourceChange>,
    seen: Instant,
    timings: Timings,
    cancel: CancelFlag,
    /// A newer save took over; the outcome has been said.
    is_superseded: bool,
    /// Who waits for the outcome.
    waiting: Vec<SaveRequest>,
    stage_started: Instant,
    /// When the compiler began to read files.
    compile_began: SystemTime,
    /// Why cargo builds, if it does.
    restart_reasons: Vec<Reason>,
}

struct Session {
    options: RunOptions,
    target: Target,
    directory: RecordDir,
    session_directory: tempfile::TempDir,
    listeners: FanOut,
    messages: Sender<Message>,
    stub_listener: StubListener,
    watcher: Watcher,
    control: Option<ControlServer>,
    signals: Policy,
    terminal: Option<TerminalState>,
    policy: SlotPolicy,
    built: Built,
    libraries: Vec<Library>,
    units: HashMap<String, (String, String)>,
    compiler: Option<Compiler>,
    reference: Reference,
    files: Files,
    /// What was built into the running program.
    baseline: HashMap<PathBuf, Arc<[u8]>>,
    /// Files that differ from it.
    dirty: BTreeSet<PathBuf>,
    running: Option<Running>,
    /// A program without a stub: it runs, but cannot be patched.
    unconnected: Option<Program>,
    generation: u64,
    job: Option<Job>,
    /// The save that takes over when the worker comes back.
    next: Option<Change>,
    /// Who waits for that one's outcome.
    next_waiting: Vec<SaveRequest>,
    last_outcome: Option<(Outcome, Instant)>,
    /// What the compiler said of the newest save.
    diagnostics: Vec<String>,
    is_ending: bool,
}

/// Runs a session to its end and returns the exit code.
///
/// # Errors
/// What kept it from beginning; once the program runs, failures are events.
pub fn run(options: RunOptions, mut listeners: FanOut) -> Result<u8> {
    let (messages, inbox) = channel();
    let to_self = messages.clone();
    crate::process::signals::listen(move |received| {
        let _ = to_self.send(Message::Signal(received));
    })?;
    let terminal = TerminalState::save();
    let build_options = build_options(&options);
    let target = cargo::resolve(&build_options)?;
    let directory = RecordDir::open(&target.target_directory)?;
    listeners.event(&Event::Building { reason: None });
    let read_at = SystemTime::now();
    let built = match first_build(&target, &directory, &messages, &inbox, &mut listeners)? {
        Ok(built) => built,
        Err(code) => return Ok(code),
    };
    let session_directory = tempfile::Builder::new()
        .prefix("cargo-hotpatch-")
        .tempdir()
        .context("cannot make a directory for the session")?;
    let stub_listener = StubListener::bind(session_directory.path())?;
    let to_self = messages.clone();
    let mut watcher = Watcher::new(move |change| {
        let _ = to_self.send(Message::Changed(change));
    })?;
    watcher.set_files_read_at(built.inputs.paths().map(Path::to_path_buf), read_at)?;
    let to_self = messages.clone();
    let mut roots = vec![target.workspace_root.clone()];
    roots.extend(
        target
            .path_dependencies
            .iter()
            .map(|dependency| dependency.root.clone()),
    );
    let control = ControlServer::bind(&roots, move |request| {
        let _ = to_self.send(Message::Save(request));
    });
    let policy = SlotPolicy::new(target.workspace_crates.iter().cloned());
    let mut session = Session {
        policy,
        libraries: Vec::new(),
        units: HashMap::new(),
        compiler: None,
        reference: Reference::new(),
        files: Files::default(),
        baseline: HashMap::new(),
        dirty: BTreeSet::new(),
        running: None,
        unconnected: None,
        generation: 0,
        job: None,
        next: None,
        next_waiting: Vec::new(),
        last_outcome: None,
        diagnostics: Vec::new(),
        is_ending: false,
        signals: Policy::default(),
        control: None,
        options,
        target,
        directory,
        session_directory,
        listeners,
        messages,
        stub_listener,
        watcher,
        terminal,
        built,
    };
    match control {
        Ok(control) => session.control = Some(control),
        Err(error) => session.say(&Event::Warning {
            reason: Reason::new(
                &codes::WRONG_PEER,
                format!("`cargo hotpatch save` cannot reach this session: {error:#}"),
            ),
        }),
    }
    for reason in session.built.warnings.clone() {
        session.say(&Event::Warning { reason });
    }
    session.adopt_build()?;
    session.start(false)?;
    session.take_baseline(read_at);
    session.serve(&inbox)
}

/// The first build. `Err` is the exit code when there is nothing to run.
fn first_build(
    target: &Target,
    directory: &RecordDir,
    messages: &Sender<Message>,
    inbox: &Receiver<Message>,
    listeners: &mut FanOut,
) -> Result<Result<Built, u8>> {
    let cancel = CancelFlag::new();
    spawn_build(target, directory, &cancel, messages);
    loop {
        match inbox.recv().context("the build's thread has ended")? {
            Message::Line(line) => {
                listeners.event(&rendered(line));
            }
            Message::Signal(_) => {
                cancel.cancel();
                return Ok(Err(exit_code::INTERRUPTED));
            }
            Message::Worked(work) => {
                let Work::Built(result, _) = *work else {
                    continue;
                };
                return match result {
                    Ok(built) => Ok(Ok(built)),
                    Err(BuildError::Failed(error)) => Err(error),
                    Err(BuildError::Cancelled) => Ok(Err(exit_code::INTERRUPTED)),
                    Err(error @ (BuildError::Compile { .. } | BuildError::Cargo { .. })) => {
                        if let BuildError::Cargo { message } = &error
                            && !message.is_empty()
                        {
                            bail!("{error}");
                        }
                        Ok(Err(exit_code::BUILD_FAILED))
                    }
                };
            }
            _ => {}
        }
    }
}

fn rendered(line: BuildLine) -> Event {
    match line {
        BuildLine::Diagnostic(rendered) | BuildLine::Text(rendered) => {
            Event::Diagnostics { rendered }
        }
    }
}

fn spawn_build(
    target: &Target,
    directory: &RecordDir,
    cancel: &CancelFlag,
    messages: &Sender<Message>,
) {
    let (target, directory, cancel, messages) = (
        target.clone(),
        directory.clone(),
        cancel.clone(),
        messages.clone(),
    );
    std::thread::spawn(move || {
        let began = SystemTime::now();
        let lines = messages.clone();
        let result = cargo::build(&target, &directory, &cancel, &mut |line| {
            let _ = lines.send(Message::Line(line.clone()));
        });
        let _ = messages.send(Message::Worked(Box::new(Work::Built(result, began))));
    });
}

fn build_options(options: &RunOptions) -> BuildOptions {
    BuildOptions {
        cargo_args: options.cargo_arguments.clone(),
        manifest_path: options.manifest_path.clone(),
        target_dir: options.target_dir.clone(),
        package: options.package.clone(),
        bin: options.bin.clone(),
        example: options.example.clone(),
        profile: options.profile.clone(),
        release: options.release,
        color: options.color,
        quiet: options.quiet,
        verbose: options.verbose,
    }
}

impl Session {
    fn say(&mut self, event: &Event) {
        if let Event::Diagnostics { rendered } = event {
            self.diagnostics.push(rendered.clone());
        }
        self.listeners.event(event);
    }

    /// Everything that follows from a new build, except for the program itself.
    fn adopt_build(&mut self) -> Result<()> {
        self.reference = objects::reference(&self.built.link.objects);
        self.files = Files::default();
        self.libraries = Vec::new();
        for path in &self.built.link.libraries {
            // What the linker found is there; what it passed over may not be.
            if path.is_file() {
                self.libraries.push(Library::open(path)?);
            }
        }
        self.units = self
            .built
            .units
            .iter()
            .map(|unit| {
                (
                    unit.key.clone(),
                    (unit.crate_name.clone(), unit.opt_level.clone()),
                )
            })
            .collect();
        let mut compiler = Compiler::new(&self.directory, &self.built, self.options.color)?;
        compiler.warm_up();
        self.compiler = Some(compiler);
        Ok(())
    }

    /// What the build that began then has read. Nothing is known of a file that was changed since.
    fn take_baseline(&mut self, began: SystemTime) {
        let snapshot = self.watcher.snapshot();
        self.baseline = snapshot
            .iter()
            .filter(|(path, _)| is_older(path, began))
            .map(|(path, content)| (path.to_owned(), content.clone()))
            .collect();
        self.dirty.clear();
    }

    /// Starts the program and waits for its stub.
    fn start(&mut self, is_restart: bool) -> Result<()> {
        let image = Image::read(&self.built.link.image).with_context(|| {
            format!(
                "cannot read the image `{}`",
                self.built.link.image.display()
            )
        })?;
        let slots = image.slots().count();
        self.generation += 1;
        let generation = self.generation;
        let messages = self.messages.clone();
        let mut environment = self.program_environment();
        environment.push(self.stub_listener.environment());
        let launch = Launch {
            image: self.built.link.image.clone(),
            argument_zero: self.argument_zero(),
            arguments: self.options.program_arguments.clone(),
            environment,
            working_directory: std::env::current_dir().context("the working directory is gone")?,
        };
        let program = Program::spawn(&launch, move |status| {
            let _ = messages.send(Message::Exited(generation, status));
        })?;
        let pid = program.pid();
        let (running, unconnected, warning) = match Running::connect(
            program,
            &self.stub_listener,
            image,
            self.session_directory.path(),
        ) {
            Ok(running) => (Some(running), None, None),
            Err((program, error)) => {
                let reason = error.downcast::<Reason>().unwrap_or_else(|error| {
                    Reason::new(&codes::NOT_CONNECTED, format!("{error:#}"))
                });
                // A program that ends at once says so itself.
                let reason = program.ended().is_none().then_some(reason);
                (None, Some(program), reason)
            }
        };
        self.running = running;
        self.unconnected = unconnected;
        // A program that ended before it could say who it is was no foreign peer.
        let ended = self
            .unconnected
            .as_ref()
            .is_some_and(|program| program.ended().is_some());
        let own = format!("process {pid}:");
        for reason in self.stub_listener.take_refused() {
            if !(ended && reason.message.starts_with(&own)) {
                self.say(&Event::Warning { reason });
            }
        }
        self.say(&Event::Started {
            version: EVENTS_VERSION,
            pid,
            slots,
            without_slot: self.built.link.without_slot.len(),
            image: self.built.link.image.clone(),
            restart: is_restart,
        });
        if let Some(reason) = warning {
            self.say(&Event::Warning { reason });
        }
        Ok(())
    }

    /// What `cargo run` adds to the environment: it is what the compiler was given as well, so it is in the record.
    fn program_environment(&self) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
        let unit = self
            .built
            .units
            .iter()
            .find(|unit| unit.key == self.built.link.unit);
        let mut environment: Vec<_> = unit
            .into_iter()
            .flat_map(|unit| &unit.env)
            .filter(|(name, _)| {
                let name = name.to_string_lossy();
                name.starts_with("CARGO_PKG_")
                    || matches!(
                        &*name,
                        "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "LD_LIBRARY_PATH" | "CARGO"
                    )
            })
            .cloned()
            .collect();
        environment.sort();
        environment
    }

    /// The path that `cargo run` would show: where cargo puts the executable.
    fn argument_zero(&self) -> std::ffi::OsString {
        let unit = self
            .built
            .units
            .iter()
            .find(|unit| unit.key == self.built.link.unit);
        // `…/debug/deps` for binaries, `…/debug/examples` for examples.
        let directory = unit.map(|unit| match unit.out_dir.parent() {
            Some(parent) if unit.out_dir.ends_with("deps") => parent,
            _ => &unit.out_dir,
        });
        let path = directory.map_or_else(
            || self.built.link.image.clone(),
            |path| path.join(&self.target.name),
        );
        let here = std::env::current_dir().unwrap_or_default();
        path.strip_prefix(&here)
            .unwrap_or(&path)
            .as_os_str()
            .to_owned()
    }

    fn serve(&mut self, inbox: &Receiver<Message>) -> Result<u8> {
        loop {
            let message = inbox
                .recv()
                .context("all threads of the session have ended")?;
            match message {
                Message::Changed(change) => self.changed(change),
                Message::Save(request) => {
                    let _ = self.watcher.check_now(request.files.as_deref());
                    let _ = self.messages.send(Message::SaveSettled(request));
                }
                Message::SaveSettled(request) => self.save_settled(request),
                Message::Exited(generation, status) => {
                    if let Some(code) = self.exited(generation, status) {
                        return Ok(code);
                    }
                }
                Message::Signal(received) => {
                    if let Some(code) = self.signal(received) {
                        return Ok(code);
                    }
                }
                Message::Worked(work) => self.worked(*work)?,
                Message::Line(line) => {
                    if self.job.as_ref().is_some_and(|job| !job.is_superseded) {
                        self.say(&rendered(line));
                    }
                }
            }
        }
    }

    // ----- saves -----

    fn changed(&mut self, change: Change) {
        let Some(job) = &mut self.job else {
            self.begin(change);
            return;
        };
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

    fn supersede_job(&mut self) {
        let Some(job) = &mut self.job else { return };
        let mut timings = job.timings;
        timings.total += job.seen.elapsed().as_secs_f64() * 1000.0;
        let waiting = std::mem::take(&mut job.waiting);
        let outcome = outcome(OutcomeKind::Superseded, timings);
        self.conclude(outcome, waiting);
    }

    fn say_saved(&mut self, change: &Change) {
        let root = self.target.workspace_root.clone();
        let files = change
            .files
            .iter()
            .map(|file| {
                file.path
                    .strip_prefix(&root)
                    .unwrap_or(&file.path)
                    .to_path_buf()
            })
            .collect();
        self.say(&Event::Saved { files });
    }

    fn begin(&mut self, change: Change) {
        self.diagnostics.clear();
        self.say_saved(&change);
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
            sources,
            seen: change.seen,
            timings,
            cancel: CancelFlag::new(),
            is_superseded: false,
            waiting: std::mem::take(&mut self.next_waiting),
            stage_started: planning,
            compile_began: SystemTime::now(),
            restart_reasons: Vec::new(),
        });
        if self.running.is_none() && self.unconnected.is_none() {
            self.rebuild(vec![Reason::new(
                &codes::PROGRAM_ENDED,
                "the program had ended".to_owned(),
            )]);
            return;
        }
        self.plan_and_compile();
    }

    /// All files that differ from what runs. A file that is back to what it was is not one of them.
    fn dirty_sources(&mut self) -> Vec<SourceChange> {
        let mut sources = Vec::new();
        for path in self.dirty.clone() {
            let old = self.baseline.get(&path).cloned();
            let new = self.watcher.content(&path);
            sources.push(SourceChange { path, old, new });
        }
        sources
    }

    fn plan_and_compile(&mut self) {
        let Some(job) = &mut self.job else { return };
        let changed: Vec<PathBuf> = job
            .sources
            .iter()
            .map(|source| source.path.clone())
            .collect();
        let plain = |path: &Path| {
            let Some(source) = job.sources.iter().find(|source| source.path == path) else {
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
        };
        let planned = plan(&changed, &self.built, &plain);
        job.timings.plan = job.stage_started.elapsed().as_secs_f64() * 1000.0;
        match planned {
            Plan::Nothing => {
                let outcome = self.outcome_of_job(OutcomeKind::Unchanged);
                self.take_baseline_of_job();
                self.finish(outcome);
            }
            Plan::Cargo(reason) => self.rebuild(vec![reason]),
            Plan::Replay(_) if self.running.is_none() => {
                self.rebuild(vec![Reason::new(
                    &codes::NOT_CONNECTED,
                    "the program has no connection to the tool".to_owned(),
                )]);
            }
            Plan::Replay(units) => self.compile(units),
        }
    }

    fn compile(&mut self, units: Vec<PlannedUnit>) {
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
        let (cancel, messages) = (job.cancel.clone(), self.messages.clone());
        self.say(&Event::Progress { stage: "compiling" });
        std::thread::spawn(move || {
            let result = compiler.compile(&units, &cancel);
            let _ = messages.send(Message::Worked(Box::new(Work::Compiled(compiler, result))));
        });
    }

    fn worked(&mut self, work: Work) -> Result<()> {
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
                    return Ok(());
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
            Work::Built(result, began) => {
                if is_superseded {
                    self.begin_next();
                    return Ok(());
                }
                self.built(result, began)?;
            }
        }
        Ok(())
    }

    /// What was compiled does not get into the program.
    fn discard_compiled(&mut self) {
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

    fn begin_next(&mut self) {
        self.job = None;
        if let Some(change) = self.next.take() {
            self.begin(change);
        }
    }

    fn compile_failed(&mut self, error: CompileError) {
        match error {
            CompileError::Source { rendered } => {
                self.say(&Event::Diagnostics { rendered });
                let outcome = self.outcome_of_job(OutcomeKind::CompileError);
                self.finish(outcome);
            }
            CompileError::Cancelled => self.begin_next(),
            CompileError::Failed(reason) => self.rebuild(vec![reason]),
        }
    }

    fn apply(&mut self, units: &[CompiledUnit]) {
        for unit in units {
            if !unit.rendered_warnings.is_empty() {
                self.say(&Event::Diagnostics {
                    rendered: unit.rendered_warnings.clone(),
                });
            }
        }
        let (Some(job), Some(running)) = (&mut self.job, &mut self.running) else {
            self.rebuild(vec![Reason::new(
                &codes::PROGRAM_ENDED,
                "the program had ended".to_owned(),
            )]);
            return;
        };
        let environment = Environment {
            libraries: &self.libraries,
            policy: &self.policy,
            executable: &self.target.crate_name,
            units: &self.units,
        };
        let applied = engine::apply(
            running,
            &self.reference,
            &mut self.files,
            units,
            &job.sources,
            &environment,
            &mut job.timings,
        );
        let patches = running.patches;
        let compiled_at = job.compile_began;
        let (kind, functions, notes) = match applied {
            Ok(Applied::Patched { functions, notes }) => (OutcomeKind::Patched, functions, notes),
            Ok(Applied::Unchanged { functions, notes }) => {
                (OutcomeKind::Unchanged, functions, notes)
            }
            Ok(Applied::Restart { reasons }) => {
                self.discard_compiled();
                if reasons
                    .first()
                    .is_some_and(|reason| reason.code == codes::STUB_TIMEOUT.id)
                {
                    // A program that stands still (in a debugger, say) is not to be killed for it.
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
                self.rebuild(vec![Reason::new(&codes::BAD_OBJECT, format!("{error:#}"))]);
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
        let mut outcome = self.outcome_of_job(kind);
        outcome.functions = functions;
        outcome.notes = notes;
        if kind == OutcomeKind::Patched {
            outcome.patch = Some(patches);
        }
        self.take_baseline_of_job();
        self.finish(outcome);
        self.watch_new_inputs(compiled_at);
    }

    /// Files that the compiler read for the first time are watched from now on.
    fn watch_new_inputs(&mut self, compiled_at: SystemTime) {
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

    fn watch_again(&mut self, read_at: Option<SystemTime>) {
        let files: Vec<PathBuf> = self.built.inputs.paths().map(Path::to_path_buf).collect();
        let result = match read_at {
            Some(read_at) => self.watcher.set_files_read_at(files.into_iter(), read_at),
            None => self.watcher.set_files(files.into_iter()),
        };
        if let Err(error) = result {
            self.say(&Event::Warning {
                reason: Reason::new(
                    &codes::MANIFEST,
                    format!("some files are not watched: {error:#}"),
                ),
            });
        }
    }

    /// What the job compiled is what runs now.
    fn take_baseline_of_job(&mut self) {
        let Some(job) = &self.job else { return };
        for source in &job.sources {
            match &source.new {
                Some(content) => self.baseline.insert(source.path.clone(), content.clone()),
                None => self.baseline.remove(&source.path),
            };
            self.dirty.remove(&source.path);
        }
    }

    // ----- restarts -----

    fn rebuild(&mut self, reasons: Vec<Reason>) {
        let Some(job) = &mut self.job else { return };
        let has_program = self.running.is_some() || self.unconnected.is_some();
        if self.options.no_restart && has_program {
            let mut outcome = self.outcome_of_job(OutcomeKind::Refused);
            add_reasons(&mut outcome, reasons);
            self.finish(outcome);
            return;
        }
        job.restart_reasons.clone_from(&reasons);
        job.stage_started = Instant::now();
        let cancel = job.cancel.clone();
        let event = Event::Building {
            reason: reasons.into_iter().next(),
        };
        self.say(&event);
        spawn_build(&self.target, &self.directory, &cancel, &self.messages);
    }

    fn built(&mut self, result: Result<Built, BuildError>, began: SystemTime) -> Result<()> {
        let built = match result {
            Ok(built) => built,
            Err(BuildError::Cancelled) => {
                self.begin_next();
                return Ok(());
            }
            Err(BuildError::Compile { .. }) => {
                let outcome = self.outcome_of_job(OutcomeKind::CompileError);
                self.finish(outcome);
                return Ok(());
            }
            Err(error @ (BuildError::Cargo { .. } | BuildError::Failed(_))) => {
                let mut outcome = self.outcome_of_job(OutcomeKind::CompileError);
                outcome.reason = Some(Reason::new(&codes::PROVISION_FAILED, error.to_string()));
                self.finish(outcome);
                return Ok(());
            }
        };
        let applying = Instant::now();
        self.stop();
        self.built = built;
        self.adopt_build()?;
        self.watch_again(Some(began));
        self.take_baseline(began);
        self.start(true)?;
        if let Some(job) = &mut self.job {
            job.timings.apply = applying.elapsed().as_secs_f64() * 1000.0;
        }
        let mut outcome = self.outcome_of_job(OutcomeKind::Restarted);
        if let Some(job) = &mut self.job {
            add_reasons(&mut outcome, std::mem::take(&mut job.restart_reasons));
        }
        self.finish(outcome);
        Ok(())
    }

    /// Ends the program, if one runs, and says how it ended.
    fn stop(&mut self) {
        let connected = self.running.take().map(|running| running.program);
        for program in connected.into_iter().chain(self.unconnected.take()) {
            // From here on, its end is no news.
            self.generation += 1;
            match program.terminate(GRACE) {
                Ok(status) => self.say_exited(program.pid(), status),
                Err(error) => self.say(&Event::Warning {
                    reason: Reason::new(
                        &codes::STUB_TIMEOUT,
                        format!("the old process does not end: {error:#}"),
                    ),
                }),
            }
        }
        if let Some(terminal) = &self.terminal {
            terminal.restore();
        }
    }

    // ----- ends -----

    fn say_exited(&mut self, pid: u32, status: ExitStatus) {
        use std::os::unix::process::ExitStatusExt;
        self.say(&Event::Exited {
            pid,
            status: status.code(),
            signal: status.signal(),
        });
    }

    fn exited(&mut self, generation: u64, status: ExitStatus) -> Option<u8> {
        use std::os::unix::process::ExitStatusExt;
        if generation != self.generation {
            return None;
        }
        let connected = self.running.take().map(|running| running.program);
        let program = connected.or_else(|| self.unconnected.take())?;
        if let Some(terminal) = &self.terminal {
            terminal.restore();
        }
        self.say_exited(program.pid(), status);
        let by_user = self.signals.ends_session(status.signal(), Instant::now());
        (self.options.once || by_user || self.is_ending).then(|| exit_code_of_program(status))
    }

    fn signal(&mut self, received: Received) -> Option<u8> {
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
                Some(exit_code::SIGNAL_BASE + u8::try_from(received.signal).unwrap_or_default())
            }
        }
    }

    // ----- outcomes -----

    fn outcome_of_job(&self, kind: OutcomeKind) -> Outcome {
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

    fn pid(&self) -> Option<u32> {
        self.running
            .as_ref()
            .map(|running| &running.program)
            .or(self.unconnected.as_ref())
            .map(Program::pid)
    }

    fn finish(&mut self, outcome: Outcome) {
        let waiting = self.job.take().map(|job| job.waiting).unwrap_or_default();
        self.conclude(outcome, waiting);
        if let Some(change) = self.next.take() {
            self.begin(change);
        }
    }

    fn conclude(&mut self, mut outcome: Outcome, waiting: Vec<SaveRequest>) {
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
    fn save_settled(&mut self, request: SaveRequest) {
        if let Some(job) = &mut self.job
            && !job.is_superseded
        {
            job.waiting.push(request);
            return;
        }
        if self.job.is_some() {
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

/// By the inode's change time, which a rename sets as well.
fn is_older(path: &Path, than: SystemTime) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(data) = std::fs::metadata(path) else {
        return false;
    };
    let changed = Duration::new(
        data.ctime().unsigned_abs(),
        u32::try_from(data.ctime_nsec()).unwrap_or_default(),
    );
    SystemTime::UNIX_EPOCH + changed < than
}

fn outcome(kind: OutcomeKind, timings_ms: Timings) -> Outcome {
    Outcome {
        outcome: kind,
        functions: Vec::new(),
        reason: None,
        notes: Vec::new(),
        timings_ms,
        patch: None,
        pid: None,
    }
}

fn superseded(change: &Change) -> Outcome {
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
fn add_reasons(outcome: &mut Outcome, reasons: Vec<Reason>) {
    let mut reasons = reasons.into_iter();
    outcome.reason = reasons.next();
    outcome
        .notes
        .extend(reasons.map(|reason| reason.to_string()));
}
