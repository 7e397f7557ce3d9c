//! What the debug info of relocatable objects says about types, functions, statics and vtables.
//!
//! Everything is known by its full name in the compiler's own spelling (`core::option::Option<app::State>`), which is
//! not unique: two local types, or two instances over different function items, may share one. So a name leads to the
//! *set* of different things that carry it, and whoever compares must compare sets.

mod finish;
mod shapes;
mod walk;

use std::sync::Arc;

use anyhow::{Context, Result};
use foldhash::{HashMap, HashSet};
use gimli::{EndianSlice, LittleEndian, SectionId};
use rayon::prelude::*;

use self::finish::DebugAddresses;
pub use self::shapes::Handled;
use self::walk::Walk;
use super::FactsMemory;
use super::relocatable::{Memory, Relocatable};

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Dwarf<'a> = gimli::Dwarf<Slice<'a>>;

/// A place in a source file, as the compiler named the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Absolute where the compiler's own paths are.
    pub file: Arc<str>,
    /// 1-based.
    pub line: u32,
}

/// A field, in the order of declaration in the debug info.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// `__0` and so on for tuples.
    pub name: Arc<str>,
    /// Bytes from the beginning of the type.
    pub offset: u64,
    /// Full name of the field's type.
    pub type_name: Arc<str>,
}

/// One variant of an enum that carries data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The discriminant's value; `None` for the variant that is meant when no other value fits.
    pub discriminant: Option<i128>,
    /// The variant's name is that of its only member.
    pub member: Option<Member>,
}

/// Which of the variants is there, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variants {
    /// The field that holds the discriminant; `None` where there is only one variant.
    pub discriminant: Option<Member>,
    /// In the order of declaration.
    pub variants: Vec<Variant>,
}

/// What sort of type it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Struct, tuple, enum with data, closure environment, fat pointer.
    Struct,
    /// Union.
    Union,
    /// Enum without data.
    Enumeration,
    /// Anything that is known by its name alone, or that is not understood: the number is the DWARF tag.
    Other(u16),
}

/// How values of a type lie in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeShape {
    /// What sort of type it is.
    pub kind: TypeKind,
    /// In bytes.
    pub size: Option<u64>,
    /// In bytes.
    pub align: Option<u64>,
    /// Fields.
    pub members: Vec<Member>,
    /// For enums with data.
    pub variants: Option<Variants>,
    /// For enums without data: name and value.
    pub enumerators: Vec<(Arc<str>, i128)>,
    /// Type of an enumeration's discriminant.
    pub underlying: Option<Arc<str>>,
}

/// What is known of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionFacts {
    /// As the compiler calls it, with generic arguments and without its path: `push<u8>`, `{closure#0}`.
    pub name: Arc<str>,
    /// The path that it stands in: `app::{impl#0}`.
    pub scope: Arc<str>,
    /// Full names of the parameters' types. Complete if [`Self::declared`], else those that the body gives a place.
    pub parameters: Vec<Arc<str>>,
    /// Full name of the result's type; `()` where there is none.
    pub result: Arc<str>,
    /// The compiler knows that it never returns.
    pub no_return: bool,
    /// Where the item begins, after its attributes.
    pub place: Option<Place>,
    /// The parameters come from a declaration inside of the type that the method belongs to.
    pub declared: bool,
    /// The first of the parameters is `self`.
    pub is_method: bool,
    /// The types of its parameters, its result and its generic arguments, behind pointers.
    pub handled: Vec<Handled>,
}

/// What is known of a static or a thread-local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticFacts {
    /// Full name of its type.
    pub type_name: Arc<str>,
    /// What its type looks like: see [`Handled::digest`].
    pub look: u64,
    /// Where it is defined.
    pub place: Option<Place>,
    /// The memory it lies in.
    pub memory: Memory,
    /// The canonical text of its initial value: see `Relocatable::content`.
    pub initial: String,
}

/// One vtable: what stands in each of its slots, from the first on.
pub type VtableFacts = Vec<VtableSlot>;

/// A slot of a vtable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VtableSlot {
    /// Drop glue, a method, or a supertrait's vtable: a symbol's name.
    Symbol(Arc<str>),
    /// Size, alignment, an absent drop glue.
    Number(u64),
    /// Something anonymous in the object, by its content.
    Anonymous(Arc<str>),
}

/// A section that is not one of those which the compiler makes for ordinary items.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpecialSection {
    /// Its name.
    pub name: String,
    /// Its canonical content.
    pub content: String,
}

