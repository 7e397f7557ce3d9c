//! The copy of a crate's sources that the compiler is given: a directory that mirrors the paths of all files that the crate was
//! compiled from, so that modules, `#[path]`, `include!` and `include_str!` find each other as before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::slice::{self, FileOfCrate, Slice};
use super::words::Learned;
use super::{SourceFile, root_suffix};
use crate::capture::arguments::{RustcArguments, mirrored_path};
use crate::capture::record::UnitRecord;

/// Of a slice that is more than this of its crate, the compiler has more to do than of the whole shadow, which it has compiled before:
/// what the edited function can call is compiled for the first time. (The first edit of `main` of an HTTP
/// server, 0.65 of it by words: 8.3 s as a slice, 5.5 s in the whole shadow.)
const MOST: f64 = 0.5;

/// The shadow of one crate.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    /// The crate is its own tests.
    has_tests: bool,
    /// Names of `--extern` crates.
    externs: Vec<String>,
    /// Each Rust file with the content that it was made from.
    files: BTreeMap<PathBuf, Parsed>,
    /// Known derives are left out.
    without_derives: bool,
    learned: Learned,
}

/// A directory with copies.
#[derive(Debug)]
pub struct Mirror {
    directory: PathBuf,
    written: HashMap<PathBuf, String>,
}

/// What some functions can see of their crate.
#[derive(Debug)]
pub struct Sliced(Vec<Slice>);

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

impl Mirror {
    /// One below `directory`. Nothing is written yet.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            written: HashMap::new(),
        }
    }

    /// Where the copies are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn write(&mut self, path: &Path, text: String) -> Result<()> {
        if self.written.get(path) == Some(&text) {
            return Ok(());
        }
        let copy = mirrored_path(&self.directory, path);
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&copy, &text).with_context(|| format!("cannot write {}", copy.display()))?;
        self.written.insert(path.to_owned(), text);
        Ok(())
    }
}

impl Tree {
    /// A shadow of the crate that `unit` compiles. It has no files yet.
    ///
    /// # Errors
    /// When the command names no source file.
    pub fn new(unit: &UnitRecord) -> Result<Self> {
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
            root: unit.cwd.join(root),
            has_tests: unit.args.iter().any(|argument| argument == "--test"),
            externs,
            files: BTreeMap::new(),
            learned: Learned::default(),
        })
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

    /// Functions that could be edited next: one of each of the `most` files that were written last.
    #[must_use]
    pub fn samples(&self, most: usize) -> Vec<Function> {
        let written = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        let mut files: Vec<_> = self.rust_files().collect();
        files.sort_by_key(|(path, _)| std::cmp::Reverse(written(path)));
        let functions = files.into_iter().filter_map(|(_, parsed)| {
            Some(Function {
                file: parsed.resolved.clone(),
                path: parsed.file.as_ref()?.sample()?.to_owned(),
            })
        });
        functions.take(most).collect()
    }

    /// Takes note of what the compiler says of a slice that does not compile. False if it is nothing new.
    pub fn learn(&mut self, rendered: &str) -> bool {
        let before = self.learned.clone();
        self.learned.take_in(rendered);
        self.learned != before
    }

    /// What slices lacked so far.
    #[must_use]
    pub fn learned(&self) -> &Learned {
        &self.learned
    }

    /// Forgets all but this: what was learned of an edit that does not compile is nothing.
    pub fn learned_only(&mut self, learned: Learned) {
        self.learned = learned;
    }

    /// What `functions` can see of the crate. `None` if that is most of it, or cannot be told.
    #[must_use]
    pub fn slice(&self, functions: &[Function]) -> Option<Sliced> {
        let directory = self.root.parent()?;
        if self.has_tests {
            return None;
        }
        let mut files = Vec::new();
        for (path, parsed) in self.rust_files() {
            let edited = functions
                .iter()
                .filter(|function| function.file == parsed.resolved)
                .map(|function| function.path.as_str());
            files.push(FileOfCrate {
                path: path.strip_prefix(directory).unwrap_or(path),
                is_root: *path == self.root,
                file: parsed.file.as_ref()?,
                edited: edited.collect(),
            });
        }
        let (slices, share) = slice::slice(&files, &self.learned, self.without_derives);
        (share <= MOST).then_some(Sliced(slices))
    }

    fn rust_files(&self) -> impl Iterator<Item = (&PathBuf, &Parsed)> {
        let files = self.files.iter();
        files.filter(|(_, parsed)| parsed.file.is_some())
    }

    /// Writes the shadow in which the bodies of `kept` are what the source says; each has a static of its position as number. Of a
    /// slice, only what is in it. Files that stay as they were are not touched. False, and nothing is written, if one cannot be kept.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(
        &self,
        mirror: &mut Mirror,
        kept: &[Function],
        sliced: Option<&Sliced>,
    ) -> Result<bool> {
        if !kept.iter().all(|function| self.can_be_kept(function)) {
            return Ok(false);
        }
        let loaded = self.loaded();
        let mut slices = sliced.iter().flat_map(|sliced| &sliced.0);
        for (path, parsed) in &self.files {
            let Some(file) = &parsed.file else {
                link(path, &mirrored_path(&mirror.directory, path))?;
                continue;
            };
            let kept: Vec<(usize, &str)> = kept
                .iter()
                .enumerate()
                .filter(|(_, function)| function.file == parsed.resolved)
                .map(|(number, function)| (number, function.path.as_str()))
                .collect();
            let mut text = file.shadow(&kept, self.without_derives, slices.next());
            if *path == self.root {
                text.push_str(&root_suffix(&loaded));
            }
            mirror.write(path, text)?;
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
