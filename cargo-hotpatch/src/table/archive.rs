//! rlibs: their members, and the thin archives that stand for them in the link.

use std::io::{Cursor, Result as IoResult};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, ObjectReader, write_archive_to_stream,
};
use object::read::archive::ArchiveFile;
use serde::{Deserialize, Serialize};

use super::elf;

/// A member of an archive: its name, and where its bytes are in the archive's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// As the archive names it.
    pub name: String,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many there are.
    pub len: u64,
}

/// The members of an archive, in order. The compiler's metadata, which no linker reads, is left out.
///
/// # Errors
/// When this is not an archive, or it is cut short.
pub fn members(bytes: &[u8]) -> Result<Vec<Member>> {
    let archive = ArchiveFile::parse(bytes).context("it is not an archive")?;
    let mut members = Vec::new();
    for member in archive.members() {
        let member = member.context("it is cut short")?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        let (offset, len) = member.file_range();
        member
            .data(bytes)
            .with_context(|| format!("its member {name} is cut short"))?;
        if name != "lib.rmeta" {
            members.push(Member { name, offset, len });
        }
    }
    Ok(members)
}

/// Reads what an archive's index holds with the rewriter's own reader: it knows objects with very many sections, and does
/// not panic over bad ones.
static INDEX_READER: ObjectReader = ObjectReader {
    get_symbols: symbols_for_index,
    ..DEFAULT_OBJECT_READER
};

fn symbols_for_index(bytes: &[u8], visit: &mut dyn FnMut(&[u8]) -> IoResult<()>) -> IoResult<bool> {
    if !bytes.starts_with(b"\x7fELF") {
        return Ok(false);
    }
    elf::visit_defined_globals(bytes, visit)
        .map_err(|error| std::io::Error::other(format!("{error:#}")))?;
    Ok(true)
}

/// A thin archive, with its index, that refers to these files by their absolute paths.
///
/// # Errors
/// When a file cannot be read, is not an object, or has a path that is not UTF-8.
pub fn thin_archive(files: &[PathBuf]) -> Result<Vec<u8>> {
    let members = files
        .iter()
        .map(|path| {
            let name = path
                .to_str()
                .with_context(|| format!("the path {} is not UTF-8", path.display()))?;
            Ok(NewArchiveMember::new(
                map(path)?,
                &INDEX_READER,
                name.to_owned(),
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut archive = Cursor::new(Vec::new());
    write_archive_to_stream(&mut archive, &members, ArchiveKind::Gnu, true, None)
        .context("failed to write a thin archive")?;
    Ok(archive.into_inner())
}

/// Maps a file that nobody changes while it is read: the shim's own, or one that the compiler has finished.
pub(crate) fn map(path: &Path) -> Result<memmap2::Mmap> {
    let file =
        std::fs::File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    // SAFETY: the mapping is only read. rustc and cargo write their artifacts before they call the linker, and replace
    // them by new files afterwards; files of the shim's own cache are written once, under a temporary name.
    unsafe { memmap2::Mmap::map(&file) }
        .with_context(|| format!("failed to map {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_archive_is_named_so() {
        let error = members(b"not an archive at all").expect_err("it is text");
        assert_eq!(error.to_string(), "it is not an archive");
    }
}
