//! A process between the tool and the program. It adopts whatever the program starts and leaves behind, so that all of
//! that can be found, and ended, later: it is the tree below this process.
//!
//! ```text
//! cargo hotpatch run
//!   └─ cargo-hotpatch keep CHANNEL IMAGE NAME ARGUMENTS…     this role: waits, and does nothing else
//!        ├─ the program
//!        │    └─ its children
//!        └─ processes whose parent has ended
//! ```
//!
//! On the channel, a socket, the keeper writes lines: `pid N` or `failed ERRNO`, and at the program's end `ended STATUS` (as
//! `wait` tells it). The tool writes one byte once it holds the program: before that nothing is reaped, so the number
//! stays the program's. When the tool is gone the keeper stays for the program, and ends with it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use rustix::fd::BorrowedFd;
use rustix::io::FdFlags;
use rustix::process::{Pid, WaitOptions};

use super::{Launch, signals};

/// The subcommand's name. It is not for people, so [`crate::cli`] does not know it.
pub const COMMAND: &str = "keep";

/// What the keeper has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The program runs as this process.
    Started(i32),
    /// It could not be executed: the error's number.
    Failed(i32),
    /// It has ended: as `wait` tells it.
    Ended(i32),
    /// The keeper itself is gone.
    Nothing,
}

/// The tool's end of the channel.
#[derive(Debug)]
pub(super) struct Channel(BufReader<UnixStream>);

impl Channel {
    /// The next that the keeper says; waits for it.
    pub(super) fn hear(&mut self) -> Said {
        let mut line = String::new();
        if self.0.read_line(&mut line).is_err() {
            return Said::Nothing;
        }
        let Some((word, number)) = line.trim_end().split_once(' ') else {
            return Said::Nothing;
        };
        match (word, number.parse()) {
            ("pid", Ok(number)) => Said::Started(number),
            ("failed", Ok(number)) => Said::Failed(number),
            ("ended", Ok(number)) => Said::Ended(number),
            _ => Said::Nothing,
        }
    }

    /// From now on the keeper may reap.
    pub(super) fn acknowledge(&mut self) -> std::io::Result<()> {
        self.0.get_mut().write_all(b"+")
    }
}

/// The command that keeps a program, and the tool's end of its channel. Once it is started the command has to be dropped,
/// which closes the keeper's end here.
pub(super) fn command(launch: &Launch) -> std::io::Result<(Command, Channel)> {
    let (ours, theirs) = UnixStream::pair()?;
    let number = theirs.as_raw_fd();
    let mut command = Command::new(&launch.keeper);
    command
        .arg0("cargo-hotpatch")
        .arg(COMMAND)
        .arg(number.to_string())
        .arg(&launch.image)
        .arg(&launch.argument_zero)
        .args(&launch.arguments)
        .envs(launch.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&launch.working_directory);
    let theirs = OwnedFd::from(theirs);
    let inherit = move || Ok(rustix::io::fcntl_setfd(&theirs, FdFlags::empty())?);
    // SAFETY: `inherit` runs in the forked child before `exec`, where only async-signal-safe work is allowed: it makes one
    // system call for a descriptor that it owns, and neither allocates nor locks.
    unsafe { command.pre_exec(inherit) };
    Ok((command, Channel(BufReader::new(ours))))
}

/// The role: `arguments` are what stands behind [`COMMAND`]. Returns when it is not needed any more.
#[must_use]
pub fn main(arguments: &[OsString]) -> u8 {
    match keep(arguments) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: cargo-hotpatch (as the program's keeper): {error:#}");
            1
        }
    }
}

fn keep(arguments: &[OsString]) -> Result<()> {
    let [channel, image, name, arguments @ ..] = arguments else {
        bail!("this is called by `cargo hotpatch run`, not by hand");
    };
    let mut channel = take_channel(channel)?;
    // The terminal's keys reach all of its group. They are the program's and the tool's business; a handler, as opposed
    // to a signal that is ignored, is not passed on to the program.
    signals::listen(|_| {})?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("cannot adopt what the program leaves behind")?;
    let started = Command::new(image).arg0(name).args(arguments).spawn();
    let program = match started {
        Ok(child) => Pid::from_child(&child),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(libc::EIO);
            writeln!(channel, "failed {number}").context("the tool is gone")?;
            return Ok(());
        }
    };
    leave_streams_to_the_program();
    // Without a tool the program goes on all the same.
    let _ = writeln!(channel, "pid {}", program.as_raw_pid());
    let is_acknowledged = channel.read_exact(&mut [0]).is_ok();
    let state = Arc::new(State {
        is_alone: AtomicBool::new(!is_acknowledged),
        has_ended: AtomicBool::new(false),
    });
    watch_for_the_tool(&channel, &state)?;
    wait(program, &mut channel, &state);
    Ok(())
}

struct State {
    /// The tool is gone.
    is_alone: AtomicBool,
    /// The program has ended.
    has_ended: AtomicBool,
}

fn take_channel(number: &OsString) -> Result<UnixStream> {
    let number = number.to_str().and_then(|number| number.parse().ok());
    let number = number.filter(|number| *number > 2);
    let number = number.context("the channel is no file descriptor")?;
    // SAFETY: a number is borrowed only to ask whether it is open; the tool has passed it for this process to use.
    rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) })
        .context("the channel is not open")?;
    // SAFETY: it is open (asked above), and this process, which has just begun, has nothing else with this number: the tool
    // opened it for nothing but this.
    let channel = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(&channel, FdFlags::CLOEXEC)
        .context("cannot keep the channel from the program")?;
    Ok(channel.into())
}

/// Whoever reads what the program prints waits for its end, not for ours.
fn leave_streams_to_the_program() {
    let nowhere = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null");
    if let Ok(nowhere) = nowhere {
        // Where this fails the stream stays open for longer, which no program sees.
        let _ = rustix::stdio::dup2_stdin(&nowhere);
        let _ = rustix::stdio::dup2_stdout(&nowhere);
        let _ = rustix::stdio::dup2_stderr(&nowhere);
    }
}

fn watch_for_the_tool(channel: &UnixStream, state: &Arc<State>) -> Result<()> {
    let mut channel = channel.try_clone().context("cannot watch the channel")?;
    let state = Arc::clone(state);
    std::thread::Builder::new()
        .name("tool".to_owned())
        .spawn(move || {
            // The tool says nothing more: this returns when it is gone.
            let _ = channel.read(&mut [0]);
            state.is_alone.store(true, Ordering::SeqCst);
            if state.has_ended.load(Ordering::SeqCst) {
                std::process::exit(0);
            }
        })
        .context("cannot start the thread that watches the tool")?;
    Ok(())
}

/// Reaps until nothing is left, or until the program has ended and nobody asks any more.
fn wait(program: Pid, channel: &mut UnixStream, state: &State) {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => {
                let _ = writeln!(channel, "ended {}", status.as_raw());
                state.has_ended.store(true, Ordering::SeqCst);
                if state.is_alone.load(Ordering::SeqCst) {
                    return;
                }
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // No child is left.
            Err(_) => return,
        }
    }
}
