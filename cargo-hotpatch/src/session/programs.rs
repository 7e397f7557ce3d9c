//! The program's processes, as a session speaks of them: how they end, and what they leave.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::Session;
use crate::codes::{self, Reason};
use crate::event::Event;
use crate::options::exit_code_of_program;
use crate::process::left::{self, Noted};
use crate::process::signals;
use crate::process::tree::Process;
use crate::process::{Ending, Program};

/// How many processes are named.
const NAMED: usize = 5;

impl Session {
    /// Says which programs run that sessions before this one have left.
    pub(super) fn say_left(&mut self) {
        for left in left::find(self.directory.path()) {
            let message = format!(
                "process {}, `{}`, still runs: its session was killed. It has no patches any more, and keeps what it \
                 holds, such as ports; `kill {}` ends it",
                left.pid,
                left.executable.display(),
                left.pid
            );
            self.say(&Event::Warning {
                reason: Reason::new(&codes::STILL_RUNS, message),
            });
        }
    }

    /// Leaves a note of the program for the next session.
    pub(super) fn note_program(&mut self, pid: u32) {
        let executable = &self.built.surroundings.executable;
        match Noted::new(self.directory.path(), pid, executable) {
            Ok(noted) => self.noted = noted,
            Err(error) => self.say(&Event::Warning {
                reason: Reason::new(
                    &codes::BESIDE,
                    format!("the next session will not know of process {pid}: {error:#}"),
                ),
            }),
        }
    }

    /// Ends the program, if one runs, and what it or one before it has started, and says how.
    pub(super) fn stop(&mut self) {
        let connected = self.running.take().map(|running| running.program);
        for program in connected.into_iter().chain(self.unconnected.take()) {
            // From here on, its end is no news.
            self.generation += 1;
            match program.terminate(self.options.stop) {
                Ok(ending) => {
                    self.say_exited(program.pid(), ending.status);
                    self.say_killed(program.pid(), &ending);
                }
                Err(error) => self.say(&Event::Warning {
                    reason: Reason::new(
                        &codes::STUB_TIMEOUT,
                        format!("the old process does not end: {error:#}"),
                    ),
                }),
            }
        }
        if let Some(program) = self.ended.take()
            && let Ok(ending) = program.terminate(self.options.stop)
        {
            self.say_killed(program.pid(), &ending);
        }
        self.noted = None;
        if let Some(terminal) = &self.terminal {
            terminal.restore();
        }
    }

    fn say_killed(&mut self, pid: u32, ending: &Ending) {
        let stop = self.options.stop;
        let asked = format!(
            "within {} s of {}",
            (ending.waited.as_secs_f64() * 10.0).round() / 10.0,
            signals::name(stop.signal)
        );
        let mut messages = Vec::new();
        if ending.was_killed {
            messages.push(format!("process {pid} did not end {asked}, and was killed"));
        }
        if !ending.killed.is_empty() {
            messages.push(format!(
                "{}, which process {pid} had started, did not end {asked}, and had to be killed",
                named(&ending.killed)
            ));
        }
        for message in messages {
            self.say(&Event::Warning {
                reason: Reason::new(&codes::KILLED, message),
            });
        }
    }

    fn say_exited(&mut self, pid: u32, status: ExitStatus) {
        use std::os::unix::process::ExitStatusExt;
        self.say(&Event::Exited {
            pid,
            status: status.code(),
            signal: status.signal(),
        });
    }

    /// The program has ended by itself. Returns the exit code if the session ends with it.
    pub(super) fn exited(&mut self, generation: u64, status: ExitStatus) -> Option<u8> {
        use std::os::unix::process::ExitStatusExt;
        if generation != self.generation {
            return None;
        }
        let connected = self.running.take().map(|running| running.program);
        let program = connected.or_else(|| self.unconnected.take())?;
        self.noted = None;
        if let Some(terminal) = &self.terminal {
            terminal.restore();
        }
        self.say_exited(program.pid(), status);
        self.lose_marks("the program has ended");
        let by_user = self.signals.ends_session(status.signal(), Instant::now());
        let ends = self.options.once || by_user || self.is_ending;
        if !ends {
            self.say_waiting(&program);
        }
        self.ended = Some(program);
        ends.then(|| exit_code_of_program(status))
    }

