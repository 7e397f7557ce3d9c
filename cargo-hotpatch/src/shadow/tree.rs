//! The copy of a crate's sources that the compiler is given: a directory that mirrors the paths of all files that the crate was
//! compiled from, so that modules, `#[path]`, `include!` and `include_str!` find each other as before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::{SourceFile, root_suffix};
use crate::capture::arguments::{RustcArguments, mirrored_path};
use crate::capture::record::UnitRecord;

/// The shadow of one crate.
#[derive(Debug)]
pub struct Tree {
    directory: PathBuf,
    root: PathBuf,
    /// Names of `--extern` crates.
    externs: Vec<String>,
    /// Each Rust file with the content that it was made from.
    files: BTreeMap<PathBuf, Parsed>,
    /// Known derives are left out.
    without_derives: bool,
    /// What was written.
    written: HashMap<PathBuf, String>,
}

/// A function of the source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Function {
    /// The file that it stands in, resolved.
    pub file: PathBuf,
    /// As in [`crate::source::EditedFunction::path`].
    pub path: String,
}

#[derive(Debug)]
struct Parsed {
    content: Arc<[u8]>,
    /// The path without links.
    resolved: PathBuf,
    /// `None` for what is not text.
    file: Option<SourceFile>,
}

impl Tree {
    /// A shadow below `directory` of the crate that `unit` compiles. Nothing is written yet.
    ///
    /// # Errors
    /// When the command names no source file.
    pub fn new(directory: &Path, unit: &UnitRecord) -> Result<Self> {
        let arguments = RustcArguments::parse(&unit.args);
        let Some(root) = arguments.root_file() else {
            bail!("the compiler of {} was given no source file", unit.key)
        };
        let mut externs: Vec<String> = unit.externs.iter().map(|(name, _)| name.clone()).collect();
        externs.sort();
        externs.dedup();
        Ok(Self {
            // The headers name it.
            without_derives: externs.iter().any(|name| name == "serde"),
            directory: directory.to_owned(),
            root: unit.cwd.join(root),
            externs,
            files: BTreeMap::new(),
            written: HashMap::new(),
        })
    }

    /// Where the copies are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Has all derives written out from now on. False if they were already.
    pub fn keep_derives(&mut self) -> bool {
        std::mem::take(&mut self.without_derives)
    }

    /// Takes note of what the files of the crate hold now. Only files with another content are read again.
    pub fn set_files(&mut self, files: impl IntoIterator<Item = (PathBuf, Arc<[u8]>)>) {
        let mut known = std::mem::take(&mut self.files);
        for (path, content) in files {
            let parsed = match known.remove(&path) {
                Some(parsed) if parsed.content == content => parsed,
                _ => {
                    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
                    let text = std::str::from_utf8(&content).ok().filter(|_| is_rust);
                    let file = text.map(|text| SourceFile::new(text.to_owned()));
                    Parsed {
                        content,
                        resolved: path.canonicalize().unwrap_or_else(|_| path.clone()),
                        file,
                    }
                }
            };
            self.files.insert(path, parsed);
        }
    }

    /// True if there is this function, and it can be compiled in a shadow.
    #[must_use]
    pub fn can_be_kept(&self, function: &Function) -> bool {
        self.files.values().any(|parsed| {
            parsed.resolved == function.file
                && parsed
                    .file
                    .as_ref()
                    .is_some_and(|file| file.can_be_kept(&function.path))
        })
    }

    /// Writes the shadow in which the bodies of `kept` are what the source says; each has a static of its position as number.
    /// Files that stay as they were are not touched. False, and nothing is written, if one of them cannot be kept.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&mut self, kept: &[Function]) -> Result<bool> {
        if !kept.iter().all(|function| self.can_be_kept(function)) {
            return Ok(false);
        }
        let loaded = self.loaded();
        let mut texts: Vec<(PathBuf, String)> = Vec::new();
        for (path, parsed) in &self.files {
            let Some(file) = &parsed.file else {
                link(path, &mirrored_path(&self.directory, path))?;
                continue;
            };
            let kept: Vec<(usize, &str)> = kept
                .iter()
                .enumerate()
                .filter(|(_, function)| function.file == parsed.resolved)
                .map(|(number, function)| (number, function.path.as_str()))
                .collect();
            let mut text = file.shadow(&kept, self.without_derives);
            if *path == self.root {
                text.push_str(&root_suffix(&loaded));
            }
            texts.push((path.clone(), text));
        }
        for (path, text) in texts {
            if self.written.get(&path) == Some(&text) {
                continue;
            }
            let copy = mirrored_path(&self.directory, &path);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent)
                    .with_context(|| format!("cannot create {}", parent.display()))?;
            }
            fs::write(&copy, &text).with_context(|| format!("cannot write {}", copy.display()))?;
            self.written.insert(path, text);
        }
        Ok(true)
    }

    /// Crates of the command line that some file names.
    fn loaded(&self) -> Vec<String> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words: BTreeSet<&str> = self
            .files
            .values()
            .filter_map(|parsed| parsed.file.as_ref())
            .flat_map(|file| file.text().split(|c| !is_word(c)))
            .collect();
        self.externs
            .iter()
            .filter(|name| words.contains(name.as_str()))
            .cloned()
            .collect()
    }
}

/// A file that is not Rust is read where it is.
fn link(original: &Path, copy: &Path) -> Result<()> {
    if fs::read_link(copy).is_ok_and(|target| target == original) {
        return Ok(());
    }
    if let Some(parent) = copy.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    match fs::remove_file(copy) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot remove {}", copy.display()));
        }
    }
    std::os::unix::fs::symlink(original, copy)
        .with_context(|| format!("cannot link {}", copy.display()))
}
