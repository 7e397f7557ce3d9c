//! The metadata of the workspace's libraries, as replays read it: cargo's own until a replay publishes a newer one.
//!
//! It always lies at the same path, also before anything was published: where a crate's files lie is part of what rustc
//! compares, and from another path it would generate all code of all dependents again. There is always an rlib (which a
//! compiler that makes an executable insists on) and an rmeta, since cargo has both too: of several files that hold the
//! same crate rustc takes the last one it finds, of each kind, and that has to be ours before and after a publication.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};

use super::directory::RecordDir;
use super::record::{UnitKey, UnitRecord};
use super::replay::{extract_metadata, write_metadata_archive};

/// More sessions at a time in one target directory than anybody has.
const MOST_SESSIONS: usize = 64;

const RLIB: &str = "rlib";
const RMETA: &str = "rmeta";
const KINDS: [&str; 2] = [RLIB, RMETA];

/// The metadata that replays read.
#[derive(Debug)]
pub struct Published {
    slot: usize,
    directory: PathBuf,
    /// Where the files are that are being replaced.
    saved: PathBuf,
    keys: BTreeSet<UnitKey>,
    replaced: BTreeSet<UnitKey>,
    /// Held as long as this lives.
    _lock: fs::File,
}

impl Published {
    /// Takes a directory that no other session uses, and fills it with what cargo made of the libraries of `units`.
    ///
    /// # Errors
    /// When the directory cannot be made, or a library is not where cargo wrote it.
    pub fn open(directory: &RecordDir, units: &[UnitRecord]) -> Result<Self> {
        let replay = directory.path().join("replay");
        fs::create_dir_all(&replay)
            .with_context(|| format!("cannot create {}", replay.display()))?;
        let (slot, lock) = take_slot(&replay)?;
        let published = Self {
            slot,
            directory: replay.join(format!("published-{slot}")),
            saved: replay.join(format!("saved-{slot}")),
            keys: units
                .iter()
                .filter(|unit| is_library(unit))
                .map(|unit| unit.key.clone())
                .collect(),
            replaced: BTreeSet::new(),
            _lock: lock,
        };
        for place in [&published.directory, &published.saved] {
            let _ = fs::remove_dir_all(place);
            fs::create_dir_all(place)
                .with_context(|| format!("cannot create {}", place.display()))?;
        }
        for unit in units.iter().filter(|unit| is_library(unit)) {
            for kind in KINDS {
                let from = unit.out_dir.join(file_name(&unit.key, kind));
                let to = published.directory.join(file_name(&unit.key, kind));
                if kind == RMETA && !from.is_file() {
                    // A library of further types, such as `cdylib`, is compiled without metadata of its own.
                    let archive = unit.out_dir.join(file_name(&unit.key, RLIB));
                    extract_metadata(&archive, &to)?;
                    continue;
                }
                // A copy where the two are on different file systems.
                fs::hard_link(&from, &to)
                    .or_else(|_| fs::copy(&from, &to).map(drop))
                    .with_context(|| {
                        format!("cannot copy {} to {}", from.display(), to.display())
                    })?;
            }
        }
        Ok(published)
    }

    /// A number that no other session has which uses the same record directory now.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Where replays find it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file for one unit, if it is a library of this build.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<PathBuf> {
        self.keys
            .contains(key)
            .then(|| self.directory.join(file_name(key, RLIB)))
    }

    /// Puts aside what is there for `keys`, to be replaced.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn begin(&mut self, keys: impl Iterator<Item = UnitKey>) -> Result<()> {
        for key in keys.filter(|key| self.keys.contains(key)) {
            // Noted first: `restore` then brings back what was moved, should the rest fail.
            self.replaced.insert(key.clone());
            for kind in KINDS {
                let name = file_name(&key, kind);
                move_file(&self.directory.join(&name), &self.saved.join(&name))?;
            }
        }
        Ok(())
    }

    /// Writes the metadata of one unit that [`Published::begin`] named.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn write(&self, key: &str, metadata: &Path) -> Result<()> {
        let rmeta = self.directory.join(file_name(key, RMETA));
        fs::hard_link(metadata, &rmeta)
            .or_else(|_| fs::copy(metadata, &rmeta).map(drop))
            .with_context(|| {
                format!("cannot copy {} to {}", metadata.display(), rmeta.display())
            })?;
        write_metadata_archive(metadata, &self.directory.join(file_name(key, RLIB)))
    }

    /// What was written since [`Published::begin`] is valid from now on.
    pub fn keep(&mut self) {
        for key in std::mem::take(&mut self.replaced) {
            for kind in KINDS {
                // Overwritten the next time in any case.
                let _ = fs::remove_file(self.saved.join(file_name(&key, kind)));
            }
        }
    }

    /// Brings back what was there before [`Published::begin`].
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn restore(&mut self) -> Result<()> {
        while let Some(key) = self.replaced.last().cloned() {
            for kind in KINDS {
                let name = file_name(&key, kind);
                let saved = self.saved.join(&name);
                // Not moved by a `begin` that failed half-way, or moved back by a `restore` that did.
                if saved.exists() {
                    move_file(&saved, &self.directory.join(&name))?;
                }
            }
            self.replaced.remove(&key);
        }
        Ok(())
    }
}

fn move_file(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

fn is_library(unit: &UnitRecord) -> bool {
    unit.crate_types
        .iter()
        .any(|kind| kind == "lib" || kind == "rlib")
}

fn file_name(key: &str, kind: &str) -> String {
    format!("lib{key}.{kind}")
}

/// The first number that no other session holds, and its lock. Mostly 0, so that one session after another finds the
/// paths of the one before.
fn take_slot(replay: &Path) -> Result<(usize, fs::File)> {
    for slot in 0..MOST_SESSIONS {
        let path = replay.join(format!("session-{slot}.lock"));
        let file =
            fs::File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok((slot, file)),
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
    bail!(
        "{MOST_SESSIONS} sessions hold a directory in {}",
        replay.display()
    )
}
