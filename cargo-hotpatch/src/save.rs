//! `cargo hotpatch save`: an editor tells the running session to act at once, and waits for the outcome.
//!
//! ```text
//! cargo hotpatch run   ── binds ──►  <runtime directory>/<pid>.socket
//!                      ── writes ─►  <runtime directory>/<pid>.json     which workspace, which socket
//! cargo hotpatch save  ── reads ──►  *.json, picks the sessions of this workspace
//!                      ── asks ───►  {"version":1,"files":[…],"color":true}\n
//!                      ◄─ is told ─  {"version":1,"exit_code":0,"text":"     Patched …\n"}\n
//! ```
//!
//! The runtime directory is the user's own (mode 0700) and depends on nothing that an editor's environment and a shell's
//! may disagree about, such as the target directory. Nothing but the user's own processes is listened to. Both sides of
//! the exchange stand in this file; where sessions are found is in [`registry`].

pub mod registry;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::event::Outcome;
use crate::options::{SaveOptions, exit_code, exit_code_of_outcome};
use crate::report::text::{self, Style};
use registry::{Registration, Session};

/// Of both messages. A reader checks it before anything else.
const PROTOCOL_VERSION: u32 = 1;
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
}

#[derive(Serialize, Deserialize)]
struct Reply {
    version: u32,
    /// What `save` exits with.
    exit_code: u8,
    /// What it prints.
    text: String,
}

/// What the session answers.
#[derive(Debug, Clone)]
pub struct SaveReply {
    /// How the save ended.
    pub outcome: Outcome,
    /// What the compiler said, rendered.
    pub diagnostics: Vec<String>,
}

impl From<Outcome> for SaveReply {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            diagnostics: Vec::new(),
        }
    }
}

/// Somebody asks the session to act at once.
#[derive(Debug)]
pub struct SaveRequest {
    /// Absolute paths as the editor knows them; `None`: look at all files.
    pub files: Option<Vec<PathBuf>>,
    /// Where the outcome goes. Dropping it without an answer tells the asker that the session ended.
    pub reply: Sender<SaveReply>,
}

/// The session's side. Dropping it takes the session off the list.
#[derive(Debug)]
pub struct ControlServer {
    registration: Registration,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Listens for `cargo hotpatch save` in any of `roots`: the workspace, and the directories of path dependencies outside
    /// of it. `on_request` is called on a thread of the connection, and should only pass the request on.
    ///
    /// # Errors
    /// When there is no private directory to put the socket in. The session can go on without: say it as a warning.
    pub fn bind(
        roots: &[PathBuf],
        on_request: impl Fn(SaveRequest) + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::bind_in(&registry::directories(), roots, on_request)
    }

