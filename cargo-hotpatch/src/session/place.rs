//! The directory of a session: its socket, and the files of its patches.
//!
//! It goes with the session. One whose session was killed stays until the next session of this user begins: which sessions
//! live is told by a lock that the kernel takes back from whoever ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

const PREFIX: &str = "cargo-hotpatch-";
/// Locked while the session lives. A directory without it is not yet, or not at all, a session's.
const LOCK: &str = "session.lock";

/// A directory of this session's own; dropping it removes it.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    _lock: File,
}

impl Place {
    /// Makes the directory among those of other sessions, and removes what dead ones left there.
    ///
    /// # Errors
    /// When it cannot be made. What cannot be removed stays.
    pub(super) fn new(among: &Path) -> Result<Self> {
        remove_dead(among);
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(among)
            .context("cannot make a directory for the session")?;
        // Locked before it has its name: nobody ever finds it there without its lock.
        let unfinished = directory.path().join("session.new");
        let lock = File::create(&unfinished)
            .with_context(|| format!("cannot create `{}`", unfinished.display()))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .with_context(|| format!("cannot lock `{}`", unfinished.display()))?;
        fs::rename(&unfinished, directory.path().join(LOCK))
            .with_context(|| format!("cannot rename `{}`", unfinished.display()))?;
        Ok(Self {
            directory,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes the patch files of a process that has ended. One that was forked off and lives on keeps its mappings, and loses
    /// names in backtraces.
    pub(super) fn remove_patches(&self) {
        let entries = fs::read_dir(self.path()).into_iter().flatten().flatten();
        for entry in entries {
            if is_patch(&entry.file_name()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_patch(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("patch-") && name.ends_with(".elf"))
}

fn remove_dead(among: &Path) {
    let user = rustix::process::getuid().as_raw();
    for entry in fs::read_dir(among).into_iter().flatten().flatten() {
        let is_named_so = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_own = is_named_so
            && fs::symlink_metadata(entry.path())
                .is_ok_and(|found| found.is_dir() && found.uid() == user);
        if is_own && is_dead(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_dead(directory: &Path) -> bool {
    let Ok(lock) = File::open(directory.join(LOCK)) else {
        return false;
    };
    flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_session_left_is_removed_and_nothing_else() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let living = Place::new(room.path()).expect("a place");
        let dead = room.path().join("cargo-hotpatch-dead");
        let foreign = room.path().join("cargo-hotpatch-foreign");
        let other = room.path().join("other");
        for directory in [&dead, &foreign, &other] {
            fs::create_dir(directory).expect("created");
            fs::write(directory.join("patch-0.elf"), "x").expect("written");
        }
        for directory in [&dead, &other] {
            fs::write(directory.join(LOCK), "").expect("written");
        }
        let newer = Place::new(room.path()).expect("another place");
        assert!(!dead.exists(), "nobody holds its lock");
        assert!(foreign.exists(), "it is no session's");
        assert!(other.exists(), "it has another name");
        assert!(living.path().exists());
        let path = newer.path().to_owned();
        drop(newer);
        assert!(!path.exists(), "it goes with its session");
        assert!(living.path().join(LOCK).exists());
    }

    #[test]
    fn patches_go_and_the_rest_stays() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let place = Place::new(room.path()).expect("a place");
        for name in ["patch-0.elf", "patch-783.elf", "stub.socket"] {
            fs::write(place.path().join(name), "x").expect("written");
        }
        place.remove_patches();
        let mut left: Vec<_> = fs::read_dir(place.path())
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        left.sort();
        assert_eq!(left, [LOCK, "stub.socket"]);
    }
}
