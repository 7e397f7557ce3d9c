//! The copies under peers: see [`super::super::peers`].

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::super::peers::{self, Measured, Peer};
use super::super::project::{self, Project};
use super::{Change, PATIENCE, milliseconds, tail};
use crate::demo::session::{self, POLL};
use crate::process::end_with_this_process;

/// A program under a peer has to show an edit in this time, a rebuild and a restart included.
const EDIT: Duration = Duration::from_secs(60);
/// How late anything else than the program's own lines may be noticed.
const GLANCE: Duration = Duration::from_millis(20);
/// Between the connection to us and the first edit, a program connects to the peer.
const CONNECT: Duration = Duration::from_secs(1);

/// A peer beside the other copies, for as long as it does what it should.
pub(super) struct PeerLane<'a> {
    run: Option<Run<'a>>,
    measured: Measured,
}

/// A peer that runs, with the program under it.
struct Run<'a> {
    project: &'a Project,
    directory: PathBuf,
    messages: PathBuf,
    peer: Child,
    listener: TcpListener,
    /// The program that runs, once it has connected.
    stream: Option<TcpStream>,
    /// What it has said that is no whole line yet.
    unread: Vec<u8>,
    program: Option<u32>,
    /// How often this process of the program was asked.
    asked: u64,
}

/// What came of an edit.
struct Shown {
    took: f64,
    /// By a program that had to be started for it.
    restarted: bool,
}

impl<'a> PeerLane<'a> {
    /// Starts the peer on a copy of its own. That it does not start is no error, but its result. `common` is a directory
    /// that it has for all projects.
    ///
    /// # Errors
    /// When Ctrl-C is pressed.
    pub(super) fn start(
        peer: &Peer,
        project: &'a Project,
        directory: &Path,
        common: &Path,
    ) -> Result<Self> {
        let mut lane = Self {
            run: None,
            measured: Measured {
                name: peer.name(),
                version: peer.version.clone(),
                ..Measured::default()
            },
        };
        match Run::start(peer, project, directory, common) {
            Ok(mut run) => {
                let started = run.wait_for_start(PATIENCE);
                lane.run = Some(run);
                if let Some(()) = lane.or_give_up(started)? {
                    std::thread::sleep(CONNECT);
                }
            }
            Err(error) => {
                lane.or_give_up(Err::<(), _>(error))?;
            }
        }
        Ok(lane)
    }

    /// Makes an edit, if the peer is still there. It is a sample if the program was patched.
    ///
    /// # Errors
    /// When Ctrl-C is pressed.
    pub(super) fn edit(&mut self, change: &Change<'_>) -> Result<()> {
        let Some(run) = &mut self.run else {
            return Ok(());
        };
        let shown = run.edit(change).with_context(|| {
            format!(
                "the edit of `{}` in `{}`",
                change.site.function,
                change.site.file.display()
            )
        });
        if let Some(shown) = self.or_give_up(shown)? {
            if shown.restarted {
                self.measured.restarted += 1;
            } else {
                self.measured.patches.push(shown.took);
            }
        }
        Ok(())
    }

    /// What was measured up to now was for warming up.
    pub(super) fn forget(&mut self) {
        self.measured.restarted = 0;
        self.measured.patches.clear();
    }

    /// The processes that are alive and ours.
    pub(super) fn processes(&self) -> impl Iterator<Item = u32> {
        self.run
            .iter()
            .flat_map(|run| std::iter::once(run.peer.id()).chain(run.program))
    }

    /// Ends the peer.
    pub(super) fn stop(&mut self) {
        self.run = None;
    }

    /// What it came to.
    pub(super) fn measured(self) -> Measured {
        self.measured
    }

    /// After an error the peer is ended, and the error is kept.
    fn or_give_up<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if session::interrupted() => Err(error),
            Err(error) => {
                let mut why = format!("{error:#}");
                if let Some(run) = self.run.take() {
                    let last = last_words(&tail(&run.messages));
                    if !last.is_empty() {
                        why = format!("{why}; the last that it said: {last}");
                    }
                }
                self.measured.failed = Some(why);
                Ok(None)
            }
        }
    }
}

impl<'a> Run<'a> {
    fn start(peer: &Peer, project: &'a Project, directory: &Path, common: &Path) -> Result<Self> {
        project::copy(project, directory)?;
        peer.adapt(project, directory)?;
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on this machine")?;
        listener
            .set_nonblocking(true)
            .context("cannot listen on this machine")?;
        let address = listener.local_addr().context("cannot tell the address")?;
        // Beside the copy: peers watch all that is in it.
        let messages = directory.with_extension("log");
        let log = File::create(&messages)
            .with_context(|| format!("cannot create `{}`", messages.display()))?;
        let errors = log.try_clone().context("cannot share the log")?;
        let mut command = peer.command(project, common);
        command
            .current_dir(directory.join(&project.package))
            .env(peers::ADDRESS, address.to_string())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // What it starts has to end with it.
            .process_group(0);
        end_with_this_process(&mut command);
        let peer = command
            .spawn()
            .with_context(|| format!("cannot start {}", peer.name()))?;
        Ok(Self {
            project,
            directory: directory.to_owned(),
            messages,
            peer,
            listener,
            stream: None,
            unread: Vec::new(),
            program: None,
            asked: 0,
        })
    }

