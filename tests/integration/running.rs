//! [`Running`]: a process with its output and its events, and waits that end.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;

use crate::project::Project;
use crate::support::{build_deadline, deadline, scrubbed_command, send_signal, tool};

/// One line of the event log.
#[derive(Debug, Clone)]
pub(crate) struct Event(Value);

impl Event {
    /// `started`, `saved`, `outcome`, …
    pub(crate) fn kind(&self) -> &str {
        self.text("event")
    }

    /// A member that is text; empty if there is none.
    pub(crate) fn text(&self, member: &str) -> &str {
        member_text(&self.0, member)
    }

    /// A member that is a number.
    pub(crate) fn number(&self, member: &str) -> Option<i64> {
        self.0.get(member).and_then(Value::as_i64)
    }

    /// A member that is true or false.
    pub(crate) fn flag(&self, member: &str) -> Option<bool> {
        self.0.get(member).and_then(Value::as_bool)
    }

    /// The process it is about.
    pub(crate) fn pid(&self) -> Option<i64> {
        self.number("pid")
    }

    /// Of an outcome: which.
    pub(crate) fn outcome(&self) -> &str {
        self.text("outcome")
    }

    /// The code of the reason; empty if there is none.
    pub(crate) fn code(&self) -> &str {
        self.0
            .pointer("/reason/code")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The message of the reason; empty if there is none.
    pub(crate) fn reason(&self) -> &str {
        self.0
            .pointer("/reason/message")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Of an outcome: name and kind of each function.
    pub(crate) fn functions(&self) -> Vec<(&str, &str)> {
        let functions = self
            .0
            .get("functions")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        functions
            .iter()
            .map(|function| (member_text(function, "name"), member_text(function, "kind")))
            .collect()
    }

    /// Of an outcome: its remarks.
    pub(crate) fn notes(&self) -> Vec<&str> {
        self.0
            .get("notes")
            .and_then(Value::as_array)
            .map(|notes| notes.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    }

    /// Of an outcome: the milliseconds of a stage.
    pub(crate) fn milliseconds(&self, stage: &str) -> Option<f64> {
        self.0.get("timings_ms")?.get(stage)?.as_f64()
    }
}

fn member_text<'value>(value: &'value Value, member: &str) -> &'value str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// All that was seen of a process, with the time since its start.
#[derive(Default)]
pub(crate) struct Seen {
    /// Lines of its standard output.
    pub(crate) stdout: Vec<(Duration, String)>,
    /// Lines of its standard error.
    pub(crate) stderr: Vec<(Duration, String)>,
    /// Lines of its event log.
    pub(crate) events: Vec<(Duration, Event)>,
    /// Lines of its event log that are not JSON.
    bad_events: Vec<String>,
    /// When and how it ended.
    pub(crate) ended: Option<(Duration, ExitStatus)>,
}

impl Seen {
    /// The process that runs the program now, as far as the events tell.
    pub(crate) fn current_pid(&self) -> Option<i64> {
        self.events
            .iter()
            .rev()
            .find(|(_, event)| event.kind() == "started")
            .and_then(|(_, event)| event.pid())
    }

    /// The event that tells that the program which runs now has ended, if it has.
    fn program_exit(&self) -> Option<&Event> {
        let pid = self.current_pid()?;
        let is_exit = |event: &Event| event.kind() == "exited" && event.pid() == Some(pid);
        self.events
            .iter()
            .rev()
            .map(|(_, event)| event)
            .find(|event| is_exit(event))
    }
}

struct Shared {
    seen: Mutex<Seen>,
    news: Condvar,
    started: Instant,
    closing: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Seen, Duration)) {
        let now = self.started.elapsed();
        change(&mut self.lock(), now);
        self.news.notify_all();
    }
}

/// How much had been seen at some moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    pub(crate) stdout: usize,
    pub(crate) stderr: usize,
    pub(crate) events: usize,
}

/// How long after a process's end its last lines and events may arrive.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long a check waits at most until it is tried again though nothing was noted.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A running process: the tool with the program under it, or a program by itself.
pub(crate) struct Running {
    shared: Arc<Shared>,
    pid: u32,
    stdin: Option<ChildStdin>,
    /// What was read of the standard output by the test.
    cursor: usize,
    waiter: Option<JoinHandle<()>>,
    root: PathBuf,
    described: String,
}

