//! What a relocation refers to: a thing with a name, whose identity must be kept, or anonymous data, which is its content.
//!
//! Compilers number anonymous constants (`.Lanon.<hash>.7`, `alloc_<hash>`, jump tables): the numbers are noise. So a local,
//! read-only definition without a mangled name is its bytes, wherever it lies. All else is known by its name.

use super::read::{ObjectFile, Place, Relocation, SectionIndex, Symbol, SymbolIndex};
use super::reloc;

/// What a relocation refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A symbol with an identity: function, static, thread-local or something in another object.
    Named {
        /// The symbol, defined here or elsewhere.
        symbol: SymbolIndex,
        /// Address of the reference's base symbol minus the address of `symbol`, plus the addend.
        addend: i64,
    },
    /// A place inside a code section that is not the start of a function: a jump table's entry, a landing pad.
    Code {
        /// The section.
        section: SectionIndex,
        /// Base symbol's value plus the addend.
        addend: i64,
    },
    /// Read-only data without an identity.
    Anonymous {
        /// The section.
        section: SectionIndex,
        /// Where the constant begins: 0 for a section of its own.
        start: u64,
        /// Its length.
        size: u64,
        /// Base symbol's value plus the addend, minus `start`.
        addend: i64,
    },
}

/// True for a definition that is nothing but its content.
#[must_use]
pub fn is_anonymous(object: &ObjectFile<'_>, symbol: &Symbol<'_>) -> bool {
    let Some(section) = symbol.section() else {
        return false;
    };
    let section = &object.sections[section];
    symbol.is_local()
        && section.is_allocated()
        && !section.is_mutable()
        && !section.is_code()
        && !section.is_thread_local()
        && !is_mangled(symbol.name)
}

/// A Rust or C++ item's name.
#[must_use]
pub fn is_mangled(name: &str) -> bool {
    name.starts_with("_R") || name.starts_with("_Z")
}

/// Symbols of an object by the section that they are defined in, for looking behind section symbols.
#[derive(Debug)]
pub struct SymbolsBySection {
    symbols: Vec<Vec<SymbolIndex>>,
}

impl SymbolsBySection {
    /// Indexes `object`.
    #[must_use]
    pub fn new(object: &ObjectFile<'_>) -> Self {
        let mut symbols = vec![Vec::new(); object.sections.len()];
        for (index, symbol) in object.symbols.iter().enumerate() {
            if let Place::Section(section) = symbol.place
                && !symbol.name.is_empty()
                && symbol.kind != object::elf::STT_SECTION.0
                && symbol.kind != object::elf::STT_FILE.0
            {
                symbols[section].push(index);
            }
        }
        Self { symbols }
    }

    /// The named symbols that are defined in `section`.
    #[must_use]
    pub fn of(&self, section: SectionIndex) -> &[SymbolIndex] {
        &self.symbols[section]
    }

