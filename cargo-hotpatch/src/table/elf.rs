//! Raw ELF64 little-endian relocatables: what the rewriter needs to read and write, and nothing else.
//!
//! Every offset, count and index that comes from the file is checked when it is read. Section counts above 65,279
//! (`SHN_XINDEX`, `SHT_SYMTAB_SHNDX`) are ordinary here.

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) const FILE_HEADER_SIZE: usize = 64;
pub(crate) const SECTION_HEADER_SIZE: usize = 64;
pub(crate) const SYMBOL_SIZE: usize = 24;
pub(crate) const RELA_SIZE: usize = 24;

pub(crate) const SHN_LORESERVE: u32 = 0xff00;
pub(crate) const SHN_XINDEX: u16 = 0xffff;

pub(crate) const SHT_PROGBITS: u32 = 1;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_STRTAB: u32 = 3;
pub(crate) const SHT_RELA: u32 = 4;
pub(crate) const SHT_NOBITS: u32 = 8;
pub(crate) const SHT_REL: u32 = 9;
pub(crate) const SHT_GROUP: u32 = 17;
pub(crate) const SHT_SYMTAB_SHNDX: u32 = 18;
pub(crate) const SHT_CREL: u32 = 0x4000_0014;
pub(crate) const SHT_LLVM_ADDRSIG: u32 = 0x6fff_4c03;
pub(crate) const SHT_X86_64_UNWIND: u32 = 0x7000_0001;

pub(crate) const SHF_WRITE: u64 = 0x1;
pub(crate) const SHF_ALLOC: u64 = 0x2;
pub(crate) const SHF_EXECINSTR: u64 = 0x4;
pub(crate) const SHF_INFO_LINK: u64 = 0x40;
pub(crate) const SHF_LINK_ORDER: u64 = 0x80;
pub(crate) const SHF_GROUP: u64 = 0x200;
pub(crate) const SHF_TLS: u64 = 0x400;
pub(crate) const SHF_GNU_RETAIN: u64 = 0x20_0000;
pub(crate) const SHF_EXCLUDE: u64 = 0x8000_0000;

pub(crate) const STB_LOCAL: u8 = 0;
pub(crate) const STB_GLOBAL: u8 = 1;
pub(crate) const STB_WEAK: u8 = 2;
pub(crate) const STT_OBJECT: u8 = 1;
pub(crate) const STT_FUNC: u8 = 2;
pub(crate) const STT_SECTION: u8 = 3;
pub(crate) const STT_TLS: u8 = 6;
pub(crate) const STV_HIDDEN: u8 = 2;

pub(crate) const R_X86_64_64: u32 = 1;
pub(crate) const R_X86_64_PC32: u32 = 2;
pub(crate) const R_X86_64_GOT32: u32 = 3;
pub(crate) const R_X86_64_PLT32: u32 = 4;
pub(crate) const R_X86_64_GOTPCREL: u32 = 9;
pub(crate) const R_X86_64_32: u32 = 10;
pub(crate) const R_X86_64_32S: u32 = 11;
pub(crate) const R_X86_64_PC64: u32 = 24;
pub(crate) const R_X86_64_GOTOFF64: u32 = 25;
pub(crate) const R_X86_64_GOT64: u32 = 27;
pub(crate) const R_X86_64_GOTPCREL64: u32 = 28;
pub(crate) const R_X86_64_GOTPLT64: u32 = 30;
pub(crate) const R_X86_64_PLTOFF64: u32 = 31;
pub(crate) const R_X86_64_SIZE32: u32 = 32;
pub(crate) const R_X86_64_SIZE64: u32 = 33;
pub(crate) const R_X86_64_GOTPCRELX: u32 = 41;
pub(crate) const R_X86_64_REX_GOTPCRELX: u32 = 42;
pub(crate) const R_X86_64_CODE_4_GOTPCRELX: u32 = 43;

/// `bytes[offset..offset + N]`, or an error that names the place.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N]> {
    offset
        .checked_add(N)
        .and_then(|end| bytes.get(offset..end))
        .and_then(|slice| slice.try_into().ok())
        .with_context(|| {
            format!(
                "{N} bytes at offset {offset:#x} lie outside of its {:#x} bytes",
                bytes.len()
            )
        })
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(array_at(bytes, offset)?))
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(array_at(bytes, offset)?))
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Result<u64> {
    Ok(u64::from_le_bytes(array_at(bytes, offset)?))
}

