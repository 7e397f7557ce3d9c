//! Children that can be ended at once: each is the leader of a process group of its own, and a [`CancelFlag`] knows
//! the groups that run under it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Ends work that is in progress. Clones are the same flag. Once set it stays set: a flag is for one piece of work.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    groups: Vec<Pid>,
}

impl CancelFlag {
    /// A flag that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag and kills what runs under it. Returns at once.
    pub fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        for group in &state.groups {
            // A group that is gone already is what was wanted.
            let _ = kill_process_group(*group, Signal::KILL);
        }
    }

    /// Whether [`CancelFlag::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts `command` in a process group of its own, under this flag and under `also`. `Ok(None)` when one of them
    /// is set already.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn_also_under(
        &self,
        also: &Self,
        command: &mut Command,
    ) -> io::Result<Option<CancellableChild>> {
        let Some(mut child) = self.spawn(command)? else {
            return Ok(None);
        };
        // Dropping the child kills it.
        Ok(child.also_under(also).then_some(child))
    }

    /// Starts `command` in a process group of its own. `Ok(None)` when the flag is set already.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Option<CancellableChild>> {
        command.process_group(0);
        // Started under the lock, so that `cancel` either sees the group or prevents the start.
        let mut state = self.lock();
        if state.cancelled {
            return Ok(None);
        }
        let child = command.spawn()?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = group.ok_or_else(|| io::Error::other("the system gave a process id of 0"))?;
        state.groups.push(group);
        drop(state);
        Ok(Some(CancellableChild {
            child,
            group,
            flags: vec![self.clone()],
            reaped: false,
        }))
    }
}

/// A child under a [`CancelFlag`]. Killed with its whole group when dropped before [`CancellableChild::wait`].
#[derive(Debug)]
pub struct CancellableChild {
    /// For its pipes and its id. Wait with [`CancellableChild::wait`] only.
    pub child: Child,
    group: Pid,
    flags: Vec<CancelFlag>,
    reaped: bool,
}

impl CancellableChild {
    /// Puts the child under one more flag. False if that is set already: then the child is for the caller to drop.
    #[must_use]
    pub fn also_under(&mut self, flag: &CancelFlag) -> bool {
        let mut state = flag.lock();
        if state.cancelled {
            return false;
        }
        state.groups.push(self.group);
        drop(state);
        self.flags.push(flag.clone());
        true
    }

    /// Waits for the end of the child.
    ///
    /// # Errors
    /// When the system does not let us wait.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        // First without reaping: as long as it is not reaped its id cannot be another's, so that a `cancel` at this
        // moment hits nobody else.
        loop {
            match waitid(
                WaitId::Pid(self.group),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            ) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.reap()
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        // All locks are held until it is reaped, and nobody else ever holds two, so that this cannot deadlock.
        let mut states: Vec<_> = self.flags.iter().map(CancelFlag::lock).collect();
        for state in &mut states {
            state.groups.retain(|group| *group != self.group);
        }
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for CancellableChild {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = kill_process_group(self.group, Signal::KILL);
            let _ = self.reap();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn cancelling_ends_a_child_and_its_children() -> io::Result<()> {
        let flag = CancelFlag::new();
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 60 & sleep 60; wait"])
            .stdout(std::process::Stdio::piped());
        let mut child = flag.spawn(&mut command)?.expect("not cancelled yet");
        let started = Instant::now();
        let other = flag.clone();
        let canceller = std::thread::spawn(move || other.cancel());
        // End of file comes only when every holder of the pipe is gone.
        let output = child.child.stdout.take().expect("piped");
        let text = io::read_to_string(output)?;
        assert!(text.is_empty());
        assert!(!child.wait()?.success());
        assert!(started.elapsed() < Duration::from_secs(30));
        canceller.join().expect("no panic");
        assert!(flag.spawn(&mut Command::new("true"))?.is_none());
        Ok(())
    }

    #[test]
    fn a_child_that_ends_by_itself_is_forgotten() -> io::Result<()> {
        let flag = CancelFlag::new();
        let mut child = flag
            .spawn(&mut Command::new("true"))?
            .expect("not cancelled");
        assert!(child.wait()?.success());
        assert!(flag.lock().groups.is_empty());
        Ok(())
    }
}
