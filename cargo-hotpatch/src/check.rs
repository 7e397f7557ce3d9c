//! `cargo hotpatch check`: what a save would come to, without applying anything.
//!
//! A running session answers over the socket that `save` uses ([`crate::save`]): it plans, compiles, compares, judges and links
//! with the files as they are on disk, against the program that runs, and throws the result away. Without a session the
//! comparison is with the last build that one has made ([`last_build`]).

pub mod last_build;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::codes::Reason;
use crate::event::{FunctionReport, Timings};
use crate::options::{CheckOptions, exit_code};
use crate::report::check as words;
use crate::report::text::{self, Style};
use crate::save::{self, CheckAnswer};

/// The version of the JSON form, in every report.
pub const CHECK_VERSION: u32 = 1;

/// What a save would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// The running program would get the new code.
    Patch,
    /// Nothing that the program does would be different (line numbers may be).
    Unchanged,
    /// The program would be rebuilt and started again.
    Restart,
    /// The source does not compile.
    CompileError,
}

impl CheckKind {
    /// What `check` exits with.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Patch | Self::Unchanged => exit_code::OK,
            Self::Restart => exit_code::RESTARTED,
            Self::CompileError => exit_code::COMPILE_ERROR,
        }
    }
}

/// What the files were compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The program that runs.
    Program,
    /// The last build that a session has made; no session runs.
    LastBuild,
}

/// The answer. Its JSON form is documented in `EVENTS.md`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// [`CHECK_VERSION`].
    pub version: u32,
    /// Which of the four.
    pub check: CheckKind,
    /// What the files were compared with.
    pub against: Against,
    /// The files that differ, relative to the workspace where they are inside of it. Bytes that are not UTF-8 are replaced.
    pub files: Vec<String>,
    /// The functions that would be concerned.
    pub functions: Vec<FunctionReport>,
    /// Why, for a restart: all that is known, the most telling first.
    pub reasons: Vec<Reason>,
    /// Further remarks.
    pub notes: Vec<String>,
    /// What the compiler said, rendered.
    pub diagnostics: Vec<String>,
    /// How long it took; `watch` and `apply` are always 0.
    pub timings_ms: Timings,
    /// The program's process.
    pub pid: Option<u32>,
}

impl CheckReport {
    /// A report that says nothing but this.
    #[must_use]
    pub fn new(check: CheckKind, against: Against) -> Self {
        Self {
            version: CHECK_VERSION,
            check,
            against,
            files: Vec::new(),
            functions: Vec::new(),
            reasons: Vec::new(),
            notes: Vec::new(),
            diagnostics: Vec::new(),
            timings_ms: Timings::default(),
            pid: None,
        }
    }

    /// A restart for these reasons.
    #[must_use]
    pub fn restart(reasons: Vec<Reason>, against: Against) -> Self {
        Self {
            reasons,
            ..Self::new(CheckKind::Restart, against)
        }
    }
}

/// The content of a file as an editor holds it, before it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsaved {
    /// Absolute.
    pub path: PathBuf,
    /// All of it.
    pub content: Vec<u8>,
}

/// Asks, prints the answer, and returns the exit code.
#[must_use]
pub fn main(options: &CheckOptions) -> u8 {
    match ask(options) {
        Ok(answers) => {
            for answer in &answers {
                // Whoever reads it may have closed the pipe; the exit code tells all the same.
                if options.json && !answer.report.is_null() {
                    let _ = writeln!(std::io::stdout().lock(), "{}", answer.report);
                } else {
                    let _ = std::io::stderr().lock().write_all(answer.text.as_bytes());
                }
            }
            answers
                .iter()
                .map(|answer| answer.exit_code)
                .max_by_key(|code| save::gravity(*code))
                .unwrap_or(exit_code::OK)
        }
        Err(error) => {
            text::print_error(&error, options.color);
            if error.is::<last_build::NothingBuilt>() {
                exit_code::NO_SESSION
            } else {
                exit_code::FAILURE
            }
        }
    }
}

fn ask(options: &CheckOptions) -> Result<Vec<CheckAnswer>> {
    let unsaved = options.stdin_file.as_ref().map(|path| -> Result<_> {
        let mut content = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut content)
            .context("cannot read standard input")?;
        Ok(Unsaved {
            path: path.clone(),
            content,
        })
    });
    let unsaved = unsaved.transpose()?;
    if let Some(answers) = save::ask_to_check(options, unsaved.as_ref())? {
        return Ok(answers);
    }
    let report = last_build::check(options, unsaved.as_ref())?;
    Ok(vec![CheckAnswer {
        exit_code: report.check.exit_code(),
        text: words::report(
            &report,
            Style {
                color: options.color,
            },
        ),
        report: serde_json::to_value(&report).context("cannot write the answer as JSON")?,
    }])
}
