//! A `cargo hotpatch run` that is driven as a user would drive it: by saving files, and believed by nothing but the
//! program's own output and the events. The demo and the benchmark have it in common.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::process::{end_with_this_process, signals};

/// How often events are looked for, and so how late one may be seen.
pub(crate) const POLL: Duration = Duration::from_millis(1);
/// A session that was told to end and has not done so after this is killed.
const GRACE: Duration = Duration::from_secs(8);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C only sets a flag: it reaches the session by itself, and what is left is to tidy up.
///
/// # Errors
/// When the signals cannot be listened for.
pub(crate) fn listen_for_interrupts() -> Result<()> {
    signals::listen(|_| INTERRUPTED.store(true, Ordering::Release))
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Acquire)
}

/// What is started, and how.
pub(crate) struct Start<'a> {
    /// This very command.
    pub(crate) tool: &'a Path,
    /// The directory of the project's `Cargo.toml`. Its target directory and the events go here as well.
    pub(crate) directory: &'a Path,
    /// Further arguments of `run`; behind a `--`, those of the program.
    pub(crate) arguments: Vec<OsString>,
    /// Where the tool's own lines and the program's standard error go; without, where ours go.
    pub(crate) messages: Option<File>,
    /// How long any single wait may take.
    pub(crate) patience: Duration,
}

/// A `cargo hotpatch run`, its program's lines and its events.
pub(crate) struct Session {
    tool: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    events: PathBuf,
    /// The events, once they exist. It stands where the reading ended.
    log: Option<File>,
    /// What was read of the events and not looked at yet.
    unread: Vec<u8>,
    /// Among the events that were read, `warmed` came after the last `started`.
    is_warm: bool,
    patience: Duration,
}

impl Session {
    /// Starts it; whether it lives is told by its events.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub(crate) fn start(start: Start<'_>) -> Result<Self> {
        let events = start.directory.join("events.jsonl");
        let mut command = Command::new(start.tool);
        command
            .args(["run", "--manifest-path"])
            .arg(start.directory.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(start.directory.join("target"))
            .arg("--events")
            .arg(&events)
            .args(&start.arguments)
            .current_dir(start.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(messages) = start.messages {
            command.stderr(messages);
        }
        end_with_this_process(&mut command);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", start.tool.display()))?;
        let output = child.stdout.take().context("the session has no output")?;
        Ok(Self {
            input: child.stdin.take(),
            tool: child,
            lines: lines_of(output),
            events,
            log: None,
            unread: Vec::new(),
            is_warm: false,
            patience: start.patience,
        })
    }

    /// The tool's process.
    pub(crate) fn pid(&self) -> u32 {
        self.tool.id()
    }

    /// Waits for an event of this kind; others before it are passed over.
    ///
    /// # Errors
    /// When the session ends, Ctrl-C is pressed, or it takes too long.
    pub(crate) fn next_event(&mut self, kind: &str) -> Result<Value> {
        let deadline = Instant::now() + self.patience;
        loop {
            self.read_events()?;
            while let Some(length) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=length).collect();
                let event: Value = serde_json::from_slice(&line).with_context(|| {
                    format!("an event is not JSON: {}", String::from_utf8_lossy(&line))
                })?;
                match event["event"].as_str() {
                    Some("started") => self.is_warm = false,
                    Some("warmed") => self.is_warm = true,
                    _ => {}
                }
                if event["event"] == kind {
                    return Ok(event);
                }
            }
            if let Some(status) = self
                .tool
                .try_wait()
                .context("cannot ask for the session's state")?
            {
                bail!("the session ended ({status})");
            }
            self.give_up_after(deadline, || format!("no `{kind}` event"))?;
            std::thread::sleep(POLL);
        }
    }

    /// Waits until all is compiled in advance that the session compiles so for the build that runs.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    pub(crate) fn wait_until_warm(&mut self) -> Result<()> {
        while !self.is_warm {
            self.next_event("warmed")?;
        }
        Ok(())
    }

    fn read_events(&mut self) -> Result<()> {
        if self.log.is_none() {
            // It is not there before the session opens it.
            self.log = File::open(&self.events).ok();
        }
        if let Some(log) = &mut self.log {
            log.read_to_end(&mut self.unread)
                .context("cannot read the events")?;
        }
        Ok(())
    }

    /// Sends a line to the program.
    ///
    /// # Errors
    /// When the program's input is closed.
    pub(crate) fn send(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the session has no input")?;
        writeln!(input, "{line}")
            .and_then(|()| input.flush())
            .with_context(|| format!("cannot send {line:?} to the program"))
    }

    /// Waits for the next line of the program.
    ///
    /// # Errors
    /// When the output is closed, Ctrl-C is pressed, or the deadline has passed.
    pub(crate) fn next_line(&mut self, deadline: Instant) -> Result<String> {
        next_line(&self.lines, deadline)
    }

    /// Forgets what the program has said and nobody has looked at.
    pub(crate) fn forget_lines(&mut self) {
        while !matches!(
            self.lines.try_recv(),
            Err(TryRecvError::Empty | TryRecvError::Disconnected)
        ) {}
    }

    /// Waits for a line of the program that is `prefix` and a number that `fits`; returns the number.
    ///
    /// # Errors
    /// When the output is closed, Ctrl-C is pressed, or it takes too long.
    pub(crate) fn line_after(&mut self, prefix: &str, fits: impl Fn(u64) -> bool) -> Result<u64> {
        let deadline = Instant::now() + self.patience;
        let mut last = String::new();
        loop {
            let line = self.next_line(deadline).with_context(|| {
                format!("the program did not say `{prefix}…` as expected; its last line: {last:?}")
            })?;
            let number = line
                .strip_prefix(prefix)
                .and_then(|number| number.parse().ok());
            if let Some(number) = number.filter(|number| fits(*number)) {
                return Ok(number);
            }
            last = line;
        }
    }

    fn give_up_after(&self, deadline: Instant, what: impl Fn() -> String) -> Result<()> {
        ensure!(!interrupted(), "interrupted");
        let patience = self.patience;
        ensure!(Instant::now() < deadline, "{} within {patience:?}", what());
        Ok(())
    }

    /// Ends it as Ctrl-C would, and makes sure of it.
    pub(crate) fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.tool);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while matches!(self.tool.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        let _ = self.tool.kill();
        let _ = self.tool.wait();
    }
}

/// The lines of a child's output, read on a thread of their own, so that a wait for one can have an end.
pub(crate) fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output)
            .lines()
            .map_while(std::io::Result::ok)
        {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Waits for the next of `lines`.
///
/// # Errors
/// When the output is closed, Ctrl-C is pressed, or the deadline has passed.
pub(crate) fn next_line(lines: &Receiver<String>, deadline: Instant) -> Result<String> {
    /// How late Ctrl-C may be noticed.
    const GLANCE: Duration = Duration::from_millis(50);
    loop {
        ensure!(!interrupted(), "interrupted");
        // Looked at before each line: a program that always says something else must not be waited for, either.
        ensure!(Instant::now() < deadline, "the time is up");
        match lines.recv_timeout(GLANCE) {
            Ok(line) => return Ok(line),
            Err(RecvTimeoutError::Disconnected) => bail!("the program closed its output"),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
