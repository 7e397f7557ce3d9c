//! One `cargo hotpatch run`: the only place that knows all phases.
//!
//! Everything that can happen is a `Message`, and one loop takes them in order. Compiling and building happen on a worker
//! thread, which owns the compiler while it works; all else is done by the loop itself. A save that arrives while work is
//! under way cancels it: the older save ends `superseded`, the newer one takes over all that is not in the program yet.

mod ahead;
mod allocator;
mod asked;
pub mod begun;
mod calls;
mod case;
pub(crate) mod check;
pub mod decide;
mod effect;
pub mod engine;
pub mod fast;
mod frames;
mod gates;
mod generated;
pub mod marks;
pub mod objects;
mod obtains;
mod outcomes;
pub mod outline;
mod place;
mod places;
mod programs;
pub mod rehearse;
mod restarts;
pub mod running;
pub(crate) mod saves;
mod search;
mod shadows;
mod spread;
mod users;
mod versions;
mod work;
mod writers;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::capture::cargo::{self, BuildError, BuildLine, BuildOptions, Built, Target};
use crate::capture::child::CancelFlag;
use crate::capture::directory::RecordDir;
use crate::capture::gate::WaitingLink;
use crate::capture::record::UnitKey;
use crate::check::last_build;
use crate::client::Listener as StubListener;
use crate::codes::{self, Reason};
use crate::compile::{CompileError, CompiledShadow, CompiledUnit, Compiler, Paused};
use crate::event::{Counts, Event, Listener as _, Outcome, Timings};
use crate::guard::{self, Panicked};
use crate::link::store::Library;
use crate::options::{RunOptions, exit_code};
use crate::plan::PlannedUnit;
use crate::process::Program;
use crate::process::left::Noted;
use crate::process::signals::{Policy, Received};
use crate::process::terminal::TerminalState;
use crate::report::FanOut;
use crate::save::{Asked, CheckRequest, ControlServer, SaveRequest};
use crate::shadow::tree::Function;
use crate::table::policy::SlotPolicy;
use crate::watch::{Change, ChangedFile, Watcher};
use ahead::Ahead;
use decide::SourceChange;
use objects::{Files, Reference};
use place::Place;
use running::Running;
use writers::Writers;

/// An outcome that is not older than this answers somebody who asks what became of a save: an editor asks right behind it.
const JUST_NOW: Duration = Duration::from_secs(2);

/// Everything that can happen to a session.
enum Message {
    /// Files were saved.
    Changed(Change),
    /// Somebody asks to act on saved files at once.
    Save(SaveRequest),
    /// Everything that [`Message::Save`] found has been queued before this.
    SaveSettled(SaveRequest),
    /// Somebody asks what a save would come to.
    Check(CheckRequest),
    /// A process ended. The number tells processes of one session apart.
    Exited(u64, ExitStatus),
    /// A process, of this number, has closed its connection; it may have ended.
    Disconnected(u64),
    /// A signal reached the tool.
    Signal(Received),
    /// The worker is done: with the work of this number.
    Worked(u64, Box<Work>),
    /// Trouble in work that nobody waits for.
    Trouble(Reason),
    /// Nothing is left to be compiled in advance.
    Warmed,
    /// A build said something.
    Line(BuildLine),
    /// A build that began before its verdict would link.
    LinkWaits(WaitingLink),
}

/// What the worker has done.
#[allow(clippy::large_enum_variant, reason = "it is sent in a box")]
enum Work {
    Compiled(Compiler, Result<Vec<CompiledUnit>, CompileError>),
    /// With the target, if it was resolved anew, and when cargo began to read files.
    Built(Result<Built, BuildError>, Option<Box<Target>>, SystemTime),
    Shadow(Compiler, Result<Option<CompiledShadow>, CompileError>),
    Rehearsed(Compiler, Result<Vec<CompiledUnit>, CompileError>),
    /// It came to nothing.
    Panicked(Panicked),
}

