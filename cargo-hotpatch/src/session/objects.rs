//! The objects that run, unit by unit, and their bytes.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::calls::ObjectCalls;
use super::outline::Outline;

use crate::capture::record::{ObjectRef, UnitKey};
use crate::guard;
use crate::judge::debug::DebugFacts;
use crate::link::store::{Defining, Library, Source, Workspace};
use crate::object::read::ObjectFile;

/// Of how many objects the facts are remembered. An edit concerns one or two of them, and the next edit mostly the same.
const REMEMBERED: usize = 16;

/// Files that hold objects, memory-mapped when somebody first reads them; a file is mapped once, whatever its names: each replay
/// gives new names to what it did not compile. One that was replaced or written to after it was added is never read: a build that
/// was given up may have put another in its place.
#[derive(Debug, Default)]
pub struct Files {
    files: HashMap<PathBuf, Named>,
    /// What is mapped. (A file that is mapped keeps its inode, so that no other file has its identity.)
    mapped: Arc<Mutex<HashMap<Identity, Arc<Mapped>>>>,
    /// What stays mapped although nothing of the reference is in it.
    beside: HashSet<Identity>,
    /// What the debug info says of objects that were read last, the latest at the end.
    facts: Mutex<Vec<(PathBuf, u64, Arc<DebugFacts>)>>,
}

#[derive(Debug)]
struct Named {
    /// When it was added; `None` if it was not there.
    identity: Option<Identity>,
    mapped: OnceLock<Arc<Mapped>>,
}

#[derive(Debug)]
struct Mapped {
    file: Library,
    /// Of the objects in it that somebody asked for, by offset and length.
    outlines: Mutex<HashMap<(u64, u64), Arc<Outline>>>,
    /// As well.
    calls: Mutex<HashMap<(u64, u64), Arc<ObjectCalls>>>,
}

impl Mapped {
    fn open(path: &Path, identity: Identity) -> Result<Self> {
        let file = Library::open(path)?;
        ensure!(
            Identity::of(file.metadata()) == identity,
            "`{}` is not the file that it was",
            path.display()
        );
        Ok(Self {
            file,
            outlines: Mutex::default(),
            calls: Mutex::default(),
        })
    }

    fn bytes(&self, object: &ObjectRef) -> Option<&[u8]> {
        let start = usize::try_from(object.offset).ok()?;
        let end = start.checked_add(usize::try_from(object.len).ok()?)?;
        self.file.data().get(start..end)
    }

    fn outline(&self, object: &ObjectRef) -> Result<Arc<Outline>> {
        self.remembered(&self.outlines, object, &Outline::of)
    }

    fn calls(&self, object: &ObjectRef) -> Result<Arc<ObjectCalls>> {
        self.remembered(&self.calls, object, &ObjectCalls::of)
    }

    /// What `read` finds in an object: read once.
    fn remembered<T>(
        &self,
        known: &Mutex<HashMap<(u64, u64), Arc<T>>>,
        object: &ObjectRef,
        read: &dyn Fn(&ObjectFile<'_>) -> Result<T>,
    ) -> Result<Arc<T>> {
        let place = (object.offset, object.len);
        if let Some(known) = lock(known).get(&place) {
            return Ok(known.clone());
        }
        let found = ObjectFile::parse(self.bytes(object).ok_or_else(|| not_there(object))?)
            .and_then(|file| read(&file))
            .with_context(|| format!("object {} of {}", object.cgu, object.unit))?;
        let found = Arc::new(found);
        lock(known).insert(place, found.clone());
        Ok(found)
    }
}

/// What is behind these locks is whole even if a holder panicked: it is changed entry by entry.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_there(object: &ObjectRef) -> anyhow::Error {
    anyhow!(
        "object {} of {}: {} bytes at {} of `{}` are not there",
        object.cgu,
        object.unit,
        object.len,
        object.offset,
        object.path.display()
    )
}

/// The file of this identity, mapped now if it was not before.
fn mapped(
    known: &Mutex<HashMap<Identity, Arc<Mapped>>>,
    path: &Path,
    identity: Identity,
) -> Result<Arc<Mapped>> {
    if let Some(mapped) = lock(known).get(&identity) {
        return Ok(mapped.clone());
    }
    let opened = Arc::new(Mapped::open(path, identity)?);
    // Somebody else may have been faster.
    Ok(lock(known).entry(identity).or_insert(opened).clone())
}

/// What tells a file from another, and from what it was before somebody wrote to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    /// Of the last change of its content: seconds and nanoseconds.
    changed: (i64, i64),
}

impl Identity {
    fn of(data: &std::fs::Metadata) -> Self {
        Self {
            device: data.dev(),
            inode: data.ino(),
            length: data.len(),
            changed: (data.mtime(), data.mtime_nsec()),
        }
    }
}

