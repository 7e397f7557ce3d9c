//! The linked executable: its symbols, its jump table, its thread-local segment.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use goblin::container::{Container, Ctx};
use goblin::elf::{self, Elf, ProgramHeader, SectionHeader, program_header, section_header};
use rayon::prelude::*;

use super::anchor::{PAGE_SIZE, SPARE_THUNK, SPARE_THUNKS, THUNKS_END, THUNKS_START, TLS_SPARE};
use super::elf::{string_at, u16_at, u32_at, u64_at};
use super::{THUNK_SECTION, THUNK_SIZE};
use crate::object::address::LinkAddr;

/// What a symbol of the image stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// Code.
    Function,
    /// Code that chooses the function at load time.
    IndirectFunction,
    /// Data.
    Object,
    /// Thread-local data: the symbol's address is its offset in the thread-local segment.
    ThreadLocal,
    /// A number that is not moved by the load bias.
    Absolute,
    /// A label.
    Other,
}

/// A defined symbol of the image. Symbols of sections and files are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSymbol {
    /// The link address; for [`SymbolKind::ThreadLocal`] the offset in the thread-local segment.
    pub address: LinkAddr,
    /// In bytes.
    pub size: u64,
    /// What it is.
    pub kind: SymbolKind,
    /// Bound globally or weakly *in the image*. Hidden symbols, most of Rust's, are local there.
    pub global: bool,
    /// Only the object that defines it could refer to it.
    pub private: bool,
    name_hash: u64,
    name_start: u32,
    name_length: u32,
}

/// A slot of the jump table, as the image has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// The function's symbol, as the compiler named it.
    pub name: &'a str,
    /// The object's id, for a function that is local to it.
    pub id: Option<&'a str>,
    /// The thunk.
    pub address: LinkAddr,
    /// Where it leads.
    pub body: LinkAddr,
}

/// A loaded segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadSegment {
    /// `p_vaddr`.
    pub address: LinkAddr,
    /// `p_memsz`: bytes in memory.
    pub size: u64,
    /// `p_offset`: where its bytes are in the file.
    pub file_offset: u64,
    /// `p_filesz`: bytes in the file; the rest is zero.
    pub file_size: u64,
    /// Executable.
    pub executable: bool,
    /// Writable.
    pub writable: bool,
}

/// The thread-local segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsSegment {
    /// Where the initial values are that each new thread gets a copy of.
    pub address: LinkAddr,
    /// How many bytes of these there are; the rest is zero.
    pub initial_size: u64,
    /// Bytes in each thread.
    pub size: u64,
    /// A power of two.
    pub align: u64,
}

/// The jump table's place: `start <= spare < end`, all page-aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThunkRegion {
    /// The first byte.
    pub start: LinkAddr,
    /// The first spare thunk.
    pub spare: LinkAddr,
    /// Behind the last one.
    pub end: LinkAddr,
}

/// An executable that was provisioned with a jump table.
#[derive(Debug)]
pub struct Image {
    path: PathBuf,
    bytes: memmap2::Mmap,
    /// Sorted by hash of the name, then by name, then by address.
    symbols: Vec<ImageSymbol>,
    /// The symbols' string table in the file.
    names: Range<usize>,
    region: ThunkRegion,
    region_in_file: Range<usize>,
    segments: Vec<LoadSegment>,
    constants: Vec<Range<LinkAddr>>,
    tls: Option<TlsSegment>,
    tls_spare: Range<u64>,
    sections: Vec<ImageSection>,
    is_pie: bool,
    needed: Vec<String>,
    imports: HashSet<String>,
}

/// A section of the image that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSection {
    /// Its name.
    pub name: String,
    /// Its link addresses.
    pub addresses: Range<LinkAddr>,
    /// Takes no place in memory of its own: `.tbss`.
    is_thread_local_zero: bool,
}

/// Which pages the loader leaves read-only for this header: it maps whole pages of a segment, and of what it protects after
/// relocation it leaves out a last page that is not whole.
fn constant_pages(header: &ProgramHeader) -> Option<Range<LinkAddr>> {
    let page = PAGE_SIZE as u64;
    let end = header.p_vaddr.checked_add(header.p_memsz)?;
    let end = match header.p_type {
        program_header::PT_LOAD if !header.is_executable() && !header.is_write() => {
            end.checked_next_multiple_of(page)?
        }
        program_header::PT_GNU_RELRO => end / page * page,
        _ => return None,
    };
    Some(LinkAddr(header.p_vaddr / page * page)..LinkAddr(end))
}

