//! The objects that run, unit by unit, and their bytes.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use crate::capture::record::{ObjectRef, UnitKey};
use crate::link::store::{Library, Source};

/// Memory-mapped files that hold objects; a file is mapped once.
#[derive(Debug, Default)]
pub struct Files {
    files: HashMap<PathBuf, Library>,
}

impl Files {
    /// Maps the file of each of `objects` that is not mapped yet.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn open<'o>(&mut self, objects: impl IntoIterator<Item = &'o ObjectRef>) -> Result<()> {
        for object in objects {
            if !self.files.contains_key(&object.path) {
                self.files
                    .insert(object.path.clone(), Library::open(&object.path)?);
            }
        }
        Ok(())
    }

    /// Unmaps every file that holds no object of `reference`: replays leave a set of objects each, and a session is long.
    pub fn keep_only(&mut self, reference: &Reference) {
        let needed: HashSet<&Path> = reference
            .values()
            .flatten()
            .map(|object| object.path.as_path())
            .collect();
        self.files.retain(|path, _| needed.contains(path.as_path()));
    }

    /// How many files are mapped.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True when no file is mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The bytes of an object whose file is mapped.
    ///
    /// # Errors
    /// When the file is not mapped, or shorter than the object.
    pub fn bytes(&self, object: &ObjectRef) -> Result<&[u8]> {
        let (start, length) = (
            usize::try_from(object.offset)?,
            usize::try_from(object.len)?,
        );
        self.files
            .get(&object.path)
            .and_then(|file| file.data().get(start..start.checked_add(length)?))
            .ok_or_else(|| {
                anyhow!(
                    "object {} of {}: {} bytes at {} of `{}` are not there",
                    object.cgu,
                    object.unit,
                    object.len,
                    object.offset,
                    object.path.display()
                )
            })
    }

    /// The object as something that a patch may take from.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub fn source<'f>(&'f self, object: &ObjectRef) -> Result<Source<'f>> {
        Ok(Source {
            bytes: self.bytes(object)?,
            id: object.id.clone(),
            origin: format!("codegen unit {} of {}", object.cgu, object.unit),
        })
    }
}

/// The objects of each unit, as they run.
pub type Reference = HashMap<UnitKey, Vec<ObjectRef>>;

/// Groups the objects of a link by unit.
#[must_use]
pub fn reference(objects: &[ObjectRef]) -> Reference {
    let mut reference = Reference::new();
    for object in objects {
        reference
            .entry(object.unit.clone())
            .or_default()
            .push(object.clone());
    }
    reference
}

/// Objects that differ between what runs and what was compiled; the others are byte-identical.
#[derive(Debug, Default)]
pub struct ChangedObjects {
    /// As they run.
    pub old: Vec<ObjectRef>,
    /// As they were compiled.
    pub new: Vec<ObjectRef>,
}

/// Which objects of a unit differ. The same inode means the same content: incremental compilation hands out hard links.
///
/// # Errors
/// When an object cannot be read.
pub fn changed_objects(
    files: &mut Files,
    old: &[ObjectRef],
    new: &[ObjectRef],
) -> Result<ChangedObjects> {
    let by_cgu: HashMap<&str, &ObjectRef> = old
        .iter()
        .map(|object| (object.cgu.as_str(), object))
        .collect();
    let mut result = ChangedObjects::default();
    for object in new {
        match by_cgu.get(object.cgu.as_str()) {
            Some(before) => {
                if is_same_file(before, object) {
                    continue;
                }
                files.open([*before, object])?;
                if files.bytes(before)? != files.bytes(object)? {
                    result.old.push((*before).clone());
                    result.new.push(object.clone());
                }
            }
            None => result.new.push(object.clone()),
        }
    }
    for object in old {
        if !new.iter().any(|other| other.cgu == object.cgu) {
            result.old.push(object.clone());
        }
    }
    files.open(result.old.iter().chain(&result.new))?;
    Ok(result)
}

fn is_same_file(old: &ObjectRef, new: &ObjectRef) -> bool {
    let identity = |path: &Path| {
        std::fs::metadata(path)
            .ok()
            .map(|data| (data.dev(), data.ino()))
    };
    old.offset == 0
        && new.offset == 0
        && old.len == new.len
        && identity(&old.path).is_some_and(|old| Some(old) == identity(&new.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(path: &Path, cgu: &str, content: &[u8]) -> ObjectRef {
        std::fs::write(path, content).expect("the object is written");
        ObjectRef {
            unit: "app-1".to_owned(),
            cgu: cgu.to_owned(),
            id: "00000000".to_owned(),
            path: path.to_owned(),
            offset: 0,
            len: content.len() as u64,
        }
    }

    #[test]
    fn objects_differ_by_content_and_by_being_there() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| directory.path().join(name);
        let old = [
            object(&path("a1"), "a", b"same"),
            object(&path("b1"), "b", b"old"),
            object(&path("c1"), "c", b"gone"),
        ];
        let new = [
            object(&path("a2"), "a", b"same"),
            object(&path("b2"), "b", b"new"),
            object(&path("d2"), "d", b"come"),
        ];
        let changed = changed_objects(&mut Files::default(), &old, &new).expect("objects");
        let names = |objects: &[ObjectRef]| {
            objects
                .iter()
                .map(|object| object.cgu.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&changed.old), names(&changed.new)),
            (vec!["b".into(), "c".into()], vec!["b".into(), "d".into()])
        );
    }

    #[test]
    fn files_of_earlier_replays_are_let_go() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let old = object(&directory.path().join("old"), "a", b"1");
        let new = object(&directory.path().join("new"), "a", b"2");
        let mut files = Files::default();
        files.open([&old, &new]).expect("files are mapped");
        files.keep_only(&reference(std::slice::from_ref(&new)));
        assert_eq!(files.len(), 1);
        assert!(files.bytes(&old).is_err() && files.bytes(&new).is_ok());
    }
}