    /// What `relocation`, found in `object`, refers to.
    #[must_use]
    pub fn target(&self, object: &ObjectFile<'_>, relocation: &Relocation) -> Target {
        let symbol = &object.symbols[relocation.symbol];
        let Place::Section(index) = symbol.place else {
            return Target::Named {
                symbol: relocation.symbol,
                addend: relocation.addend,
            };
        };
        let section = &object.sections[index];
        let is_section_symbol = symbol.kind == object::elf::STT_SECTION.0 || symbol.name.is_empty();
        let from_section_start = relocation.addend.wrapping_add_unsigned(symbol.value);
        if section.is_code() {
            let start = reloc::addend_of_start(relocation.kind);
            if !is_section_symbol && (symbol.is_function() || !symbol.is_local()) {
                return Target::Named {
                    symbol: relocation.symbol,
                    addend: relocation.addend,
                };
            }
            // A section symbol (or a label) that names the very start of a function names the function.
            if let Some(start) = start {
                let offset = from_section_start.wrapping_sub(start);
                for &candidate in self.of(index) {
                    let function = &object.symbols[candidate];
                    if function.is_function() && i64::try_from(function.value) == Ok(offset) {
                        return Target::Named {
                            symbol: candidate,
                            addend: start,
                        };
                    }
                }
            }
            return Target::Code {
                section: index,
                addend: from_section_start,
            };
        }
        if !is_section_symbol && !is_anonymous(object, symbol) {
            return Target::Named {
                symbol: relocation.symbol,
                addend: relocation.addend,
            };
        }
        if is_section_symbol {
            // `.bss._RNv…COUNT + 0`: the one named thing in that section is meant.
            for &candidate in self.of(index) {
                let named = &object.symbols[candidate];
                if !is_anonymous(object, named) && !section.is_mergeable() {
                    return Target::Named {
                        symbol: candidate,
                        addend: from_section_start.wrapping_sub_unsigned(named.value),
                    };
                }
            }
            if section.is_mutable() || section.is_thread_local() {
                return Target::Named {
                    symbol: relocation.symbol,
                    addend: relocation.addend,
                };
            }
        }
        if section.is_mergeable() && !is_section_symbol && symbol.size > 0 {
            return Target::Anonymous {
                section: index,
                start: symbol.value,
                size: symbol.size,
                addend: relocation.addend,
            };
        }
        if section.is_mergeable() {
            let offset = if is_section_symbol {
                from_section_start
                    .wrapping_sub(reloc::addend_of_start(relocation.kind).unwrap_or(0))
            } else {
                // `.LCPI0_1`, which has no size: what else is in the section belongs to other functions.
                symbol.value.cast_signed()
            };
            if let Some((start, size)) = mergeable_element(section, offset) {
                return Target::Anonymous {
                    section: index,
                    start,
                    size,
                    addend: from_section_start.wrapping_sub_unsigned(start),
                };
            }
        }
        Target::Anonymous {
            section: index,
            start: 0,
            size: section.size,
            addend: from_section_start,
        }
    }
}

/// The names of all that `first`, relocations of `object`, lead to, looking through anonymous data but not through the sections in
/// `seen`.
///
/// # Errors
/// When a relocation is out of range.
pub fn names_behind<'a>(
    object: &ObjectFile<'a>,
    symbols: &SymbolsBySection,
    first: Vec<Relocation>,
    mut seen: Vec<SectionIndex>,
) -> anyhow::Result<Vec<&'a str>> {
    let mut names = Vec::new();
    let mut pending = vec![first];
    while let Some(relocations) = pending.pop() {
        for relocation in relocations {
            match symbols.target(object, &relocation) {
                Target::Named { symbol, .. } => names.push(object.symbols[symbol].name),
                Target::Anonymous { section, .. } if !seen.contains(&section) => {
                    seen.push(section);
                    pending.push(object.relocations(section)?);
                }
                Target::Anonymous { .. } | Target::Code { .. } => {}
            }
        }
    }
    Ok(names)
}

/// True for a definition of an immutable static with a name.
#[must_use]
pub fn is_constant(object: &ObjectFile<'_>, symbol: &Symbol<'_>) -> bool {
    let Some(section) = symbol.section() else {
        return false;
    };
    let section = &object.sections[section];
    symbol.kind == object::elf::STT_OBJECT.0
        && section.is_allocated()
        && !section.is_mutable()
        && !section.is_thread_local()
        && !is_anonymous(object, symbol)
}

/// The element of a mergeable section that holds `offset`: a zero-terminated string, or a constant of fixed size.
fn mergeable_element(section: &super::read::Section<'_>, offset: i64) -> Option<(u64, u64)> {
    let offset = usize::try_from(offset)
        .ok()
        .filter(|offset| *offset < section.data.len())?;
    if section.flags & object::elf::SHF_STRINGS.0 != 0 {
        let start = section.data[..offset]
            .iter()
            .rposition(|byte| *byte == 0)
            .map_or(0, |zero| zero + 1);
        let end = section.data[offset..].iter().position(|byte| *byte == 0)? + offset + 1;
        Some((start as u64, (end - start) as u64))
    } else {
        let element = section.entry_size.max(1);
        Some((offset as u64 / element * element, element))
    }
}
