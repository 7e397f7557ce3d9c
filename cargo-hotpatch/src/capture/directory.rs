//! The record directory: `<target dir>/hotpatch/<RECORD_VERSION>-<nonce>/`.
//!
//! ```text
//! wrapper/cargo-hotpatch    link to this executable: the RUSTC_WORKSPACE_WRAPPER. Cargo hashes its *path* into the
//!                           members' artifact names, so it is the same for every build and every session
//! linker/<name>             link to this executable, named like the linker it stands in for, since rustc infers
//!                           from the name how a linker wants its arguments
//! units/<key>.json          one UnitRecord each, written by the wrapper
//! links/<key>/              one provisioned link each, written by the linker shim
//! contents/<name>.json      what each unit, and each run of a build script, was made from, by content
//! last-build/<key>.json     what the last session built of one executable, and from which sources
//! explained/<key>.json      what the last save or check made of each function that differed
//! replay/<key>/             what the replays of one unit leave
//! incremental/              for units that cargo gave no incremental directory
//! artifacts/                cargo's final artifacts, which would otherwise replace the user's
//! ```
//!
//! The nonce is made with the directory. Whoever deletes the directory deletes what the next build would have been
//! read from, and gets a new path: cargo then compiles the members again, through the wrapper.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::record::{LinkRecord, RECORD_VERSION, UnitRecord};

/// The name of the wrapper and of a linker that stands in for rustc's default.
pub const WRAPPER_NAME: &str = "cargo-hotpatch";
/// The stand-in for rustc's default linker: a name from which rustc infers nothing.
pub const DEFAULT_LINKER_NAME: &str = "cargo-hotpatch-linker";
/// The directory below the target directory that holds all record directories.
pub const ROOT_NAME: &str = "hotpatch";

/// An open record directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDir {
    path: PathBuf,
}

impl RecordDir {
    /// Opens the record directory of `target_dir`, and makes it if there is none for this [`RECORD_VERSION`].
    ///
    /// Safe against other processes that do the same at the same time: all get the same directory.
    ///
    /// # Errors
    /// When the directory cannot be made or this executable's own path cannot be found.
    pub fn open(target_dir: &Path) -> Result<Self> {
        let executable =
            std::env::current_exe().context("cannot find the path of this executable")?;
        Self::open_for(target_dir, &executable)
    }

    /// [`RecordDir::open`] for another executable than this one (tests).
    ///
    /// # Errors
    /// See [`RecordDir::open`].
    pub fn open_for(target_dir: &Path, executable: &Path) -> Result<Self> {
        let root = target_dir.join(ROOT_NAME);
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot resolve {}", root.display()))?;
        let lock_path = root.join("lock");
        let lock = fs::File::create(&lock_path)
            .with_context(|| format!("cannot create {}", lock_path.display()))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
            .with_context(|| format!("cannot lock {}", lock_path.display()))?;
        let path = match find_existing(&root)? {
            Some(path) => path,
            None => create(&root)?,
        };
        let directory = Self { path };
        point_link(&directory.wrapper(), executable)?;
        Ok(directory)
    }

    /// The record directory of `target_dir`, if there is one for this [`RECORD_VERSION`].
    ///
    /// # Errors
    /// When there is one that cannot be looked into.
    pub fn find(target_dir: &Path) -> Result<Option<Self>> {
        let Ok(root) = target_dir.join(ROOT_NAME).canonicalize() else {
            return Ok(None);
        };
        Ok(find_existing(&root)?.map(|path| Self { path }))
    }

    /// The directory with this path, as the wrapper's environment names it. Nothing is made or checked.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// False if somebody has removed it, as `cargo clean` does.
    #[must_use]
    pub fn is_there(&self) -> bool {
        // Made last, and removed with all the rest.
        fs::symlink_metadata(self.wrapper()).is_ok()
    }

    /// Where it is: absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The `RUSTC_WORKSPACE_WRAPPER`.
    #[must_use]
    pub fn wrapper(&self) -> PathBuf {
        self.path.join("wrapper").join(WRAPPER_NAME)
    }

    /// Cargo's final artifacts.
    #[must_use]
    pub fn artifacts(&self) -> PathBuf {
        self.path.join("artifacts")
    }