/// The NUL-terminated string at `offset` of a string table.
pub(crate) fn string_at(table: &[u8], offset: u32) -> Result<&str> {
    let tail = table.get(offset as usize..).with_context(|| {
        format!(
            "string offset {offset:#x} is outside of its table of {:#x} bytes",
            table.len()
        )
    })?;
    let end = tail
        .iter()
        .position(|&byte| byte == 0)
        .with_context(|| format!("the string at {offset:#x} has no end"))?;
    std::str::from_utf8(&tail[..end])
        .with_context(|| format!("the string at {offset:#x} is not UTF-8"))
}

/// A section header, field by field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SectionHeader {
    pub(crate) name: u32,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) address: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) link: u32,
    pub(crate) info: u32,
    pub(crate) align: u64,
    pub(crate) entry_size: u64,
}

impl SectionHeader {
    fn read(bytes: &[u8], at: usize) -> Result<Self> {
        let raw: [u8; SECTION_HEADER_SIZE] = array_at(bytes, at)?;
        Ok(Self {
            name: u32_at(&raw, 0)?,
            kind: u32_at(&raw, 4)?,
            flags: u64_at(&raw, 8)?,
            address: u64_at(&raw, 16)?,
            offset: u64_at(&raw, 24)?,
            size: u64_at(&raw, 32)?,
            link: u32_at(&raw, 40)?,
            info: u32_at(&raw, 44)?,
            align: u64_at(&raw, 48)?,
            entry_size: u64_at(&raw, 56)?,
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name.to_le_bytes());
        out.extend_from_slice(&self.kind.to_le_bytes());
        out.extend_from_slice(&self.flags.to_le_bytes());
        out.extend_from_slice(&self.address.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&self.link.to_le_bytes());
        out.extend_from_slice(&self.info.to_le_bytes());
        out.extend_from_slice(&self.align.to_le_bytes());
        out.extend_from_slice(&self.entry_size.to_le_bytes());
    }

    /// Loaded, and executed.
    pub(crate) fn is_code(&self) -> bool {
        self.flags & (SHF_ALLOC | SHF_EXECINSTR) == SHF_ALLOC | SHF_EXECINSTR
    }
}

/// A symbol, with its section index already looked up in `SHT_SYMTAB_SHNDX` where it is too large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) name: u32,
    pub(crate) info: u8,
    pub(crate) other: u8,
    /// What `st_shndx` says: a reserved index (`SHN_ABS`, `SHN_COMMON`), or `SHN_XINDEX`, or the section.
    pub(crate) raw_section: u16,
    /// The section, when the symbol is defined in one.
    pub(crate) section: Option<u32>,
    pub(crate) value: u64,
    pub(crate) size: u64,
}

impl Symbol {
    pub(crate) fn binding(&self) -> u8 {
        self.info >> 4
    }

    pub(crate) fn kind(&self) -> u8 {
        self.info & 0xf
    }

    /// Moves the symbol to a section.
    pub(crate) fn set_section(&mut self, section: u32) {
        self.section = Some(section);
        self.raw_section = match u16::try_from(section) {
            Ok(small) if section < SHN_LORESERVE => small,
            _ => SHN_XINDEX,
        };
    }

    /// A symbol in `section`.
    pub(crate) fn defined(
        name: u32,
        binding: u8,
        kind: u8,
        section: u32,
        value: u64,
        size: u64,
    ) -> Self {
        let mut symbol = Self {
            name,
            info: binding << 4 | kind,
            other: 0,
            raw_section: 0,
            section: None,
            value,
            size,
        };
        symbol.set_section(section);
        symbol
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name.to_le_bytes());
        out.extend_from_slice(&[self.info, self.other]);
        out.extend_from_slice(&self.raw_section.to_le_bytes());
        out.extend_from_slice(&self.value.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
    }

    /// What stands beside the symbol in `SHT_SYMTAB_SHNDX`.
    pub(crate) fn extended_index(&self) -> u32 {
        if self.raw_section == SHN_XINDEX {
            self.section.unwrap_or(0)
        } else {
            0
        }
    }
}

/// A relocation with addend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rela {
    pub(crate) offset: u64,
    pub(crate) kind: u32,
    pub(crate) symbol: u32,
    pub(crate) addend: i64,
}

