//! Signals that reach the tool, and what they mean while a program runs.
//!
//! The program is in the tool's process group: Ctrl-C at the terminal reaches both. `cargo run` replaces itself by the
//! program, so there the program alone decides what Ctrl-C means; here the tool waits for its decision.

use std::io::Read as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::guard;

/// Who sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The terminal: the program got it as well.
    Terminal,
    /// Another process: it went to the tool alone.
    Process,
}

/// A signal that reached the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// SIGINT, SIGTERM, SIGHUP or SIGQUIT.
    pub signal: i32,
    /// Who sent it.
    pub origin: Origin,
}

impl Received {
    fn urgency(self) -> u32 {
        match (self.signal, self.origin) {
            (libc::SIGINT, Origin::Terminal) => 1,
            _ => URGENT,
        }
    }
}

/// What the session should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the program has it in hand. If it ends now, the session ends too ([`Policy::ends_session`]).
    LeaveToProgram,
    /// Send this signal to the program.
    Forward(i32),
    /// End the program (SIGTERM, grace, SIGKILL), then the session.
    Terminate,
    /// No program runs: end the session.
    End,
}

/// Decides; no I/O.
#[derive(Debug, Default)]
pub struct Policy {
    interrupts: Vec<Instant>,
    last: Option<(i32, Instant)>,
}

/// Ctrl-C this often ...
const IMPATIENT_TIMES: usize = 3;
/// ... in this time means: end it. (Twice is what people press in a shell-like program by habit.)
const IMPATIENT: Duration = Duration::from_millis(1500);
/// A program that ends this soon after an interrupt ended because of it.
const CONSEQUENCE: Duration = Duration::from_secs(30);

impl Policy {
    /// What `received` means, with or without a program that runs.
    pub fn decide(&mut self, received: Received, program_runs: bool, now: Instant) -> Action {
        let repeated = self
            .last
            .is_some_and(|(signal, _)| signal == received.signal);
        self.last = Some((received.signal, now));
        if !program_runs {
            return Action::End;
        }
        if received.signal != libc::SIGINT {
            return Action::Terminate;
        }
        self.interrupts
            .retain(|at| now.duration_since(*at) < IMPATIENT);
        self.interrupts.push(now);
        match received.origin {
            Origin::Terminal if self.interrupts.len() >= IMPATIENT_TIMES => Action::Terminate,
            Origin::Terminal => Action::LeaveToProgram,
            Origin::Process if repeated => Action::Terminate,
            Origin::Process => Action::Forward(libc::SIGINT),
        }
    }

    /// Whether a program that ends now ended because of a signal that the user sent, so that the session ends as well.
    /// `killed_by`: the signal that ended the program, if one did.
    #[must_use]
    pub fn ends_session(&self, killed_by: Option<i32>, now: Instant) -> bool {
        match self.last {
            Some((signal, at)) => killed_by == Some(signal) || now.duration_since(at) < CONSEQUENCE,
            None => killed_by == Some(libc::SIGINT),
        }
    }
}

/// The write end of the pipe that the handler writes into; -1 before [`listen`].
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// How urgently signals have asked for an end so far: see [`Patience`].
static URGENCY: AtomicU32 = AtomicU32::new(0);
/// An interrupt at the terminal is one step; any other signal is as urgent as two of them.
const URGENT: u32 = 2;

/// A grace that somebody who does not want to wait cuts short: by another signal, or by two more interrupts at the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    until: Instant,
    urgency: u32,
}

impl Patience {
    /// From now on, for so long.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self {
            until: Instant::now() + grace,
            urgency: URGENCY.load(Ordering::Acquire),
        }
    }

    /// What is left of it.
    #[must_use]
    pub fn left(&self) -> Duration {
        let urgency = URGENCY.load(Ordering::Acquire).wrapping_sub(self.urgency);
        if urgency >= URGENT {
            return Duration::ZERO;
        }
        self.until.saturating_duration_since(Instant::now())
    }
}

