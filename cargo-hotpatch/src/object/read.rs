//! Relocatable objects, read once and indexed by section and symbol.
//!
//! Reads what `rustc` and C compilers write for x86-64 ELF, and nothing else. Every offset and index is checked while
//! reading, so that the phases behind can index without fear: an [`ObjectFile`] holds only references that are in range.

use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail};
use object::elf;
use object::endian::LittleEndian as LE;
use object::pod;

/// Index of a section inside its object; 0 is the ELF null section.
pub type SectionIndex = usize;
/// Index of a symbol inside its object; 0 is the ELF null symbol.
pub type SymbolIndex = usize;

/// One relocatable object.
#[derive(Debug)]
pub struct ObjectFile<'d> {
    /// The sections, by ELF index.
    pub sections: Vec<Section<'d>>,
    /// The symbols, by ELF index.
    pub symbols: Vec<Symbol<'d>>,
    data: &'d [u8],
}

/// One section.
#[derive(Debug)]
pub struct Section<'d> {
    /// Its name.
    pub name: &'d str,
    /// `sh_type`.
    pub kind: u32,
    /// `sh_flags`.
    pub flags: u64,
    /// In bytes; 1 when the file says 0.
    pub align: u64,
    /// In bytes, also for `SHT_NOBITS`.
    pub size: u64,
    /// `sh_entsize`: the size of one element of a mergeable section.
    pub entry_size: u64,
    /// The content; empty for `SHT_NOBITS`.
    pub data: &'d [u8],
    relocation_table: Option<Range<usize>>,
}

/// Where a symbol is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Somewhere else.
    Undefined,
    /// An absolute value.
    Absolute,
    /// A common block, which the linker would allocate.
    Common,
    /// In this section of the object.
    Section(SectionIndex),
}

/// One symbol.
#[derive(Debug, Clone, Copy)]
pub struct Symbol<'d> {
    /// Its name; empty for section symbols.
    pub name: &'d str,
    /// Where it is defined.
    pub place: Place,
    /// Offset in its section.
    pub value: u64,
    /// In bytes.
    pub size: u64,
    /// `STT_*`.
    pub kind: u8,
    /// `STB_*`.
    pub binding: u8,
}

/// One relocation with its addend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relocation {
    /// Offset of the field in its section.
    pub offset: u64,
    /// `R_X86_64_*`.
    pub kind: u32,
    /// The target.
    pub symbol: SymbolIndex,
    /// The addend.
    pub addend: i64,
}

impl Section<'_> {
    /// Holds instructions that are part of the program.
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.flags & elf::SHF_EXECINSTR.0 != 0 && self.is_allocated()
    }

    /// Is part of the running program's memory.
    #[must_use]
    pub fn is_allocated(&self) -> bool {
        self.flags & elf::SHF_ALLOC.0 != 0
    }

    /// Is writable by the program once it runs: `.data` and `.bss`, but not `.data.rel.ro`, which the loader makes
    /// read-only after relocation.
    #[must_use]
    pub fn is_mutable(&self) -> bool {
        self.is_allocated()
            && self.flags & elf::SHF_WRITE.0 != 0
            && self.name != ".data.rel.ro"
            && !self.name.starts_with(".data.rel.ro.")
            && !self.name.starts_with(".data.rel.ro,")
    }

    /// Is a thread-local template.
    #[must_use]
    pub fn is_thread_local(&self) -> bool {
        self.flags & elf::SHF_TLS.0 != 0
    }

    /// Its elements are zero-terminated strings that a linker may merge.
    #[must_use]
    pub fn is_mergeable(&self) -> bool {
        self.flags & elf::SHF_MERGE.0 != 0
    }

    /// Takes no space in the file.
    #[must_use]
    pub fn is_zero_filled(&self) -> bool {
        self.kind == elf::SHT_NOBITS.0
    }

    /// Holds debug info.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.name.starts_with(".debug_") && !self.is_allocated()
    }
}

impl Symbol<'_> {
    /// Visible only inside its object.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.binding == elf::STB_LOCAL.0
    }

    /// A function, by the file's word.
    #[must_use]
    pub fn is_function(&self) -> bool {
        self.kind == elf::STT_FUNC.0
    }

    /// A thread-local.
    #[must_use]
    pub fn is_thread_local(&self) -> bool {
        self.kind == elf::STT_TLS.0
    }

    /// The section that it is defined in.
    #[must_use]
    pub fn section(&self) -> Option<SectionIndex> {
        match self.place {
            Place::Section(index) => Some(index),
            _ => None,
        }
    }
}