type NameHasher = BuildHasherDefault<DefaultHasher>;

fn hash_of(name: &[u8]) -> u64 {
    NameHasher::default().hash_one(name)
}

impl Image {
    /// Reads an executable that was linked with a jump table.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short, is not an x86-64 executable, is stripped, or has no jump table.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_inner(path)
            .with_context(|| format!("failed to read the image {}", path.display()))
    }

    fn read_inner(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path)?;
        // SAFETY: the mapping is only read, and the file is a private hard link or copy that nobody writes to: linkers
        // and cargo replace files, they do not overwrite them (and the shim removes the old output first).
        let bytes = unsafe { memmap2::Mmap::map(&file) }?;
        let header = Elf::parse_header(&bytes).context("it has no complete ELF header")?;
        ensure!(
            header.e_machine == elf::header::EM_X86_64,
            "it is not made for x86-64"
        );
        let is_pie = match header.e_type {
            elf::header::ET_DYN => true,
            elf::header::ET_EXEC => false,
            other => bail!("it is not an executable (e_type is {other})"),
        };
        let context = Ctx::new(Container::Big, goblin::container::Endian::Little);
        let program_headers = ProgramHeader::parse(
            &bytes,
            usize::try_from(header.e_phoff)?,
            usize::from(header.e_phnum),
            context,
        )
        .context("its program headers are cut short")?;
        let sections = SectionHeader::parse(
            &bytes,
            usize::try_from(header.e_shoff)?,
            usize::from(header.e_shnum),
            context,
        )
        .context("its section headers are cut short")?;
        let contents = |section: &SectionHeader| -> Result<Range<usize>> {
            let range = section.file_range().unwrap_or_default();
            ensure!(
                range.start <= range.end && range.end <= bytes.len(),
                "a section at {range:#x?} lies outside of the file"
            );
            Ok(range)
        };

        let table = sections
            .iter()
            .find(|section| section.sh_type == section_header::SHT_SYMTAB)
            .context("it has no symbol table (is it stripped?)")?;
        let names = sections
            .get(table.sh_link as usize)
            .context("its symbol table has no names")?;
        let (table, names) = (contents(table)?, contents(names)?);
        let symbols =
            read_symbols(&bytes[table], &bytes[names.clone()]).context("its symbol table")?;

        let section_names = sections
            .get(usize::from(header.e_shstrndx))
            .map(&contents)
            .transpose()?
            .unwrap_or_default();
        let sections_loaded = sections
            .iter()
            .filter(|section| {
                section.sh_flags & u64::from(section_header::SHF_ALLOC) != 0 && section.sh_size != 0
            })
            .map(|section| {
                Ok(ImageSection {
                    name: string_at(
                        &bytes[section_names.clone()],
                        u32::try_from(section.sh_name)?,
                    )?
                    .to_owned(),
                    addresses: LinkAddr(section.sh_addr)
                        ..LinkAddr(section.sh_addr.wrapping_add(section.sh_size)),
                    is_thread_local_zero: section.sh_type == section_header::SHT_NOBITS
                        && section.sh_flags & u64::from(section_header::SHF_TLS) != 0,
                })
            })
            .collect::<Result<Vec<_>>>()?;

        let segments = program_headers
            .iter()
            .filter(|header| header.p_type == program_header::PT_LOAD)
            .map(|header| LoadSegment {
                address: LinkAddr(header.p_vaddr),
                size: header.p_memsz,
                file_offset: header.p_offset,
                file_size: header.p_filesz,
                executable: header.is_executable(),
                writable: header.is_write(),
            })
            .collect::<Vec<_>>();
        let constants = program_headers.iter().filter_map(constant_pages).collect();
        let tls = program_headers
            .iter()
            .find(|header| header.p_type == program_header::PT_TLS)
            .map(|header| TlsSegment {
                address: LinkAddr(header.p_vaddr),
                initial_size: header.p_filesz,
                size: header.p_memsz,
                align: header.p_align.max(1),
            });
        let (needed, imports) = read_dynamic(&bytes, &sections, &contents)?;

        let mut image = Self {
            path: path.to_owned(),
            bytes,
            symbols,
            names,
            region: ThunkRegion {
                start: LinkAddr(0),
                spare: LinkAddr(0),
                end: LinkAddr(0),
            },
            region_in_file: 0..0,
            segments,
            constants,
            tls,
            tls_spare: 0..0,
            sections: sections_loaded,
            is_pie,
            needed,
            imports,
        };
        let anchor = |name: &str| -> Result<ImageSymbol> {
            match image.symbols_named(name) {
                [symbol] => Ok(*symbol),
                [] => bail!("it has no symbol {name}, so it was linked without a jump table"),
                several => bail!("it has {} symbols {name}", several.len()),
            }
        };
        let region = ThunkRegion {
            start: anchor(THUNKS_START)?.address,
            spare: anchor(SPARE_THUNKS)?.address,
            end: anchor(THUNKS_END)?.address,
        };
        let tls_spare = anchor(TLS_SPARE)?;
        image.tls_spare = tls_spare.address.0..tls_spare.address.0.wrapping_add(tls_spare.size);
        image.region = region;
        image.region_in_file = image.check_region()?;
        Ok(image)
    }

    /// The region is whole pages, executable, in the file, and shares its pages with nothing.
    fn check_region(&self) -> Result<Range<usize>> {
        let ThunkRegion { start, spare, end } = self.region;
        let described = format!("the jump table {start}..{spare}..{end}");
        ensure!(start < spare && spare < end, "{described} is out of order");
        for address in [start, spare, end] {
            ensure!(
                address.0.is_multiple_of(PAGE_SIZE as u64),
                "{described} does not consist of whole pages"
            );
        }
        for section in self
            .sections
            .iter()
            .filter(|section| !section.is_thread_local_zero)
        {
            if section.addresses.start < end && start < section.addresses.end {
                ensure!(
                    section.name == THUNK_SECTION && section.addresses == (start..end),
                    "{described} shares its pages with the section {} at {}..{}",
                    section.name,
                    section.addresses.start,
                    section.addresses.end
                );
            }
        }
        let segment = self
            .segments
            .iter()
            .find(|segment| {
                segment.address <= start && end <= segment.address.offset(segment.file_size)
            })
            .with_context(|| format!("{described} is not in a loaded segment"))?;
        ensure!(
            segment.executable && !segment.writable,
            "{described} is in a segment that is not read-execute"
        );
        let offset = usize::try_from(segment.file_offset + (start.0 - segment.address.0))?;
        let range = offset..offset + usize::try_from(end.0 - start.0)?;
        let bytes = self
            .bytes
            .get(range.clone())
            .with_context(|| format!("{described} lies outside of the file"))?;
        let spares = &bytes[usize::try_from(spare.0 - start.0)?..];
        ensure!(
            spares
                .as_chunks::<THUNK_SIZE>()
                .0
                .iter()
                .all(|thunk| *thunk == SPARE_THUNK),
            "{described} has something else in its spare thunks: another section was placed behind them"
        );
        if let Some(tls) = self.tls {
            ensure!(
                self.tls_spare.end <= tls.size,
                "{TLS_SPARE} lies outside of the thread-local segment"
            );
        } else {
            bail!("it has no thread-local segment for {TLS_SPARE}");
        }
        Ok(range)
    }

    /// Checks every slot: aligned, a `jmp`, and leading to the body of its own function. Returns how many there are.
    ///
    /// # Errors
    /// Naming the first slot that is not as it should be.
    pub fn verify_slots(&self) -> Result<usize> {
        let mut bodies: Vec<(LinkAddr, &str)> = self
            .bodies()
            .map(|(name, _, symbol)| (symbol.address, name))
            .collect();
        bodies.sort_unstable();
        let mut count = 0;
        for slot in self.slots() {
            let slot = slot?;
            // Discarded duplicates of a weak function may leave a nameless thunk, but never one with a wrong name.
            ensure!(
                bodies.binary_search(&(slot.body, slot.name)).is_ok(),
                "the thunk of {} at {} leads to {}, which is not its body",
                slot.name,
                slot.address,
                slot.body
            );
            count += 1;
        }
        Ok(count)
    }

    /// The file that was read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All symbols of this name: several when local symbols of different objects share it.
    #[must_use]
    pub fn symbols_named(&self, name: &str) -> &[ImageSymbol] {
        let wanted = (hash_of(name.as_bytes()), name.as_bytes());
        let key = |symbol: &ImageSymbol| (symbol.name_hash, self.raw_name(symbol));
        let start = self.symbols.partition_point(|symbol| key(symbol) < wanted);
        let same = self.symbols[start..]
            .iter()
            .take_while(|symbol| key(symbol) == wanted);
        &self.symbols[start..start + same.count()]
    }

    /// All symbols, in no order that means anything.
    #[must_use]
    pub fn symbols(&self) -> &[ImageSymbol] {
        &self.symbols
    }

    /// A symbol's name.
    #[must_use]
    pub fn name(&self, symbol: &ImageSymbol) -> &str {
        // Checked when the symbols were read.
        std::str::from_utf8(self.raw_name(symbol)).unwrap_or_default()
    }

    fn raw_name(&self, symbol: &ImageSymbol) -> &[u8] {
        let start = self.names.start + symbol.name_start as usize;
        self.bytes
            .get(start..start + symbol.name_length as usize)
            .unwrap_or_default()
    }

    /// Where the jump table lies.
    #[must_use]
    pub fn region(&self) -> ThunkRegion {
        self.region
    }

    /// The jump table as the file holds it, whole pages.
    #[must_use]
    pub fn region_bytes(&self) -> &[u8] {
        &self.bytes[self.region_in_file.clone()]
    }

    /// The slot of a function: that of the object's own local function of this name, else that of the global function.
    #[must_use]
    pub fn slot(&self, name: &str, id: &str) -> Option<LinkAddr> {
        self.local_slot(name, id).or_else(|| self.global_slot(name))
    }

    /// The slot of a function that is global in its object.
    #[must_use]
    pub fn global_slot(&self, name: &str) -> Option<LinkAddr> {
        self.symbols_named(name)
            .iter()
            .map(|symbol| symbol.address)
            .find(|&address| self.is_used_slot(address))
    }

    /// The slot of a function that is local to the object with this id.
    #[must_use]
    pub fn local_slot(&self, name: &str, id: &str) -> Option<LinkAddr> {
        self.global_slot(&format!("{name}.hpt{id}"))
    }

    /// The body of a function of the object with this id.
    #[must_use]
    pub fn body(&self, name: &str, id: &str) -> Option<&ImageSymbol> {
        self.symbols_named(&format!("{name}.hpb{id}")).first()
    }

    /// All slots that stand for a function. An error where a thunk is not a `jmp`.
    pub fn slots(&self) -> impl Iterator<Item = Result<Slot<'_>>> {
        self.symbols
            .iter()
            .filter(|symbol| {
                symbol.kind == SymbolKind::Function && self.is_used_slot(symbol.address)
            })
            .map(|symbol| {
                let (name, id) = match split_suffix(self.name(symbol), ".hpt") {
                    Some((name, id)) => (name, Some(id)),
                    None => (self.name(symbol), None),
                };
                let body = self.decode_slot(symbol.address).with_context(|| {
                    format!("the thunk of {name} at {} is not a jump", symbol.address)
                })?;
                Ok(Slot {
                    name,
                    id,
                    address: symbol.address,
                    body,
                })
            })
    }

    /// All bodies: the function's name, the object's id, and the symbol.
    pub fn bodies(&self) -> impl Iterator<Item = (&str, &str, &ImageSymbol)> {
        // Most symbols are not bodies, and need no look at the whole of their names.
        let is_body = |name: &[u8]| name.len() > 12 && name[name.len() - 12..].starts_with(b".hpb");
        self.symbols
            .iter()
            .filter(move |symbol| is_body(self.raw_name(symbol)))
            .filter_map(|symbol| {
                let (name, id) = split_suffix(self.name(symbol), ".hpb")?;
                Some((name, id, symbol))
            })
    }

    /// The code of all functions outside of the jump table, in the order of their addresses.
    #[must_use]
    pub fn function_code(&self) -> Vec<Range<LinkAddr>> {
        let table = self.region.start..self.region.end;
        let mut code: Vec<Range<LinkAddr>> = self
            .symbols
            .iter()
            .filter(|symbol| symbol.kind == SymbolKind::Function && symbol.size > 0)
            .filter(|symbol| !table.contains(&symbol.address))
            .map(|symbol| symbol.address..symbol.address.offset(symbol.size))
            .collect();
        code.sort_unstable_by_key(|code| (code.start, code.end));
        code.dedup();
        code
    }

    /// Names of the functions that have no slot. A name may come several times.
    pub fn functions_without_slot(&self) -> impl Iterator<Item = &str> {
        let table = self.region.start..self.region.end;
        self.symbols
            .iter()
            .filter(move |symbol| {
                symbol.kind == SymbolKind::Function && !table.contains(&symbol.address)
            })
            .map(|symbol| self.name(symbol))
            .filter(|name| split_suffix(name, ".hpb").is_none())
    }

    /// Addresses of the spare thunks, in order.
    pub fn spare_slots(&self) -> impl ExactSizeIterator<Item = LinkAddr> + use<> {
        let ThunkRegion { spare, end, .. } = self.region;
        let count = usize::try_from((end.0 - spare.0) / THUNK_SIZE as u64).unwrap_or(0);
        (0..count).map(move |number| spare.offset((number * THUNK_SIZE) as u64))
    }

    /// In the table, before the spares, on a thunk's boundary.
    fn is_used_slot(&self, address: LinkAddr) -> bool {
        self.region.start < address
            && address < self.region.spare
            && address.0.is_multiple_of(THUNK_SIZE as u64)
    }

    /// Where the thunk at this address leads in the file; `None` outside of the table or when it is not a `jmp rel32`.
    #[must_use]
    pub fn decode_slot(&self, address: LinkAddr) -> Option<LinkAddr> {
        let offset = usize::try_from(address.0.checked_sub(self.region.start.0)?).ok()?;
        let thunk = self.region_bytes().get(offset..offset.checked_add(5)?)?;
        let (0xe9, displacement) = (thunk[0], u32_at(thunk, 1).ok()?.cast_signed()) else {
            return None;
        };
        Some(LinkAddr(
            address
                .0
                .wrapping_add(5)
                .wrapping_add_signed(i64::from(displacement)),
        ))
    }

    /// The bytes that the file holds for these addresses; `None` when they are not all in one segment's file part.
    #[must_use]
    pub fn bytes_at(&self, address: LinkAddr, length: u64) -> Option<&[u8]> {
        let end = address.0.checked_add(length)?;
        let segment = self.segments.iter().find(|segment| {
            segment.address <= address && end <= segment.address.0.saturating_add(segment.file_size)
        })?;
        let start = usize::try_from(
            segment
                .file_offset
                .checked_add(address.0 - segment.address.0)?,
        )
        .ok()?;
        self.bytes
            .get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }

    /// The thread-local segment. There always is one, since it holds the reserve.
    #[must_use]
    pub fn tls(&self) -> Option<TlsSegment> {
        self.tls
    }

    /// The zeroed reserve: offsets in the thread-local segment.
    #[must_use]
    pub fn tls_spare(&self) -> Range<u64> {
        self.tls_spare.clone()
    }

    /// The distance from the thread pointer to an offset in the executable's thread-local segment, which ends (rounded up
    /// to its alignment) at the thread pointer: always negative. `None` when the image has no such segment.
    #[must_use]
    pub fn thread_pointer_offset(&self, value: u64) -> Option<i64> {
        let tls = self.tls?;
        let size = tls.size.checked_next_multiple_of(tls.align)?;
        Some(value.cast_signed().wrapping_sub(size.cast_signed()))
    }

    /// True when the loader chooses the load bias.
    #[must_use]
    pub fn is_pie(&self) -> bool {
        self.is_pie
    }

    /// From the lowest to behind the highest link address.
    #[must_use]
    pub fn addresses(&self) -> Range<LinkAddr> {
        let start = self
            .segments
            .iter()
            .map(|segment| segment.address)
            .min()
            .unwrap_or_default();
        let end = self
            .segments
            .iter()
            .map(|segment| segment.address.offset(segment.size))
            .max()
            .unwrap_or_default();
        start..end
    }

    /// The loaded segments, in the order of the file.
    #[must_use]
    pub fn segments(&self) -> &[LoadSegment] {
        &self.segments
    }

    /// Whole pages that the program never writes to once it is relocated.
    #[must_use]
    pub fn constants(&self) -> &[Range<LinkAddr>] {
        &self.constants
    }

    /// True if no data of another name shares bytes with this symbol.
    #[must_use]
    pub fn is_alone(&self, symbol: &ImageSymbol) -> bool {
        let end = symbol.address.offset(symbol.size);
        let name = self.raw_name(symbol);
        !self.symbols.iter().any(|other| {
            other.kind == SymbolKind::Object
                && other.address < end
                && symbol.address < other.address.offset(other.size)
                && self.raw_name(other) != name
        })
    }

    /// The sections that are loaded.
    #[must_use]
    pub fn sections(&self) -> &[ImageSection] {
        &self.sections
    }

    /// `DT_NEEDED`: the dynamic libraries, in order.
    #[must_use]
    pub fn needed(&self) -> &[String] {
        &self.needed
    }

    /// Names of symbols that the loader finds in dynamic libraries.
    #[must_use]
    pub fn imports(&self) -> &HashSet<String> {
        &self.imports
    }
}

