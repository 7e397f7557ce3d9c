//! What is written by one role and read by another, versioned: the recorded compiler command of a unit
//! ([`UnitRecord`], written by the wrapper) and the recorded link ([`LinkRecord`], written by the linker shim).

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Version of every record in this module. Part of the record directory's name, so that a changed tool never reads
/// old records: cargo hashes the wrapper's path, and the wrapper lives in that directory.
pub const RECORD_VERSION: u32 = 2;

/// Names a unit: crate name + cargo's `-C extra-filename`, e.g. `helper-9dbf875cdaaee4dd`.
pub type UnitKey = String;

/// One `rustc` invocation for a workspace member, as cargo asked for it and as it was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRecord {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// Crate name + extra filename.
    pub key: UnitKey,
    /// `--crate-name`.
    pub crate_name: String,
    /// `--crate-type`s.
    pub crate_types: Vec<String>,
    /// True when this unit is a binary or example whose link is provisioned.
    pub is_executable: bool,
    /// The compiler that was run (behind any wrapper of the user's own).
    pub rustc: OsString,
    /// A `RUSTC_WORKSPACE_WRAPPER` of the user's own, which is called in front of `rustc`.
    pub user_wrapper: Option<OsString>,
    /// The arguments as they were run, our own flags included, without the program's name.
    pub args: Vec<OsString>,
    /// The whole environment, without jobserver variables.
    pub env: Vec<(OsString, OsString)>,
    /// The working directory.
    pub cwd: PathBuf,
    /// `--out-dir`.
    pub out_dir: PathBuf,
    /// The dep-info file that this unit writes.
    pub dep_info: PathBuf,
    /// The package's directory (`CARGO_MANIFEST_DIR`).
    pub manifest_dir: PathBuf,
    /// `-C opt-level`, `"0"` when absent.
    pub opt_level: String,
    /// cargo's incremental directory for this unit, if it asked for one.
    pub incremental: Option<PathBuf>,
    /// `--extern NAME=PATH` pairs (without flags such as `priv:`), for the graph of units.
    pub externs: Vec<(String, PathBuf)>,
    /// What the wrapper had to change in the profile, to be said to the user: `lto`, `strip`, `debuginfo`, `split-debuginfo`.
    pub overridden: Vec<String>,
    /// What the compiler left, of a library whose file has no hash in its name: cargo has the same name, and the same
    /// fingerprint, for a build without the tool.
    #[serde(default)]
    pub written: Option<FileStamp>,
}

/// Tells one file from another that takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    inode: u64,
    bytes: u64,
    /// When its content was written: seconds and nanoseconds.
    modified: (i64, i64),
}

impl FileStamp {
    /// Of the file at `path`; `None` if there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: data.ino(),
            bytes: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
        })
    }
}

impl UnitRecord {
    /// The library's file.
    #[must_use]
    pub fn library(&self) -> PathBuf {
        self.out_dir.join(format!("lib{}.rlib", self.key))
    }

    /// True for a library whose file has no hash in its name: cargo has it for `cdylib` and `dylib`.
    #[must_use]
    pub fn is_without_hash(&self) -> bool {
        self.key == self.crate_name && self.crate_types.iter().any(|kind| kind != "bin")
    }
}

/// An original (not rewritten) object of a workspace unit, as the compiler wrote it: a file, or a member of an rlib.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The unit it belongs to.
    pub unit: UnitKey,
    /// The codegen unit's name: the middle of `<unit>.<cgu>.<invocation>.rcgu.o`. Stable over rebuilds, where the
    /// last part is random.
    pub cgu: String,
    /// The object's id: 8 hex digits, from [`object_id`]. Local thunks and bodies carry it in their names.
    pub id: String,
    /// The file that holds the bytes: a private copy or hard link in the record directory.
    pub path: PathBuf,
    /// Where in the file the object begins.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// One provisioned link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// The executable's unit.
    pub unit: UnitKey,
    /// The provisioned image (a private hard link; cargo's own file may be replaced at any time).
    pub image: PathBuf,
    /// The linker that was run, and its arguments.
    pub linker: OsString,
    /// See `linker`.
    pub args: Vec<OsString>,
    /// Every original object of every workspace unit in this link.
    pub objects: Vec<ObjectRef>,
    /// Every other object and archive of the link, in link order: dependencies, std, native static libraries.
    pub libraries: Vec<PathBuf>,
    /// Every dynamic library of the link that lies in a directory of its arguments, with a hash of what it held.
    #[serde(default)]
    pub shared: Vec<(PathBuf, String)>,
    /// Functions of workspace objects that got no thunk, by symbol name, because they are naked or otherwise not movable
    /// (functions of `core`/`alloc`/`std` without a workspace type are not listed).
    pub without_slot: Vec<String>,
    /// See [`SlotPolicy::all_instances`](crate::table::policy::SlotPolicy::all_instances).
    pub all_instances: bool,
}

/// The id of an object, from what stays the same over rebuilds.
#[must_use]
pub fn object_id(unit: &str, cgu: &str) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(unit.as_bytes());
    hash.update(&[0]);
    hash.update(cgu.as_bytes());
    hash.finalize().to_hex()[..8].to_owned()
}

/// `<unit>.<cgu>.<invocation>.rcgu.o` (or without the invocation, as older compilers write it) to (unit, cgu).
/// `None` for any other file name, such as rustc's `symbols.o` or `lib.rmeta`.
#[must_use]
pub fn parse_object_name(name: &str) -> Option<(&str, &str)> {
    let stem = name.strip_suffix(".rcgu.o")?;
    let (unit, rest) = stem.split_once('.')?;
    // Without incremental compilation a codegen unit is called `<crate>.<hash>-cgu.<number>`.
    let length = match rest.split_once("-cgu.") {
        Some((crate_and_hash, number)) => {
            crate_and_hash.len() + "-cgu.".len() + number.find('.').unwrap_or(number.len())
        }
        None => rest.find('.').unwrap_or(rest.len()),
    };
    let cgu = &rest[..length];
    (!unit.is_empty() && !cgu.is_empty()).then_some((unit, cgu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_taken_apart() {
        assert_eq!(
            parse_object_name("ws-ba66.089a901k4vwv.1jsi4ts.rcgu.o"),
            Some(("ws-ba66", "089a901k4vwv"))
        );
        assert_eq!(
            parse_object_name("ws-ba66.089a.rcgu.o"),
            Some(("ws-ba66", "089a"))
        );
        assert_eq!(
            parse_object_name("ws-ba66.ws.3b7f65fa48c62bf4-cgu.12.rcgu.o"),
            Some(("ws-ba66", "ws.3b7f65fa48c62bf4-cgu.12"))
        );
        assert_eq!(
            parse_object_name("ws-ba66.ws.3b7f65fa48c62bf4-cgu.0.1jsi4ts.rcgu.o"),
            Some(("ws-ba66", "ws.3b7f65fa48c62bf4-cgu.0"))
        );
        assert_eq!(parse_object_name("symbols.o"), None);
        assert_eq!(parse_object_name("lib.rmeta"), None);
    }
}
