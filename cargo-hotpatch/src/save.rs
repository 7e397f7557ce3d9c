//! `cargo hotpatch save`: an editor tells the running session to act at once, and waits for the outcome.
//!
//! ```text
//! cargo hotpatch run   ── binds ──►  <runtime directory>/<pid>.socket
//!                      ── writes ─►  <runtime directory>/<pid>.json     which workspace, which socket
//! cargo hotpatch save  ── reads ──►  *.json, picks the sessions of this workspace
//!                      ── asks ───►  {"version":3,"files":[…],"color":true}\n
//!                      ◄─ is told ─  {"version":3,"exit_code":0,"text":"     Patched …\n"}\n
//! ```
//!
//! `cargo hotpatch check` asks in the same way; its request says so, and what is answered is in [`crate::check`].
//!
//! The runtime directory is the user's own (mode 0700) and depends on nothing that an editor's environment and a shell's
//! may disagree about, such as the target directory. Nothing but the user's own processes is listened to. Both sides of
//! the exchange stand in this file; where sessions are found is in [`registry`].

pub mod registry;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::check::{CheckReport, Unsaved};
use crate::event::{Outcome, ReachedFunction, UnreachedFunction};
use crate::guard;
use crate::options::{CheckOptions, SaveOptions, exit_code, exit_code_of_outcome};
use crate::report::check as words;
use crate::report::text::{self, Style};
use registry::{Registration, Session};

/// Of both messages. A reader checks it before anything else.
const PROTOCOL_VERSION: u32 = 3;
/// A request has to arrive in this time, once somebody connected.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// No message is longer than this.
const LONGEST_MESSAGE: u64 = 16 << 20;

#[derive(Serialize, Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Request {
    version: u32,
    /// Absolute; empty means all.
    files: Vec<OsString>,
    color: bool,
    /// The answer is to wait so many milliseconds at most until the patched functions were called.
    #[serde(default)]
    reached_ms: Option<u64>,
    /// Nothing is to be applied.
    #[serde(default)]
    check: Option<CheckWish>,
}

#[derive(Serialize, Deserialize)]
struct CheckWish {
    unsaved: Option<Unsaved>,
}

#[derive(Serialize, Deserialize)]
struct Reply {
    version: u32,
    /// What `save` exits with.
    exit_code: u8,
    /// What it prints.
    text: String,
    /// For `check`: the answer as JSON.
    #[serde(default)]
    report: Option<serde_json::Value>,
}

/// What the session answers.
#[derive(Debug, Clone)]
pub struct SaveReply {
    /// How the save ended.
    pub outcome: Outcome,
    /// What the compiler said, rendered.
    pub diagnostics: Vec<String>,
    /// If that was waited for: which functions of the patch were called.
    pub reached: Option<ReachedReply>,
}

/// Which functions of a patch were called while somebody waited for that.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReachedReply {
    /// Those that were.
    pub called: Vec<ReachedFunction>,
    /// Those that were not, until the deadline or until they were replaced again.
    pub not_called: Vec<UnreachedFunction>,
}

impl SaveReply {
    /// What `save` exits with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let code = exit_code_of_outcome(self.outcome.outcome);
        let is_left = |reached: &ReachedReply| !reached.not_called.is_empty();
        if code == exit_code::OK && self.reached.as_ref().is_some_and(is_left) {
            return exit_code::NOT_REACHED;
        }
        code
    }
}

impl From<Outcome> for SaveReply {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            diagnostics: Vec::new(),
            reached: None,
        }
    }
}

/// Somebody asks the session to act at once.
#[derive(Debug)]
pub struct SaveRequest {
    /// Absolute paths as the editor knows them; `None`: look at all files.
    pub files: Option<Vec<PathBuf>>,
    /// After a patch, the answer waits so long at most until all its functions were called.
    pub reached: Option<Duration>,
    /// Where the outcome goes. Dropping it without an answer tells the asker that the session ended.
    pub reply: Sender<SaveReply>,
}

/// Somebody asks what a save would come to.
#[derive(Debug)]
pub struct CheckRequest {
    /// What an editor holds and has not saved.
    pub unsaved: Option<Unsaved>,
    /// Where the answer goes; `Err` when there can be none. Dropping it tells the asker that the session ended.
    pub reply: Sender<Result<CheckReport, String>>,
}

/// What a session is asked.
#[derive(Debug)]
pub enum Asked {
    /// To act on saved files.
    Save(SaveRequest),
    /// What that would come to.
    Check(CheckRequest),
}

/// The session's side. Dropping it takes the session off the list.
#[derive(Debug)]
pub struct ControlServer {
    registration: Registration,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Listens for `cargo hotpatch save` and `check` in any of `roots`: the workspace, and the directories of path dependencies outside
    /// of it. `on_request` is called on a thread of the connection, and should only pass the request on.
    ///
    /// # Errors
    /// When there is no private directory to put the socket in. The session can go on without: say it as a warning.
    pub fn bind(
        roots: &[PathBuf],
        on_request: impl Fn(Asked) + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::bind_in(&registry::directories(), roots, on_request)
    }