    /// The incremental directory for units that cargo gave none.
    #[must_use]
    pub fn incremental(&self) -> PathBuf {
        self.path.join("incremental")
    }

    /// The record of one unit.
    #[must_use]
    pub fn unit(&self, key: &str) -> PathBuf {
        self.path.join("units").join(format!("{key}.json"))
    }

    /// What the linker shim keeps of one link.
    #[must_use]
    pub fn link(&self, key: &str) -> PathBuf {
        self.path.join("links").join(key)
    }

    /// The record of one link.
    #[must_use]
    pub fn link_record(&self, key: &str) -> PathBuf {
        self.link(key).join("link.json")
    }

    /// What the replays of one unit leave.
    #[must_use]
    pub fn replay(&self, key: &str) -> PathBuf {
        self.path.join("replay").join(key)
    }

    /// Makes sure that there is a stand-in for `real_linker` (rustc's default if `None`), and returns its path.
    ///
    /// # Errors
    /// When the link cannot be made.
    pub fn linker_for(&self, real_linker: Option<&Path>, executable: &Path) -> Result<PathBuf> {
        let name = real_linker
            .and_then(Path::file_name)
            .unwrap_or(DEFAULT_LINKER_NAME.as_ref());
        let link = self.path.join("linker").join(name);
        point_link(&link, executable)?;
        Ok(link)
    }

    /// Writes one unit's record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_unit(&self, record: &UnitRecord) -> Result<()> {
        write_json(&self.unit(&record.key), record)
    }

    /// Writes one unit's record again. Its time stays that of the first, which is when the compiler was started.
    ///
    /// # Errors
    /// When there is none yet, or the file cannot be written.
    pub fn rewrite_unit(&self, record: &UnitRecord) -> Result<()> {
        let path = self.unit(&record.key);
        let began = fs::metadata(&path)
            .and_then(|data| data.modified())
            .with_context(|| format!("cannot read {}", path.display()))?;
        self.write_unit(record)?;
        fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_modified(began))
            .with_context(|| format!("cannot date {}", path.display()))
    }

    /// Reads one unit's record; `None` when there is none (or one of another version).
    ///
    /// # Errors
    /// When the file is there but cannot be read or understood.
    pub fn read_unit(&self, key: &str) -> Result<Option<UnitRecord>> {
        let record: Option<UnitRecord> = read_json(&self.unit(key))?;
        Ok(record.filter(|record| record.version == RECORD_VERSION))
    }

    /// Reads one link's record; `None` when there is none, or its image is gone.
    ///
    /// # Errors
    /// When the file is there but cannot be read or understood.
    pub fn read_link(&self, key: &str) -> Result<Option<LinkRecord>> {
        let record: Option<LinkRecord> = read_json(&self.link_record(key))?;
        Ok(record.filter(|record| record.version == RECORD_VERSION && record.image.is_file()))
    }
}

/// The first complete directory of this version, in the order of names so that everybody finds the same.
fn find_existing(root: &Path) -> Result<Option<PathBuf>> {
    let prefix = format!("{RECORD_VERSION}-");
    let mut found = Vec::new();
    for entry in fs::read_dir(root).with_context(|| format!("cannot list {}", root.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", root.display()))?;
        let complete = entry.path().join("wrapper").is_dir();
        if complete
            && entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(&prefix))
        {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found.into_iter().next())
}

/// Makes a new directory. The caller holds the root's lock.
fn create(root: &Path) -> Result<PathBuf> {
    // Unique among the directories that ever were at this place is enough; nobody has to be unable to guess it.
    let mut hash = blake3::Hasher::new();
    hash.update(&std::process::id().to_le_bytes());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    hash.update(&now.as_nanos().to_le_bytes());
    let nonce = &hash.finalize().to_hex()[..12];
    let path = root.join(format!("{RECORD_VERSION}-{nonce}"));
    // `wrapper` last: its presence says that the rest is there.
    for name in ["units", "links", "replay", "linker", "wrapper"] {
        let directory = path.join(name);
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
    }
    Ok(path)
}

/// Makes `link` a symbolic link to `executable`, at one instant, unless it is one already.
fn point_link(link: &Path, executable: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|target| target == executable) {
        return Ok(());
    }
    let Some(parent) = link.parent() else {
        bail!("{} has no parent directory", link.display())
    };
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let temporary = temporary_beside(link);
    let _ = fs::remove_file(&temporary);
    symlink(executable, &temporary)
        .with_context(|| format!("cannot create {}", temporary.display()))?;
    fs::rename(&temporary, link).with_context(|| format!("cannot replace {}", link.display()))
}

