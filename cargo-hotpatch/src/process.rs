//! The program: started as `cargo run` would start it, watched for its end, ended the way its owner would.
//!
//! Invariants: no process is signalled but the program and what it has started, and none after it was reaped. A program
//! that is ended takes all that it has started with it. When the tool itself is killed, or fails, the program runs on. The
//! terminal is the program's; this module reads and writes nothing on it but its settings.

pub mod environment;
pub mod keeper;
pub mod left;
pub mod signals;
pub mod stacks;
pub mod terminal;
pub mod tree;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::guard;
use keeper::{Channel, Said};
use signals::Patience;
use tree::Process;

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// This tool's executable, which keeps the program ([`keeper`]).
    pub keeper: PathBuf,
    /// The file that is executed.
    pub image: PathBuf,
    /// What the program sees as its own name: the path that `cargo run` would show.
    pub argument_zero: OsString,
    /// The arguments behind it.
    pub arguments: Vec<OsString>,
    /// Added to (and replacing parts of) the tool's own environment. See [`environment::Surroundings`].
    pub environment: Vec<(OsString, OsString)>,
    /// `cargo run` does not change it: the directory in which the tool was called.
    pub working_directory: PathBuf,
}

impl Launch {
    /// Has a runner of cargo's configuration, the first of `words`, start the program. It has to become the program, as `env` does: one
    /// that keeps it as a child has no connection.
    pub fn run_by(&mut self, words: &[OsString]) {
        let Some((runner, arguments)) = words.split_first() else {
            return;
        };
        let program = std::mem::replace(&mut self.image, runner.into());
        self.argument_zero.clone_from(runner);
        let arguments = arguments.iter().cloned();
        let all = arguments.chain([program.into_os_string()]);
        self.arguments.splice(0..0, all);
    }
}

/// This very executable, also when its file has been replaced since.
pub const OWN_EXECUTABLE: &str = "/proc/self/exe";

/// How a program is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// A number of [`libc`].
    pub signal: i32,
    /// How long it may take until it is killed.
    pub grace: Duration,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: libc::SIGTERM,
            grace: Duration::from_secs(3),
        }
    }
}

/// How a program was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its status.
    pub status: ExitStatus,
    /// It took no notice of the signal, and was killed.
    pub was_killed: bool,
    /// The same of processes that it had started.
    pub killed: Vec<Process>,
    /// How long it had, and those had, until somebody was killed: the grace, if nobody cut it short.
    pub waited: Duration,
}

/// Reported where the system keeps the status to itself.
const UNKNOWN_STATUS: i32 = 1;

