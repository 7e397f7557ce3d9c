//! The processes below one process, and how they are ended.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How often the tree is looked at while it ends.
const GLANCE: Duration = Duration::from_millis(5);

/// A process, as the system lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The name of its executable, as far as the kernel keeps it.
    pub name: String,
    parent: u32,
    /// When it started, in the kernel's ticks: tells it from a later one with the same id.
    started: u64,
    /// It has ended, and its parent has not asked for its status yet.
    is_over: bool,
}

impl Process {
    /// The process with this id, if there is one.
    #[must_use]
    pub fn find(pid: u32) -> Option<Self> {
        parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// When it started, in the kernel's ticks.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started
    }

    /// True until it has ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.is_over
    }

    /// Sends `signal` to this process, and to no later one with its id.
    fn signal(&self, signal: Signal) {
        if let Some(handle) = self.handle() {
            // One that has ended is what was wanted.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }

    fn handle(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // What was opened may be a later process, unless this one is still there now.
        let still = Self::find(self.pid)?;
        (still.started == self.started).then_some(handle)
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.pid, self.name)
    }
}

/// All processes below `root`, without itself, that have not ended.
#[must_use]
pub fn below(root: u32) -> Vec<Process> {
    let mut all: Vec<Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Process::find(entry.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut inside = BTreeSet::from([root]);
    // A child may be listed before its parent.
    loop {
        let before = inside.len();
        inside.extend(
            all.iter()
                .filter(|process| inside.contains(&process.parent))
                .map(|process| process.pid)
                .collect::<Vec<_>>(),
        );
        if inside.len() == before {
            break;
        }
    }
    inside.remove(&root);
    all.retain(|process| inside.contains(&process.pid) && process.is_running());
    all
}

/// Ends all processes below `root`: by `signal`, and those that are still there when `left_time` is zero by SIGKILL. Returns those that
/// had to be killed. Gives up on what a process that hangs in the kernel keeps alive.
pub fn end_below(root: u32, signal: Signal, left_time: &dyn Fn() -> Duration) -> Vec<Process> {
    const AFTER_KILL: Duration = Duration::from_secs(5);
    let mut asked = BTreeSet::new();
    let mut left = below(root);
    while !left.is_empty() && !left_time().is_zero() {
        for process in &left {
            if asked.insert((process.pid, process.started)) {
                process.signal(signal);
                // A stopped one could not take note.
                process.signal(Signal::CONT);
            }
        }
        std::thread::sleep(GLANCE);
        left = below(root);
    }
    let killed = left.clone();
    let give_up = Instant::now() + AFTER_KILL;
    while !left.is_empty() && Instant::now() < give_up {
        for process in &left {
            process.signal(Signal::KILL);
        }
        std::thread::sleep(GLANCE);
        left = below(root);
    }
    killed
}

/// `pid (name) state parent … started …`, as in `/proc/<pid>/stat`.
fn parse(stat: &str) -> Option<Process> {
    // The name may hold anything, parentheses too.
    let (front, rest) = stat.rsplit_once(')')?;
    let (pid, name) = front.split_once(" (")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Process {
        pid: pid.parse().ok()?,
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
        is_over: matches!(*fields.first()?, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        let stat = "42 (a) b) S 7 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 1";
        let process = parse(stat).expect("it is read");
        assert_eq!((process.pid, process.parent), (42, 7));
        assert_eq!((process.name.as_str(), process.started), ("a) b", 12345));
        assert!(process.is_running());
        assert_eq!(parse("42 (a"), None);
    }

    #[test]
    fn a_tree_is_found_and_ended() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sh")
            .args([
                "-c",
                "sleep 1000 & (trap '' TERM; while :; do sleep 0.05; done) & wait",
            ])
            .spawn()
            .expect("it starts");
        let deadline = Instant::now() + Duration::from_secs(20);
        while below(child.id()).len() < 3 {
            assert!(Instant::now() < deadline, "never: the tree");
            std::thread::sleep(GLANCE);
        }
        assert!(below(own).iter().any(|process| process.pid == child.id()));
        let until = Instant::now() + Duration::from_millis(300);
        let left = || until.saturating_duration_since(Instant::now());
        let killed = end_below(child.id(), Signal::TERM, &left);
        assert!(!killed.is_empty(), "one of them does not listen");
        assert!(below(child.id()).is_empty());
        let _ = child.kill();
        child.wait().expect("reaped");
    }
}
