//! A relocatable object as the judge sees it: symbols by place, section classes, and data whose references are named.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use object::read::elf::ElfFile64;
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionFlags, SectionIndex, SymbolKind, elf,
};

/// What kind of memory a section becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Memory {
    /// Executable.
    Code,
    /// Read-only once the program runs (`.rodata`, `.data.rel.ro`).
    Constant,
    /// Writable (`.data`, `.bss`).
    Writable,
    /// Writable, once for each thread (`.tdata`, `.tbss`).
    PerThread,
    /// Not in memory at all (debug info, symbol tables).
    Absent,
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code => "executable memory",
            Self::Constant => "read-only memory",
            Self::Writable => "writable memory",
            Self::PerThread => "per-thread memory",
            Self::Absent => "no memory",
        })
    }
}

/// A section of an object.
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    pub(super) memory: Memory,
    /// Empty for `SHT_NOBITS`.
    pub(super) data: &'a [u8],
    /// `SHT_INIT_ARRAY` and its like: read by the loader at start.
    pub(super) start_up: bool,
    /// Merged strings: a reference means the bytes up to the next NUL.
    strings: bool,
    index: SectionIndex,
}

/// A symbol that is defined in the object.
#[derive(Clone, Copy)]
pub(super) struct Symbol<'a> {
    pub(super) name: &'a str,
    /// Index into [`Relocatable::sections`].
    pub(super) section: usize,
    pub(super) address: u64,
    pub(super) size: u64,
    /// A name that means something outside of the object's own numbering.
    pub(super) named: bool,
}

/// A relocation: where, and what is meant.
#[derive(Clone, Copy)]
pub(super) struct Relocation<'a> {
    pub(super) offset: u64,
    pub(super) target: Target<'a>,
    pub(super) addend: i64,
    /// Bytes that are replaced.
    pub(super) width: u8,
}

/// What a relocation refers to.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// A symbol with a meaningful name.
    Named(&'a str),
    /// A place in a section of this object.
    Place { section: usize, offset: u64 },
}

/// See the module's documentation.
pub(super) struct Relocatable<'a> {
    file: ElfFile64<'a, LittleEndian>,
    pub(super) sections: Vec<Section<'a>>,
    pub(super) symbols: Vec<Symbol<'a>>,
    by_place: HashMap<(usize, u64), usize>,
    /// What a relocation against the symbol of this index means.
    targets: Vec<Target<'a>>,
    /// Relocations that were read, by section: those of debug info are many, and asked for twice.
    known: RefCell<HashMap<usize, Rc<[Relocation<'a>]>>>,
}

/// A name that the compiler or assembler makes up for one object.
fn is_private(name: &str) -> bool {
    name.is_empty()
        || name.starts_with(".L")
        || name.starts_with("GCC_except_table")
        || name.starts_with("anon.")
}