impl Running {
    /// `cargo hotpatch run --events … ARGS [-- PROGRAM_ARGS]` in the project.
    pub(crate) fn session(
        project: &Project,
        args: &[String],
        program_args: &[String],
        env: &[(String, String)],
    ) -> Result<Self> {
        let events = project.path("hotpatch-events.jsonl");
        let mut command = scrubbed_command(tool(), project.root());
        // As cargo starts a subcommand: its name is the first argument.
        command
            .arg("hotpatch")
            .arg("run")
            .arg("--events")
            .arg(&events)
            .args(args);
        // Which crates have a fast way depends on the machine; a trial of it asks for it.
        if !args.iter().any(|arg| arg.starts_with("--fast")) {
            command.arg("--fast=never");
        }
        if !program_args.is_empty() {
            command.arg("--").args(program_args);
        }
        command.envs(env.iter().map(|(key, value)| (key, value)));
        Self::start(command, project, Some(events))
    }

    /// Any command, as a process group of its own.
    pub(crate) fn start(
        mut command: Command,
        project: &Project,
        events: Option<PathBuf>,
    ) -> Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        // SAFETY: between fork and exec only signal and prctl are called, which are async-signal-safe and touch no memory of
        // ours.
        unsafe {
            command.pre_exec(|| {
                // A shell without job control starts its background commands, and so perhaps this test run, with Ctrl-C
                // ignored; a terminal would not.
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                // A test run that is killed leaves no sessions behind (the thread that starts one also ends it).
                match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let described = format!("{command:?}");
        // What an earlier session of the same project has written is not ours.
        let earlier = events
            .as_ref()
            .and_then(|file| fs::metadata(file).ok())
            .map_or(0, |file| file.len());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {described}"))?;
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            news: Condvar::new(),
            started: Instant::now(),
            closing: AtomicBool::new(false),
        });
        let stdin = child.stdin.take();
        if let Some(stdout) = child.stdout.take() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || read_lines(stdout, &shared, |seen| &mut seen.stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || read_lines(stderr, &shared, |seen| &mut seen.stderr));
        }
        if let Some(events) = events {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || follow_events(&events, earlier, &shared));
        }
        let pid = child.id();
        let waiter = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || wait_for_end(child, &shared))
        };
        let root = project.root().to_owned();
        Ok(Self {
            shared,
            pid,
            stdin,
            cursor: 0,
            waiter: Some(waiter),
            root,
            described,
        })
    }

    /// The process that was started (the tool, in a session).
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How much has been seen by now.
    pub(crate) fn mark(&self) -> Mark {
        let seen = self.shared.lock();
        Mark {
            stdout: seen.stdout.len(),
            stderr: seen.stderr.len(),
            events: seen.events.len(),
        }
    }

    /// Looks at what has been seen by now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.lock())
    }

    /// Waits until `check` finds what it looks for. `what` completes the sentence "while waiting for …". The check must
    /// use what it is given, and not ask this `Running`, which is locked meanwhile.
    pub(crate) fn wait_until<T>(
        &self,
        what: &str,
        limit: Duration,
        mut check: impl FnMut(&Seen) -> Result<Option<T>>,
    ) -> Result<T> {
        let end = Instant::now() + limit;
        let mut seen = self.shared.lock();
        loop {
            if let Some(found) =
                check(&seen).with_context(|| format!("while waiting for {what}"))?
            {
                return Ok(found);
            }
            let now = self.shared.started.elapsed();
            // What was printed last may still be on its way.
            if let Some((_, status)) = seen.ended.filter(|(when, _)| now > *when + LAST_WORDS) {
                bail!(
                    "while waiting for {what}: {} ended ({status})",
                    self.described
                );
            }
            if let Some(line) = seen.bad_events.first() {
                bail!("while waiting for {what}: a line of the event log is not JSON: {line}");
            }
            let Some(left) = end
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())
            else {
                bail!("no {what} within {} s", limit.as_secs());
            };
            // Some checks look at more than what is noted here (whether a process lives, say), so they get their turn.
            let left = left.min(LOOK_AGAIN);
            let (guard, _) = self
                .shared
                .news
                .wait_timeout(seen, left)
                .unwrap_or_else(PoisonError::into_inner);
            seen = guard;
        }
    }

    /// Waits for an event behind `mark`.
    pub(crate) fn wait_for_event(
        &self,
        mark: Mark,
        what: &str,
        limit: Duration,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Event> {
        self.wait_until(what, limit, |seen| {
            Ok(seen
                .events
                .iter()
                .skip(mark.events)
                .map(|(_, event)| event)
                .find(|event| wanted(event))
                .cloned())
        })
    }

    /// Waits for the program's first start.
    pub(crate) fn wait_for_start(&self) -> Result<Event> {
        self.wait_for_event(
            Mark::default(),
            "`started` event",
            build_deadline(),
            |event| event.kind() == "started",
        )
    }

    /// All outcomes so far, by name.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        self.look(|seen| {
            let events = seen.events.iter().map(|(_, event)| event);
            let outcomes = events.filter(|event| event.kind() == "outcome");
            outcomes.map(|event| event.outcome().to_owned()).collect()
        })
    }

    /// Waits for the first outcome behind `mark` that is not `superseded`.
    pub(crate) fn wait_for_outcome(&self, mark: Mark) -> Result<Event> {
        self.wait_for_event(mark, "outcome of the save", build_deadline(), |event| {
            event.kind() == "outcome" && event.outcome() != "superseded"
        })
    }

    /// Waits for a line of standard output that contains `text`, from where the last wait ended.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> Result<String> {
        let cursor = self.cursor;
        let (index, line) =
            self.wait_until(&format!("line with `{text}`"), deadline(), |seen| {
                let found = seen
                    .stdout
                    .iter()
                    .enumerate()
                    .skip(cursor)
                    .find(|(_, (_, line))| line.contains(text));
                if found.is_none() {
                    fail_if_program_ended(seen)?;
                }
                Ok(found.map(|(index, (_, line))| (index, line.clone())))
            })?;
        self.cursor = index + 1;
        Ok(line)
    }

    /// Forgets all output up to `mark`.
    pub(crate) fn continue_from(&mut self, mark: Mark) {
        self.cursor = mark.stdout;
    }

    /// Writes a line to standard input. The next wait looks at what is printed from now on.
    pub(crate) fn send(&mut self, line: &str) -> Result<()> {
        self.cursor = self.mark().stdout;
        let stdin = self.stdin.as_mut().context("standard input is closed")?;
        writeln!(stdin, "{line}")
            .and_then(|()| stdin.flush())
            .with_context(|| format!("cannot send `{line}`"))
    }

    /// Sends a line, and returns the next line that is printed.
    pub(crate) fn ask(&mut self, request: &str) -> Result<String> {
        self.send(request)?;
        self.wait_for_line("")
            .with_context(|| format!("`{request}` was not answered"))
    }

    /// Asks, and wants exactly this answer.
    pub(crate) fn expect_answer(&mut self, request: &str, answer: &str) -> Result<()> {
        let got = self.ask(request)?;
        ensure!(
            got == answer,
            "`{request}` must be answered with `{answer}`, and was answered with `{got}`"
        );
        Ok(())
    }

    /// The lines of standard output from `mark` on.
    pub(crate) fn lines_since(&self, mark: Mark) -> Vec<String> {
        self.look(|seen| {
            seen.stdout
                .iter()
                .skip(mark.stdout)
                .map(|(_, line)| line.clone())
                .collect()
        })
    }

    /// Waits until the standard error contains `text` behind `mark`.
    pub(crate) fn wait_for_stderr(&self, mark: Mark, text: &str) -> Result<()> {
        self.wait_until(&format!("`{text}` on standard error"), deadline(), |seen| {
            Ok(seen
                .stderr
                .iter()
                .skip(mark.stderr)
                .any(|(_, line)| line.contains(text))
                .then_some(()))
        })
    }

    /// The process that runs the program now.
    pub(crate) fn program_pid(&self) -> Result<i64> {
        self.look(Seen::current_pid)
            .context("no `started` event with a pid")
    }

    /// Closes standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends a signal to the process group, as a terminal does.
    pub(crate) fn signal_group(&self, signal: libc::c_int) -> Result<()> {
        let group = libc::pid_t::try_from(self.pid).context("a pid that does not fit")?;
        send_signal(-group, signal)
    }

    /// Waits for the end of the process itself.
    pub(crate) fn wait_for_exit(&self) -> Result<ExitStatus> {
        let end = Instant::now() + deadline();
        let mut seen = self.shared.lock();
        loop {
            if let Some((_, status)) = seen.ended {
                return Ok(status);
            }
            let Some(left) = end
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())
            else {
                bail!(
                    "{} did not end within {} s",
                    self.described,
                    deadline().as_secs()
                );
            };
            let (guard, _) = self
                .shared
                .news
                .wait_timeout(seen, left)
                .unwrap_or_else(PoisonError::into_inner);
            seen = guard;
        }
    }

    /// Each `saved` must have exactly one `outcome`, and no outcome may come without a save.
    pub(crate) fn check_one_outcome_per_save(&self) -> Result<()> {
        self.look(|seen| {
            let mut open = 0_u32;
            for (_, event) in &seen.events {
                match event.kind() {
                    "saved" => open += 1,
                    "outcome" => {
                        open = open
                            .checked_sub(1)
                            .with_context(|| format!("an outcome without a save: {event}"))?;
                    }
                    _ => {}
                }
            }
            ensure!(open == 0, "{open} save(s) without an outcome");
            Ok(())
        })
    }

    /// All that was seen, for the report of a failure.
    pub(crate) fn report(&self) -> String {
        let seen = self.shared.lock();
        let mut report = String::new();
        let mut section = |title: &str, lines: Vec<(Duration, String)>| {
            const MOST: usize = 150;
            let _ = writeln!(report, "--- {title} ({} lines)", lines.len());
            let skipped = lines.len().saturating_sub(MOST);
            if skipped > 0 {
                let _ = writeln!(report, "    … {skipped} earlier lines");
            }
            for (time, line) in &lines[skipped..] {
                let _ = writeln!(report, "{:9.3}s  {line}", time.as_secs_f64());
            }
        };
        section("standard output", seen.stdout.clone());
        section("standard error", seen.stderr.clone());
        section(
            "events",
            seen.events
                .iter()
                .map(|(time, event)| (*time, event.to_string()))
                .collect(),
        );
        report
    }

    /// Runs a test's steps; an error comes with all that was seen.
    pub(crate) fn with_report(mut self, steps: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        steps(&mut self).map_err(|error| anyhow!("{error:#}\n{}", self.report()))
    }
}

