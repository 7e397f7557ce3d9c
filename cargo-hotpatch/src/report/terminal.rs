//! For people: lines on stderr in cargo's style, and a spinner while work takes longer than a moment.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::codes::Reason;
use crate::event::{Event, Listener, OutcomeKind, ReachedFunction};
use crate::guard;
use crate::process::terminal::{StderrMode, stderr_mode};
use crate::report::text::{self, Style};

/// Work that takes longer than this is shown to be going on.
const A_MOMENT: Duration = Duration::from_millis(300);

/// Writes lines; on a terminal it has a spinner as well.
pub struct Terminal<W: Write = std::io::Stderr> {
    output: W,
    style: Style,
    mode: fn() -> StderrMode,
    spinner: Option<Spinner>,
    /// The reason of a restart that goes on, if it was given; its old process's end is then nothing to tell.
    announced: Option<Reason>,
    /// Functions of the newest patch that were called, until a line tells of them all.
    reached: Option<(u64, Vec<ReachedFunction>)>,
}

impl<W: Write> std::fmt::Debug for Terminal<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal")
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

impl Terminal {
    /// Writes to stderr.
    #[must_use]
    pub fn stderr(color: bool) -> Self {
        let spinner = (stderr_mode() != StderrMode::Pipe)
            .then(|| Spinner::new(color))
            .flatten();
        Self {
            output: std::io::stderr(),
            style: Style { color },
            mode: stderr_mode,
            spinner,
            announced: None,
            reached: None,
        }
    }
}

impl<W: Write> Terminal<W> {
    fn words(&mut self, event: &Event) -> String {
        match event {
            Event::Building { reason } => self.announced.clone_from(reason),
            Event::Exited { .. } if self.announced.is_some() => return String::new(),
            Event::Outcome(outcome) | Event::Confirmation { outcome, .. } => {
                let announced = self.announced.take();
                let is_restart = outcome.outcome == OutcomeKind::Restarted;
                if outcome.patch.is_some() {
                    self.reached = outcome.patch.map(|patch| (patch, Vec::new()));
                }
                if is_restart && announced.is_some() && outcome.reason == announced {
                    return text::restarted(outcome, self.style);
                }
            }
            Event::Reached {
                of,
                functions,
                left,
            } => {
                // One line for a patch: when all were called, or when it is said that some were not.
                if let Some((_, reached)) = self.reached.as_mut().filter(|(patch, _)| patch == of) {
                    reached.extend(functions.iter().cloned());
                    if *left > 0 {
                        return String::new();
                    }
                    return text::reached(&std::mem::take(reached), self.style);
                }
            }
            Event::NotReached { of, .. } => {
                self.reached.take_if(|(patch, _)| patch == of);
            }
            _ => {}
        }
        text::event(event, self.style)
    }

    /// Writes plain lines to `output`, as into a pipe.
    pub fn plain(output: W) -> Self {
        Self {
            output,
            style: Style { color: false },
            mode: || StderrMode::Pipe,
            spinner: None,
            announced: None,
            reached: None,
        }
    }

    fn print(&mut self, text: &str) {
        // A program that took the terminal over has switched off that a line feed returns the carriage.
        let text = if (self.mode)() == StderrMode::Raw {
            text.replace('\n', "\r\n")
        } else {
            text.to_owned()
        };
        // One write for all lines of an event, so that the program's own output does not come in between. Nobody reading
        // any more (a closed pipe) is no reason to stop.
        let _ = self
            .output
            .write_all(text.as_bytes())
            .and_then(|()| self.output.flush());
    }
}

impl<W: Write + Send> Listener for Terminal<W> {
    fn event(&mut self, event: &Event) {
        if let Some(spinner) = &self.spinner {
            match event {
                Event::Progress { stage } => spinner.show(stage),
                // What was saved is being worked on until its outcome.
                Event::Saved { .. } => spinner.show("saved"),
                // Cargo has its own progress.
                _ => spinner.hide(),
            }
        }
        let text = self.words(event);
        if !text.is_empty() {
            self.print(&text);
        }
    }
}

