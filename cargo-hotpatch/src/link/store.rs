//! Objects that a patch may take from: the ones that were just compiled, the others of the workspace as they run, and the
//! libraries of the program's link. Read when needed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use object::read::archive::ArchiveFile;

use crate::object::read::{ObjectFile, SectionIndex, SymbolIndex};
use crate::object::target::SymbolsBySection;
use crate::object::unwind::{FrameEntry, frame_entries};
use crate::shadow::removed_functions;

/// Index of an object in a [`Store`].
pub type ObjectIndex = usize;

/// An object in a store.
#[derive(Debug)]
pub struct Stored<'a> {
    /// Its file.
    pub file: ObjectFile<'a>,
    /// All of its content.
    pub bytes: &'a [u8],
    /// The id by which the jump table knows it; empty for objects of libraries.
    pub id: String,
    /// What to call it in messages.
    pub origin: String,
    /// It belongs to a crate of the workspace.
    pub is_workspace: bool,
    /// Its symbols by section.
    pub symbols: SymbolsBySection,
    /// Its unwind entries by code section.
    pub frames: HashMap<SectionIndex, Vec<FrameEntry>>,
}

/// Bytes of an object that may be read later.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// The object's content.
    pub bytes: &'a [u8],
    /// Its id; empty for libraries.
    pub id: String,
    /// What to call it in messages.
    pub origin: String,
}

/// A memory-mapped file of the program's link, and the names that it defines (for archives, from their index).
#[derive(Debug)]
pub struct Library {
    path: PathBuf,
    metadata: std::fs::Metadata,
    data: memmap2::Mmap,
}

impl Library {
    /// Maps a library or object file.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped.
    pub fn open(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path)
            .with_context(|| format!("cannot open `{}`", path.display()))?;
        let cannot_read = || format!("cannot read `{}`", path.display());
        let metadata = file.metadata().with_context(cannot_read)?;
        let is_of_the_compiler = path
            .extension()
            .is_some_and(|extension| extension == "rlib");
        let data = if is_of_the_compiler || metadata.len() == 0 {
            // SAFETY: the mapping is private and only read. The compiler and cargo replace such libraries by renaming new files
            // over them, which leaves this mapping on the old file.
            unsafe { memmap2::Mmap::map(&file) }
                .with_context(|| format!("cannot map `{}`", path.display()))?
        } else {
            // `ar` writes over an archive that exists, which a mapping would show.
            copy_of(&file, metadata.len()).with_context(cannot_read)?
        };
        Ok(Self {
            path: path.to_owned(),
            metadata,
            data,
        })
    }

    /// Maps those of `paths` that are there: what the linker found is, what it passed over may not be.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_present(paths: &[PathBuf]) -> Result<Vec<Self>> {
        let present = paths.iter().filter(|path| path.is_file());
        present.map(|path| Self::open(path)).collect()
    }

    /// The file's content.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Of the file that was mapped, whatever stands at its path by now.
    #[must_use]
    pub fn metadata(&self) -> &std::fs::Metadata {
        &self.metadata
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path leads to what was mapped, or to another file of the same content.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        let stamp = |data: &std::fs::Metadata| {
            use std::os::unix::fs::MetadataExt as _;
            (
                data.dev(),
                data.ino(),
                data.len(),
                data.mtime(),
                data.mtime_nsec(),
            )
        };
        std::fs::metadata(&self.path).is_ok_and(|now| {
            stamp(&now) == stamp(&self.metadata)
                || now.len() == self.metadata.len()
                    && std::fs::read(&self.path).is_ok_and(|now| now == *self.data)
        })
    }
}

fn copy_of(mut file: &std::fs::File, length: u64) -> std::io::Result<memmap2::Mmap> {
    let length = usize::try_from(length).map_err(std::io::Error::other)?;
    let mut copy = memmap2::MmapMut::map_anon(length)?;
    std::io::Read::read_exact(&mut file, &mut copy)?;
    copy.make_read_only()
}

/// The objects of the workspace that were not compiled anew, in an order: the first that defines a name counts.
pub trait Workspace<'a> {
    /// How many there are.
    fn len(&self) -> usize;

    /// True when there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    ///
    /// # Errors
    /// When it cannot be read.
    fn source(&self, index: usize) -> Result<Source<'a>>;

    /// The first that defines this global name, if that is known without adding them all.
    ///
    /// # Errors
    /// When one cannot be read.
    fn defining(&self, name: &str) -> Result<Defining>;
}