/// A save that is being worked on.
struct Job {
    /// The files of this save and all that are not in the program yet.
    sources: Vec<SourceChange>,
    seen: Instant,
    timings: Timings,
    cancel: CancelFlag,
    /// A newer save took over and the outcome has been said, or this one begins again with more files.
    is_superseded: bool,
    /// What was saved.
    files: Vec<ChangedFile>,
    /// Who waits for the outcome.
    waiting: Vec<SaveRequest>,
    stage_started: Instant,
    /// When the compiler began to read files.
    compile_began: SystemTime,
    /// When cargo was last started for it.
    build_began: SystemTime,
    /// What its build has written.
    written: Vec<PathBuf>,
    /// Sources that nobody saved and that its build has written: what it compiles has them.
    generated: Vec<PathBuf>,
    /// Why cargo builds, if it does.
    restart_reasons: Vec<Reason>,
    /// Cargo builds, and nobody knows yet whether it has to.
    ahead: Option<Ahead>,
    /// While cargo builds.
    paused: Option<Paused>,
    /// The lock file changed while cargo builds: nearly always by cargo itself.
    locked: Option<Change>,
    /// The units of its plan.
    planned: Vec<PlannedUnit>,
    /// What goes the fast way.
    fast: Option<FastPlan>,
    /// Why nothing does.
    full_because: Option<String>,
    /// It is no save: the full way of the fast patch of this number.
    confirms: Option<u64>,
}

/// An edit that may go the fast way.
struct FastPlan {
    unit: UnitKey,
    /// What is edited now, and what unconfirmed patches are of.
    functions: Vec<Function>,
    /// Another crate may have compiled one for itself.
    may_be_elsewhere: bool,
    /// One of them calls a macro of which it is not known what it hides.
    calls_macros: bool,
}

struct Session {
    options: RunOptions,
    target: Target,
    directory: RecordDir,
    place: Place,
    listeners: FanOut,
    messages: Sender<Message>,
    stub_listener: StubListener,
    watcher: Watcher,
    control: Option<ControlServer>,
    signals: Policy,
    terminal: Option<Arc<TerminalState>>,
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
    /// A program that has ended by itself, for what it has started and left.
    ended: Option<Program>,
    /// That a program runs, for the next session if this one is killed.
    noted: Option<Noted>,
    generation: u64,
    job: Option<Job>,
    /// The save that takes over when the worker comes back.
    next: Option<Change>,
    /// Who waits for that one's outcome.
    next_waiting: Vec<SaveRequest>,
    /// Files that were saved so soon after those of the job that they belong to the same save; they are in `next` too.
    taken_in: Vec<PathBuf>,
    /// The check that is under way.
    checking: Option<check::Checking>,
    /// Those that wait.
    checks: VecDeque<CheckRequest>,
    /// With `--manual`: what was saved since `cargo hotpatch save` last asked for it.
    held: Option<Change>,
    last_outcome: Option<(Outcome, Instant)>,
    /// By which the program tells what was called.
    marks: marks::Marks,
    /// What the compiler said of the newest save.
    diagnostics: Vec<String>,
    counts: Counts,
    is_ending: bool,
    /// A manifest changed, and cargo makes the same program: replays have the environment of before.
    has_older_environment: bool,
    /// Files that the program itself may write.
    writers: Writers,
    /// The number of the last work that was begun.
    work: u64,
    /// After a panic: what is known of the program may be half true. Only a restart makes it true again.
    suspect: Option<Reason>,
}

/// Runs a session to its end and returns the exit code. The terminal is left as it was found, even by a panic.
///
/// # Errors
/// What kept it from beginning; once the program runs, failures are events.
pub fn run(options: RunOptions, listeners: FanOut) -> Result<u8> {
    let terminal = TerminalState::save().map(Arc::new);
    let kept = terminal.clone();
    // By a panic, the session and with it its program have gone when this returns.
    let result = guard::catch("session", || run_session(options, listeners, kept));
    if let Some(terminal) = &terminal {
        terminal.restore();
    }
    result.unwrap_or_else(|panicked| Err(panicked.reason().into()))
}

