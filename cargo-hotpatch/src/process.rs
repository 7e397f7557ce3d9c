//! The program: started as `cargo run` would start it, watched for its end, ended the way its owner would.
//!
//! Invariants: a process id is never signalled after it was reaped. The program never outlives the tool, however the tool
//! ends. The terminal is the program's; this module reads and writes nothing on it but its settings.

pub mod environment;
pub mod signals;
pub mod stacks;
pub mod terminal;

use std::ffi::OsString;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The file that is executed.
    pub image: PathBuf,
    /// What the program sees as its own name: the path that `cargo run` would show.
    pub argument_zero: OsString,
    /// The arguments behind it.
    pub arguments: Vec<OsString>,
    /// Added to (and replacing parts of) the tool's own environment. See [`environment::of_cargo_run`].
    pub environment: Vec<(OsString, OsString)>,
    /// `cargo run` does not change it: the directory in which the tool was called.
    pub working_directory: PathBuf,
}

/// Reported where the system keeps the status to itself.
const UNKNOWN_STATUS: i32 = 1;

/// A started program. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    pid: Pid,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    ended: Mutex<Option<ExitStatus>>,
    changed: Condvar,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Option<ExitStatus>> {
        // One word, set once: whole even if a holder panicked.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut command = Command::new(&launch.image);
        command
            .arg0(&launch.argument_zero)
            .args(&launch.arguments)
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&launch.working_directory);
        end_with_this_process(&mut command);

        let state = Arc::new(State::default());
        let (started, report) = channel();
        // The kernel ties the program's life to the *thread* that forked it, so that thread has to stay: it also waits.
        let waiter = state.clone();
        std::thread::Builder::new()
            .name("program".to_owned())
            .spawn(move || {
                let child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => {
                        let _ = started.send(Err(error));
                        return;
                    }
                };
                let pid = Pid::from_child(&child);
                let _ = started.send(Ok(pid));
                on_exit(wait(child, pid, &waiter));
            })
            .context("cannot start the thread that waits for the program")?;
        let pid = report
            .recv()
            .map_err(|_| anyhow!("the thread that starts the program has ended"))?
            .with_context(|| format!("cannot start `{}`", launch.image.display()))?;
        Ok(Self { pid, state })
    }

    /// The process id; it may have ended, see [`Self::ended`].
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.state.lock()
    }

    /// Waits until it has ended, but no longer than `patience`.
    #[must_use]
    pub fn wait_for_end(&self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        let mut ended = self.state.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if ended.is_some() || left.is_zero() {
                return *ended;
            }
            ended = self
                .state
                .changed
                .wait_timeout(ended, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Sends `signal`, a number of [`libc`]. False if the program had ended, or may not be signalled.
    pub fn signal(&self, signal: i32) -> bool {
        // Held while signalling: the waiter reaps under the same lock, so the id is still this program's.
        let ended = self.state.lock();
        let Some(signal) = Signal::from_named_raw(signal) else {
            return false;
        };
        ended.is_none() && rustix::process::kill_process(self.pid, signal).is_ok()
    }

    /// Ends it as its owner would: SIGTERM, then after `grace` SIGKILL. Returns when it has ended.
    ///
    /// # Errors
    /// When it still lives seconds after SIGKILL (it hangs in the kernel).
    pub fn terminate(&self, grace: Duration) -> Result<ExitStatus> {
        const AFTER_KILL: Duration = Duration::from_secs(10);
        if self.signal(libc::SIGTERM) {
            // A stopped program (Ctrl-Z, a debugger) could not take note.
            self.signal(libc::SIGCONT);
        }
        if let Some(status) = self.wait_for_end(grace) {
            return Ok(status);
        }
        self.signal(libc::SIGKILL);
        self.wait_for_end(AFTER_KILL).with_context(|| {
            format!(
                "process {} still lives {AFTER_KILL:?} after SIGKILL",
                self.pid()
            )
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.signal(libc::SIGKILL) {
            let _ = self.wait_for_end(Duration::from_secs(2));
        }
    }
}

/// Waits without reaping, then reaps and takes note under the lock.
fn wait(mut child: Child, pid: Pid, state: &State) -> ExitStatus {
    let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    // Any other answer, whatever it is, `Child::wait` will give again.
    while matches!(
        rustix::process::waitid(WaitId::Pid(pid), exited),
        Err(rustix::io::Errno::INTR)
    ) {}
    let mut ended = state.lock();
    // There is no status to be had when the tool was started with SIGCHLD ignored; the program has ended all the same.
    let status = child
        .wait()
        .unwrap_or_else(|_| ExitStatus::from_raw(UNKNOWN_STATUS << 8));
    *ended = Some(status);
    drop(ended);
    state.changed.notify_all();
    status
}

/// Has the kernel kill the program when the thread that forks it is gone, which is when the tool is gone: even SIGKILL
/// of the tool leaves no orphan that holds the terminal or a port.
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

#[cfg(test)]
mod tests {
    use super::*;
    const DEADLINE: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Launch {
        Launch {
            image: "/bin/sh".into(),
            argument_zero: "target/debug/shown".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: vec![("HOTPATCH_TEST".into(), "given".into())],
            working_directory: "/".into(),
        }
    }

    fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < deadline, "never: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn its_end_is_told_with_its_status() {
        let (sender, ends) = channel();
        let program = Program::spawn(
            &shell("test $HOTPATCH_TEST = given && test $PWD = / && exit 7"),
            move |status| {
                sender.send(status).expect("the test listens");
            },
        )
        .expect("it starts");
        assert_eq!(
            ends.recv_timeout(DEADLINE).expect("it ends").code(),
            Some(7)
        );
        assert_eq!(program.ended().and_then(|status| status.code()), Some(7));
        assert!(
            !program.signal(libc::SIGTERM),
            "nobody is there to be signalled"
        );
        assert_eq!(
            program
                .terminate(Duration::ZERO)
                .expect("it has ended")
                .code(),
            Some(7)
        );
    }

    #[test]
    fn it_sees_the_name_that_cargo_run_shows() {
        let program = Program::spawn(&shell("sleep 100; true"), |_| {}).expect("it starts");
        wait_until("the name", || {
            let command_line =
                std::fs::read(format!("/proc/{}/cmdline", program.pid())).unwrap_or_default();
            command_line.starts_with(b"target/debug/shown\0")
        });
    }

    #[test]
    fn what_cannot_be_started_is_named() {
        let launch = Launch {
            image: "/nowhere/program".into(),
            ..shell("")
        };
        let error =
            Program::spawn(&launch, |_| panic!("it never ran")).expect_err("it cannot start");
        assert!(
            format!("{error:#}").contains("/nowhere/program"),
            "{error:#}"
        );
    }

    #[test]
    fn it_may_end_in_good_order_or_is_killed() {
        let polite = Program::spawn(
            &shell("trap 'exit 3' TERM; while :; do sleep 0.01; done"),
            |_| {},
        )
        .expect("starts");
        // The trap is set when the loop's first child exists.
        wait_until("the loop", || {
            let pid = polite.pid();
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
                .is_ok_and(|text| !text.is_empty())
        });
        assert_eq!(polite.terminate(DEADLINE).expect("it ends").code(), Some(3));

        let stubborn = Program::spawn(&shell("trap '' TERM; while :; do sleep 0.01; done"), |_| {})
            .expect("starts");
        wait_until("the loop", || {
            let pid = stubborn.pid();
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
                .is_ok_and(|text| !text.is_empty())
        });
        let end = stubborn
            .terminate(Duration::from_millis(50))
            .expect("it ends");
        assert_eq!(end.signal(), Some(libc::SIGKILL));
    }

    #[test]
    fn a_stopped_program_ends_too() {
        let program =
            Program::spawn(&shell("while :; do sleep 0.01; done"), |_| {}).expect("it starts");
        assert!(program.signal(libc::SIGSTOP));
        assert_eq!(
            program.terminate(DEADLINE).expect("it ends").signal(),
            Some(libc::SIGTERM)
        );
    }

    #[test]
    fn dropping_kills() {
        let program = Program::spawn(&shell("trap '' TERM; while :; do sleep 0.01; done"), |_| {})
            .expect("starts");
        let pid = program.pid();
        assert!(is_alive(pid));
        drop(program);
        assert!(!is_alive(pid));
    }

    /// The tool is killed by SIGKILL: a child process of this test plays it.
    #[test]
    fn the_program_does_not_outlive_a_killed_tool() {
        const ROLE: &str = "HOTPATCH_TEST_PLAYS_TOOL";
        if let Some(file) = std::env::var_os(ROLE) {
            let program =
                Program::spawn(&shell("while :; do sleep 0.01; done"), |_| {}).expect("it starts");
            std::fs::write(&file, format!("{}\n", program.pid())).expect("the process id is told");
            std::thread::sleep(DEADLINE);
            return;
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("pid");
        let mut tool = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "process::tests::the_program_does_not_outlive_a_killed_tool",
            ])
            .env(ROLE, &file)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        let mut pid: Option<u32> = None;
        wait_until("the process id", || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            pid = text.strip_suffix('\n').and_then(|text| text.parse().ok());
            pid.is_some()
        });
        let pid = pid.expect("told");
        tool.kill().expect("killed");
        tool.wait().expect("reaped");
        wait_until("the program's end", || {
            // A zombie, waiting for whoever reaps orphans here, has ended as well.
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .map_or(true, |stat| stat.contains(") Z "))
        });
    }
}