    fn bind_in(
        directories: &[PathBuf],
        roots: &[PathBuf],
        on_request: impl Fn(Asked) + Send + Sync + 'static,
    ) -> Result<Self> {
        let (registration, listener) = Registration::new(directories, roots)?;
        let ends = Arc::new(AtomicBool::new(false));
        let thread = {
            let ends = ends.clone();
            guard::spawn("save", move || {
                accept(&listener, &ends, &Arc::new(on_request));
            })
            .context("cannot start the thread that takes requests to save")?
        };
        Ok(Self {
            registration,
            ends,
            thread: Some(thread),
        })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        // Wakes the thread; if nobody can connect any more, it ends with the process.
        if UnixStream::connect(&self.registration.session().socket).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn accept(
    listener: &UnixListener,
    ends: &AtomicBool,
    on_request: &Arc<impl Fn(Asked) + Send + Sync + 'static>,
) {
    for connection in listener.incoming() {
        if ends.load(Ordering::Acquire) {
            return;
        }
        let Ok(connection) = connection else {
            // Out of file descriptors, most likely: not for ever.
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let on_request = on_request.clone();
        // Without a thread there is no answer, which the asker understands.
        let _ = guard::spawn("save request", move || {
            guard::trial("request");
            let reply = serve(&connection, &*on_request);
            if let Some(reply) = reply {
                let _ = send(&connection, &reply);
            }
        });
    }
}

/// Reads until a moment, however many reads it takes.
struct InTime<'c> {
    connection: &'c UnixStream,
    deadline: Instant,
}

impl Read for InTime<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        self.connection.set_read_timeout(Some(left))?;
        let mut connection = self.connection;
        connection.read(buffer)
    }
}

/// `None`: the peer is to be told nothing.
fn serve(connection: &UnixStream, on_request: &impl Fn(Asked)) -> Option<Reply> {
    let peer = rustix::net::sockopt::socket_peercred(connection).ok()?;
    if peer.uid != rustix::process::getuid() {
        return None;
    }
    connection.set_write_timeout(Some(REQUEST_DEADLINE)).ok()?;
    let in_time = InTime {
        connection,
        deadline: Instant::now() + REQUEST_DEADLINE,
    };
    let request: Request = match receive(in_time) {
        Ok(Some(request)) => request,
        Ok(None) => return None,
        Err(error) => {
            let text = text::error(
                &error.context("the session does not understand the request"),
                Style { color: false },
            );
            return Some(Reply {
                version: PROTOCOL_VERSION,
                exit_code: exit_code::FAILURE,
                text,
                report: None,
            });
        }
    };
    let style = Style {
        color: request.color,
    };
    if let Some(wish) = request.check {
        return serve_check(wish, style, on_request);
    }
    let files =
        (!request.files.is_empty()).then(|| request.files.into_iter().map(PathBuf::from).collect());
    let (reply, answer) = channel();
    let reached = request.reached_ms.map(Duration::from_millis);
    on_request(Asked::Save(SaveRequest {
        files,
        reached,
        reply,
    }));
    let answer = answer.recv().ok()?;
    let mut text: String = answer
        .diagnostics
        .iter()
        .map(|rendered| text::diagnostics(rendered, style))
        .collect();
    text.push_str(&text::outcome(&answer.outcome, style));
    if let Some(reached) = &answer.reached {
        text.push_str(&text::reached(&reached.called, style));
        text.push_str(&text::not_reached(
            &reached.not_called,
            reached.called.len(),
            style,
        ));
    }
    Some(Reply {
        version: PROTOCOL_VERSION,
        exit_code: answer.exit_code(),
        text,
        report: None,
    })
}

fn serve_check(wish: CheckWish, style: Style, on_request: &impl Fn(Asked)) -> Option<Reply> {
    let (reply, answer) = channel();
    on_request(Asked::Check(CheckRequest {
        unsaved: wish.unsaved,
        reply,
    }));
    Some(match answer.recv().ok()? {
        Ok(report) => Reply {
            version: PROTOCOL_VERSION,
            exit_code: report.check.exit_code(),
            text: words::report(&report, style),
            report: serde_json::to_value(&report).ok(),
        },
        Err(message) => Reply {
            version: PROTOCOL_VERSION,
            exit_code: exit_code::FAILURE,
            text: text::error(&anyhow!(message), style),
            report: None,
        },
    })
}

fn send(mut connection: &UnixStream, message: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(message).context("cannot write the message as JSON")?;
    line.push(b'\n');
    connection
        .write_all(&line)
        .context("cannot send the message")
}