impl<'d> ObjectFile<'d> {
    /// Reads a relocatable x86-64 ELF file.
    ///
    /// # Errors
    /// When the file is not that, is cut short, or refers to what it does not have. The error names section or symbol.
    pub fn parse(data: &'d [u8]) -> Result<Self> {
        let (header, _) = pod::from_bytes::<elf::FileHeader64<LE>>(data)
            .map_err(|()| anyhow!("the file has {} bytes, an ELF header needs 64", data.len()))?;
        if header.e_ident.magic != elf::ELFMAG
            || header.e_ident.class != elf::ELFCLASS64
            || header.e_ident.data != elf::ELFDATA2LSB
        {
            bail!(
                "not a 64-bit little-endian ELF file (it begins with {:02x?})",
                &data[..8.min(data.len())]
            );
        }
        let (file_kind, machine) = (header.e_type.get(LE), header.e_machine.get(LE));
        if file_kind != elf::ET_REL || machine != elf::EM_X86_64 {
            bail!(
                "expected a relocatable x86-64 object, found e_type {file_kind}, e_machine {machine}"
            );
        }
        let headers = section_headers(data, header)?;
        let names_index = match header.e_shstrndx.get(LE) {
            elf::SHN_XINDEX => headers.first().map_or(0, |null| null.sh_link.get(LE)),
            index => u32::from(index.0),
        };
        let names = headers
            .get(names_index as usize)
            .ok_or_else(|| {
                anyhow!(
                    "the section name table is section {names_index} of {}",
                    headers.len()
                )
            })
            .and_then(|names| content(data, names).context("section names"))?;

        let mut sections = Vec::with_capacity(headers.len());
        for (index, section) in headers.iter().enumerate() {
            let name = string_at(names, section.sh_name.get(LE))
                .with_context(|| format!("name of section {index}"))?;
            sections.push(Section {
                name,
                kind: section.sh_type.get(LE).0,
                flags: section.sh_flags.get(LE).0,
                align: section.sh_addralign.get(LE).max(1),
                size: section.sh_size.get(LE),
                entry_size: section.sh_entsize.get(LE),
                data: content(data, section)
                    .with_context(|| format!("section {index} `{name}`"))?,
                relocation_table: None,
            });
        }
        let mut symbols = Vec::new();
        for (index, section) in headers.iter().enumerate() {
            match section.sh_type.get(LE) {
                elf::SHT_SYMTAB => symbols = read_symbols(data, headers, index)?,
                elf::SHT_REL => bail!(
                    "section `{}` has relocations without addends",
                    sections[index].name
                ),
                elf::SHT_RELA => {
                    let target = section.sh_info.get(LE) as usize;
                    let range = range_of(section);
                    sections
                        .get_mut(target)
                        .ok_or_else(|| {
                            anyhow!("relocations for section {target}, which does not exist")
                        })?
                        .relocation_table = Some(range);
                }
                _ => {}
            }
        }
        Ok(Self {
            sections,
            symbols,
            data,
        })
    }

    /// The relocations of a section, in the order of their offsets.
    ///
    /// # Errors
    /// When one lies outside of its section or names a symbol that does not exist.
    pub fn relocations(&self, section: SectionIndex) -> Result<Vec<Relocation>> {
        let target = &self.sections[section];
        let Some(range) = target.relocation_table.clone() else {
            return Ok(Vec::new());
        };
        let bytes = &self.data[range];
        let count = bytes.len() / size_of::<elf::Rela64<LE>>();
        let (entries, _) =
            pod::slice_from_bytes::<elf::Rela64<LE>>(bytes, count).map_err(|()| {
                anyhow!(
                    "relocations of `{}` are misaligned or cut short",
                    target.name
                )
            })?;
        let mut relocations = Vec::with_capacity(count);
        for entry in entries {
            let relocation = Relocation {
                offset: entry.r_offset.get(LE),
                kind: entry.r_type(LE, false).0,
                symbol: entry.r_sym(LE, false) as usize,
                addend: entry.r_addend.get(LE),
            };
            if relocation.offset >= target.size || relocation.symbol >= self.symbols.len() {
                bail!(
                    "a relocation of `{}` is at offset {:#x} of {:#x}, against symbol {} of {}",
                    target.name,
                    relocation.offset,
                    target.size,
                    relocation.symbol,
                    self.symbols.len()
                );
            }
            relocations.push(relocation);
        }
        relocations.sort_by_key(|relocation| relocation.offset);
        Ok(relocations)
    }

    /// The defined functions of this object: symbol index and section.
    pub fn functions(&self) -> impl Iterator<Item = (SymbolIndex, SectionIndex)> + '_ {
        self.symbols
            .iter()
            .enumerate()
            .filter_map(|(index, symbol)| {
                let section = symbol.section()?;
                (symbol.is_function() && self.sections[section].is_code())
                    .then_some((index, section))
            })
    }

    /// The bytes of a symbol's definition: from its value on, over its size (or to the section's end if it has none).
    #[must_use]
    pub fn symbol_bytes(&self, symbol: &Symbol<'_>) -> Option<&'d [u8]> {
        let section = &self.sections[symbol.section()?];
        let start = usize::try_from(symbol.value).ok()?;
        let end = if symbol.size == 0 {
            section.data.len()
        } else {
            start.checked_add(usize::try_from(symbol.size).ok()?)?
        };
        section.data.get(start..end)
    }
}