impl Rela {
    pub(crate) fn from_bytes(raw: &[u8; RELA_SIZE]) -> Self {
        let field = |at: usize| -> [u8; 8] {
            [
                raw[at],
                raw[at + 1],
                raw[at + 2],
                raw[at + 3],
                raw[at + 4],
                raw[at + 5],
                raw[at + 6],
                raw[at + 7],
            ]
        };
        let info = u64::from_le_bytes(field(8));
        let [k0, k1, k2, k3, s0, s1, s2, s3] = info.to_le_bytes();
        Self {
            offset: u64::from_le_bytes(field(0)),
            kind: u32::from_le_bytes([k0, k1, k2, k3]),
            symbol: u32::from_le_bytes([s0, s1, s2, s3]),
            addend: i64::from_le_bytes(field(16)),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; RELA_SIZE] {
        let mut raw = [0; RELA_SIZE];
        raw[..8].copy_from_slice(&self.offset.to_le_bytes());
        raw[8..12].copy_from_slice(&self.kind.to_le_bytes());
        raw[12..16].copy_from_slice(&self.symbol.to_le_bytes());
        raw[16..].copy_from_slice(&self.addend.to_le_bytes());
        raw
    }
}

/// A relocatable x86-64 object: headers and symbols are read, contents stay where they are.
#[derive(Debug)]
pub(crate) struct Relocatable<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sections: Vec<SectionHeader>,
    /// Index of the section that holds the section names.
    pub(crate) section_names: u32,
    /// Index of `.symtab`; `None` when the object has none.
    pub(crate) symbol_table: Option<u32>,
    /// Index of the `SHT_SYMTAB_SHNDX` that belongs to `.symtab`.
    pub(crate) extended_indexes: Option<u32>,
    pub(crate) symbols: Vec<Symbol>,
}

impl<'a> Relocatable<'a> {
    /// Reads the headers and symbols of an object.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self> {
        ensure!(
            !bytes.starts_with(b"BC\xC0\xDE"),
            "it holds LLVM bitcode instead of machine code (link-time optimisation has to be off)"
        );
        let ident: [u8; 16] = array_at(bytes, 0).context("its ELF header")?;
        ensure!(
            ident.starts_with(b"\x7fELF"),
            "it does not begin with the ELF magic number"
        );
        ensure!(
            ident[4] == 2 && ident[5] == 1,
            "it is not a 64-bit little-endian ELF file"
        );
        let (file_type, machine) = (u16_at(bytes, 16)?, u16_at(bytes, 18)?);
        ensure!(
            file_type == 1,
            "it is not a relocatable ELF file (e_type is {file_type}, not 1)"
        );
        ensure!(
            machine == 62,
            "it is not made for x86-64 (e_machine is {machine}, not 62)"
        );
        let table = usize::try_from(u64_at(bytes, 40)?).context("e_shoff")?;
        let header_size = usize::from(u16_at(bytes, 58)?);
        ensure!(
            header_size == SECTION_HEADER_SIZE,
            "its section headers have {header_size} bytes, not 64"
        );

        let null = SectionHeader::read(bytes, table).context("section header 0")?;
        let count = match u16_at(bytes, 60)? {
            0 => usize::try_from(null.size)?,
            count => usize::from(count),
        };
        let section_names = match u16_at(bytes, 62)? {
            SHN_XINDEX => null.link,
            index => u32::from(index),
        };
        ensure!(
            count
                .checked_mul(SECTION_HEADER_SIZE)
                .and_then(|size| size.checked_add(table))
                .is_some_and(|end| end <= bytes.len()),
            "{count} section headers at {table:#x} do not fit into its {:#x} bytes",
            bytes.len()
        );
        let sections = (0..count)
            .map(|index| {
                SectionHeader::read(bytes, table + index * SECTION_HEADER_SIZE)
                    .with_context(|| format!("section header {index}"))
            })
            .collect::<Result<Vec<_>>>()?;