/// A name in the same directory that no other process uses at the same time.
fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

/// Writes `value` so that a reader sees the old file or the new one, never half of it.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let bytes =
        serde_json::to_vec(value).with_context(|| format!("cannot encode {}", path.display()))?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let temporary = temporary_beside(path);
    fs::write(&temporary, bytes)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    fs::rename(&temporary, path).with_context(|| format!("cannot replace {}", path.display()))
}

/// Reads what [`write_json`] wrote; `None` when there is no such file.
///
/// # Errors
/// When the file is there but cannot be read or understood.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).with_context(|| {
            format!(
                "{} is not a record of version {RECORD_VERSION}",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn opening_twice_gives_one_directory_and_deleting_gives_another() -> TestResult {
        let target = tempfile::tempdir()?;
        let first = RecordDir::open_for(target.path(), Path::new("/usr/bin/one"))?;
        let second = RecordDir::open_for(target.path(), Path::new("/usr/bin/two"))?;
        assert_eq!(first, second);
        assert_eq!(fs::read_link(first.wrapper())?, Path::new("/usr/bin/two"));
        fs::remove_dir_all(first.path())?;
        let third = RecordDir::open_for(target.path(), Path::new("/usr/bin/two"))?;
        assert_ne!(first, third);
        Ok(())
    }

    #[test]
    fn concurrent_openers_agree() -> TestResult {
        let target = tempfile::tempdir()?;
        let opened: Vec<RecordDir> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| RecordDir::open_for(target.path(), Path::new("/usr/bin/tool")))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic").expect("opens"))
                .collect()
        });
        assert!(opened.windows(2).all(|pair| pair[0] == pair[1]));
        Ok(())
    }

    #[test]
    fn arguments_and_environment_survive_bytes_that_are_not_utf8() -> TestResult {
        let target = tempfile::tempdir()?;
        let directory = RecordDir::open_for(target.path(), Path::new("/usr/bin/tool"))?;
        let odd = std::ffi::OsString::from_vec(vec![b'a', 0xff, b'\n', b'"']);
        let record = UnitRecord {
            version: RECORD_VERSION,
            key: "k-1".into(),
            crate_name: "k".into(),
            crate_types: vec!["lib".into()],
            is_executable: false,
            rustc: "rustc".into(),
            user_wrapper: None,
            args: vec![odd.clone()],
            env: vec![("NAME".into(), odd)],
            cwd: "/w".into(),
            out_dir: "/out".into(),
            dep_info: "/out/k-1.d".into(),
            manifest_dir: "/m".into(),
            opt_level: "0".into(),
            incremental: None,
            externs: vec![],
            overridden: vec![],
            written: None,
        };
        directory.write_unit(&record)?;
        assert_eq!(directory.read_unit("k-1")?, Some(record.clone()));
        let time = |directory: &RecordDir| fs::metadata(directory.unit("k-1"))?.modified();
        let began = time(&directory)?;
        std::thread::sleep(std::time::Duration::from_millis(20));
        let record = UnitRecord {
            opt_level: "1".into(),
            ..record
        };
        directory.rewrite_unit(&record)?;
        assert_eq!(directory.read_unit("k-1")?, Some(record));
        assert_eq!(time(&directory)?, began);
        assert_eq!(directory.read_unit("k-2")?, None);
        Ok(())
    }

    #[test]
    fn linkers_keep_their_names() -> TestResult {
        let target = tempfile::tempdir()?;
        let directory = RecordDir::open_for(target.path(), Path::new("/usr/bin/tool"))?;
        let tool = Path::new("/usr/bin/tool");
        let clang = directory.linker_for(Some(Path::new("/opt/bin/clang")), tool)?;
        assert!(clang.ends_with("linker/clang"));
        assert!(
            directory
                .linker_for(None, tool)?
                .ends_with(Path::new("linker").join(DEFAULT_LINKER_NAME))
        );
        Ok(())
    }
}