/// `name.hpt0123abcd` to (`name`, `0123abcd`).
fn split_suffix<'a>(name: &'a str, tag: &str) -> Option<(&'a str, &'a str)> {
    let (stem, id) = name.split_at_checked(name.len().checked_sub(8)?)?;
    Some((stem.strip_suffix(tag)?, id))
}

fn read_symbols(table: &[u8], names: &[u8]) -> Result<Vec<ImageSymbol>> {
    const SYMBOL_SIZE: usize = 24;
    ensure!(
        table.len().is_multiple_of(SYMBOL_SIZE),
        "{:#x} bytes are not a multiple of {SYMBOL_SIZE}",
        table.len()
    );
    let symbols: Result<Vec<Option<ImageSymbol>>> = table
        .par_chunks_exact(SYMBOL_SIZE)
        .map(|raw| {
            let (info, section) = (raw[4], u16_at(raw, 6)?);
            let kind = match (info & 0xf, section) {
                (_, 0) | (elf::sym::STT_SECTION | elf::sym::STT_FILE, _) => return Ok(None),
                (_, 0xfff1) => SymbolKind::Absolute,
                (elf::sym::STT_FUNC, _) => SymbolKind::Function,
                (elf::sym::STT_GNU_IFUNC, _) => SymbolKind::IndirectFunction,
                (elf::sym::STT_OBJECT, _) => SymbolKind::Object,
                (elf::sym::STT_TLS, _) => SymbolKind::ThreadLocal,
                _ => SymbolKind::Other,
            };
            let name_start = u32_at(raw, 0)?;
            let name = string_at(names, name_start)?;
            Ok(Some(ImageSymbol {
                address: LinkAddr(u64_at(raw, 8)?),
                size: u64_at(raw, 16)?,
                kind,
                global: info >> 4 != elf::sym::STB_LOCAL,
                // Hidden symbols, which a linker makes local, are still marked as hidden.
                private: info >> 4 == elf::sym::STB_LOCAL && raw[5] & 3 == elf::sym::STV_DEFAULT,
                name_hash: hash_of(name.as_bytes()),
                name_start,
                name_length: u32::try_from(name.len())?,
            }))
        })
        .collect();
    let mut symbols: Vec<ImageSymbol> = symbols?.into_iter().flatten().collect();
    let name =
        |symbol: &ImageSymbol| &names[symbol.name_start as usize..][..symbol.name_length as usize];
    symbols.par_sort_unstable_by(|a, b| {
        a.name_hash
            .cmp(&b.name_hash)
            .then_with(|| name(a).cmp(name(b)))
            .then_with(|| a.address.cmp(&b.address))
    });
    Ok(symbols)
}

/// The needed libraries, and the names of imported symbols.
fn read_dynamic(
    bytes: &[u8],
    sections: &[SectionHeader],
    contents: &dyn Fn(&SectionHeader) -> Result<Range<usize>>,
) -> Result<(Vec<String>, HashSet<String>)> {
    let (mut needed, mut imports) = (Vec::new(), HashSet::new());
    for section in sections {
        let names = || -> Result<&[u8]> {
            let names = sections
                .get(section.sh_link as usize)
                .context("the dynamic section has no names")?;
            Ok(&bytes[contents(names)?])
        };
        match section.sh_type {
            section_header::SHT_DYNAMIC => {
                for entry in bytes[contents(section)?].chunks_exact(16) {
                    if u64_at(entry, 0)? == elf::dynamic::DT_NEEDED {
                        needed.push(
                            string_at(names()?, u32::try_from(u64_at(entry, 8)?)?)?.to_owned(),
                        );
                    }
                }
            }
            section_header::SHT_DYNSYM => {
                for symbol in bytes[contents(section)?].chunks_exact(24).skip(1) {
                    if u16_at(symbol, 6)? == 0 {
                        imports.insert(string_at(names()?, u32_at(symbol, 0)?)?.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok((needed, imports))
}