fn fail_if_program_ended(seen: &Seen) -> Result<()> {
    match seen.program_exit() {
        None => Ok(()),
        Some(exit) => bail!("the program ended: {exit}"),
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stdin = None;
        if self.shared.lock().ended.is_none() {
            let _ = self.signal_group(libc::SIGKILL);
        }
        // What has left the group (a restarted program, a fork) is known by where it lives.
        kill_all_living_in(&self.root);
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
        self.shared.closing.store(true, Ordering::Relaxed);
    }
}

/// Kills every process that was started from an executable below `root` or works there.
fn kill_all_living_in(root: &Path) {
    let Ok(entries) = fs::read_dir("/proc") else {
        return;
    };
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<libc::pid_t>().ok())
        else {
            continue;
        };
        let lives_here = ["cwd", "exe"].iter().any(|link| {
            fs::read_link(entry.path().join(link)).is_ok_and(|target| target.starts_with(root))
        });
        if lives_here {
            let _ = send_signal(pid, libc::SIGKILL);
        }
    }
}

fn read_lines(
    stream: impl Read,
    shared: &Shared,
    which: impl Fn(&mut Seen) -> &mut Vec<(Duration, String)>,
) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line)
                    .trim_end_matches(['\n', '\r'])
                    .to_owned();
                shared.note(|seen, now| which(seen).push((now, text)));
            }
        }
    }
}

/// Reads the event log from there on, as it grows. The file has no way of telling us, so it is looked at every few milliseconds; the
/// tests themselves wait for what is found, with a deadline.
fn follow_events(path: &Path, earlier: u64, shared: &Shared) {
    let mut file = None;
    let mut rest = Vec::new();
    while !shared.closing.load(Ordering::Relaxed) {
        if file.is_none() {
            file = fs::File::open(path)
                .ok()
                .filter(|mut file: &fs::File| file.seek(SeekFrom::Start(earlier)).is_ok());
        }
        if let Some(file) = &mut file {
            let mut new = Vec::new();
            if file.read_to_end(&mut new).is_ok() && !new.is_empty() {
                rest.extend_from_slice(&new);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                    shared.note(|seen, now| match serde_json::from_str(&line) {
                        Ok(value) => seen.events.push((now, Event(value))),
                        Err(_) => seen.bad_events.push(line),
                    });
                }
            }
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn wait_for_end(mut child: Child, shared: &Shared) {
    let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(-1));
    shared.note(|seen, now| seen.ended = Some((now, status)));
}
