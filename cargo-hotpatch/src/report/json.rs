//! One JSON object a line, as `EVENTS.md` documents it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::stream::Stream;
use crate::codes::{self, Reason};
use crate::event::{Event, Listener};

#[derive(Serialize)]
struct Line<'a> {
    /// Milliseconds since 1970, when the line was written.
    time: u64,
    #[serde(flatten)]
    event: &'a Event,
}

/// Appends lines to a file or anything else that takes bytes.
#[derive(Debug)]
pub struct JsonLines<W = Stream> {
    output: W,
    /// A line could not be written to its end: the next one has to begin on a line of its own.
    is_torn: bool,
    /// Why the last line was lost, until somebody asks.
    trouble: Option<Reason>,
}

impl JsonLines {
    /// Appends to `path`; it is created if it does not exist. Several writers do not mix their lines up.
    ///
    /// # Errors
    /// When it cannot be opened for appending.
    pub fn open(path: &Path) -> Result<Self> {
        let output = Stream::open(path)
            .with_context(|| format!("cannot open `{}` for the events", path.display()))?;
        Ok(Self::new(output))
    }
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self {
            output,
            is_torn: false,
            trouble: None,
        }
    }
}

impl<W: Write + Send> Listener for JsonLines<W> {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::Progress { .. } | Event::Diagnostics { .. }) {
            return;
        }
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let Some(mut line) = render(event, u64::try_from(time).unwrap_or(u64::MAX)) else {
            return;
        };
        if self.is_torn {
            line.insert(0, '\n');
        }
        // One write for one line, straight to the file, so that lines of several writers do not mix. An error here (a full disk,
        // the limit of a file's size, a reader that is gone) must not stop the session.
        let written = self
            .output
            .write_all(line.as_bytes())
            .and_then(|()| self.output.flush());
        let was_torn = std::mem::replace(&mut self.is_torn, written.is_err());
        if let Err(error) = written
            && !was_torn
        {
            self.trouble = Some(Reason::new(
                &codes::BESIDE,
                format!("the file of events lacks lines from now on: {error}"),
            ));
        }
    }

    fn trouble(&mut self) -> Option<Reason> {
        self.trouble.take()
    }
}

fn render(event: &Event, time: u64) -> Option<String> {
    let mut line = serde_json::to_string(&Line { time, event })
        // The one thing that JSON has no form for: a path that is not UTF-8.
        .or_else(|_| {
            serde_json::to_string(&Line {
                time,
                event: &with_readable_paths(event),
            })
        })
        .ok()?;
    line.push('\n');
    Some(line)
}