/// Where a global name is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defining {
    /// In this object.
    In(usize),
    /// In none.
    Nowhere,
    /// They have to be read for that.
    Unknown,
}

/// All that a patch may take from.
#[derive(Default)]
pub struct Store<'a> {
    objects: Vec<Stored<'a>>,
    /// Defined, not local, in the objects that were read so far.
    defined: HashMap<&'a str, (ObjectIndex, SymbolIndex)>,
    workspace: Option<Box<dyn Workspace<'a> + 'a>>,
    /// Objects of the workspace that were added before the others, by their index there.
    ahead: HashMap<usize, ObjectIndex>,
    libraries: &'a [Library],
    library_names: Option<HashMap<&'a [u8], (usize, u64)>>,
    loaded_members: HashMap<(usize, u64), ObjectIndex>,
}

impl std::fmt::Debug for Store<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("objects", &self.objects)
            .field("libraries", &self.libraries)
            .finish_non_exhaustive()
    }
}

impl<'a> Store<'a> {
    /// A store over the libraries of a link, and those objects of the workspace that were not compiled anew: most patches
    /// need none of them.
    #[must_use]
    pub fn new(workspace: Box<dyn Workspace<'a> + 'a>, libraries: &'a [Library]) -> Self {
        Self {
            workspace: Some(workspace),
            libraries,
            ..Self::default()
        }
    }

    /// Adds an object that was just compiled. Its index is the number of objects added before.
    ///
    /// # Errors
    /// When the object cannot be read.
    pub fn add(&mut self, source: &Source<'a>, is_workspace: bool) -> Result<ObjectIndex> {
        let index = self.read(source, is_workspace)?;
        if is_workspace {
            self.define(index)?;
        }
        Ok(index)
    }

    fn read(&mut self, source: &Source<'a>, is_workspace: bool) -> Result<ObjectIndex> {
        let file =
            ObjectFile::parse(source.bytes).with_context(|| format!("in {}", source.origin))?;
        let symbols = SymbolsBySection::new(&file);
        let frames = frame_entries(&file).with_context(|| format!("in {}", source.origin))?;
        self.objects.push(Stored {
            file,
            bytes: source.bytes,
            id: source.id.clone(),
            origin: source.origin.clone(),
            is_workspace,
            symbols,
            frames,
        });
        Ok(self.objects.len() - 1)
    }

    /// From now on, the global names of an object mean what it has, unless they mean something already.
    fn define(&mut self, index: ObjectIndex) -> Result<()> {
        for (name, symbol) in definitions(&self.objects[index])? {
            self.defined.entry(name).or_insert((index, symbol));
        }
        Ok(())
    }