const SIGNALS: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// From now on these signals do not end the tool; each is given to `on_signal`, on a thread of its own. A signal that
/// was ignored when the tool started (`nohup`) stays ignored. Programs started later get the default dispositions.
///
/// # Errors
/// When called twice in a process, or the system refuses a pipe or a handler.
pub fn listen(on_signal: impl Fn(Received) + Send + 'static) -> Result<()> {
    // A socket pair: both ends close on exec and the writing end never blocks a handler.
    let (mut reader, writer) = UnixStream::pair().context("cannot make the pipe for signals")?;
    writer
        .set_nonblocking(true)
        .context("cannot make the pipe for signals not block")?;
    let writer = OwnedFd::from(writer);
    if PIPE
        .compare_exchange(-1, writer.as_raw_fd(), Ordering::AcqRel, Ordering::Acquire)
        .is_err()
    {
        anyhow::bail!("signals are listened to already");
    }
    // Open for the rest of the process: a handler may run at any time.
    std::mem::forget(writer);
    guard::spawn("signals", move || {
        let mut message = [0_u8; 2];
        while reader.read_exact(&mut message).is_ok() {
            let origin = if message[1] == 1 {
                Origin::Terminal
            } else {
                Origin::Process
            };
            let received = Received {
                signal: i32::from(message[0]),
                origin,
            };
            URGENCY.fetch_add(received.urgency(), Ordering::AcqRel);
            on_signal(received);
        }
    })
    .context("cannot start the thread for signals")?;
    for signal in SIGNALS {
        install(signal).with_context(|| format!("cannot handle signal {signal}"))?;
    }
    survive_file_limit();
    Ok(())
}

/// A file that reaches the limit of its size (`ulimit -f`) is an error like a full disk, and no death. Programs started later get the
/// default again, since a handler does not outlive `exec`.
fn survive_file_limit() {
    extern "C" fn nothing(_signal: i32) {}
    let function: extern "C" fn(i32) = nothing;
    // SAFETY: `sigaction` is a plain C structure for which all zeroes are a valid value (no flags, empty mask).
    let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
    new.sa_sigaction = function as libc::sighandler_t;
    new.sa_flags = libc::SA_RESTART;
    // SAFETY: `new` is filled in, and its handler has the type that the flags ask for and does nothing; a null `old` is not
    // written. It can only fail for a signal that does not exist.
    unsafe { libc::sigaction(libc::SIGXFSZ, &raw const new, std::ptr::null_mut()) };
}

fn install(signal: i32) -> std::io::Result<()> {
    // SAFETY: `sigaction` is a plain C structure for which all zeroes are a valid value (no flags, empty mask, default).
    let (mut new, mut old): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
    // SAFETY: `old` is valid for a write of one structure, and a null `new` only asks.
    if unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut old) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    if old.sa_sigaction == libc::SIG_IGN {
        return Ok(());
    }
    let function: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = handler;
    new.sa_sigaction = function as libc::sighandler_t;
    new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: `new` is filled in, its mask is empty (zeroes), and `handler` has the type that SA_SIGINFO asks for and does
    // only what a signal handler may do (see there).
    if unsafe { libc::sigaction(signal, &raw const new, std::ptr::null_mut()) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

extern "C" fn handler(signal: i32, information: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: with SA_SIGINFO the kernel passes a valid structure that lives as long as the handler runs.
    let code = unsafe { (*information).si_code };
    let message = [
        u8::try_from(signal).unwrap_or(0),
        u8::from(code == libc::SI_KERNEL),
    ];
    // SAFETY: `errno` is this thread's own, and saved around the only call that could change it. `write` is
    // async-signal-safe; the descriptor stays open for ever (`listen`), and the buffer is on this stack. Two bytes go
    // into a socket whole or, when thousands of signals wait, not at all.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        libc::write(
            PIPE.load(Ordering::Acquire),
            message.as_ptr().cast(),
            message.len(),
        );
        *errno = saved;
    }
}