impl Files {
    /// From now on, `objects` can be read, as they are at this moment.
    pub fn add<'o>(&mut self, objects: impl IntoIterator<Item = &'o ObjectRef>) {
        for object in objects {
            if !self.files.contains_key(&object.path) {
                let data = std::fs::metadata(&object.path).ok();
                let file = Named {
                    identity: data.as_ref().map(Identity::of),
                    mapped: OnceLock::new(),
                };
                self.files.insert(object.path.clone(), file);
            }
        }
    }

    /// True if both are all of one file: the same inode means the same content.
    fn are_one(&self, one: &ObjectRef, other: &ObjectRef) -> bool {
        let identity = |object: &ObjectRef| self.files.get(&object.path)?.identity;
        one.offset == 0
            && other.offset == 0
            && one.len == other.len
            && identity(one).is_some_and(|known| Some(known) == identity(other))
    }

    /// From now on, and until it is called again, the files of `objects` stay mapped: the next shadow of a crate has most of the last
    /// one's files, under other names.
    pub fn keep_beside<'o>(&mut self, objects: impl IntoIterator<Item = &'o ObjectRef>) {
        self.beside = objects
            .into_iter()
            .filter_map(|object| self.files.get(&object.path)?.identity)
            .collect();
    }

    /// Unmaps every file that holds no object of `reference`: replays leave a set of objects each, and a session is long.
    pub fn keep_only(&mut self, reference: &Reference) {
        let needed: HashSet<&Path> = reference
            .values()
            .flatten()
            .map(|object| object.path.as_path())
            .collect();
        self.files.retain(|path, _| needed.contains(path.as_path()));
        let identities: HashSet<Identity> = self
            .files
            .values()
            .filter_map(|file| file.identity)
            .collect();
        lock(&self.mapped)
            .retain(|identity, _| identities.contains(identity) || self.beside.contains(identity));
        self.facts
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(path, ..)| needed.contains(path.as_path()));
    }

    /// What the debug info of an object says: remembered, or found out by `read`, which must say the same whenever it is
    /// called with the same bytes.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn facts(
        &self,
        object: &ObjectRef,
        read: &dyn Fn() -> Result<DebugFacts>,
    ) -> Result<Arc<DebugFacts>> {
        {
            let mut known = lock(&self.facts);
            let is_meant = |(path, offset, _): &(PathBuf, u64, _)| {
                *path == object.path && *offset == object.offset
            };
            if let Some(index) = known.iter().position(is_meant) {
                let found = known.remove(index);
                let facts = found.2.clone();
                known.push(found);
                return Ok(facts);
            }
        }
        let facts = Arc::new(read()?);
        let mut known = lock(&self.facts);
        known.push((object.path.clone(), object.offset, facts.clone()));
        if known.len() > REMEMBERED {
            known.remove(0);
        }
        Ok(facts)
    }

    /// How many files are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True when no file is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file of an object that was added.
    fn mapped(&self, object: &ObjectRef) -> Result<&Arc<Mapped>> {
        let file = self
            .files
            .get(&object.path)
            .ok_or_else(|| not_there(object))?;
        if let Some(mapped) = file.mapped.get() {
            return Ok(mapped);
        }
        let Some(identity) = file.identity else {
            return Err(not_there(object));
        };
        let opened = mapped(&self.mapped, &object.path, identity)?;
        Ok(file.mapped.get_or_init(|| opened))
    }

    /// The bytes of an object that was added.
    ///
    /// # Errors
    /// When it was not added, or its file cannot be mapped, is shorter than the object, or is another than when it was added.
    pub fn bytes(&self, object: &ObjectRef) -> Result<&[u8]> {
        self.mapped(object)?
            .bytes(object)
            .ok_or_else(|| not_there(object))
    }

    /// The outline of an object that was added: read once, whatever its names.
    ///
    /// # Errors
    /// As [`Self::bytes`], and when the object cannot be read.
    pub fn outline(&self, object: &ObjectRef) -> Result<Arc<Outline>> {
        self.mapped(object)?.outline(object)
    }

    /// The calls in an object that was added: read once, whatever its names.
    ///
    /// # Errors
    /// As [`Self::bytes`], and when the object cannot be read.
    pub fn calls(&self, object: &ObjectRef) -> Result<Arc<ObjectCalls>> {
        self.mapped(object)?.calls(object)
    }

    /// The calls in an object, if they were read before.
    #[must_use]
    pub fn known_calls(&self, object: &ObjectRef) -> Option<Arc<ObjectCalls>> {
        let mapped = self.mapped(object).ok()?;
        let place = (object.offset, object.len);
        lock(&mapped.calls).get(&place).cloned()
    }

    /// Reads the outlines of those of `objects` that are `outlined`, and the calls of them all, on a thread of its own: they will
    /// be asked for at the next edit. All were added.
    pub fn read_ahead<'o>(
        &self,
        objects: impl IntoIterator<Item = &'o ObjectRef>,
        outlined: &dyn Fn(&ObjectRef) -> bool,
    ) {
        let known = self.mapped.clone();
        let objects: Vec<(ObjectRef, Identity, bool)> = objects
            .into_iter()
            .filter_map(|object| {
                let file = self.files.get(&object.path)?;
                let place = (object.offset, object.len);
                let is_outlined = outlined(object);
                let is_known = file.mapped.get().is_some_and(|file| {
                    lock(&file.calls).contains_key(&place)
                        && (!is_outlined || lock(&file.outlines).contains_key(&place))
                });
                (!is_known).then_some((object.clone(), file.identity?, is_outlined))
            })
            .collect();
        if objects.is_empty() {
            return;
        }
        // Without a thread, it is read when it is needed.
        let _ = guard::spawn("read objects", move || {
            for (object, identity, outlined) in objects {
                // Whoever asks for it gets the error.
                let Ok(file) = mapped(&known, &object.path, identity) else {
                    continue;
                };
                if outlined {
                    let _ = file.outline(&object);
                }
                let _ = file.calls(&object);
            }
        });
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

/// The objects of the workspace behind those that were compared.
#[derive(Debug)]
pub struct Rest<'f> {
    /// All of them were added.
    pub files: &'f Files,
    /// In the order in which they count.
    pub objects: Vec<&'f ObjectRef>,
    /// Whether names are looked up in their outlines.
    pub outlined: bool,
}