    fn wait_for_start(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let line = self
                .next_line(deadline)
                .with_context(|| format!("its program did not start within {patience:?}"))?;
            if self.is_started(&line) {
                return Ok(());
            }
        }
    }

    /// Whether this line is the first of a program. Then it is the one that runs.
    fn is_started(&mut self, line: &str) -> bool {
        let Some(pid) = line.strip_prefix(peers::READY) else {
            return false;
        };
        (self.program, self.asked) = (pid.parse().ok(), 0);
        true
    }

    /// Makes an edit, and waits for the answer that shows it.
    fn edit(&mut self, change: &Change<'_>) -> Result<Shown> {
        let (Some(ask), Some(expected)) = (
            change.site.ask.as_ref(),
            change.site.expected(change.number),
        ) else {
            bail!("the program cannot be asked about it");
        };
        let begin = Instant::now();
        project::replace(&self.directory, &change.site.file, &change.old, &change.new)?;
        let mut restarted = false;
        let mut last = None;
        loop {
            let line = self.next_line(begin + EDIT).with_context(|| {
                format!("the program does not show it within {EDIT:?}; its last answer: {last:?}")
            })?;
            if self.is_started(&line) {
                restarted = true;
                self.ask(ask)?;
            } else if line == peers::PATCHED {
                self.ask(ask)?;
            } else if line.contains(&expected) {
                let took = milliseconds(begin);
                let count = line.split(' ').next().and_then(|count| count.parse().ok());
                ensure!(
                    !self.project.counts || count == Some(self.asked),
                    "it was asked {} times, and answers {line:?}: its state was lost",
                    self.asked
                );
                return Ok(Shown { took, restarted });
            } else {
                last = Some(line);
            }
        }
    }

    fn ask(&mut self, line: &str) -> Result<()> {
        let stream = self.stream.as_mut().context("the program has ended")?;
        stream
            .write_all(format!("{line}\n").as_bytes())
            .context("cannot ask the program")?;
        self.asked += 1;
        Ok(())
    }

    /// Waits for the next line of whichever program runs.
    fn next_line(&mut self, deadline: Instant) -> Result<String> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(length) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=length).collect();
                let line = String::from_utf8_lossy(&line);
                return Ok(line.trim_end_matches('\n').to_owned());
            }
            ensure!(!session::interrupted(), "interrupted");
            ensure!(Instant::now() < deadline, "the time is up");
            if let Some(status) = self.peer.try_wait().context("cannot ask for its state")? {
                bail!("it ended ({status})");
            }
            // A peer that has rebuilt the program starts it again.
            if let Ok((stream, _)) = self.listener.accept() {
                self.take(stream)?;
            }
            let Some(stream) = &mut self.stream else {
                std::thread::sleep(POLL);
                continue;
            };
            match stream.read(&mut buffer) {
                Ok(0) => self.stream = None,
                Ok(length) => self
                    .unread
                    .extend_from_slice(buffer.get(..length).unwrap_or_default()),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                // It was killed with something unread.
                Err(_) => self.stream = None,
            }
        }
    }

    fn take(&mut self, stream: TcpStream) -> Result<()> {
        stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_read_timeout(Some(GLANCE)))
            .and_then(|()| stream.set_write_timeout(Some(EDIT)))
            .and_then(|()| stream.set_nodelay(true))
            .context("cannot talk to the program")?;
        self.stream = Some(stream);
        self.unread.clear();
        Ok(())
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.peer);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.peer.kill();
        let _ = self.peer.wait();
    }
}

/// The end of what a peer said, in one line and without colours.
fn last_words(messages: &str) -> String {
    /// More does not fit into a remark.
    const LINES: usize = 3;
    let mut plain = String::new();
    let mut characters = messages.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // `ESC [ … letter`, as colours are.
            let _ = characters.find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    let lines: Vec<&str> = plain
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_in_one_line_without_colours() {
        let said = "one\n\u{1b}[1m\u{1b}[92m   Compiling\u{1b}[0m two\n\nthree\n  four\n";
        assert_eq!(last_words(said), "Compiling two / three / four");
        assert_eq!(last_words(""), "");
    }
}