    /// The object with this index.
    #[must_use]
    pub fn object(&self, index: ObjectIndex) -> &Stored<'a> {
        &self.objects[index]
    }

    /// How many objects have been read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// True when nothing has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The definition of a global name in what was just compiled, and in what had to be read besides.
    #[must_use]
    pub fn find_in_workspace_loaded(&self, name: &str) -> Option<(ObjectIndex, SymbolIndex)> {
        self.defined.get(name).copied()
    }

    /// The definition of a global name: in what was just compiled, else in the rest of the workspace.
    ///
    /// # Errors
    /// When an object of the workspace cannot be read.
    pub fn find_in_workspace(&mut self, name: &str) -> Result<Option<(ObjectIndex, SymbolIndex)>> {
        if let Some(found) = self.defined.get(name) {
            return Ok(Some(*found));
        }
        let defining = match &self.workspace {
            Some(workspace) => workspace.defining(name)?,
            None => Defining::Nowhere,
        };
        match defining {
            Defining::Nowhere => Ok(None),
            Defining::In(place) => {
                let object = self.read_ahead(place)?;
                let found = definitions(&self.objects[object])?
                    .into_iter()
                    .find(|(defined, _)| *defined == name);
                let (_, symbol) = found.ok_or_else(|| {
                    anyhow!("{} does not define `{name}`", self.objects[object].origin)
                })?;
                Ok(Some((object, symbol)))
            }
            Defining::Unknown => {
                // Reading all of the workspace once is a matter of symbol tables, and only for names that are new to the program.
                self.read_workspace()?;
                Ok(self.defined.get(name).copied())
            }
        }
    }

    /// Reads one object of the workspace. What its other names mean is not settled by that: it may not be the first that has them.
    fn read_ahead(&mut self, place: usize) -> Result<ObjectIndex> {
        if let Some(known) = self.ahead.get(&place) {
            return Ok(*known);
        }
        let Some(workspace) = &self.workspace else {
            bail!("the workspace was read already")
        };
        let source = workspace.source(place)?;
        let object = self.read(&source, true)?;
        self.ahead.insert(place, object);
        Ok(object)
    }

    /// All objects of the workspace, read.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read_workspace(&mut self) -> Result<()> {
        let Some(workspace) = self.workspace.take() else {
            return Ok(());
        };
        for place in 0..workspace.len() {
            let object = match self.ahead.get(&place) {
                Some(known) => *known,
                None => self.read(&workspace.source(place)?, true)?,
            };
            self.define(object)?;
        }
        Ok(())
    }

    /// The definition of a global name in a library of the link.
    ///
    /// # Errors
    /// When an archive or its member cannot be read.
    pub fn find_in_libraries(&mut self, name: &str) -> Result<Option<(ObjectIndex, SymbolIndex)>> {
        if self.library_names.is_none() {
            self.library_names = Some(index_libraries(self.libraries)?);
        }
        let Some((library, offset)) = self
            .library_names
            .as_ref()
            .and_then(|names| names.get(name.as_bytes()).copied())
        else {
            return Ok(None);
        };
        let object = if let Some(object) = self.loaded_members.get(&(library, offset)) {
            *object
        } else {
            let file = &self.libraries[library];
            let origin = file.path.display().to_string();
            let (bytes, origin) = if offset == 0 {
                (&file.data[..], origin)
            } else {
                let archive =
                    ArchiveFile::parse(&file.data[..]).with_context(|| format!("in {origin}"))?;
                let member = archive
                    .member(object::read::archive::ArchiveOffset(offset))
                    .with_context(|| format!("in {origin}"))?;
                let bytes = member
                    .data(&file.data[..])
                    .with_context(|| format!("in {origin}"))?;
                (
                    bytes,
                    format!("{origin}({})", String::from_utf8_lossy(member.name())),
                )
            };
            let index = self.add(
                &Source {
                    bytes,
                    id: String::new(),
                    origin,
                },
                false,
            )?;
            self.loaded_members.insert((library, offset), index);
            index
        };
        let stored = &self.objects[object];
        let symbol = stored
            .file
            .symbols
            .iter()
            .position(|symbol| {
                symbol.name == name && symbol.section().is_some() && !symbol.is_local()
            })
            .ok_or_else(|| {
                anyhow!(
                    "{}: the index names `{name}`, the member does not define it",
                    stored.origin
                )
            })?;
        Ok(Some((object, symbol)))
    }
}

/// What an object gives to others, by name. A body that was left out of a shadow is not what its name stands for.
fn definitions<'a>(stored: &Stored<'a>) -> Result<Vec<(&'a str, SymbolIndex)>> {
    let file = &stored.file;
    let removed = removed_functions(file).with_context(|| format!("in {}", stored.origin))?;
    let symbols = file.symbols.iter().enumerate();
    let given = symbols.filter(|(index, symbol)| {
        symbol.section().is_some() && !symbol.is_local() && !removed.contains(index)
    });
    Ok(given.map(|(index, symbol)| (symbol.name, index)).collect())
}

fn index_libraries(libraries: &[Library]) -> Result<HashMap<&[u8], (usize, u64)>> {
    let mut names = HashMap::new();
    for (index, library) in libraries.iter().enumerate() {
        let data = &library.data[..];
        if data.starts_with(b"\x7fELF") {
            // A plain object is always part of the link: what it defines is either live or was dropped as unused.
            if let Ok(file) = ObjectFile::parse(data) {
                for symbol in &file.symbols {
                    if symbol.section().is_some() && !symbol.is_local() {
                        names.entry(symbol.name.as_bytes()).or_insert((index, 0));
                    }
                }
            }
            continue;
        }
        if !data.starts_with(b"!<arch>") && !data.starts_with(b"!<thin>") {
            continue;
        }
        let archive = ArchiveFile::parse(data)
            .with_context(|| format!("cannot read archive `{}`", library.path.display()))?;
        let Some(symbols) = archive
            .symbols()
            .with_context(|| format!("cannot read the index of `{}`", library.path.display()))?
        else {
            continue;
        };
        for symbol in symbols {
            let symbol =
                symbol.with_context(|| format!("in the index of `{}`", library.path.display()))?;
            names
                .entry(symbol.name())
                .or_insert((index, symbol.offset().0));
        }
    }
    Ok(names)
}
