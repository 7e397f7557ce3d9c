//! The directory of a session: its socket, and the files of its patches.
//!
//! It goes with the session. One whose session was killed stays until the next session of this user begins: which sessions
//! live is told by a lock that the kernel takes back from whoever ends.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, StatVfsMountFlags, flock, statvfs};
use tempfile::TempDir;

use crate::client;

const PREFIX: &str = "cargo-hotpatch-";
/// Locked while the session lives. A directory without it is not yet, or not at all, a session's.
const LOCK: &str = "session.lock";

/// A directory of this session's own; dropping it removes it.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    lock: File,
}

impl Place {
    /// Makes the directory in the first of these that will do, and removes what dead sessions left there. It will do if it can be written
    /// to, and if the program can map what lies there as code: many systems mount their temporary directories without that. Where
    /// little space is left it will do if there is no other.
    ///
    /// # Errors
    /// When none will do; each says why.
    pub(super) fn new(among: &[PathBuf]) -> Result<Self> {
        let (roomy, cramped): (Vec<&PathBuf>, Vec<&PathBuf>) =
            among.iter().partition(|room| !is_cramped(room));
        let mut failures = Vec::new();
        for room in roomy.into_iter().chain(cramped) {
            match Self::new_in(room) {
                Ok(place) => return Ok(place),
                Err(error) => failures.push(format!("{error:#}")),
            }
        }
        bail!(
            "there is no directory for the files of a session: {}",
            failures.join("; ")
        )
    }

    fn new_in(room: &Path) -> Result<Self> {
        let flags = statvfs(room)
            .with_context(|| format!("cannot look at `{}`", room.display()))?
            .f_flag;
        if flags.contains(StatVfsMountFlags::NOEXEC) {
            bail!("`{}` is mounted `noexec`", room.display());
        }
        remove_dead(room);
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(room)
            .with_context(|| format!("cannot make a directory in `{}`", room.display()))?;
        let lock = lock(directory.path())?;
        Ok(Self { directory, lock })
    }

    /// Makes the directory anew, under the same path, if somebody has removed it: a cleaner of old files, say. True if it was gone.
    ///
    /// # Errors
    /// When it cannot be made, or somebody else has put something there.
    pub(super) fn restore(&mut self) -> Result<bool> {
        let path = self.directory.path();
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() && found.uid() == own_user() => return Ok(false),
            Ok(_) => bail!("`{}` is not this session's any more", path.display()),
            Err(_) => {}
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make `{}` again", path.display()))?;
        self.lock = lock(path)?;
        Ok(true)
    }

    /// Whether so little space is left that another directory might be better.
    pub(super) fn is_cramped(&self) -> bool {
        is_cramped(self.path())
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

/// Locks a directory for as long as the file is open, that is, as this process lives.
fn lock(directory: &Path) -> Result<File> {
    // Locked before it has its name: nobody ever finds it there without its lock.
    let unfinished = directory.join("session.new");
    let lock = File::create(&unfinished)
        .with_context(|| format!("cannot create `{}`", unfinished.display()))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)
        .with_context(|| format!("cannot lock `{}`", unfinished.display()))?;
    fs::rename(&unfinished, directory.join(LOCK))
        .with_context(|| format!("cannot rename `{}`", unfinished.display()))?;
    Ok(lock)
}

/// Where sessions may have their directories, best first: what the user asked for, what the system has, and what a build can be written
/// to in any case.
pub(super) fn rooms(record_directory: &Path) -> Vec<PathBuf> {
    let mut rooms = vec![std::env::temp_dir()];
    rooms.extend(client::short_directories());
    rooms.push(record_directory.to_owned());
    rooms
}

/// Some hundred patches of a usual size, or few large ones.
const LITTLE: u64 = 8 << 20;

fn is_cramped(room: &Path) -> bool {
    statvfs(room).is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) < LITTLE)
}

fn own_user() -> u32 {
    rustix::process::getuid().as_raw()
}

fn remove_dead(among: &Path) {
    let user = own_user();
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
        let living = Place::new_in(room.path()).expect("a place");
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
        let newer = Place::new_in(room.path()).expect("another place");
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
        let place = Place::new_in(room.path()).expect("a place");
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

    #[test]
    fn the_first_room_that_will_do_is_taken() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let missing = room.path().join("missing");
        let rooms = [missing.clone(), room.path().to_owned()];
        let place = Place::new(&rooms).expect("a place");
        assert_eq!(place.path().parent(), Some(room.path()));
        let error = Place::new(&[missing]).expect_err("there is none");
        assert!(error.to_string().contains("missing"), "{error}");
    }

    #[test]
    fn a_directory_that_was_removed_is_made_again() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let mut place = Place::new_in(room.path()).expect("a place");
        assert!(!place.restore().expect("nothing is to do"));
        let path = place.path().to_owned();
        fs::remove_dir_all(&path).expect("removed");
        assert!(place.restore().expect("it is made"));
        assert!(path.join(LOCK).exists() && !is_dead(&path));
        fs::remove_dir_all(&path).expect("removed");
        fs::write(&path, "in the way").expect("written");
        place.restore().expect_err("it is somebody else's");
    }
}
