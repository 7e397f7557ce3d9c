//! [`Project`]: a copy of a test project in a folder of its own, and the ways in which editors save.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::running::Running;
use crate::support::{deadline, projects_dir, scrubbed_command};

/// How an editor writes a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SaveMode {
    /// Truncated and written.
    #[default]
    InPlace,
    /// A new file beside it, renamed over it.
    Atomic,
    /// Deleted, and created again.
    Recreate,
}

/// One change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Relative to the project.
    pub(crate) file: String,
    /// What happens to it.
    pub(crate) change: Change,
}

impl Edit {
    /// One replacement.
    pub(crate) fn replace(file: &str, from: &str, to: &str) -> Self {
        Self {
            file: file.to_owned(),
            change: Change::Replace(from.to_owned(), to.to_owned()),
        }
    }
}

/// What happens to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The text, which must stand exactly once below the directives, becomes another.
    Replace(String, String),
    /// The text is added at the end.
    Append(String),
    /// The text is added at the beginning (below the directives).
    Prepend(String),
    /// The file becomes a copy of another file of the project.
    CopyOf(String),
    /// The file is written with this content.
    Write(String),
    /// The file goes away.
    Delete,
}

/// A project in a temporary folder of its own.
pub(crate) struct Project {
    root: PathBuf,
    /// Deletes the folder, unless it is to be kept.
    _temporary: Option<tempfile::TempDir>,
}

impl Project {
    /// A fresh copy of `test-projects/NAME`.
    pub(crate) fn copy_of(name: &str) -> Result<Self> {
        let project = Self::empty(name)?;
        copy_tree(&projects_dir().join(name), &project.root)?;
        Ok(project)
    }

    /// A new folder.
    fn empty(name: &str) -> Result<Self> {
        let temporary = tempfile::Builder::new()
            .prefix(&format!("hotpatch-{name}-"))
            .tempdir()
            .context("cannot make a temporary folder")?;
        // The kernel reports real paths; so do we.
        let root = temporary
            .path()
            .canonicalize()
            .context("cannot resolve the temporary folder")?;
        let temporary = if std::env::var_os("HOTPATCH_KEEP").is_some() {
            let kept = temporary.keep();
            eprintln!("kept: {}", kept.display());
            None
        } else {
            Some(temporary)
        };
        Ok(Self {
            root,
            _temporary: temporary,
        })
    }

    /// A project of these files: path and text.
    pub(crate) fn with_files(name: &str, files: &[(&str, &str)]) -> Result<Self> {
        let project = Self::empty(name)?;
        for (file, text) in files {
            write_as_editor(&project.path(file), Some(text), SaveMode::InPlace)
                .with_context(|| format!("cannot write `{file}`"))?;
        }
        Ok(project)
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file of the project.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        let path = self.path(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
    }

    /// Makes all the changes as one save: first every new content is worked out, then the files are written at once.
    pub(crate) fn save(&self, edits: &[Edit], mode: SaveMode) -> Result<()> {
        let mut contents: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for edit in edits {
            let current = match contents.get(&*edit.file) {
                Some(content) => content.clone(),
                None => fs::read_to_string(self.path(&edit.file)).ok(),
            };
            let new = changed(current.as_deref(), edit, self)
                .with_context(|| format!("cannot edit `{}`", edit.file))?;
            contents.insert(&edit.file, new);
        }
        for (file, content) in contents {
            let path = self.path(file);
            write_as_editor(&path, content.as_deref(), mode)
                .with_context(|| format!("cannot save `{}`", path.display()))?;
        }
        Ok(())
    }

    /// Saves in place, and waits until the session has seen it: it is at work then.
    pub(crate) fn begin_save(&self, session: &Running, edits: &[Edit]) -> Result<()> {
        let mark = session.mark();
        self.save(edits, SaveMode::InPlace)?;
        session.wait_for_event(mark, "the save", deadline(), |event| {
            event.kind() == "saved"
        })?;
        Ok(())
    }

    /// One replacement as one save in place.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) -> Result<()> {
        self.save(&[Edit::replace(file, from, to)], SaveMode::InPlace)
    }

    /// Plain cargo in the project's folder.
    pub(crate) fn cargo(&self) -> Command {
        scrubbed_command("cargo", &self.root)
    }
}

/// Where the text below the directives begins.
fn body_start(text: &str) -> usize {
    let mut start = 0;
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        position += line.len();
        if line.starts_with("//@") {
            start = position;
        }
    }
    start
}

fn changed(current: Option<&str>, edit: &Edit, project: &Project) -> Result<Option<String>> {
    let existing = || current.ok_or_else(|| anyhow!("the file does not exist or is not text"));
    Ok(match &edit.change {
        Change::Replace(from, to) => {
            let text = existing()?;
            let (head, body) = text.split_at(body_start(text));
            let count = body.matches(from.as_str()).count();
            ensure!(
                count == 1,
                "the text {from:?} must stand there once, and stands there {count} times"
            );
            Some(format!("{head}{}", body.replacen(from.as_str(), to, 1)))
        }
        Change::Append(text) => Some(format!("{}{text}", existing()?)),
        Change::Prepend(text) => {
            let current = existing()?;
            let (head, body) = current.split_at(body_start(current));
            Some(format!("{head}{text}{body}"))
        }
        Change::CopyOf(source) => Some(project.read(source)?),
        Change::Write(text) => Some(text.clone()),
        Change::Delete => {
            existing()?;
            None
        }
    })
}

fn write_as_editor(path: &Path, content: Option<&str>, mode: SaveMode) -> std::io::Result<()> {
    let Some(content) = content else {
        return fs::remove_file(path);
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match mode {
        SaveMode::InPlace => fs::write(path, content),
        SaveMode::Atomic => {
            let mut name = OsString::from(".");
            name.push(path.file_name().unwrap_or_default());
            name.push(".swp");
            let beside = path.with_file_name(name);
            fs::write(&beside, content)?;
            fs::rename(beside, path)
        }
        SaveMode::Recreate => {
            fs::remove_file(path)?;
            fs::write(path, content)
        }
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let entries =
        fs::read_dir(from).with_context(|| format!("cannot list `{}`", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list `{}`", from.display()))?;
        let name = entry.file_name();
        // Left by somebody who built the project where it is.
        if name == "target" {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if source.is_dir() {
            fs::create_dir_all(&target)
                .with_context(|| format!("cannot create `{}`", target.display()))?;
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target)
                .with_context(|| format!("cannot copy `{}`", source.display()))?;
        }
    }
    Ok(())
}
