//! What a session leaves when it is killed: its program, which runs on. A note in the record directory tells the next one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::tree::Process;
use crate::capture::directory::{read_json, write_json};

/// The directory of the notes, in the record directory.
const NOTES: &str = "running";

/// A program that a session has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The program's process, and when it started.
    program: (u32, u64),
    /// The same of the tool.
    tool: (u32, u64),
    /// What runs.
    executable: PathBuf,
}

/// Takes the note away when the program has ended, or is ended.
#[derive(Debug)]
pub struct Noted {
    file: PathBuf,
}

impl Noted {
    /// Notes that this process has started `program`.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn new(record_directory: &Path, program: u32, executable: &Path) -> Result<Option<Self>> {
        let of = |pid| Process::find(pid).map(|process| (pid, process.started()));
        let (Some(tool), Some(program)) = (of(std::process::id()), of(program)) else {
            // It has ended already.
            return Ok(None);
        };
        let note = Note {
            program,
            tool,
            executable: executable.to_owned(),
        };
        let file = record_directory
            .join(NOTES)
            .join(format!("{}.json", program.0));
        write_json(&file, &note)?;
        Ok(Some(Self { file }))
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        // As it is with the program: it outlives a defect of the tool.
        if !std::thread::panicking() {
            let _ = fs::remove_file(&self.file);
        }
    }
}

/// A program whose session was killed, and that still runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its process.
    pub pid: u32,
    /// What it runs.
    pub executable: PathBuf,
}

/// The programs that earlier sessions have left. Notes of what has ended are removed.
#[must_use]
pub fn find(record_directory: &Path) -> Vec<Left> {
    let lives = |(pid, started): (u32, u64)| {
        Process::find(pid)
            .is_some_and(|process| process.started() == started && process.is_running())
    };
    let entries = fs::read_dir(record_directory.join(NOTES));
    let mut left = Vec::new();
    for path in entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        let Ok(Some(note)) = read_json::<Note>(&path) else {
            continue;
        };
        if !lives(note.program) {
            let _ = fs::remove_file(&path);
        } else if !lives(note.tool) {
            left.push(Left {
                pid: note.program.0,
                executable: note.executable,
            });
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_without_its_session_is_left() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let own = std::process::id();
        let noted = Noted::new(room.path(), own, Path::new("/x/app")).expect("written");
        assert!(find(room.path()).is_empty(), "its session lives");
        let file = room.path().join("running").join(format!("{own}.json"));
        let mut note: Note = read_json(&file).expect("read").expect("there");
        note.tool = (1, u64::MAX);
        write_json(&file, &note).expect("written");
        let left = find(room.path());
        assert_eq!(left.len(), 1);
        assert_eq!(
            (left[0].pid, left[0].executable.as_path()),
            (own, Path::new("/x/app"))
        );
        note.program.1 += 1;
        write_json(&file, &note).expect("written");
        assert!(find(room.path()).is_empty(), "a later process with this id");
        assert!(!file.exists());
        drop(noted);
    }
}