fn section_headers<'d>(
    data: &'d [u8],
    header: &elf::FileHeader64<LE>,
) -> Result<&'d [elf::SectionHeader64<LE>]> {
    let offset = usize::try_from(header.e_shoff.get(LE)).context("section header offset")?;
    let tail = data.get(offset..).filter(|_| offset != 0).ok_or_else(|| {
        anyhow!(
            "section headers at {offset:#x}, but the file ends at {:#x}",
            data.len()
        )
    })?;
    let count = match header.e_shnum.get(LE) {
        // More than 65,279 sections: the real count stands in the null section (ELF gABI, "Section Header").
        0 => {
            let (first, _) = pod::from_bytes::<elf::SectionHeader64<LE>>(tail)
                .map_err(|()| anyhow!("the section headers are cut short"))?;
            usize::try_from(first.sh_size.get(LE)).context("section count")?
        }
        count => usize::from(count),
    };
    let (headers, _) =
        pod::slice_from_bytes::<elf::SectionHeader64<LE>>(tail, count).map_err(|()| {
            anyhow!(
                "{count} section headers at {offset:#x} do not fit into {:#x} bytes",
                data.len()
            )
        })?;
    for (index, section) in headers.iter().enumerate() {
        if section.sh_type.get(LE) != elf::SHT_NOBITS {
            let range = range_of(section);
            if range.end > data.len() || range.start > range.end {
                bail!(
                    "section {index} ends at {:#x}, the file at {:#x}",
                    range.end,
                    data.len()
                );
            }
        }
    }
    Ok(headers)
}

fn range_of(section: &elf::SectionHeader64<LE>) -> Range<usize> {
    // 64-bit only: `usize` holds every `u64`, and `section_headers` refuses what lies outside of the file.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the tool runs on 64-bit Linux only"
    )]
    let start = section.sh_offset.get(LE) as usize;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the tool runs on 64-bit Linux only"
    )]
    let size = section.sh_size.get(LE) as usize;
    start..start.saturating_add(size)
}

fn content<'d>(data: &'d [u8], section: &elf::SectionHeader64<LE>) -> Result<&'d [u8]> {
    match section.sh_type.get(LE) {
        elf::SHT_NOBITS | elf::SHT_NULL => Ok(&[]),
        _ => data
            .get(range_of(section))
            .ok_or_else(|| anyhow!("its content lies outside of the file")),
    }
}

fn string_at(table: &[u8], offset: u32) -> Result<&str> {
    let tail = table
        .get(offset as usize..)
        .ok_or_else(|| anyhow!("string offset {offset:#x} is out of range"))?;
    let end = tail
        .iter()
        .position(|byte| *byte == 0)
        .ok_or_else(|| anyhow!("a string has no end"))?;
    std::str::from_utf8(&tail[..end]).context("a name is not UTF-8")
}

fn read_symbols<'d>(
    data: &'d [u8],
    headers: &'d [elf::SectionHeader64<LE>],
    table: SectionIndex,
) -> Result<Vec<Symbol<'d>>> {
    let header = &headers[table];
    let bytes = content(data, header)?;
    let count = bytes.len() / size_of::<elf::Sym64<LE>>();
    let (entries, _) = pod::slice_from_bytes::<elf::Sym64<LE>>(bytes, count)
        .map_err(|()| anyhow!("the symbol table is misaligned or cut short"))?;
    let names = headers
        .get(header.sh_link.get(LE) as usize)
        .ok_or_else(|| anyhow!("the symbol table has no string table"))
        .and_then(|names| content(data, names))?;
    let extended = headers
        .iter()
        .find(|other| {
            other.sh_type.get(LE) == elf::SHT_SYMTAB_SHNDX
                && other.sh_link.get(LE) as usize == table
        })
        .map(|other| content(data, other))
        .transpose()?;
    let mut symbols = Vec::with_capacity(count);
    for (index, entry) in entries.iter().enumerate() {
        let name = string_at(names, entry.st_name.get(LE))
            .with_context(|| format!("name of symbol {index}"))?;
        let place = match entry.st_shndx.get(LE) {
            elf::SHN_UNDEF => Place::Undefined,
            elf::SHN_ABS => Place::Absolute,
            elf::SHN_COMMON => Place::Common,
            elf::SHN_XINDEX => {
                let section = extended
                    .and_then(|table| table.get(index * 4..index * 4 + 4))
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(u32::from_le_bytes)
                    .ok_or_else(|| anyhow!("symbol `{name}` has no extended section index"))?;
                Place::Section(section as usize)
            }
            section => Place::Section(usize::from(section.0)),
        };
        if let Place::Section(section) = place
            && section >= headers.len()
        {
            bail!(
                "symbol `{name}` is in section {section} of {}",
                headers.len()
            );
        }
        symbols.push(Symbol {
            name,
            place,
            value: entry.st_value.get(LE),
            size: entry.st_size.get(LE),
            kind: entry.st_type().0,
            binding: entry.st_bind().0,
        });
    }
    Ok(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_refused_with_a_reason() {
        for bytes in [&b""[..], b"\x7fELF", &[0; 64], &[0xff; 4096]] {
            assert!(ObjectFile::parse(bytes).is_err());
        }
    }
}
