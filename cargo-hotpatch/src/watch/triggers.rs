//! Which paths an event may carry when a watched file changes, and which directories have to be watched for that.
//!
//! A file may be named through symbolic links; the events then come from the directory where the bytes are, and a link
//! that is pointed elsewhere is an event of the link's own directory:
//!
//! ```text
//! given:      app/src/lib.rs     with  app/src -> ../shared   and  shared/lib.rs -> real.rs
//! triggers:   shared/lib.rs, shared/real.rs        links: app/src, shared/lib.rs
//! watched:    shared, app, and their parents (a directory that is replaced is an event of its parent)
//! ```

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// As many links in a row as the kernel follows.
const LONGEST_CHAIN: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Triggers {
    /// From a path without symbolic links in its directory to the files, as given, that it concerns.
    files: HashMap<PathBuf, Vec<PathBuf>>,
    /// Symbolic links on the way.
    links: HashSet<PathBuf>,
    /// All directories above a trigger.
    ancestors: HashSet<PathBuf>,
    /// Existing directories to watch, and, where one does not exist, the nearest that does.
    directories: HashSet<PathBuf>,
    /// Directories, without symbolic links, all of whose content counts.
    whole: HashSet<PathBuf>,
    /// The given files themselves.
    given: HashSet<PathBuf>,
}

impl Triggers {
    /// For `files`; those that are directories stand for all that is in them, now and later.
    pub(super) fn of(files: &HashSet<PathBuf>) -> Self {
        let mut triggers = Self {
            given: files.clone(),
            ..Self::default()
        };
        let mut resolved = HashMap::new();
        for file in files {
            let mut path = file.clone();
            for _ in 0..LONGEST_CHAIN {
                let Some((directory, name)) = path.parent().zip(path.file_name()) else {
                    break;
                };
                let directory = triggers.resolve(directory, &mut resolved);
                let trigger = directory.join(name);
                triggers.watch_around(&directory);
                triggers
                    .files
                    .entry(trigger.clone())
                    .or_default()
                    .push(file.clone());
                match std::fs::read_link(&trigger) {
                    Ok(target) => {
                        triggers.links.insert(trigger);
                        path = directory.join(target);
                    }
                    Err(_) => break,
                }
            }
            if let Ok(real) = std::fs::canonicalize(file)
                && real.is_dir()
            {
                triggers.watch_inside(&real);
                triggers.whole.insert(real);
            }
        }
        triggers
    }

    /// All directories in `directory`, and itself.
    fn watch_inside(&mut self, directory: &Path) {
        let mut pending = vec![directory.to_owned()];
        while let Some(directory) = pending.pop() {
            // What is built there is no input, and there is much of it.
            if directory.join("CACHEDIR.TAG").exists() {
                continue;
            }
            self.watch_around(&directory);
            let entries = std::fs::read_dir(&directory)
                .into_iter()
                .flatten()
                .flatten();
            let directories =
                entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            pending.extend(directories.map(|entry| entry.path()));
        }
    }

    /// Whether a directory around `path` is watched for all that is in it.
    pub(super) fn is_inside(&self, path: &Path) -> bool {
        let mut whole = self.whole.iter();
        whole.any(|whole| path.starts_with(whole) && path != whole)
    }

    /// The files at `path`, or, if it is a directory, in it, where a directory around it is watched for all that is in it.
    pub(super) fn inside(&self, path: &Path) -> Vec<PathBuf> {
        if !self.is_inside(path) {
            return Vec::new();
        }
        files_below(path)
    }

    /// All files in directories all of whose content counts.
    pub(super) fn inside_whole(&self) -> Vec<PathBuf> {
        self.whole
            .iter()
            .flat_map(|whole| files_below(whole))
            .collect()
    }

    /// `directory` without symbolic links, as far as it exists; links on the way are remembered.
    fn resolve(&mut self, directory: &Path, resolved: &mut HashMap<PathBuf, PathBuf>) -> PathBuf {
        if let Some(known) = resolved.get(directory) {
            return known.clone();
        }
        let real = match std::fs::canonicalize(directory) {
            Ok(real) => real,
            Err(_) => match directory.parent().zip(directory.file_name()) {
                Some((parent, name)) => self.resolve(parent, resolved).join(name),
                None => directory.to_owned(),
            },
        };
        if real != directory {
            for link in directory
                .ancestors()
                .filter(|ancestor| ancestor.is_symlink())
            {
                let Some((parent, name)) = link.parent().zip(link.file_name()) else {
                    continue;
                };
                if let Ok(parent) = std::fs::canonicalize(parent) {
                    self.links.insert(parent.join(name));
                    self.directories.insert(parent);
                }
            }
        }
        resolved.insert(directory.to_owned(), real.clone());
        real
    }

    fn watch_around(&mut self, directory: &Path) {
        self.ancestors
            .extend(directory.ancestors().map(Path::to_owned));
        if let Some(existing) = directory.ancestors().find(|ancestor| ancestor.is_dir()) {
            self.directories
                .extend(existing.parent().map(Path::to_owned));
            self.directories.insert(existing.to_owned());
        }
    }

    /// Existing directories to watch, none of them through a symbolic link.
    pub(super) fn directories(&self) -> &HashSet<PathBuf> {
        &self.directories
    }

    /// The given files that an event at `path` concerns.
    pub(super) fn files_at(&self, path: &Path) -> Vec<PathBuf> {
        self.files.get(path).cloned().unwrap_or_default()
    }

    /// The given files that a person means by `path`: the very path, or another name of the same place.
    pub(super) fn files_named(&self, path: &Path) -> Vec<PathBuf> {
        if self.given.contains(path) {
            return vec![path.to_owned()];
        }
        let Some((directory, name)) = path.parent().zip(path.file_name()) else {
            return Vec::new();
        };
        let directory = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        let found = self.files_at(&directory.join(name));
        if !found.is_empty() {
            return found;
        }
        std::fs::canonicalize(path)
            .map(|real| self.files_at(&real))
            .unwrap_or_default()
    }

    /// Whether `path` is a symbolic link on the way to a file.
    pub(super) fn is_link(&self, path: &Path) -> bool {
        self.links.contains(path)
    }

    /// Whether files are expected somewhere below `path`.
    pub(super) fn is_directory(&self, path: &Path) -> bool {
        self.ancestors.contains(path)
    }

    /// The given files with a trigger below `path`.
    pub(super) fn files_below(&self, path: &Path) -> Vec<PathBuf> {
        self.files
            .iter()
            .filter(|(trigger, _)| trigger.starts_with(path))
            .flat_map(|(_, files)| files.iter().cloned())
            .collect()
    }
}

/// `path`, or, if it is a directory, all files in it.
fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![path.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_file() {
            files.push(path);
        } else if !path.is_symlink() && !path.join("CACHEDIR.TAG").exists() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            pending.extend(entries.map(|entry| entry.path()));
        }
    }
    files
}