        let mut object = Self {
            bytes,
            sections,
            section_names,
            symbol_table: None,
            extended_indexes: None,
            symbols: Vec::new(),
        };
        for (index, section) in (0u32..).zip(&object.sections) {
            match section.kind {
                SHT_SYMTAB if object.symbol_table.is_some() => {
                    bail!("it has more than one symbol table")
                }
                SHT_SYMTAB => object.symbol_table = Some(index),
                SHT_SYMTAB_SHNDX => object.extended_indexes = Some(index),
                SHT_CREL => bail!(
                    "section {index} holds compact relocations (SHT_CREL), which are not supported"
                ),
                _ => {}
            }
        }
        if let Some(table) = object.symbol_table {
            object.symbols = object.read_symbols(table).context("its symbol table")?;
        }
        Ok(object)
    }

    fn read_symbols(&self, table: u32) -> Result<Vec<Symbol>> {
        let data = self.data(table)?;
        let extended = self
            .extended_indexes
            .map(|index| self.data(index))
            .transpose()?;
        ensure!(
            data.len().is_multiple_of(SYMBOL_SIZE),
            "{:#x} bytes are not a multiple of 24",
            data.len()
        );
        let first_global = self.section(table)?.info as usize;
        ensure!(
            first_global <= data.len() / SYMBOL_SIZE,
            "its first global symbol {first_global} does not exist"
        );
        let mut symbols = Vec::with_capacity(data.len() / SYMBOL_SIZE);
        for index in 0..data.len() / SYMBOL_SIZE {
            let raw: [u8; SYMBOL_SIZE] = array_at(data, index * SYMBOL_SIZE)?;
            let raw_section = u16_at(&raw, 6)?;
            let section = match raw_section {
                SHN_XINDEX => {
                    let extended = extended.with_context(|| {
                        format!("symbol {index} refers to a table of extended section indexes, which is absent")
                    })?;
                    Some(u32_at(extended, index * 4)?)
                }
                0 => None,
                small if u32::from(small) < SHN_LORESERVE => Some(u32::from(small)),
                _ => None,
            };
            if let Some(section) = section {
                ensure!(
                    (section as usize) < self.sections.len(),
                    "symbol {index} is in section {section}, which does not exist"
                );
            }
            symbols.push(Symbol {
                name: u32_at(&raw, 0)?,
                info: raw[4],
                other: raw[5],
                raw_section,
                section,
                value: u64_at(&raw, 8)?,
                size: u64_at(&raw, 16)?,
            });
        }
        Ok(symbols)
    }

    /// The header of a section.
    pub(crate) fn section(&self, index: u32) -> Result<&SectionHeader> {
        self.sections.get(index as usize).with_context(|| {
            format!(
                "section {index} does not exist; there are {}",
                self.sections.len()
            )
        })
    }

    /// The bytes of a section in the file; none for `SHT_NOBITS`.
    pub(crate) fn data(&self, index: u32) -> Result<&'a [u8]> {
        let section = self.section(index)?;
        if section.kind == SHT_NOBITS {
            return Ok(&[]);
        }
        let start = usize::try_from(section.offset)?;
        let size = usize::try_from(section.size)?;
        start.checked_add(size).and_then(|end| self.bytes.get(start..end)).with_context(|| {
            format!("section {index} at {start:#x}+{size:#x} lies outside of the {:#x} bytes of the file", self.bytes.len())
        })
    }

    /// A section's name.
    pub(crate) fn section_name(&self, index: u32) -> Result<&'a str> {
        string_at(self.data(self.section_names)?, self.section(index)?.name)
            .with_context(|| format!("the name of section {index}"))
    }

    /// The string table of the symbols.
    pub(crate) fn symbol_names(&self) -> Result<&'a [u8]> {
        match self.symbol_table {
            Some(table) => self.data(self.section(table)?.link),
            None => Ok(&[]),
        }
    }

    /// The relocations of an `SHT_RELA` section.
    pub(crate) fn relocations(&self, index: u32) -> Result<impl Iterator<Item = Rela> + use<'a>> {
        let section = self.section(index)?;
        ensure!(
            section.kind == SHT_RELA && section.size.is_multiple_of(RELA_SIZE as u64),
            "relocation section {index} has {:#x} bytes, which is not a multiple of 24",
            section.size
        );
        Ok(self
            .data(index)?
            .as_chunks::<RELA_SIZE>()
            .0
            .iter()
            .map(Rela::from_bytes))
    }
}

/// Calls `visit` with the name of each symbol that an object defines for others: what an archive's index holds.
pub(crate) fn visit_defined_globals(
    bytes: &[u8],
    visit: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<()> {
    let object = Relocatable::parse(bytes)?;
    let names = object.symbol_names()?;
    for symbol in &object.symbols {
        if symbol.binding() != STB_LOCAL && symbol.raw_section != 0 {
            visit(string_at(names, symbol.name)?.as_bytes())?;
        }
    }
    Ok(())
}

/// Aligns `out`'s length to `align` with zeros.
pub(crate) fn pad_to(out: &mut Vec<u8>, align: usize) {
    out.resize(out.len().next_multiple_of(align), 0);
}
