//! What the units of a build were compiled from, by content.
//!
//! Cargo goes by modification times: a file that is older than the last build counts as built, whatever it holds now (`mv`,
//! `cp -p`, another branch). The session goes by content. So what each unit was compiled from is kept in
//! `contents/<name>.json`, and before and after each build the files are compared with it:
//!
//! - A unit with an input that holds something else is made stale for cargo, which then compiles it. The user's files are left
//!   alone: what cargo itself noted of the unit's inputs is removed, which is in the build directory.
//! - An input belongs to what was compiled if its inode did not change (`st_ctime`, which a rename sets as well) after the
//!   compiler was started. When that was is the modification time of the *marker*: the record that the wrapper writes, or
//!   a file that cargo dates back to the start.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::directory::{RecordDir, read_json, write_json};

/// A time stamp that is not older than this when it is read may not show the last change: the kernel's clock has ticks.
const TICK: u128 = 20_000_000;
/// How far above its outputs a unit's profile directory lies, at most.
const DEEPEST_OUTPUT: usize = 4;

/// Something that cargo made: a compiled unit, or what a build script left when it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Product {
    /// Unique among all products: the unit's key, or the name of the build script's directory.
    pub name: String,
    /// Where it was written to.
    pub out_dir: PathBuf,
    /// The file whose modification time says when it was begun.
    pub marker: PathBuf,
    /// All files that it was made from.
    pub files: BTreeSet<PathBuf>,
    /// Directories whose whole content counts.
    pub directories: BTreeSet<PathBuf>,
}

/// One product, and what its inputs held when it was made.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    product: Product,
    /// The marker's time, in nanoseconds.
    began: u128,
    /// When the files were looked at.
    looked: u128,
    files: HashMap<PathBuf, Content>,
}

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Content {
    /// It changed while the product was made, so nobody knows which content was read.
    Unknown,
    /// There was none.
    Missing,
    /// It had this content.
    File { stamp: Stamp, hash: String },
}

/// What is the same for as long as nobody touches a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: u128,
    changed: u128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            device: data.dev(),
            inode: data.ino(),
            length: data.size(),
            modified: nanoseconds(data.mtime(), data.mtime_nsec()),
            changed: nanoseconds(data.ctime(), data.ctime_nsec()),
        })
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> u128 {
    u128::from(u64::try_from(seconds).unwrap_or(0)) * 1_000_000_000
        + u128::from(u64::try_from(rest).unwrap_or(0))
}

/// What a comparison has shown.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Products that cargo believes to be fresh, and that were made from something else, or from nobody knows what.
    pub stale: Vec<Product>,
    /// Of every other input of the products, the hash of what it held when it was read, which it holds still.
    pub contents: HashMap<PathBuf, blake3::Hash>,
}

/// Compares everything that was ever kept with what the files hold now: what is stale before cargo is asked.
pub(super) fn stale_of_all(directory: &RecordDir) -> Vec<Product> {
    let kept = fs::read_dir(root(directory))
        .into_iter()
        .flatten()
        .flatten();
    kept.filter_map(|entry| {
        let kept: Kept = read_json(&entry.path()).ok().flatten()?;
        if modified(&kept.product.marker) != Some(kept.began) {
            // Made anew since, or gone: what was kept says nothing.
            return None;
        }
        (!kept.is_current(&mut HashMap::new())).then_some(kept.product)
    })
    .collect()
}

/// Compares what a build has left, of which the `products` are all that count, with what their inputs hold now. What is known
/// then is kept.
///
/// # Errors
/// When it cannot be kept.
pub(super) fn compare(directory: &RecordDir, products: Vec<Product>) -> Result<Compared> {
    let mut compared = Compared::default();
    for product in products {
        let Some(began) = modified(&product.marker) else {
            compared.stale.push(product);
            continue;
        };
        let path = root(directory).join(format!("{}.json", product.name));
        // One that is not understood is an older tool's.
        let kept: Option<Kept> = read_json(&path).ok().flatten();
        if let Some(kept) = kept.filter(|kept| kept.began == began && kept.product == product) {
            if !kept.is_current(&mut compared.contents) {
                compared.stale.push(product);
            }
            continue;
        }
        let kept = Kept::new(product, began);
        write_json(&path, &kept)?;
        if kept.is_known(&mut compared.contents) {
            continue;
        }
        compared.stale.push(kept.product);
    }
    Ok(compared)
}

impl Kept {
    fn new(product: Product, began: u128) -> Self {
        let looked = now();
        let files = product.all_files().into_iter().map(|path| {
            let content = match Stamp::of(&path) {
                None => Content::Missing,
                Some(stamp) if stamp.changed > began => Content::Unknown,
                Some(stamp) => match hash_of(&path) {
                    // Not changed while it was read.
                    Some(hash) if Stamp::of(&path) == Some(stamp) => Content::File {
                        stamp,
                        hash: hash.to_hex().to_string(),
                    },
                    _ => Content::Unknown,
                },
            };
            (path, content)
        });
        Self {
            files: files.collect(),
            began,
            looked,
            product,
        }
    }