/// `None`: the other side closed without a word.
fn receive<M: for<'a> Deserialize<'a>>(connection: impl Read) -> Result<Option<M>> {
    let mut line = Vec::new();
    BufReader::new(connection.take(LONGEST_MESSAGE))
        .read_until(b'\n', &mut line)
        .context("cannot read the message")?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        bail!(
            "the message ends after {} bytes, before its end",
            line.len()
        );
    }
    let Version { version } =
        serde_json::from_slice(&line).context("the message has no version")?;
    if version != PROTOCOL_VERSION {
        bail!(
            "the message has version {version}, this is version {PROTOCOL_VERSION}: two versions of cargo-hotpatch are in use"
        );
    }
    serde_json::from_slice(&line)
        .context("the message does not have the form of its version")
        .map(Some)
}

/// Asks the sessions of this workspace, prints what they say, and returns the exit code.
#[must_use]
pub fn main(options: &SaveOptions) -> u8 {
    match ask_all(&registry::directories(), options) {
        Ok(replies) => {
            for reply in &replies {
                if !options.quiet {
                    // The editor may have closed the pipe; the exit code tells all the same.
                    let _ = std::io::stderr().lock().write_all(reply.text.as_bytes());
                }
            }
            replies
                .iter()
                .map(|reply| reply.exit_code)
                .max_by_key(|code| gravity(*code))
                .unwrap_or(exit_code::OK)
        }
        Err(error) => {
            if !options.quiet {
                text::print_error(&error, options.color);
            }
            exit_code::NO_SESSION
        }
    }
}

/// Of several sessions the one that needs attention most decides the exit code.
pub(crate) fn gravity(code: u8) -> u8 {
    match code {
        exit_code::OK => 0,
        exit_code::RESTARTED => 1,
        exit_code::NOT_REACHED => 2,
        exit_code::SUPERSEDED => 3,
        exit_code::REFUSED => 4,
        exit_code::COMPILE_ERROR => 5,
        _ => 6,
    }
}

fn ask_all(directories: &[PathBuf], options: &SaveOptions) -> Result<Vec<Reply>> {
    let sessions = registry::sessions_for(directories, options)?;
    ask_sessions(&sessions, || Request {
        version: PROTOCOL_VERSION,
        files: options
            .files
            .iter()
            .map(|file| file.clone().into_os_string())
            .collect(),
        color: options.color,
        reached_ms: options
            .reached
            .map(|deadline| u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX)),
        check: None,
    })
}

/// What a session said to `check`.
#[derive(Debug)]
pub struct CheckAnswer {
    /// What `check` exits with.
    pub exit_code: u8,
    /// What it prints.
    pub text: String,
    /// What it prints with `--json`; `null` when there is only the text.
    pub report: serde_json::Value,
}

/// Asks the sessions of this workspace what a save would come to; `None` if there is none.
///
/// # Errors
/// When a session cannot be asked, or gave no answer, and when standard input cannot be read.
pub fn ask_to_check(
    options: &CheckOptions,
    unsaved: Option<&Unsaved>,
) -> Result<Option<Vec<CheckAnswer>>> {
    let place = SaveOptions {
        files: options.stdin_file.iter().cloned().collect(),
        directory: options.directory.clone(),
        directory_was_named: options.manifest_path.is_some(),
        quiet: false,
        color: options.color,
        reached: None,
    };
    let Ok(sessions) = registry::sessions_for(&registry::directories(), &place) else {
        return Ok(None);
    };
    let replies = ask_sessions(&sessions, || Request {
        version: PROTOCOL_VERSION,
        files: Vec::new(),
        color: options.color,
        reached_ms: None,
        check: Some(CheckWish {
            unsaved: unsaved.cloned(),
        }),
    })?;
    let answers = replies.into_iter().map(|reply| CheckAnswer {
        exit_code: reply.exit_code,
        text: reply.text,
        report: reply.report.unwrap_or_default(),
    });
    Ok(Some(answers.collect()))
}

fn ask_sessions(sessions: &[Session], request: impl Fn() -> Request) -> Result<Vec<Reply>> {
    // All are asked before the first answer is waited for: they work at the same time.
    let asked: Vec<(&Session, Result<UnixStream>)> = sessions
        .iter()
        .map(|session| (session, ask(session, &request())))
        .collect();
    asked
        .into_iter()
        .map(|(session, connection)| {
            let what = || {
                format!(
                    "the session of `{}` (process {})",
                    session.workspace().display(),
                    session.pid
                )
            };
            let reply =
                receive(&connection.with_context(|| format!("{} cannot be reached", what()))?)
                    .with_context(|| format!("{} gave no answer that is understood", what()))?;
            reply.ok_or_else(|| anyhow!("{} ended before the outcome", what()))
        })
        .collect()
}

fn ask(session: &Session, request: &Request) -> Result<UnixStream> {
    let connection = UnixStream::connect(&session.socket)
        .with_context(|| format!("cannot connect to `{}`", session.socket.display()))?;
    send(&connection, request)?;
    Ok(connection)
}

/// `path` without symbolic links, even if its last part does not exist (a file that was removed).
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| match path.parent().zip(path.file_name()) {
        Some((parent, name)) => std::fs::canonicalize(parent)
            .map_or_else(|_| path.to_owned(), |parent| parent.join(name)),
        None => path.to_owned(),
    })
}

#[cfg(test)]
mod tests;