/// Everything that was found in a set of objects.
#[derive(Debug, Default, Clone)]
pub struct DebugFacts {
    /// By full name; each with all different shapes of this name.
    pub types: HashMap<Arc<str>, Vec<TypeShape>>,
    /// By linkage name.
    pub functions: HashMap<Arc<str>, FunctionFacts>,
    /// By linkage name.
    pub statics: HashMap<Arc<str>, StaticFacts>,
    /// By name (`<app::Square as app::Shape>::{vtable}`), each with all different contents.
    pub vtables: HashMap<Arc<str>, Vec<VtableFacts>>,
    /// Sorted.
    pub special_sections: Vec<SpecialSection>,
    /// All full names of types that were met, also those whose shapes were not kept.
    pub names: HashSet<Arc<str>>,
}

/// Says of a name whether what has it is kept.
pub(super) type IsKept<'k> = &'k (dyn Fn(&str) -> bool + Sync);

/// Which facts are kept.
pub(super) struct Kept<'k> {
    /// Types, by full name.
    pub(super) types: IsKept<'k>,
    /// Functions, by linkage name.
    pub(super) functions: IsKept<'k>,
    /// Vtables, by name.
    pub(super) vtables: IsKept<'k>,
    /// Statics and special sections.
    pub(super) statics: bool,
}

impl Kept<'_> {
    const ALL: Self = Self {
        types: &|_| true,
        functions: &|_| true,
        vtables: &|_| true,
        statics: true,
    };
}

/// Fewer bytes of objects than this are read before another thread would have woken up for it.
const LITTLE: usize = 512 << 10;

/// True if these objects are read fastest by whoever asks.
pub(super) fn is_little(objects: &[&[u8]]) -> bool {
    objects.iter().map(|bytes| bytes.len()).sum::<usize>() < LITTLE
}

impl DebugFacts {
    /// Reads all facts of `objects`.
    ///
    /// # Errors
    /// When an object or its debug info cannot be read: nothing may be concluded from the rest then.
    pub fn read(objects: &[&[u8]]) -> Result<Self> {
        let parts: Vec<Self> = objects
            .par_iter()
            .map(|bytes| read_object(bytes, &Kept::ALL))
            .collect::<Result<Vec<Self>>>()?;
        Ok(Self::together(parts))
    }

    /// Reads the facts of `objects`, but keeps only those that are `kept`. What `memory` knows is not read again; it must have been
    /// read with the same.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_with(
        objects: &[&[u8]],
        kept: &Kept<'_>,
        memory: &dyn FactsMemory,
    ) -> Result<Arc<Self>> {
        let facts = |bytes: &&[u8]| memory.facts(bytes, &|| read_object(bytes, kept));
        let mut parts: Vec<Arc<Self>> = if is_little(objects) {
            objects.iter().map(facts).collect::<Result<_>>()?
        } else {
            objects.par_iter().map(facts).collect::<Result<_>>()?
        };
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return Ok(only);
        }
        Ok(Arc::new(Self::together(
            parts.into_iter().map(Arc::unwrap_or_clone),
        )))
    }

    fn together(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            for (name, shapes) in part.types {
                let known = all.types.entry(name).or_default();
                for shape in shapes {
                    if !known.contains(&shape) {
                        known.push(shape);
                    }
                }
            }
            for (name, function) in part.functions {
                match all.functions.entry(name) {
                    std::collections::hash_map::Entry::Vacant(entry) => {
                        entry.insert(function);
                    }
                    std::collections::hash_map::Entry::Occupied(mut entry) => {
                        if function.declared && !entry.get().declared {
                            entry.insert(function);
                        }
                    }
                }
            }
            for (name, fact) in part.statics {
                // An object may only declare it (`Absent`); the one that defines it knows more.
                let entry = all.statics.entry(name).or_insert_with(|| fact.clone());
                if entry.memory == Memory::Absent {
                    *entry = fact;
                }
            }
            for (name, vtables) in part.vtables {
                let known = all.vtables.entry(name).or_default();
                for vtable in vtables {
                    if !known.contains(&vtable) {
                        known.push(vtable);
                    }
                }
            }
            all.special_sections.extend(part.special_sections);
            all.names.extend(part.names);
        }
        all.special_sections.sort();
        all
    }
}

