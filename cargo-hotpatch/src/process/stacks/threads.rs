//! The threads of a process, and what the kernel says of each without stopping it.

use std::fs;
use std::io;

use anyhow::{Context as _, Result};

#[derive(Debug)]
pub(super) struct Thread {
    pub(super) id: u32,
    pub(super) name: String,
}

/// The threads that the process has now.
///
/// # Errors
/// When the process is gone.
pub(super) fn all(pid: u32) -> Result<Vec<Thread>> {
    let directory = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&directory)
        .with_context(|| format!("process {pid} is gone: cannot list `{directory}`"))?;
    let mut threads = Vec::new();
    for entry in entries.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A thread that ended since the listing holds no frame.
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else {
            continue;
        };
        threads.push(Thread {
            id,
            name: name.trim_end().to_owned(),
        });
    }
    Ok(threads)
}

/// What a thread does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It runs, or would if a processor were free, or the kernel does not tell.
    Runs,
    /// It waits in the kernel: for a system call, for a page, or because it was stopped.
    Waits(Waiting),
    /// It is gone.
    Ended,
}

/// A thread that waits, and two of its registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) stack_pointer: u64,
    pub(super) program_counter: u64,
    /// For a system call, and not for a page or because it was stopped.
    pub(super) is_in_call: bool,
    /// How often it has begun to wait. If that is the same later, it has not run in between.
    times: u64,
}

/// Asks the kernel. Two equal answers that say [`Doing::Waits`] mean that the thread has not run between them: to wait here
/// again after it ran, it would have had to begin to wait once more.
pub(super) fn doing(pid: u32, thread: u32) -> Doing {
    let directory = format!("/proc/{pid}/task/{thread}");
    // The count is read before the registers by whoever asks first, and after them by whoever asks again: both are.
    let times = || {
        let status = fs::read_to_string(format!("{directory}/status")).ok()?;
        times_waited(&status)
    };
    let before = times();
    let (stack_pointer, program_counter, is_in_call) =
        match fs::read_to_string(format!("{directory}/syscall")) {
            Ok(text) => match parse_syscall(&text) {
                Some(registers) => registers,
                None => return Doing::Runs,
            },
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    || error.raw_os_error() == Some(libc::ESRCH) =>
            {
                return Doing::Ended;
            }
            Err(_) => return Doing::Runs,
        };
    match (before, times()) {
        (Some(before), Some(after)) if before == after => Doing::Waits(Waiting {
            stack_pointer,
            program_counter,
            is_in_call,
            times: before,
        }),
        _ => Doing::Runs,
    }
}

/// `running`, or `<number> <six arguments> <stack pointer> <program counter>`, or `-1 <stack pointer> <program counter>`.
fn parse_syscall(text: &str) -> Option<(u64, u64, bool)> {
    let mut fields = text.split_ascii_whitespace().rev();
    let mut hexadecimal = || u64::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok();
    let program_counter = hexadecimal()?;
    let stack_pointer = hexadecimal()?;
    Some((stack_pointer, program_counter, !text.starts_with('-')))
}

/// From the thread's `status`: how often it gave up its processor because it had to wait.
fn times_waited(status: &str) -> Option<u64> {
    let line = |line: &str| {
        line.strip_prefix("voluntary_ctxt_switches:")?
            .trim()
            .parse()
            .ok()
    };
    status.lines().find_map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_understood() {
        assert_eq!(
            parse_syscall("0 0x0 0x7f 0x1 0x0 0x0 0x0 0x7ffd10 0x7f0a1\n"),
            Some((0x7f_fd10, 0x7_f0a1, true))
        );
        assert_eq!(
            parse_syscall("-1 0x7ffd10 0x7f0a1\n"),
            Some((0x7f_fd10, 0x7_f0a1, false))
        );
        assert!(parse_syscall("running\n").is_none());
        assert!(parse_syscall("").is_none());
        let status = "Name:\ta\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n";
        assert_eq!(times_waited(status), Some(17));
        assert_eq!(times_waited("nonvoluntary_ctxt_switches:\t4\n"), None);
    }

    #[test]
    fn a_thread_that_is_gone_has_ended() {
        assert_eq!(doing(std::process::id(), u32::MAX), Doing::Ended);
    }
}