enum Order {
    Show(&'static str),
    Hide(Sender<()>),
}

/// Shows what is being done, from a thread of its own: work that ends within a moment is never shown.
struct Spinner {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Spinner {
    fn new(color: bool) -> Option<Self> {
        let (orders, inbox) = channel();
        let thread = guard::spawn("spinner", move || spin(&inbox, color)).ok()?;
        Some(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    fn show(&self, stage: &'static str) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Show(stage));
        }
    }

    /// Returns when the line is free.
    fn hide(&self) {
        let (done, is_done) = channel();
        if let Some(orders) = &self.orders
            && orders.send(Order::Hide(done)).is_ok()
        {
            let _ = is_done.recv();
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn spin(inbox: &Receiver<Order>, color: bool) {
    let mut bar: Option<ProgressBar> = None;
    // The stage, and when to begin showing it.
    let mut waiting: Option<(&'static str, Instant)> = None;
    loop {
        let order = match waiting {
            Some((_, due)) if bar.is_none() => {
                inbox.recv_timeout(due.saturating_duration_since(Instant::now()))
            }
            _ => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match order {
            Ok(Order::Show(stage)) => {
                if let Some(bar) = &bar {
                    bar.set_message(stage);
                } else {
                    let due = waiting.map_or_else(|| Instant::now() + A_MOMENT, |(_, due)| due);
                    waiting = Some((stage, due));
                }
            }
            Ok(Order::Hide(done)) => {
                waiting = None;
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
                let _ = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some((stage, _)) = waiting.take() {
                    bar = make_bar(stage, color);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
                return;
            }
        }
    }
}

/// `None` if the program has taken the terminal over.
fn make_bar(stage: &'static str, color: bool) -> Option<ProgressBar> {
    if stderr_mode() != StderrMode::Cooked {
        return None;
    }
    let template = if color {
        "{prefix:>12.cyan.bold} {spinner} {msg} {elapsed}"
    } else {
        "{prefix:>12} {spinner} {msg} {elapsed}"
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.set_prefix("Patching");
    bar.set_message(stage);
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(bar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Outcome, OutcomeKind, Timings};

    fn superseded() -> Event {
        Event::Outcome(Outcome {
            outcome: OutcomeKind::Superseded,
            functions: Vec::new(),
            reason: None,
            notes: Vec::new(),
            timings_ms: Timings::default(),
            patch: None,
            pid: None,
            way: None,
            full_because: None,
            diagnostics: None,
        })
    }

    #[test]
    fn a_pipe_gets_plain_lines_and_no_progress() {
        let mut terminal = Terminal::plain(Vec::new());
        terminal.event(&Event::Saved {
            files: vec!["a".into()],
        });
        terminal.event(&Event::Progress { stage: "compile" });
        terminal.event(&Event::Diagnostics {
            rendered: "\x1b[1merror\x1b[0m: no".into(),
        });
        terminal.event(&superseded());
        assert_eq!(
            String::from_utf8_lossy(&terminal.output),
            "error: no\n  Superseded by a newer save\n"
        );
    }

    #[test]
    fn a_restart_gives_its_reason_once_and_hides_the_old_process() {
        let reason = Reason::new(&crate::codes::MANIFEST, "`Cargo.toml` changed");
        let mut terminal = Terminal::plain(Vec::new());
        terminal.event(&Event::Building {
            reason: Some(reason.clone()),
        });
        terminal.event(&Event::Exited {
            pid: 1,
            status: None,
            signal: Some(15),
        });
        terminal.event(&Event::Started {
            version: 1,
            pid: 2,
            slots: 3,
            without_slot: 0,
            image: "/i".into(),
            restart: true,
        });
        let Event::Outcome(outcome) = superseded() else {
            unreachable!("it is an outcome")
        };
        terminal.event(&Event::Outcome(Outcome {
            outcome: OutcomeKind::Restarted,
            reason: Some(reason),
            pid: Some(2),
            ..outcome
        }));
        terminal.event(&Event::Exited {
            pid: 2,
            status: Some(0),
            signal: None,
        });
        assert_eq!(
            String::from_utf8_lossy(&terminal.output),
            "  Restarting because `Cargo.toml` changed [HP0601]
             hint: cargo hotpatch explain HP0601
   Restarted as process 2
      Exited process 2 in good order
"
        );
    }

    #[test]
    fn calls_of_new_code_get_one_line_for_a_patch() {
        let Event::Outcome(outcome) = superseded() else {
            unreachable!("it is an outcome")
        };
        let reached = |name: &str, after_ms, left| Event::Reached {
            of: 1,
            functions: vec![ReachedFunction {
                name: name.into(),
                after_ms,
            }],
            left,
        };
        let mut terminal = Terminal::plain(Vec::new());
        terminal.event(&Event::Outcome(Outcome {
            outcome: OutcomeKind::Unchanged,
            patch: Some(1),
            ..outcome
        }));
        terminal.output.clear();
        terminal.event(&reached("app::a", 2.0, 2));
        terminal.event(&reached("app::b", 5.0, 1));
        assert!(terminal.output.is_empty());
        terminal.event(&reached("app::c", 7.0, 0));
        let line = "     Reached app::a, app::b, app::c: called after 7 ms\n";
        assert_eq!(String::from_utf8_lossy(&terminal.output), line);
        terminal.output.clear();
        // Once it was said that something is missing, it is told at once.
        terminal.event(&Event::NotReached {
            of: 1,
            functions: Vec::new(),
            reached: 3,
        });
        terminal.event(&reached("app::d", 9000.0, 1));
        assert_eq!(
            String::from_utf8_lossy(&terminal.output),
            "     Reached app::d: called after 9.0 s\n"
        );
    }

    #[test]
    fn a_raw_terminal_gets_whole_lines() {
        let mut terminal = Terminal {
            mode: || StderrMode::Raw,
            ..Terminal::plain(Vec::new())
        };
        terminal.event(&superseded());
        assert_eq!(
            String::from_utf8_lossy(&terminal.output),
            "  Superseded by a newer save\r\n"
        );
    }

    #[test]
    fn a_closed_pipe_stops_nothing() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
        Terminal::plain(Closed).event(&superseded());
    }

    #[test]
    fn the_spinner_frees_the_line_before_it_answers() {
        let spinner = Spinner::new(false).expect("a thread");
        for _ in 0..100 {
            spinner.show("compile");
            spinner.hide();
        }
    }
}