impl DebugFacts {
    /// Gives names of types another spelling, wherever they stand. Shapes of names that become equal are put together.
    pub(super) fn rename(&mut self, spelling: &dyn Fn(&str) -> Option<String>) {
        let one = |name: &mut Arc<str>| {
            if let Some(other) = spelling(name) {
                *name = Arc::from(other);
            }
        };
        let member = |member: &mut Member| one(&mut member.type_name);
        for (mut name, mut shapes) in std::mem::take(&mut self.types) {
            one(&mut name);
            for shape in &mut shapes {
                shape.members.iter_mut().for_each(member);
                if let Some(variants) = &mut shape.variants {
                    variants.discriminant.iter_mut().for_each(member);
                    variants
                        .variants
                        .iter_mut()
                        .filter_map(|variant| variant.member.as_mut())
                        .for_each(member);
                }
            }
            let known = self.types.entry(name).or_default();
            for shape in shapes {
                if !known.contains(&shape) {
                    known.push(shape);
                }
            }
        }
        for function in self.functions.values_mut() {
            function
                .parameters
                .iter_mut()
                .chain([&mut function.result, &mut function.scope])
                .for_each(one);
            function
                .handled
                .iter_mut()
                .for_each(|handled| one(&mut handled.name));
        }
        self.statics
            .values_mut()
            .for_each(|fact| one(&mut fact.type_name));
        for (mut name, vtables) in std::mem::take(&mut self.vtables) {
            one(&mut name);
            self.vtables.entry(name).or_default().extend(vtables);
        }
    }
}

/// True for a section that the compiler makes for ordinary items, or that is no part of the program.
fn is_ordinary_section(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        ".text",
        ".data",
        ".bss",
        ".rodata",
        ".tdata",
        ".tbss",
        ".data.rel.ro",
        ".eh_frame",
    ];
    const BEGINNINGS: &[&str] = &[
        ".text.",
        ".data.",
        ".bss.",
        ".rodata.",
        ".tdata.",
        ".tbss.",
        ".gcc_except_table",
        ".eh_frame",
        ".note",
        ".lrodata",
        ".ldata",
        ".lbss",
        ".debug_",
        ".llvm",
        ".stack_sizes",
    ];
    WHOLE.contains(&name)
        || BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

fn read_object(bytes: &[u8], kept: &Kept<'_>) -> Result<DebugFacts> {
    let object = Relocatable::read(bytes)?;
    let mut facts = DebugFacts::default();
    for (index, section) in object.sections.iter().enumerate() {
        // rustc's own registrations (`.debug_gdb_scripts`) and unwind data are ordinary.
        let special = kept.statics
            && section.memory != Memory::Absent
            && (section.start_up || !is_ordinary_section(section.name));
        if special {
            let content = object.content(index, 0, section.data.len() as u64, 4)?;
            facts.special_sections.push(SpecialSection {
                name: section.name.to_owned(),
                content,
            });
        }
    }
    facts.special_sections.sort();
    read_debug_info(&object, &mut facts, kept)?;
    Ok(facts)
}

fn read_debug_info(
    object: &Relocatable<'_>,
    facts: &mut DebugFacts,
    kept: &Kept<'_>,
) -> Result<()> {
    let sections = gimli::DwarfSections::load(|id: SectionId| match id {
        SectionId::DebugInfo
        | SectionId::DebugAbbrev
        | SectionId::DebugStr
        | SectionId::DebugLine
        | SectionId::DebugLineStr
        | SectionId::DebugStrOffsets
        | SectionId::DebugAddr => object.debug_data(id.name()),
        _ => Ok(std::borrow::Cow::Borrowed(&[][..])),
    })?;
    let dwarf: Dwarf<'_> = sections.borrow(|data| EndianSlice::new(data, LittleEndian));
    let addresses = DebugAddresses::read(object)?;
    let symbols: HashMap<&str, usize> = object
        .symbols
        .iter()
        .enumerate()
        .filter(|(_, symbol)| symbol.named)
        .map(|(i, symbol)| (symbol.name, i))
        .collect();
    let mut walk = Walk::new(&dwarf);
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().context("unit headers of .debug_info")? {
        let offset = header.offset();
        let unit = dwarf
            .unit(header)
            .with_context(|| format!("unit at {offset:?} of .debug_info"))?;
        walk.unit(&unit)
            .with_context(|| format!("unit at {offset:?} of .debug_info"))?;
    }
    walk.finish(object, &addresses, &symbols, facts, kept)
}
