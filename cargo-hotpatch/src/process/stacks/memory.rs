//! The memory of another process: its mappings, and what is in them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::ops::Range;

use anyhow::{Context as _, Result};

/// Memory is mapped in units of so many bytes.
const PAGE: u64 = 4096;

/// One line of `/proc/<pid>/maps`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// Run addresses.
    pub(super) range: Range<u64>,
    pub(super) is_readable: bool,
    pub(super) is_writable: bool,
    pub(super) is_executable: bool,
    /// Where in the file it begins, in bytes.
    pub(super) offset: u64,
    /// Device and inode as the kernel writes them; the same for all mappings of a file.
    pub(super) file: String,
    /// The file's path, or what the kernel calls it; empty for anonymous memory.
    pub(super) name: String,
}

impl Map {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
        let rights = fields.next()?.as_bytes();
        let offset = u64::from_str_radix(fields.next()?, 16).ok()?;
        let file = format!("{} {}", fields.next()?, fields.next()?);
        let name = fields.next().unwrap_or_default().trim().to_owned();
        Some(Self {
            range,
            is_readable: rights.first() == Some(&b'r'),
            is_writable: rights.get(1) == Some(&b'w'),
            is_executable: rights.get(2) == Some(&b'x'),
            offset,
            file,
            name,
        })
    }
}

/// The mappings of a process, by address.
#[derive(Debug)]
pub(super) struct Maps {
    all: Vec<Map>,
    /// For each of them, the first one of the same file; `None` if it is of no file.
    first: Vec<Option<usize>>,
}

impl Maps {
    /// # Errors
    /// When the process is gone, or does not let itself be looked at.
    pub(super) fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/maps");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
        Ok(Self::parse(text.lines()))
    }

    fn parse<'l>(lines: impl Iterator<Item = &'l str>) -> Self {
        let all: Vec<Map> = lines.filter_map(Map::parse).collect();
        let mut firsts: HashMap<(&str, &str), usize> = HashMap::new();
        let mut first = Vec::with_capacity(all.len());
        for (index, map) in all.iter().enumerate() {
            let file = (map.file.as_str(), map.name.as_str());
            // A file may be mapped more than once.
            if map.offset == 0 && !map.name.is_empty() {
                firsts.insert(file, index);
            }
            first.push(firsts.get(&file).copied());
        }
        Self { all, first }
    }

    /// In the order of their addresses.
    pub(super) fn all(&self) -> &[Map] {
        &self.all
    }

    pub(super) fn at(&self, address: u64) -> Option<&Map> {
        self.all.get(self.index(address)?)
    }

    fn index(&self, address: u64) -> Option<usize> {
        let after = self.all.partition_point(|map| map.range.start <= address);
        let index = after.checked_sub(1)?;
        self.all[index].range.contains(&address).then_some(index)
    }

    /// The first mapping of the file that is mapped at an address.
    pub(super) fn start_of_file(&self, address: u64) -> Option<&Map> {
        let first = self.first[self.index(address)?]?;
        self.all.get(first)
    }

    /// The mappings that belong to the file whose first one this is.
    pub(super) fn of_file<'m>(&'m self, first: &'m Map) -> impl Iterator<Item = &'m Map> {
        self.all
            .iter()
            .filter(move |map| (&map.file, &map.name) == (&first.file, &first.name))
    }
}

/// Reads `length` bytes at a run address of process `pid`.
///
/// # Errors
/// When they cannot all be read.
pub fn read_bytes(pid: u32, address: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let read = read_memory(pid, address, &mut bytes)
        .with_context(|| format!("cannot read {length} bytes at {address:#x} of process {pid}"))?;
    anyhow::ensure!(
        read == length,
        "only {read} of {length} bytes at {address:#x} of process {pid} can be read"
    );
    Ok(bytes)
}