impl<'a> Relocatable<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let file = ElfFile64::<LittleEndian>::parse(bytes)
            .context("not a relocatable 64-bit little-endian ELF object")?;
        if file.elf_header().e_machine.get(LittleEndian) != elf::EM_X86_64 {
            bail!(
                "not an object for x86-64 (e_machine {:?})",
                file.elf_header().e_machine.get(LittleEndian)
            );
        }
        let mut sections = Vec::new();
        let mut by_index = HashMap::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
                bail!("section {} has no ELF flags", section.index().0);
            };
            let section_type = section.elf_section_header().sh_type.get(LittleEndian);
            let name = section
                .name()
                .with_context(|| format!("name of section {}", section.index().0))?;
            let has = |flag| sh_flags.contains(flag);
            let memory = if !has(elf::SHF_ALLOC) {
                Memory::Absent
            } else if has(elf::SHF_EXECINSTR) {
                Memory::Code
            } else if has(elf::SHF_TLS) {
                Memory::PerThread
            } else if has(elf::SHF_WRITE) && !name.starts_with(".data.rel.ro") {
                Memory::Writable
            } else {
                Memory::Constant
            };
            by_index.insert(section.index().0, sections.len());
            sections.push(Section {
                name,
                memory,
                data: section
                    .data()
                    .with_context(|| format!("data of section `{name}`"))?,
                start_up: [
                    elf::SHT_INIT_ARRAY,
                    elf::SHT_FINI_ARRAY,
                    elf::SHT_PREINIT_ARRAY,
                ]
                .contains(&section_type),
                strings: has(elf::SHF_STRINGS),
                index: section.index(),
            });
        }
        let mut symbols = Vec::new();
        let mut by_place = HashMap::new();
        // The null symbol is the first, and not in the list.
        let mut targets = vec![Target::Named("")];
        for symbol in file.symbols() {
            let name = symbol.name().unwrap_or_default();
            let section = symbol
                .section_index()
                .and_then(|index| by_index.get(&index.0));
            if targets.len() != symbol.index().0 {
                bail!("the symbols are not in order");
            }
            targets.push(match section {
                Some(section) if symbol.kind() == SymbolKind::Section || is_private(name) => {
                    Target::Place {
                        section: *section,
                        offset: symbol.address(),
                    }
                }
                _ => Target::Named(name),
            });
            let Some(section) = section else {
                continue;
            };
            if matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File) {
                continue;
            }
            let name = symbol
                .name()
                .with_context(|| format!("name of symbol {}", symbol.index().0))?;
            let named = !is_private(name);
            let place = (*section, symbol.address());
            let entry = by_place.entry(place).or_insert(symbols.len());
            // A meaningful name wins over a private one at the same place.
            if symbols
                .get(*entry)
                .is_some_and(|known: &Symbol<'_>| !known.named && named)
            {
                *entry = symbols.len();
            }
            symbols.push(Symbol {
                name,
                section: *section,
                address: symbol.address(),
                size: symbol.size(),
                named,
            });
        }
        Ok(Self {
            file,
            sections,
            symbols,
            by_place,
            targets,
            known: RefCell::default(),
        })
    }

    /// The section of this name, if there is one.
    pub(super) fn section_named(&self, name: &str) -> Option<usize> {
        self.sections
            .iter()
            .position(|section| section.name == name)
    }

    /// Refuses compressed contents, which would be read as if they were plain.
    pub(super) fn plain_data(&self, section: usize) -> Result<&'a [u8]> {
        let view = &self.sections[section];
        let raw = self
            .file
            .section_by_index(view.index)
            .with_context(|| format!("section `{}`", view.name))?;
        let compressed = raw
            .compressed_file_range()
            .with_context(|| format!("section `{}`", view.name))?;
        if compressed.format != object::CompressionFormat::None {
            bail!(
                "section `{}` is compressed; objects are read without compression only",
                view.name
            );
        }
        Ok(view.data)
    }

    /// The relocations of a section, by rising offset.
    pub(super) fn relocations(&self, section: usize) -> Result<Rc<[Relocation<'a>]>> {
        if let Some(known) = self.known.borrow().get(&section) {
            return Ok(known.clone());
        }
        let read: Rc<[Relocation<'a>]> = self.read_relocations(section)?.into();
        self.known.borrow_mut().insert(section, read.clone());
        Ok(read)
    }

    fn read_relocations(&self, section: usize) -> Result<Vec<Relocation<'a>>> {
        let view = &self.sections[section];
        let raw = self
            .file
            .section_by_index(view.index)
            .with_context(|| format!("section `{}`", view.name))?;
        let mut relocations = Vec::new();
        for (offset, relocation) in raw.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                bail!(
                    "relocation at {offset:#x} of `{}` is not an ELF relocation",
                    view.name
                );
            };
            let target = match relocation.target() {
                RelocationTarget::Symbol(index) => *self
                    .targets
                    .get(index.0)
                    .with_context(|| format!("relocation at {offset:#x} of `{}`", view.name))?,
                other => bail!(
                    "relocation at {offset:#x} of `{}` has an unknown target {other:?}",
                    view.name
                ),
            };
            let width = match r_type {
                elf::R_X86_64_64
                | elf::R_X86_64_DTPOFF64
                | elf::R_X86_64_TPOFF64
                | elf::R_X86_64_PC64 => 8,
                elf::R_X86_64_NONE => 0,
                _ => 4,
            };
            relocations.push(Relocation {
                offset,
                target,
                addend: relocation.addend(),
                width,
            });
        }
        relocations.sort_by_key(|relocation| relocation.offset);
        Ok(relocations)
    }

    /// A debug section with its relocations applied as if every section began at address 0, which makes them offsets
    /// into the section that they refer to.
    pub(super) fn debug_data(&self, name: &str) -> Result<Cow<'a, [u8]>> {
        let Some(section) = self.section_named(name) else {
            return Ok(Cow::Borrowed(&[]));
        };
        let data = self.plain_data(section)?;
        let relocations = self.relocations(section)?;
        if relocations.is_empty() {
            return Ok(Cow::Borrowed(data));
        }
        let mut data = data.to_vec();
        for relocation in &*relocations {
            let base = match relocation.target {
                Target::Place { offset, .. } => offset,
                // Only addresses of code and data are referred to by name, and nobody here reads those as numbers.
                Target::Named(_) => 0,
            };
            let value = base.wrapping_add_signed(relocation.addend).to_le_bytes();
            let start = usize::try_from(relocation.offset)
                .context("relocation beyond the address space")?;
            let width = usize::from(relocation.width);
            let field = data.get_mut(start..start + width).with_context(|| {
                format!("relocation at {start:#x} is beyond the end of `{name}`")
            })?;
            field.copy_from_slice(&value[..width]);
        }
        Ok(Cow::Owned(data))
    }

    /// The meaningful name of what begins at this place.
    pub(super) fn name_at(&self, section: usize, offset: u64) -> Option<&'a str> {
        let symbol = &self.symbols[*self.by_place.get(&(section, offset))?];
        symbol.named.then_some(symbol.name)
    }

    /// What a data relocation means: the name of a symbol, or the canonical content of something anonymous.
    pub(super) fn meaning(&self, relocation: &Relocation<'a>, depth: u8) -> Result<String> {
        match relocation.target {
            Target::Named(name) if relocation.addend == 0 => Ok(name.to_owned()),
            Target::Named(name) => Ok(format!("{name}{:+}", relocation.addend)),
            Target::Place { section, offset } => {
                let place = offset.wrapping_add_signed(relocation.addend);
                if let Some(name) = self.name_at(section, place) {
                    return Ok(name.to_owned());
                }
                if depth == 0 {
                    return Ok(format!("{}…", self.sections[section].memory));
                }
                let end = self.end_of(section, place);
                self.content(section, place, end, depth - 1)
            }
        }
    }

    /// Where the anonymous thing at this place ends.
    fn end_of(&self, section: usize, place: u64) -> u64 {
        let view = &self.sections[section];
        if let Some(index) = self.by_place.get(&(section, place)) {
            let size = self.symbols[*index].size;
            if size != 0 {
                return place.saturating_add(size);
            }
        }
        let length = view.data.len() as u64;
        if view.strings {
            let start = usize::try_from(place)
                .unwrap_or(usize::MAX)
                .min(view.data.len());
            let string = view.data[start..]
                .iter()
                .position(|byte| *byte == 0)
                .map_or(length, |n| place + n as u64);
            return string;
        }
        length
    }

    /// Bytes `start..end` of a section as text, with each reference replaced by its meaning: equal texts are equal
    /// data, wherever they lie and however their parts are numbered.
    pub(super) fn content(
        &self,
        section: usize,
        start: u64,
        end: u64,
        depth: u8,
    ) -> Result<String> {
        use std::fmt::Write as _;
        let view = &self.sections[section];
        let mut text = String::new();
        let mut position = start;
        let push = |text: &mut String, from: u64, to: u64| {
            let from = usize::try_from(from)
                .unwrap_or(usize::MAX)
                .min(view.data.len());
            let to = usize::try_from(to)
                .unwrap_or(usize::MAX)
                .min(view.data.len());
            for byte in &view.data[from..to.max(from)] {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
        };
        for relocation in &*self.relocations(section)? {
            if relocation.offset < position || relocation.offset >= end {
                continue;
            }
            push(&mut text, position, relocation.offset);
            let meaning = self.meaning(relocation, depth)?;
            let _ = write!(text, "<{meaning}>");
            position = relocation.offset + u64::from(relocation.width);
        }
        push(&mut text, position, end);
        Ok(text)
    }
}