    /// A session without a program looks as if it had ended too.
    fn say_waiting(&mut self, program: &Program) {
        let left = program.children();
        // What is being built now starts the program by itself.
        if self.job.is_none() || !left.is_empty() {
            self.say(&Event::Waiting {
                manual: self.options.manual,
                left: left.iter().map(|process| process.pid).collect(),
            });
        }
    }

    /// Of what was saved, what the program was not built from: that it has none of it, and whether it has loaded it by itself.
    pub(super) fn notes_of_outside(&self) -> Vec<String> {
        let outside = &self.built.inputs.outside;
        let saved = self.job.iter().flat_map(|job| &job.files);
        let names: BTreeSet<&str> = saved
            .filter_map(|file| outside.get(&file.path))
            .map(String::as_str)
            .collect();
        let loaded = self.pid().map(loaded_libraries).unwrap_or_default();
        names
            .into_iter()
            .map(|name| note_of_outside(name, &loaded))
            .collect()
    }

    /// The program's end of the connection is closed: it has ended, which is said elsewhere, or it goes on without.
    pub(super) fn disconnected(&mut self, generation: u64) {
        /// How long after its files are closed a process has ended.
        const DYING: Duration = Duration::from_millis(200);
        if generation != self.generation {
            return;
        }
        let Some(running) = &mut self.running else {
            return;
        };
        // One of ours, after a failure, is known already.
        if running.stub.is_none() || running.program.wait_for_end(DYING).is_some() {
            return;
        }
        running.stub = None;
        let without = match running.patches {
            0 => "what runs cannot be patched",
            _ => "what runs is the code of the last build, without the patches since",
        };
        let message = format!(
            "process {} has closed its connection to the tool, as one does that executes a program, itself perhaps: \
             {without}; the next edit restarts it",
            running.program.pid()
        );
        self.say(&Event::Warning {
            reason: Reason::new(&codes::NOT_CONNECTED, message),
        });
    }
}

fn note_of_outside(member: &str, loaded: &[PathBuf]) -> String {
    let file = format!("lib{}.so", member.replace('-', "_"));
    let found = loaded
        .iter()
        .find(|path| path.file_name() == Some(file.as_ref()));
    match found {
        Some(path) => format!(
            "the program has loaded `{}` by itself, which is as it was: `cargo build --package {member}` builds it, and the \
             program has to load it again",
            path.display()
        ),
        None => format!("the program was not built from this file of `{member}`"),
    }
}

/// The files of dynamic libraries that a process has mapped.
fn loaded_libraries(pid: u32) -> Vec<PathBuf> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let mut found: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| &line[start..]))
        .map(|path| path.trim_end_matches(" (deleted)").into())
        .collect();
    found.dedup();
    found
}

/// What is to be said of processes that run the program's image and have no patch; nothing, if there are none.
pub(super) fn note_of_copies(copies: &[Process]) -> Option<String> {
    (!copies.is_empty()).then(|| {
        format!(
            "{}, started from the program's own executable, runs the code of the last build: patches reach the program alone",
            named(copies)
        )
    })
}

/// `process 5 (sh)`, `processes 5 (sh), 6 (sleep) and 2 more`.
fn named(processes: &[Process]) -> String {
    let shown: Vec<String> = processes
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let word = match processes.len() {
        1 => "process",
        _ => "processes",
    };
    let shown = shown.join(", ");
    match processes.len().saturating_sub(NAMED) {
        0 => format!("{word} {shown}"),
        more => format!("{word} {shown} and {more} more"),
    }
}