/// Reads whole words. What was unmapped or unreadable in the middle ends the reading early.
pub(super) fn read_words(pid: u32, range: Range<u64>) -> std::io::Result<Vec<u64>> {
    const PIECE: usize = 256 << 10;
    let mut words = Vec::new();
    let mut buffer = vec![0_u8; PIECE];
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).unwrap_or(PIECE).min(PIECE);
        let read = match read_memory(pid, at, &mut buffer[..length]) {
            Ok(read) => read,
            Err(error) if words.is_empty() => return Err(error),
            Err(_) => break,
        };
        words.extend(buffer[..read].chunks_exact(8).map(word));
        if read < length {
            break;
        }
        at += read as u64;
    }
    Ok(words)
}

/// Reads up to the first page that cannot be read, and returns how many bytes that were.
pub(super) fn read_memory(pid: u32, address: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
    let out_of_range = |_| std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(usize::try_from(address).map_err(out_of_range)?),
        iov_len: buffer.len(),
    };
    let pid = libc::pid_t::try_from(pid).map_err(out_of_range)?;
    // SAFETY: one local vector, which is exactly `buffer`, borrowed mutably for the call: the kernel writes no more than
    // its length into it. The remote vector is only an address in another process; the kernel checks it.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).map_err(|_| std::io::Error::last_os_error())
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// Words of a process, read page by page when they are first asked for.
#[derive(Debug)]
pub(crate) struct Words {
    pid: u32,
    /// By address; empty if the page cannot be read.
    pages: RefCell<HashMap<u64, Vec<u64>>>,
}

impl Words {
    pub(crate) fn of(pid: u32) -> Self {
        Self {
            pid,
            pages: RefCell::default(),
        }
    }

    /// # Errors
    /// When the address is not that of a whole word, or is not mapped.
    pub(crate) fn at(&self, address: u64) -> Result<u64> {
        let page = address & !(PAGE - 1);
        let mut pages = self.pages.borrow_mut();
        let words = pages
            .entry(page)
            .or_insert_with(|| read_words(self.pid, page..page + PAGE).unwrap_or_default());
        Some(address - page)
            .filter(|offset| offset % 8 == 0)
            .and_then(|offset| words.get(usize::try_from(offset / 8).ok()?))
            .copied()
            .with_context(|| format!("there is no word to be read at {address:#x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_understood() {
        let map =
            Map::parse("7ffc0000-7ffd1000 rw-p 00000000 00:00 0                          [stack]")
                .expect("a map");
        assert_eq!(
            (map.range, map.is_writable, map.name.as_str()),
            (0x7ffc_0000..0x7ffd_1000, true, "[stack]")
        );
        assert_eq!(
            Map::parse("1000-2000 ---p 00000000 00:00 0 ")
                .expect("a map")
                .name,
            ""
        );
        let map = Map::parse("1000-2000 r-xp 3000 08:01 5 /a b").expect("a map");
        assert_eq!(
            (map.name.as_str(), map.offset, map.is_executable),
            ("/a b", 0x3000, true)
        );
    }

    #[test]
    fn a_file_begins_where_its_first_part_is_mapped() {
        let lines = [
            "1000-2000 r--p 00000000 08:01 5 /a",
            "2000-3000 r-xp 00001000 08:01 5 /a",
            // Published over a part of it.
            "3000-4000 r-xp 00000000 08:01 6 /table (deleted)",
            "4000-5000 rw-p 00003000 08:01 5 /a",
            "5000-6000 rw-p 00000000 00:00 0 ",
        ];
        let maps = Maps::parse(lines.into_iter());
        let start = |address| maps.start_of_file(address).map(|map| map.range.start);
        assert_eq!(start(0x1fff), Some(0x1000));
        assert_eq!(start(0x4000), Some(0x1000));
        assert_eq!(start(0x3000), Some(0x3000));
        assert_eq!(start(0x5000), None, "of no file");
        assert_eq!(start(0x6000), None);
        let first = maps.at(0x1000).expect("mapped");
        assert_eq!(maps.of_file(first).count(), 3);
    }

    #[test]
    fn words_of_this_very_process_are_read() {
        let here = [3_u64, 4];
        let address = here.as_ptr() as u64;
        let words = Words::of(std::process::id());
        assert_eq!(words.at(address + 8).expect("readable"), 4);
        assert!(words.at(address + 1).is_err(), "no whole word");
        assert!(words.at(0).is_err(), "nothing is mapped there");
    }
}