fn run_session(
    options: RunOptions,
    mut listeners: FanOut,
    terminal: Option<Arc<TerminalState>>,
) -> Result<u8> {
    let (messages, inbox) = channel();
    let to_self = messages.clone();
    guard::report_to(move |reason| {
        let _ = to_self.send(Message::Trouble(reason));
    });
    let to_self = messages.clone();
    crate::process::signals::listen(move |received| {
        let _ = to_self.send(Message::Signal(received));
    })?;
    let target = cargo::resolve(&restarts::build_options(&options))?;
    let directory = RecordDir::open(&target.target_directory)?;
    // What a session needs later is tried before the build, which may take minutes.
    let place = Place::new(&place::rooms(directory.path()))?;
    let stub_listener = StubListener::bind(place.path())?;
    listeners.event(&Event::Building { reason: None });
    let read_at = SystemTime::now();
    let built = match first_build(&target, &directory, &messages, &inbox, &mut listeners)? {
        Ok(built) => built,
        Err(code) => return Ok(code),
    };
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
    let control = ControlServer::bind(&roots, move |asked| {
        let _ = to_self.send(match asked {
            Asked::Save(request) => Message::Save(request),
            Asked::Check(request) => Message::Check(request),
        });
    });
    let policy = SlotPolicy::new(
        target.workspace_crates.iter().cloned(),
        built.link.all_instances,
    );
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
        ended: None,
        noted: None,
        generation: 0,
        job: None,
        next: None,
        next_waiting: Vec::new(),
        taken_in: Vec::new(),
        checking: None,
        checks: VecDeque::new(),
        held: None,
        last_outcome: None,
        marks: marks::Marks::default(),
        diagnostics: Vec::new(),
        counts: Counts::default(),
        is_ending: false,
        has_older_environment: false,
        writers: Writers::default(),
        work: 0,
        suspect: None,
        signals: Policy::default(),
        control: None,
        options,
        target,
        directory,
        place,
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
                &codes::BESIDE,
                format!("`cargo hotpatch save` cannot reach this session: {error:#}"),
            ),
        }),
    }
    for reason in session.built.warnings.clone() {
        session.say(&Event::Warning { reason });
    }
    session.say_left();
    session.adopt_build()?;
    // Before anybody is told that it runs: an edit that follows at once has to find what was built.
    session.take_baseline(read_at);
    session.start(false)?;
    session.keep_build();
    let result = session.serve(&inbox);
    // What an ended program has left ends with the session.
    session.stop();
    session.say(&Event::Ended(session.counts));
    result
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
    let work = build_work(target, None, directory, None, &cancel, messages);
    work::spawn_work("build", 0, messages, work);
    loop {
        match inbox.recv().context("the build's thread has ended")? {
            Message::Line(line) => {
                listeners.event(&rendered(line));
            }
            Message::Signal(_) => {
                cancel.cancel();
                return Ok(Err(exit_code::INTERRUPTED));
            }
            Message::Trouble(reason) => listeners.event(&Event::Warning { reason }),
            Message::Worked(_, work) => {
                let result = match *work {
                    Work::Built(result, ..) => result,
                    Work::Panicked(panicked) => return Err(panicked.reason().into()),
                    _ => continue,
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
        BuildLine::Diagnostic(rendered)
        | BuildLine::Text(rendered)
        | BuildLine::Waits(rendered) => Event::Diagnostics { rendered },
    }
}

/// The work to build. With `options`, what is to be built is found out anew: manifests may name other members,
/// dependencies and versions than before. With a `gate`, its link waits there.
fn build_work(
    target: &Target,
    options: Option<BuildOptions>,
    directory: &RecordDir,
    gate: Option<&Path>,
    cancel: &CancelFlag,
    messages: &Sender<Message>,
) -> impl FnOnce() -> Work + Send + use<> {
    let (target, directory, gate, cancel, lines) = (
        target.clone(),
        directory.clone(),
        gate.map(Path::to_path_buf),
        cancel.clone(),
        messages.clone(),
    );
    move || {
        guard::trial("build");
        // What is wrong with a manifest, the build says better.
        let resolved = options.and_then(|options| cargo::resolve(&options).ok().map(Box::new));
        let began = SystemTime::now();
        let target = resolved.as_deref().unwrap_or(&target);
        let result = cargo::build(target, &directory, gate.as_deref(), &cancel, &mut |line| {
            let _ = lines.send(Message::Line(line.clone()));
        });
        Work::Built(result, resolved, began)
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
        self.has_older_environment = false;
        self.reference = objects::reference(&self.built.link.objects);
        self.files = Files::default();
        self.files.add(self.reference.values().flatten());
        self.libraries = Library::open_present(&self.built.link.libraries)?;
        self.units = self.built.crates();
        let mut compiler = Compiler::new(
            &self.directory,
            &self.built,
            self.options.color,
            self.options.fast,
        )?;
        let messages = self.messages.clone();
        compiler.warm_up(move || {
            let _ = messages.send(Message::Warmed);
        });
        self.compiler = Some(compiler);
        Ok(())
    }

    /// What the build that began then has read. Of a file that was compiled, what the compiler read is known by content: if the
    /// watcher has seen something else, the file differs from what runs. Of any other file that was changed since, nothing is
    /// known.
    fn take_baseline(&mut self, began: SystemTime) {
        self.dirty.clear();
        self.baseline.clear();
        for (path, content) in self.watcher.snapshot().iter() {
            let is_built = match self.built.contents.get(path) {
                Some(hash) => {
                    let is_same = blake3::hash(content) == *hash;
                    if !is_same {
                        self.dirty.insert(path.to_owned());
                    }
                    is_same
                }
                None => is_older(path, began),
            };
            if is_built {
                self.baseline.insert(path.to_owned(), content.clone());
            }
        }
    }

    /// For checks when no session runs. Behind the start: nobody waits for it.
    fn keep_build(&mut self) {
        let kept = last_build::keep(&self.directory, &self.target, &self.built, &self.baseline);
        if let Err(error) = kept {
            self.say(&Event::Warning {
                reason: Reason::new(
                    &codes::BESIDE,
                    format!("`cargo hotpatch check` will not know this build: {error:#}"),
                ),
            });
        }
    }

    /// `None` when something is due before a message comes.
    fn next_message(&self, inbox: &Receiver<Message>) -> Result<Option<Message>> {
        const ENDED: &str = "all threads of the session have ended";
        let Some(due) = self.due() else {
            return inbox.recv().map(Some).context(ENDED);
        };
        match inbox.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(error @ RecvTimeoutError::Disconnected) => Err(error).context(ENDED),
        }
    }

    /// When the marks of patched functions or files that waited are due, whichever is first.
    fn due(&self) -> Option<Instant> {
        self.marks.due().into_iter().chain(self.files_due()).min()
    }

    /// When a file that waited is due. None is while there is something to do.
    fn files_due(&self) -> Option<Instant> {
        self.writers.due().filter(|_| self.job.is_none())
    }

    /// Does what is due.
    fn act_on_time(&mut self) {
        let is_over = |due: Option<Instant>| due.is_some_and(|due| due <= Instant::now());
        if is_over(self.marks.due()) {
            self.look_at_marks();
        }
        if is_over(self.files_due()) {
            self.waited();
        }
    }

    fn serve(&mut self, inbox: &Receiver<Message>) -> Result<u8> {
        loop {
            let message = self.next_message(inbox)?;
            let asked = message.as_ref().map(work::Asked::by).unwrap_or_default();
            let turn = || match message {
                Some(message) => self.handle(message),
                None => {
                    self.act_on_time();
                    None
                }
            };
            match guard::catch("session", turn) {
                Ok(None) => {}
                Ok(Some(code)) => return Ok(code),
                Err(panicked) => self.recover(&panicked, asked),
            }
        }
    }

    /// The exit code, if the session ends.
    fn handle(&mut self, message: Message) -> Option<u8> {
        match message {
            Message::Changed(change) if self.options.manual => self.hold(change),
            Message::Changed(change) => self.changed(change),
            Message::Save(request) => {
                guard::trial("session");
                let _ = self.watcher.check_now(request.files.as_deref());
                let _ = self.messages.send(Message::SaveSettled(request));
            }
            Message::SaveSettled(request) => {
                self.waited();
                self.release_held();
                self.save_settled(request);
            }
            Message::Check(request) => self.check(request),
            Message::Exited(generation, status) => return self.exited(generation, status),
            Message::Disconnected(generation) => self.disconnected(generation),
            Message::Signal(received) => return self.signal(received),
            Message::Warmed => {
                self.say(&Event::Warmed);
                self.read_ahead();
            }
            // What the session has given up comes to nothing.
            Message::Worked(number, work) if number == self.work => self.worked(*work),
            Message::Worked(..) => {}
            Message::Trouble(reason) => self.say(&Event::Warning { reason }),
            Message::Line(line) => self.build_line(line),
            Message::LinkWaits(link) => self.link_waits(link),
        }
        None
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