fn with_readable_paths(event: &Event) -> Event {
    let readable = |path: &PathBuf| PathBuf::from(path.to_string_lossy().into_owned());
    match event.clone() {
        Event::Saved { files } => Event::Saved {
            files: files.iter().map(readable).collect(),
        },
        Event::SavedToo { files } => Event::SavedToo {
            files: files.iter().map(readable).collect(),
        },
        Event::Started {
            version,
            pid,
            slots,
            without_slot,
            image,
            restart,
        } => Event::Started {
            version,
            pid,
            slots,
            without_slot,
            image: readable(&image),
            restart,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Span;
    use crate::event::{
        EVENTS_VERSION, FunctionKind, FunctionReport, Outcome, OutcomeKind, ReachedFunction,
        Timings, UnreachedFunction,
    };
    use serde_json::{Value, json};

    fn every_event() -> Vec<Event> {
        let reason = Reason::new(&codes::TYPE_LAYOUT, "layout of `S` changed").at(Some(Span {
            file: "src/main.rs".into(),
            line: 3,
            column: 1,
        }));
        let function = |kind, thread: Option<&str>| FunctionReport {
            name: "app::tick".into(),
            kind,
            thread: thread.map(Into::into),
            certain: thread.map(|_| true),
        };
        vec![
            Event::Building {
                reason: Some(reason.clone()),
            },
            Event::Started {
                version: EVENTS_VERSION,
                pid: 7,
                slots: 12,
                without_slot: 1,
                image: "/t/app".into(),
                restart: false,
            },
            Event::Saved {
                files: vec!["src/main.rs".into()],
            },
            Event::Outcome(Outcome {
                outcome: OutcomeKind::Patched,
                functions: vec![
                    function(FunctionKind::Patched, None),
                    function(FunctionKind::StillRunning, Some("main")),
                ],
                reason: Some(reason.clone()),
                notes: vec!["note".into()],
                timings_ms: Timings {
                    compile: 57.5,
                    total: 84.0,
                    ..Timings::default()
                },
                patch: Some(1),
                pid: Some(7),
                way: None,
                full_because: None,
                diagnostics: None,
            }),
            Event::Reached {
                of: 1,
                functions: vec![ReachedFunction {
                    name: "app::tick".into(),
                    after_ms: 12.5,
                }],
                left: 2,
            },
            Event::NotReached {
                of: 1,
                functions: vec![UnreachedFunction {
                    name: "app::routes".into(),
                    why: None,
                }],
                reached: 1,
            },
            Event::Exited {
                pid: 7,
                status: Some(0),
                signal: None,
            },
            Event::Warning { reason },
        ]
    }

    #[test]
    fn an_outcome_has_the_documented_form() {
        let line = render(&every_event()[3], 1000).expect("it has a form");
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1);
        let found: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(
            found,
            json!({
                "time": 1000, "event": "outcome", "outcome": "patched",
                "functions": [
                    {"name": "app::tick", "kind": "patched"},
                    {"name": "app::tick", "kind": "still-running", "thread": "main", "certain": true},
                ],
                "reason": {
                    "code": "HP0101", "message": "layout of `S` changed",
                    "span": {"file": "src/main.rs", "line": 3, "column": 1},
                },
                "notes": ["note"],
                "timings_ms": {
                    "watch": 0.0, "plan": 0.0, "compile": 57.5, "diff": 0.0, "judge": 0.0, "link": 0.0, "apply": 0.0,
                    "total": 84.0,
                },
                "patch": 1, "pid": 7,
            })
        );
    }

    #[test]
    fn progress_and_diagnostics_are_not_written() {
        let mut lines = JsonLines::new(Vec::new());
        lines.event(&Event::Progress { stage: "compile" });
        lines.event(&Event::Diagnostics {
            rendered: "error".into(),
        });
        assert!(lines.output.is_empty());
    }

    #[test]
    fn lines_are_appended_and_complete_at_once() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "before\n").expect("written");
        let mut lines = JsonLines::open(file.path()).expect("it opens");
        for (count, event) in every_event().iter().enumerate() {
            lines.event(event);
            let text = std::fs::read_to_string(file.path()).expect("read");
            assert!(text.starts_with("before\n") && text.ends_with('\n'));
            assert_eq!(text.lines().count(), count + 2);
        }
        let error = JsonLines::open(Path::new("/nowhere/events")).expect_err("it cannot be");
        assert!(format!("{error:#}").contains("/nowhere/events"));
    }

    #[test]
    fn a_path_that_is_not_utf8_is_made_readable() {
        use std::os::unix::ffi::OsStrExt as _;
        let odd = PathBuf::from(std::ffi::OsStr::from_bytes(b"src/\xff.rs"));
        let line = render(&Event::Saved { files: vec![odd] }, 0).expect("it has a form");
        assert!(line.contains("src/\u{fffd}.rs"), "{line}");
    }

    #[test]
    fn a_full_disk_tears_no_later_line() {
        struct Full {
            room: usize,
            written: Vec<u8>,
        }
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                let taken = bytes.len().min(self.room);
                if taken == 0 {
                    return Err(std::io::ErrorKind::StorageFull.into());
                }
                self.room -= taken;
                self.written.extend_from_slice(&bytes[..taken]);
                Ok(taken)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut lines = JsonLines::new(Full {
            room: 10,
            written: Vec::new(),
        });
        let event = Event::Exited {
            pid: 1,
            status: None,
            signal: Some(9),
        };
        lines.event(&event);
        lines.output.room = 1000;
        lines.event(&event);
        let text = String::from_utf8(lines.output.written).expect("UTF-8");
        let last = text.lines().last().expect("a line");
        assert!(serde_json::from_str::<Value>(last).is_ok(), "{text}");
    }

    /// A FIFO that nobody reads holds the session up once, and for a moment.
    #[test]
    fn a_fifo_without_reader_loses_lines_and_says_so() {
        use std::io::Read as _;
        let room = tempfile::tempdir().expect("a temporary directory");
        let path = room.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).expect("a FIFO");
        let began = std::time::Instant::now();
        let mut lines = JsonLines::open(&path).expect("nobody has to read it yet");
        let event = Event::Saved {
            files: vec!["x".repeat(1000).into()],
        };
        for _ in 0..200 {
            lines.event(&event);
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(20));
        let trouble = lines.trouble().expect("it is said");
        assert!(trouble.message.contains("nobody reads"), "{trouble}");
        assert!(lines.trouble().is_none(), "once");
        // Somebody comes: what was taken is whole, and so is what follows.
        let mut reader = std::fs::File::open(&path).expect("it opens");
        let mut bytes = vec![0; 1 << 20];
        let taken = reader.read(&mut bytes).expect("read");
        lines.event(&event);
        let more = reader.read(&mut bytes[taken..]).expect("read");
        let text = String::from_utf8_lossy(&bytes[..taken + more]).into_owned();
        let last = text.lines().last().expect("a line");
        assert!(serde_json::from_str::<Value>(last).is_ok(), "{last}");
        assert!(text.ends_with('\n') && text.lines().count() > 40);
    }

    /// The document and the types move together: every name that can occur in a line stands in `EVENTS.md`.
    #[test]
    fn every_field_and_word_is_documented() {
        fn names(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        found.push(name.clone());
                        if matches!(name.as_str(), "event" | "outcome" | "kind")
                            && let Some(word) = value.as_str()
                        {
                            found.push(word.to_owned());
                        }
                        names(value, found);
                    }
                }
                Value::Array(values) => values.iter().for_each(|value| names(value, found)),
                _ => {}
            }
        }
        let document = include_str!("../../EVENTS.md");
        let mut found = Vec::new();
        for event in every_event() {
            let line = render(&event, 0).expect("it has a form");
            names(
                &serde_json::from_str(&line).expect("it is JSON"),
                &mut found,
            );
        }
        for kind in [
            OutcomeKind::Patched,
            OutcomeKind::Unchanged,
            OutcomeKind::Restarted,
            OutcomeKind::Refused,
            OutcomeKind::CompileError,
            OutcomeKind::Superseded,
        ] {
            found.push(
                serde_json::to_value(kind)
                    .expect("a word")
                    .as_str()
                    .expect("a string")
                    .to_owned(),
            );
        }
        for kind in [
            FunctionKind::Patched,
            FunctionKind::New,
            FunctionKind::Static,
            FunctionKind::Refreshed,
            FunctionKind::StillRunning,
        ] {
            found.push(
                serde_json::to_value(kind)
                    .expect("a word")
                    .as_str()
                    .expect("a string")
                    .to_owned(),
            );
        }
        for name in found {
            assert!(
                document.contains(&format!("`{name}`")),
                "EVENTS.md does not mention `{name}`"
            );
        }
        assert!(
            document.contains(&format!("version {EVENTS_VERSION}")),
            "EVENTS.md is of another version"
        );
    }
}