    /// Whether it is known of all inputs what was read.
    fn is_known(&self, contents: &mut HashMap<PathBuf, blake3::Hash>) -> bool {
        let mut is_known = true;
        for (path, content) in &self.files {
            match content {
                Content::Unknown => is_known = false,
                Content::Missing => {}
                Content::File { hash, .. } => note(contents, path, hash),
            }
        }
        is_known
    }

    /// Whether all inputs hold what was read.
    fn is_current(&self, contents: &mut HashMap<PathBuf, blake3::Hash>) -> bool {
        let now = self.product.all_files();
        let mut is_current = now.len() == self.files.len();
        for path in &now {
            let is_same = match (self.files.get(path), Stamp::of(path)) {
                (Some(Content::Missing), None) => true,
                (Some(Content::File { stamp, hash }), Some(found)) => {
                    let is_untouched = *stamp == found && found.changed + TICK < self.looked;
                    let is_same = is_untouched
                        || hash_of(path).is_some_and(|found| found.to_hex().as_str() == hash);
                    if is_same {
                        note(contents, path, hash);
                    }
                    is_same
                }
                _ => false,
            };
            is_current &= is_same;
        }
        is_current
    }
}

fn note(contents: &mut HashMap<PathBuf, blake3::Hash>, path: &Path, hash: &str) {
    if let Ok(hash) = blake3::Hash::from_hex(hash) {
        contents.insert(path.to_owned(), hash);
    }
}

impl Product {
    /// With what the directories hold now.
    fn all_files(&self) -> BTreeSet<PathBuf> {
        let mut files = self.files.clone();
        let mut pending: Vec<PathBuf> = self.directories.iter().cloned().collect();
        while let Some(directory) = pending.pop() {
            // A target directory, say: what is built is no input.
            if directory.join("CACHEDIR.TAG").exists() {
                continue;
            }
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => pending.push(entry.path()),
                    Ok(_) => drop(files.insert(entry.path())),
                    Err(_) => {}
                }
            }
        }
        files
    }

    /// Makes cargo make it again, and all that depends on it: removes what cargo's check begins with, or, where that is not found,
    /// what was made. (Emptying the hash of a fingerprint would not do: dependents would stay fresh.)
    ///
    /// # Errors
    /// When a file is there and cannot be removed.
    pub(super) fn make_stale(&self) -> Result<()> {
        let read: Vec<PathBuf> = fingerprints(&self.out_dir, &self.name)
            .iter()
            .flat_map(|directory| starting_with(directory, "dep-"))
            .collect();
        if !read.is_empty() {
            return read.iter().try_for_each(|path| remove(path));
        }
        let outputs = [
            // Of a build script that ran.
            self.out_dir.join("output"),
            self.out_dir.join(&self.name),
            self.out_dir.join(format!("lib{}.rlib", self.name)),
            self.out_dir.join(format!("lib{}.so", self.name)),
        ];
        outputs.iter().try_for_each(|path| remove(path))?;
        for directory in fingerprints(&self.out_dir, &self.name) {
            let hashes = starting_with(&directory, "run-build-script-");
            hashes.iter().try_for_each(|path| remove(path))?;
        }
        Ok(())
    }

    /// When it was begun; `None` if it is not there.
    pub(super) fn began(&self) -> Option<u128> {
        modified(&self.marker)
    }
}

/// Where cargo keeps fingerprints of a unit: `<profile>/.fingerprint/<package>-<hash>`, where the outputs carry the same hash.
fn fingerprints(out_dir: &Path, name: &str) -> Vec<PathBuf> {
    let Some((_, hash)) = name.rsplit_once('-') else {
        return Vec::new();
    };
    let end = format!("-{hash}");
    let above = out_dir.ancestors().take(DEEPEST_OUTPUT);
    let Some(all) = above
        .map(|above| above.join(".fingerprint"))
        .find(|path| path.is_dir())
    else {
        return Vec::new();
    };
    let entries = fs::read_dir(all).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(&end))
        .map(|entry| entry.path())
        .collect()
}

/// The file that cargo dates back to when it started the compiler of a unit that does not come through the wrapper; `fallback`
/// where there is none.
pub(super) fn marker_of_cargo(out_dir: &Path, name: &str, fallback: PathBuf) -> PathBuf {
    fingerprints(out_dir, name)
        .iter()
        .flat_map(|directory| starting_with(directory, "dep-"))
        .next()
        .unwrap_or(fallback)
}

fn starting_with(directory: &Path, start: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(start))
        .map(|entry| entry.path())
        .collect()
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error)
            .with_context(|| format!("cannot remove {} to have it built again", path.display())),
        _ => Ok(()),
    }
}

fn root(directory: &RecordDir) -> PathBuf {
    directory.path().join("contents")
}

fn modified(path: &Path) -> Option<u128> {
    let data = fs::metadata(path).ok()?;
    Some(nanoseconds(data.mtime(), data.mtime_nsec()))
}

fn now() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos()
}

fn hash_of(path: &Path) -> Option<blake3::Hash> {
    let mut hash = blake3::Hasher::new();
    io::copy(&mut fs::File::open(path).ok()?, &mut hash).ok()?;
    Some(hash.finalize())
}