    fn bind_in(
        directories: &[PathBuf],
        roots: &[PathBuf],
        on_request: impl Fn(SaveRequest) + Send + Sync + 'static,
    ) -> Result<Self> {
        let (registration, listener) = Registration::new(directories, roots)?;
        let ends = Arc::new(AtomicBool::new(false));
        let thread = {
            let ends = ends.clone();
            std::thread::Builder::new()
                .name("save".to_owned())
                .spawn(move || accept(&listener, &ends, &Arc::new(on_request)))
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
    on_request: &Arc<impl Fn(SaveRequest) + Send + Sync + 'static>,
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
        let _ = std::thread::Builder::new()
            .name("save request".to_owned())
            .spawn(move || {
                let reply = serve(&connection, &*on_request);
                if let Some(reply) = reply {
                    let _ = send(&connection, &reply);
                }
            });
    }
}

/// `None`: the peer is to be told nothing.
fn serve(connection: &UnixStream, on_request: &impl Fn(SaveRequest)) -> Option<Reply> {
    let peer = rustix::net::sockopt::socket_peercred(connection).ok()?;
    if peer.uid != rustix::process::getuid() {
        return None;
    }
    connection.set_read_timeout(Some(REQUEST_DEADLINE)).ok()?;
    let request: Request = match receive(connection) {
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
            });
        }
    };
    let files =
        (!request.files.is_empty()).then(|| request.files.into_iter().map(PathBuf::from).collect());
    let (reply, answer) = channel();
    on_request(SaveRequest { files, reply });
    let answer = answer.recv().ok()?;
    let style = Style {
        color: request.color,
    };
    let mut text: String = answer
        .diagnostics
        .iter()
        .map(|rendered| text::diagnostics(rendered, style))
        .collect();
    text.push_str(&text::outcome(&answer.outcome, style));
    Some(Reply {
        version: PROTOCOL_VERSION,
        exit_code: exit_code_of_outcome(answer.outcome.outcome),
        text,
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
fn receive<M: for<'a> Deserialize<'a>>(connection: &UnixStream) -> Result<Option<M>> {
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
fn gravity(code: u8) -> u8 {
    match code {
        exit_code::OK => 0,
        exit_code::RESTARTED => 1,
        exit_code::SUPERSEDED => 2,
        exit_code::REFUSED => 3,
        exit_code::COMPILE_ERROR => 4,
        _ => 5,
    }
}

fn ask_all(directories: &[PathBuf], options: &SaveOptions) -> Result<Vec<Reply>> {
    let sessions = registry::sessions_for(directories, options)?;
    // All are asked before the first answer is waited for: they work at the same time.
    let asked: Vec<(&Session, Result<UnixStream>)> = sessions
        .iter()
        .map(|session| (session, ask(session, options)))
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

fn ask(session: &Session, options: &SaveOptions) -> Result<UnixStream> {
    let connection = UnixStream::connect(&session.socket)
        .with_context(|| format!("cannot connect to `{}`", session.socket.display()))?;
    let files = options
        .files
        .iter()
        .map(|file| file.clone().into_os_string())
        .collect();
    send(
        &connection,
        &Request {
            version: PROTOCOL_VERSION,
            files,
            color: options.color,
        },
    )?;
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
mod tests {
    use super::*;
    use crate::event::{OutcomeKind, Timings};
    use std::sync::Mutex;

    pub(super) fn outcome(kind: OutcomeKind) -> Outcome {
        Outcome {
            outcome: kind,
            functions: Vec::new(),
            reason: None,
            notes: Vec::new(),
            timings_ms: Timings::default(),
            patch: None,
            pid: None,
        }
    }

    struct Room {
        directory: tempfile::TempDir,
    }

    impl Room {
        fn new() -> Self {
            Self {
                directory: tempfile::tempdir().expect("a temporary directory"),
            }
        }

        fn runtime(&self) -> Vec<PathBuf> {
            vec![self.directory.path().join("runtime")]
        }

        fn workspace(&self, name: &str) -> PathBuf {
            let path = self.directory.path().join(name);
            std::fs::create_dir_all(path.join("src")).expect("created");
            path
        }

        fn serve(
            &self,
            name: &str,
            answer: impl Fn(SaveRequest) + Send + Sync + 'static,
        ) -> ControlServer {
            ControlServer::bind_in(&self.runtime(), &[self.workspace(name)], answer)
                .expect("it listens")
        }

        fn save(&self, directory: &Path, files: &[PathBuf]) -> Result<Vec<Reply>> {
            let options = SaveOptions {
                files: files.to_vec(),
                directory: directory.to_owned(),
                directory_was_named: false,
                quiet: false,
                color: false,
            };
            ask_all(&self.runtime(), &options)
        }
    }

    #[test]
    fn an_editor_asks_and_is_told() {
        let room = Room::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = seen.clone();
        let _server = room.serve("app", move |request| {
            record.lock().expect("not poisoned").push(request.files);
            let reply = SaveReply {
                outcome: outcome(OutcomeKind::CompileError),
                diagnostics: vec!["\x1b[1merror\x1b[0m: no".into()],
            };
            request.reply.send(reply).expect("the connection waits");
        });
        let workspace = room.workspace("app");
        let file = workspace.join("src/main.rs");
        let replies = room
            .save(&workspace.join("src"), std::slice::from_ref(&file))
            .expect("it answers");
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].exit_code, exit_code::COMPILE_ERROR);
        assert_eq!(
            replies[0].text,
            "error: no\n       Error the source does not compile; the program runs on\n"
        );
        assert_eq!(room.save(&workspace, &[]).expect("it answers").len(), 1);
        assert_eq!(
            *seen.lock().expect("not poisoned"),
            [Some(vec![file]), None]
        );
    }

    #[test]
    fn files_find_their_session_from_anywhere() {
        let room = Room::new();
        let answer = |kind| {
            move |request: SaveRequest| request.reply.send(outcome(kind).into()).expect("it waits")
        };
        let _one = room.serve("one", answer(OutcomeKind::Patched));
        // A session of the same process id would take the first one's place, so the second is another directory's.
        let elsewhere = Room::new();
        let _two = elsewhere.serve("two", answer(OutcomeKind::Restarted));
        let options = |directory: &Path, files: Vec<PathBuf>| SaveOptions {
            files,
            directory: directory.to_owned(),
            directory_was_named: false,
            quiet: true,
            color: false,
        };
        let directories = [room.runtime(), elsewhere.runtime()].concat();
        let (one, two) = (room.workspace("one"), elsewhere.workspace("two"));
        let code = |found: Vec<Reply>| {
            found
                .iter()
                .map(|reply| reply.exit_code)
                .collect::<Vec<_>>()
        };
        let ask = |options: SaveOptions| code(ask_all(&directories, &options).expect("an answer"));
        assert_eq!(ask(options(&one, Vec::new())), [exit_code::OK]);
        assert_eq!(ask(options(&two, Vec::new())), [exit_code::RESTARTED]);
        assert_eq!(
            ask(options(Path::new("/"), vec![two.join("src/gone.rs")])),
            [exit_code::RESTARTED]
        );
        assert_eq!(
            ask(options(&one, vec![two.join("src/gone.rs")])),
            [exit_code::RESTARTED],
            "the file tells"
        );
        assert_eq!(
            ask(options(room.directory.path(), Vec::new())),
            [exit_code::OK],
            "a workspace below"
        );
    }

    #[test]
    fn without_a_session_it_is_said() {
        let room = Room::new();
        let workspace = room.workspace("app");
        let error = room.save(&workspace, &[]).err().expect("no session");
        assert!(
            format!("{error:#}").contains("cargo hotpatch run"),
            "{error:#}"
        );
        drop(room.serve("app", |_| {}));
        assert!(
            room.save(&workspace, &[]).is_err(),
            "the session took itself off the list"
        );
    }

    #[test]
    fn a_session_that_ends_without_an_outcome_is_said() {
        let room = Room::new();
        let _server = room.serve("app", drop);
        let error = room
            .save(&room.workspace("app"), &[])
            .err()
            .expect("no outcome");
        assert!(
            format!("{error:#}").contains("ended before the outcome"),
            "{error:#}"
        );
    }

    #[test]
    fn nonsense_and_other_versions_are_refused_and_harm_nothing() {
        let room = Room::new();
        let server = room.serve("app", |request| {
            request
                .reply
                .send(outcome(OutcomeKind::Unchanged).into())
                .expect("the connection waits");
        });
        let socket = &server.registration.session().socket;
        for (message, complaint) in [
            (&b"nonsense\n"[..], "version"),
            (b"{\"version\":99}\n", "two versions"),
            (b"{\"version\":1}\n", "form"),
            (b"{\"version\":1", "before its end"),
        ] {
            let mut connection = UnixStream::connect(socket).expect("connected");
            connection.write_all(message).expect("sent");
            connection
                .shutdown(std::net::Shutdown::Write)
                .expect("shut");
            let reply: Reply = receive(&connection)
                .expect("understood")
                .expect("an answer");
            assert_eq!(reply.exit_code, exit_code::FAILURE);
            assert!(reply.text.contains(complaint), "{}", reply.text);
        }
        drop(UnixStream::connect(socket).expect("connected and gone"));
        assert_eq!(
            room.save(&room.workspace("app"), &[])
                .expect("it still answers")[0]
                .exit_code,
            exit_code::OK
        );
    }

    #[test]
    fn the_gravest_outcome_decides() {
        let mut codes = [
            exit_code::OK,
            exit_code::FAILURE,
            exit_code::RESTARTED,
            exit_code::COMPILE_ERROR,
            exit_code::REFUSED,
        ];
        codes.sort_by_key(|code| gravity(*code));
        assert_eq!(codes, [0, 10, 11, 12, 1]);
    }
}