/// Signals that may ask a program to end.
pub const ENDING: [i32; 6] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// What people call a signal.
#[must_use]
pub fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGSYS => "SIGSYS",
        _ => "a signal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: Received = Received {
        signal: libc::SIGINT,
        origin: Origin::Terminal,
    };
    const PROCESS: Received = Received {
        signal: libc::SIGINT,
        origin: Origin::Process,
    };

    #[test]
    fn ctrl_c_is_the_programs_business_until_patience_ends() {
        let (mut policy, start) = (Policy::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(policy.decide(TERMINAL, true, at(0)), Action::LeaveToProgram);
        assert!(policy.ends_session(None, at(100)), "it ended because of it");
        assert_eq!(
            policy.decide(TERMINAL, true, at(300)),
            Action::LeaveToProgram
        );
        assert_eq!(policy.decide(TERMINAL, true, at(600)), Action::Terminate);
        let mut slow = Policy::default();
        for step in 0..10 {
            assert_eq!(
                slow.decide(TERMINAL, true, at(1000 * step)),
                Action::LeaveToProgram
            );
        }
    }

    #[test]
    fn what_the_program_did_not_get_is_forwarded_once() {
        let (mut policy, now) = (Policy::default(), Instant::now());
        assert_eq!(
            policy.decide(PROCESS, true, now),
            Action::Forward(libc::SIGINT)
        );
        assert_eq!(
            policy.decide(PROCESS, true, now + IMPATIENT),
            Action::Terminate
        );
    }

    #[test]
    fn other_signals_end_both_and_without_a_program_any_does() {
        let now = Instant::now();
        for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
            let received = Received {
                signal,
                origin: Origin::Process,
            };
            assert_eq!(
                Policy::default().decide(received, true, now),
                Action::Terminate
            );
            assert_eq!(Policy::default().decide(received, false, now), Action::End);
        }
        assert_eq!(Policy::default().decide(TERMINAL, false, now), Action::End);
    }

    #[test]
    fn a_crash_does_not_end_the_session_but_ctrl_c_does() {
        let (policy, now) = (Policy::default(), Instant::now());
        assert!(!policy.ends_session(Some(libc::SIGSEGV), now));
        assert!(!policy.ends_session(None, now));
        assert!(
            policy.ends_session(Some(libc::SIGINT), now),
            "the tool's own handler may be a moment later"
        );
    }

    /// Signals are a matter of the whole process, so a child process plays the tool.
    #[test]
    fn a_signal_is_received_with_its_origin() {
        const ROLE: &str = "HOTPATCH_TEST_RECEIVES_SIGNALS";
        if std::env::var_os(ROLE).is_some() {
            let (sender, receiver) = std::sync::mpsc::channel();
            listen(move |received| sender.send(received).expect("the test listens"))
                .expect("signals are listened to");
            assert!(listen(|_| {}).is_err(), "once a process");
            for signal in SIGNALS {
                // SAFETY: `kill` of this very process, whose handler for the signal is installed.
                assert_eq!(unsafe { libc::kill(libc::getpid(), signal) }, 0);
                let received = receiver
                    .recv_timeout(Duration::from_secs(10))
                    .expect("it is received");
                assert_eq!(
                    received,
                    Received {
                        signal,
                        origin: Origin::Process
                    }
                );
            }
            std::process::exit(42);
        }
        let mut child = std::process::Command::new(std::env::current_exe().expect("this test"));
        child
            .args([
                "--exact",
                "process::signals::tests::a_signal_is_received_with_its_origin",
            ])
            .env(ROLE, "1");
        // SAFETY: between fork and exec only `signal` is called, which is async-signal-safe.
        unsafe {
            std::os::unix::process::CommandExt::pre_exec(&mut child, || {
                // Whoever runs the tests in the background may have them ignored, and what is ignored stays ignored.
                for signal in SIGNALS {
                    libc::signal(signal, libc::SIG_DFL);
                }
                Ok(())
            });
        }
        let status = child.status().expect("it starts");
        assert_eq!(status.code(), Some(42));
    }
}
