//! The terminal's settings: a program that is ended in the middle of a full-screen display leaves it raw.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};

/// The settings as they were when the session began.
#[derive(Debug)]
pub struct TerminalState {
    terminal: File,
    settings: Termios,
}

impl TerminalState {
    /// `None` where there is no terminal.
    #[must_use]
    pub fn save() -> Option<Self> {
        let terminal = File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .ok()?;
        let settings = tcgetattr(&terminal).ok()?;
        Some(Self { terminal, settings })
    }

    /// Puts the settings back if they are different: before a restart, and at the end. When they had to be put back, the
    /// program had no time to leave its display either, so the screen, the cursor and the mouse are put right as well.
    pub fn restore(&self) {
        let Ok(now) = tcgetattr(&self.terminal) else {
            return;
        };
        let is_same = now.local_modes == self.settings.local_modes
            && now.input_modes == self.settings.input_modes
            && now.output_modes == self.settings.output_modes
            && now.control_modes == self.settings.control_modes;
        if is_same || !self.is_in_foreground() {
            return;
        }
        let was_cooked = self.settings.local_modes.contains(LocalModes::ICANON);
        if was_cooked
            && !now.local_modes.contains(LocalModes::ICANON)
            && std::io::stdout().is_terminal()
        {
            // Mouse reports, bracketed paste and the alternate screen off; the cursor and plain letters on.
            let reset = b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m";
            let _ = (&self.terminal).write_all(reset);
        }
        let _ = tcsetattr(&self.terminal, OptionalActions::Drain, &self.settings);
    }

    /// A process in the background that sets the terminal is stopped by the kernel.
    fn is_in_foreground(&self) -> bool {
        rustix::termios::tcgetpgrp(&self.terminal)
            .is_ok_and(|foreground| foreground == rustix::process::getpgrp())
    }
}

/// How lines have to be written to stderr while the program may have changed the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StderrMode {
    /// Not a terminal.
    Pipe,
    /// A terminal as a shell leaves it.
    Cooked,
    /// A terminal that a program has taken over: `\n` does not return the carriage, and a spinner would be in the way.
    Raw,
}

/// The mode at this moment.
#[must_use]
pub fn stderr_mode() -> StderrMode {
    match tcgetattr(std::io::stderr()) {
        Err(_) => StderrMode::Pipe,
        Ok(settings) if settings.output_modes.contains(OutputModes::OPOST) => StderrMode::Cooked,
        Ok(_) => StderrMode::Raw,
    }
}