/// A started program. Dropping it kills it and all that it has started, but for a tool that panics.
#[derive(Debug)]
pub struct Program {
    pid: Pid,
    /// The program, whatever becomes of its number.
    handle: OwnedFd,
    /// All that the program starts is below this process.
    keeper: u32,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Progress {
    ended: Option<ExitStatus>,
    /// Nothing that the program has started is left, or can be found.
    keeper_ended: bool,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Two words, each set once: whole even if a holder panicked.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until `is_so`, but no longer than `patience`.
    fn wait(&self, patience: Duration, is_so: impl Fn(&Progress) -> bool) {
        let deadline = Instant::now() + patience;
        self.wait_while(
            &|| deadline.saturating_duration_since(Instant::now()),
            is_so,
        );
    }

    /// Waits until `is_so`, or until nothing is `left`, which may be sooner than it was.
    fn wait_while(&self, left: &dyn Fn() -> Duration, is_so: impl Fn(&Progress) -> bool) {
        const GLANCE: Duration = Duration::from_millis(50);
        let mut progress = self.lock();
        loop {
            let left = left();
            if is_so(&progress) || left.is_zero() {
                return;
            }
            progress = self
                .changed
                .wait_timeout(progress, left.min(GLANCE))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Program {
    /// Starts it with the tool's own stdin, stdout, stderr and process group, so that the terminal's keys reach it. From
    /// then on `on_exit` is called once, on a thread of its own, after [`Self::ended`] knows it.
    ///
    /// # Errors
    /// When it cannot be executed; the file is named.
    pub fn spawn(
        launch: &Launch,
        on_exit: impl FnOnce(ExitStatus) + Send + 'static,
    ) -> Result<Self> {
        let (mut command, mut channel) =
            keeper::command(launch).context("cannot make the channel to the program's keeper")?;
        let mut keeper = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", launch.keeper.display()))?;
        // With it goes our copy of the keeper's end.
        drop(command);
        let said = channel.hear();
        let Said::Started(number) = said else {
            let _ = keeper.wait();
            let why = match said {
                Said::Failed(number) => std::io::Error::from_raw_os_error(number).to_string(),
                _ => "its keeper has ended".to_owned(),
            };
            bail!("cannot start `{}`: {why}", launch.image.display());
        };
        let pid = Pid::from_raw(number).context("the keeper named no process")?;
        // Nothing is reaped before it is acknowledged, so this is the program.
        let handle = pidfd_open(pid, PidfdFlags::empty());
        let acknowledged = channel.acknowledge();
        let handle = handle.with_context(|| format!("cannot watch process {number}"))?;
        acknowledged.context("the program's keeper has ended")?;
        let watched = handle
            .try_clone()
            .with_context(|| format!("cannot watch process {number}"))?;
        let state = Arc::new(State::default());
        let program = Self {
            pid,
            handle,
            keeper: keeper.id(),
            state: state.clone(),
        };
        guard::spawn("program", move || {
            follow(&mut channel, &watched, &state, on_exit);
            let _ = keeper.wait();
            state.change(|progress| progress.keeper_ended = true);
        })
        .context("cannot start the thread that waits for the program")?;
        Ok(program)
    }

    /// The process id; it may have ended, see [`Self::ended`].
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        self.state.lock().ended
    }

    /// Waits until it has ended, but no longer than `patience`.
    #[must_use]
    pub fn wait_for_end(&self, patience: Duration) -> Option<ExitStatus> {
        self.state
            .wait(patience, |progress| progress.ended.is_some());
        self.ended()
    }

    /// Sends `signal`, a number of [`libc`]. False if the program had ended, or may not be signalled.
    pub fn signal(&self, signal: i32) -> bool {
        let Some(signal) = Signal::from_named_raw(signal) else {
            return false;
        };
        self.ended().is_none() && pidfd_send_signal(&self.handle, signal).is_ok()
    }

    /// What it has started and what lives, children of children too.
    #[must_use]
    pub fn children(&self) -> Vec<Process> {
        if self.state.lock().keeper_ended {
            return Vec::new();
        }
        let mut children = tree::below(self.keeper);
        children.retain(|process| process.pid != self.pid());
        children
    }

    /// Ends it as its owner would: a signal, then SIGKILL for what takes no notice; and then what it has started, in
    /// the same way. Returns when all of that has ended.
    ///
    /// # Errors
    /// When it still lives seconds after SIGKILL (it hangs in the kernel).
    pub fn terminate(&self, stop: Stop) -> Result<Ending> {
        const AFTER_KILL: Duration = Duration::from_secs(10);
        let asked = Instant::now();
        let patience = Patience::new(stop.grace);
        if self.signal(stop.signal) {
            // A stopped program (Ctrl-Z, a debugger) could not take note.
            self.signal(libc::SIGCONT);
        }
        let mut was_killed = false;
        let mut waited = stop.grace;
        self.state
            .wait_while(&|| patience.left(), |progress| progress.ended.is_some());
        let mut status = self.ended();
        if status.is_none() {
            waited = asked.elapsed().min(stop.grace);
            was_killed = self.signal(libc::SIGKILL);
            status = self.wait_for_end(AFTER_KILL);
        }
        let status = status.with_context(|| {
            format!(
                "process {} still lives {AFTER_KILL:?} after SIGKILL",
                self.pid()
            )
        })?;
        let killed = self.end_children(stop.signal, patience);
        Ok(Ending {
            status,
            was_killed,
            killed,
            waited,
        })
    }

    /// Ends what the program, which has ended, has left.
    fn end_children(&self, signal: i32, patience: Patience) -> Vec<Process> {
        // The keeper ends by itself when nothing is left, nearly always at once.
        const AT_ONCE: Duration = Duration::from_millis(20);
        self.state.wait(AT_ONCE, |progress| progress.keeper_ended);
        if self.state.lock().keeper_ended {
            return Vec::new();
        }
        let signal = Signal::from_named_raw(signal).unwrap_or(Signal::TERM);
        tree::end_below(self.keeper, signal, &|| patience.left())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A defect of the tool is not to be the program's end.
        if std::thread::panicking() {
            return;
        }
        if self.signal(libc::SIGKILL) {
            let _ = self.wait_for_end(Duration::from_secs(2));
        }
        self.end_children(libc::SIGKILL, Patience::new(Duration::ZERO));
    }
}

/// Takes note of the program's end, and returns when its keeper has ended.
fn follow(
    channel: &mut Channel,
    program: &OwnedFd,
    state: &State,
    on_exit: impl FnOnce(ExitStatus),
) {
    let mut on_exit = Some(on_exit);
    let mut ends = |raw: i32| {
        let status = ExitStatus::from_raw(raw);
        state.change(|progress| progress.ended = Some(status));
        if let Some(on_exit) = on_exit.take() {
            on_exit(status);
        }
    };
    loop {
        match channel.hear() {
            Said::Ended(raw) => ends(raw),
            Said::Nothing => break,
            Said::Started(_) | Said::Failed(_) => {}
        }
    }
    if state.lock().ended.is_some() {
        return;
    }
    // Somebody has killed the keeper. The program is another one's child now, and its status is not ours to know.
    let mut handle = [PollFd::new(program, PollFlags::IN)];
    while matches!(poll(&mut handle, None), Err(rustix::io::Errno::INTR)) {}
    ends(UNKNOWN_STATUS << 8);
}

/// Has the kernel kill a helper when the thread that forks it is gone, which is when the tool is gone.
pub(crate) fn end_with_this_process(command: &mut Command) {
    let tool = rustix::process::getpid();
    let set = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The tool may have died before the line above took effect.
        if rustix::process::getppid() != Some(tool) {
            return Err(std::io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    };
    // SAFETY: `set` runs in the forked child before `exec`, where only async-signal-safe work is allowed: it makes two
    // system calls, captures one `Copy` value, and neither allocates nor locks (both error values are plain numbers).
    unsafe { command.pre_exec(set) };
}

/// Whether a process with this id exists, of any owner.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    Path::new("/proc")
        .join(pid.to_string())
        .join("stat")
        .exists()
}