impl<'f> Workspace<'f> for Rest<'f> {
    fn len(&self) -> usize {
        self.objects.len()
    }

    fn source(&self, index: usize) -> Result<Source<'f>> {
        self.files.source(self.objects[index])
    }

    fn defining(&self, name: &str) -> Result<Defining> {
        if !self.outlined {
            return Ok(Defining::Unknown);
        }
        for (index, object) in self.objects.iter().enumerate() {
            if self.files.outline(object)?.defines(name) {
                return Ok(Defining::In(index));
            }
        }
        Ok(Defining::Nowhere)
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
                files.add([*before, object]);
                if files.are_one(before, object) {
                    continue;
                }
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
    files.add(result.old.iter().chain(&result.new));
    Ok(result)
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
        files.add([&old, &new]);
        assert!(files.bytes(&old).is_ok());
        files.keep_only(&reference(std::slice::from_ref(&new)));
        assert_eq!(files.len(), 1);
        assert!(files.bytes(&old).is_err() && files.bytes(&new).is_ok());
    }

    #[test]
    fn a_file_of_two_names_is_mapped_once_and_stays_while_it_is_kept() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let old = object(&directory.path().join("old"), "a", b"1");
        let link = |name: &str| {
            let path = directory.path().join(name);
            std::fs::hard_link(&old.path, &path).expect("a link");
            ObjectRef {
                path,
                ..old.clone()
            }
        };
        let (next, last) = (link("next"), link("last"));
        let mut files = Files::default();
        files.add([&old]);
        files.keep_beside([&old]);
        let mapped = files.bytes(&old).expect("bytes").as_ptr();
        for (name, is_kept) in [(&next, true), (&last, false)] {
            files.keep_only(&Reference::new());
            assert_eq!(lock(&files.mapped).len(), usize::from(is_kept));
            files.add([name]);
            let again = files.bytes(name).expect("bytes").as_ptr();
            assert!(!is_kept || again == mapped);
            files.keep_beside([]);
        }
        files.keep_only(&Reference::new());
        assert!(lock(&files.mapped).is_empty());
    }

    #[test]
    fn a_file_that_was_replaced_is_not_read() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("a");
        let before = object(&path, "a", b"1");
        let mut files = Files::default();
        files.add([&before]);
        std::fs::rename(&path, directory.path().join("kept")).expect("renamed");
        let _ = object(&path, "a", b"2");
        let error = files.bytes(&before).expect_err("another file");
        assert!(error.to_string().contains("not the file"), "{error}");

        // What was read before stays as it was.
        let mut files = Files::default();
        files.add([&before]);
        assert_eq!(files.bytes(&before).ok(), Some(&b"2"[..]));
        std::fs::remove_file(&path).expect("removed");
        let _ = object(&path, "a", b"3");
        assert_eq!(files.bytes(&before).ok(), Some(&b"2"[..]));
    }

    #[test]
    fn facts_are_read_once_and_go_with_their_file() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let object = object(&directory.path().join("one"), "a", b"1");
        let reads = std::cell::Cell::new(0);
        let read = || {
            reads.set(reads.get() + 1);
            Ok(DebugFacts::default())
        };
        let mut files = Files::default();
        files.add([&object]);
        for _ in 0..2 {
            files.facts(&object, &read).expect("facts");
        }
        assert_eq!(reads.get(), 1);
        let part = ObjectRef {
            offset: 1,
            ..object.clone()
        };
        files.facts(&part, &read).expect("facts");
        assert_eq!(reads.get(), 2, "another object of the same file");
        files.keep_only(&Reference::new());
        files.facts(&object, &read).expect("facts");
        assert_eq!(reads.get(), 3);
    }
}
