//! What the debug info of relocatable objects says about types, functions, statics and vtables.
//!
//! Everything is known by its full name in the compiler's own spelling (`core::option::Option<app::State>`), which is
//! not unique: two local types, or two instances over different function items, may share one. So a name leads to the
//! *set* of different things that carry it, and whoever compares must compare sets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use gimli::{
    AttributeValue, DwAt, DwTag, EndianSlice, LittleEndian, Section as _, SectionId, UnitOffset,
    constants as dw,
};
use rayon::prelude::*;

use super::relocatable::{Memory, Relocatable, Target};

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Unit<'a> = gimli::Unit<Slice<'a>>;
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
}

/// What is known of a static or a thread-local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticFacts {
    /// Full name of its type.
    pub type_name: Arc<str>,
    /// Where it is defined.
    pub place: Option<Place>,
    /// The memory it lies in.
    pub memory: Memory,
    /// The canonical text of its initial value: see [`Relocatable::content`].
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
#[derive(Debug, Default)]
pub struct DebugFacts {
    /// By full name; each with all different shapes of this name.
    pub types: HashMap<Arc<str>, Vec<TypeShape>>,
    /// Where named types are first mentioned as the scope of something; kept for messages only.
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

impl DebugFacts {
    /// Reads all facts of `objects`.
    ///
    /// # Errors
    /// When an object or its debug info cannot be read: nothing may be concluded from the rest then.
    pub fn read(objects: &[&[u8]]) -> Result<Self> {
        Self::read_kept(objects, &|_| true)
    }

    /// Reads the facts of `objects`, but keeps only those types whose full name satisfies `keep`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_kept(objects: &[&[u8]], keep: &(dyn Fn(&str) -> bool + Sync)) -> Result<Self> {
        let parts: Vec<Self> = objects
            .par_iter()
            .map(|bytes| read_object(bytes, keep))
            .collect::<Result<Vec<Self>>>()?;
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
        Ok(all)
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

fn read_object(bytes: &[u8], keep: &(dyn Fn(&str) -> bool + Sync)) -> Result<DebugFacts> {
    let object = Relocatable::read(bytes)?;
    let mut facts = DebugFacts::default();
    for (index, section) in object.sections.iter().enumerate() {
        // rustc's own registrations (`.debug_gdb_scripts`) and unwind data are ordinary.
        let special = section.memory != Memory::Absent
            && (section.start_up || !is_ordinary_section(section.name));
        if special {
            let content = object.content(index, 0, section.data.len() as u64, 4)?;
            facts.special_sections.push(SpecialSection {
                name: section.name.to_owned(),
                content,
            });
        }
    }
    read_debug_info(&object, &mut facts, keep)?;
    Ok(facts)
}

fn read_debug_info(
    object: &Relocatable<'_>,
    facts: &mut DebugFacts,
    keep: &(dyn Fn(&str) -> bool + Sync),
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
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().context("unit headers of .debug_info")? {
        let offset = header.offset();
        let unit = dwarf
            .unit(header)
            .with_context(|| format!("unit at {offset:?} of .debug_info"))?;
        let mut walk = Walk::new(&dwarf, &unit);
        walk.run()
            .with_context(|| format!("unit at {offset:?} of .debug_info"))?;
        walk.finish(object, &addresses, &symbols, facts, keep)?;
    }
    Ok(())
}

/// The relocations of `.debug_info`, to learn which symbol an address means.
struct DebugAddresses<'a> {
    relocations: Vec<super::relocatable::Relocation<'a>>,
}

impl<'a> DebugAddresses<'a> {
    fn read(object: &Relocatable<'a>) -> Result<Self> {
        let relocations = match object.section_named(".debug_info") {
            Some(section) => object.relocations(section)?,
            None => Vec::new(),
        };
        Ok(Self { relocations })
    }

    /// What the address at this offset of `.debug_info` means.
    fn at(&self, offset: u64) -> Option<&super::relocatable::Relocation<'a>> {
        let index = self
            .relocations
            .binary_search_by_key(&offset, |relocation| relocation.offset)
            .ok()?;
        self.relocations.get(index)
    }
}

/// A type as it stands in the debug info, before names are resolved.
struct RawType<'a> {
    tag: DwTag,
    /// Full name, if it has one of its own.
    path: Option<Arc<str>>,
    size: Option<u64>,
    align: Option<u64>,
    target: Option<UnitOffset>,
    /// Elements of an array.
    count: Option<u64>,
    members: Vec<RawMember<'a>>,
    variants: Option<RawVariants<'a>>,
    enumerators: Vec<(&'a str, i128)>,
    /// A declaration without a definition.
    incomplete: bool,
}

#[derive(Clone, Copy)]
struct RawMember<'a> {
    own: UnitOffset,
    name: &'a str,
    offset: u64,
    type_at: Option<UnitOffset>,
}

#[derive(Default)]
struct RawVariants<'a> {
    discriminant_at: Option<UnitOffset>,
    discriminants: Vec<RawMember<'a>>,
    variants: Vec<(Option<i128>, Option<RawMember<'a>>)>,
}

#[derive(Default)]
struct RawFunction<'a> {
    linkage: Option<&'a str>,
    name: &'a str,
    parameters: Vec<Option<UnitOffset>>,
    result: Option<UnitOffset>,
    no_return: bool,
    declared: bool,
    file: Option<u64>,
    line: Option<u32>,
    origin: Option<UnitOffset>,
}

struct RawVariable<'a> {
    linkage: Option<&'a str>,
    name: &'a str,
    type_at: Option<UnitOffset>,
    file: Option<u64>,
    line: Option<u32>,
    /// Offset in `.debug_info` of the address operand.
    address_at: Option<u64>,
}

/// What encloses the entry that is being read.
enum Scope {
    Path(Arc<str>),
    /// Index into the types, and the path for what is nested in it.
    Type(usize, Arc<str>),
    Variants(usize),
    Variant(usize),
    Function(usize),
    Opaque,
}

/// The attributes that anybody here reads.
#[derive(Default)]
struct Attributes<'a> {
    name: Option<&'a str>,
    linkage: Option<&'a str>,
    size: Option<u64>,
    align: Option<u64>,
    type_at: Option<UnitOffset>,
    member_offset: Option<u64>,
    discriminant_at: Option<UnitOffset>,
    discriminant: Option<i128>,
    constant: Option<i128>,
    count: Option<u64>,
    upper: Option<u64>,
    origin: Option<UnitOffset>,
    file: Option<u64>,
    line: Option<u32>,
    location: Option<Slice<'a>>,
    no_return: bool,
    declaration: bool,
}

/// One pass over the entries of a unit.
struct Walk<'d, 'a> {
    dwarf: &'d Dwarf<'a>,
    unit: &'d Unit<'a>,
    types: Vec<RawType<'a>>,
    type_at: HashMap<UnitOffset, usize>,
    functions: Vec<RawFunction<'a>>,
    function_at: HashMap<UnitOffset, usize>,
    variables: Vec<RawVariable<'a>>,
    names: Vec<Option<Arc<str>>>,
    files: HashMap<u64, Option<Arc<str>>>,
}

fn signed(value: &AttributeValue<Slice<'_>>) -> Option<i128> {
    match value {
        // Enumerators are written as data of the discriminant's width; both sides read the bits alike.
        AttributeValue::Sdata(value) => Some(i128::from(*value)),
        AttributeValue::Udata(value) => Some(i128::from(*value)),
        AttributeValue::Data1(value) => Some(i128::from(*value)),
        AttributeValue::Data2(value) => Some(i128::from(*value)),
        AttributeValue::Data4(value) => Some(i128::from(*value)),
        AttributeValue::Data8(value) => Some(i128::from(*value)),
        AttributeValue::Block(bytes) | AttributeValue::Exprloc(gimli::Expression(bytes)) => {
            let mut wide = [0_u8; 16];
            let bytes = bytes.slice();
            wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Some(i128::from_le_bytes(wide))
        }
        _ => None,
    }
}

impl<'d, 'a> Walk<'d, 'a> {
    fn new(dwarf: &'d Dwarf<'a>, unit: &'d Unit<'a>) -> Self {
        Self {
            dwarf,
            unit,
            types: Vec::new(),
            type_at: HashMap::new(),
            functions: Vec::new(),
            function_at: HashMap::new(),
            variables: Vec::new(),
            names: Vec::new(),
            files: HashMap::new(),
        }
    }

    fn text(&self, value: AttributeValue<Slice<'a>>) -> Result<&'a str> {
        let slice = self
            .dwarf
            .attr_string(self.unit, value)
            .context("a name of the debug info")?;
        std::str::from_utf8(slice.slice()).context("a name of the debug info is not UTF-8")
    }

    fn attribute(
        &self,
        name: DwAt,
        value: AttributeValue<Slice<'a>>,
        into: &mut Attributes<'a>,
    ) -> Result<()> {
        let reference = |value: &AttributeValue<Slice<'a>>| -> Result<UnitOffset> {
            match value {
                AttributeValue::UnitRef(offset) => Ok(*offset),
                AttributeValue::DebugInfoRef(offset) => offset
                    .to_unit_offset(&self.unit.header)
                    .context("a reference into another unit (link-time optimised objects are not understood)"),
                other => bail!("{name} has an unknown form: {other:?}"),
            }
        };
        match name {
            dw::DW_AT_name => into.name = Some(self.text(value)?),
            dw::DW_AT_linkage_name | dw::DW_AT_MIPS_linkage_name => {
                into.linkage = Some(self.text(value)?)
            }
            dw::DW_AT_byte_size => into.size = value.udata_value(),
            dw::DW_AT_alignment => into.align = value.udata_value(),
            dw::DW_AT_type => into.type_at = Some(reference(&value)?),
            dw::DW_AT_data_member_location => {
                into.member_offset =
                    Some(value.udata_value().with_context(|| {
                        format!("a member's offset is not a number: {value:?}")
                    })?);
            }
            dw::DW_AT_discr => into.discriminant_at = Some(reference(&value)?),
            dw::DW_AT_discr_value | dw::DW_AT_discr_list => {
                into.discriminant = Some(
                    signed(&value)
                        .with_context(|| format!("a discriminant is not a number: {value:?}"))?,
                );
            }
            dw::DW_AT_const_value => into.constant = signed(&value),
            dw::DW_AT_count => into.count = value.udata_value(),
            dw::DW_AT_upper_bound => into.upper = value.udata_value(),
            dw::DW_AT_specification | dw::DW_AT_abstract_origin => {
                into.origin = Some(reference(&value)?)
            }
            dw::DW_AT_decl_file => {
                into.file = match value {
                    AttributeValue::FileIndex(index) => Some(index),
                    other => other.udata_value(),
                }
            }
            dw::DW_AT_decl_line => {
                into.line = value
                    .udata_value()
                    .and_then(|line| u32::try_from(line).ok())
            }
            dw::DW_AT_location => {
                if let AttributeValue::Exprloc(gimli::Expression(bytes))
                | AttributeValue::Block(bytes) = value
                {
                    into.location = Some(bytes);
                }
            }
            dw::DW_AT_noreturn => into.no_return = matches!(value, AttributeValue::Flag(true)),
            dw::DW_AT_declaration => into.declaration = matches!(value, AttributeValue::Flag(true)),
            _ => {}
        }
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        let mut entries = self.unit.entries_raw(None)?;
        let mut stack: Vec<(isize, Scope)> = Vec::new();
        let root: Arc<str> = Arc::from("");
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let own = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while stack.last().is_some_and(|(outer, _)| *outer >= depth) {
                stack.pop();
            }
            let inside_function =
                matches!(stack.last(), Some((_, Scope::Function(_) | Scope::Opaque)));
            let tag = abbreviation.tag();
            let wanted = match tag {
                dw::DW_TAG_lexical_block
                | dw::DW_TAG_inlined_subroutine
                | dw::DW_TAG_template_type_parameter => false,
                dw::DW_TAG_variable => !inside_function,
                _ => true,
            };
            if !wanted {
                entries.skip_attributes(abbreviation.attributes())?;
                if abbreviation.has_children() {
                    stack.push((depth, Scope::Opaque));
                }
                continue;
            }
            let mut attributes = Attributes::default();
            for specification in abbreviation.attributes() {
                let attribute = entries.read_attribute(*specification)?;
                self.attribute(attribute.name(), attribute.value(), &mut attributes)?;
            }
            let scope = self.entry(
                tag,
                own,
                attributes,
                stack.last().map(|(_, scope)| scope),
                &root,
            )?;
            if abbreviation.has_children() {
                stack.push((depth, scope));
            }
        }
        self.names = vec![None; self.types.len()];
        Ok(())
    }

    fn entry(
        &mut self,
        tag: DwTag,
        own: UnitOffset,
        attributes: Attributes<'a>,
        outer: Option<&Scope>,
        root: &Arc<str>,
    ) -> Result<Scope> {
        let path = match outer {
            Some(Scope::Path(path) | Scope::Type(_, path)) => path,
            _ => root,
        };
        let joined = |name: &str| -> Arc<str> {
            if path.is_empty() {
                Arc::from(name)
            } else {
                Arc::from(format!("{path}::{name}"))
            }
        };
        let member = || RawMember {
            own,
            name: attributes.name.unwrap_or(""),
            offset: attributes.member_offset.unwrap_or(0),
            type_at: attributes.type_at,
        };
        Ok(match tag {
            dw::DW_TAG_compile_unit | dw::DW_TAG_partial_unit => Scope::Path(root.clone()),
            dw::DW_TAG_namespace => Scope::Path(joined(attributes.name.unwrap_or("?"))),
            dw::DW_TAG_structure_type
            | dw::DW_TAG_class_type
            | dw::DW_TAG_union_type
            | dw::DW_TAG_enumeration_type
            | dw::DW_TAG_base_type
            | dw::DW_TAG_pointer_type
            | dw::DW_TAG_reference_type
            | dw::DW_TAG_array_type
            | dw::DW_TAG_subroutine_type
            | dw::DW_TAG_typedef
            | dw::DW_TAG_const_type
            | dw::DW_TAG_volatile_type
            | dw::DW_TAG_unspecified_type => {
                let full = attributes.name.map(joined);
                let index = self.types.len();
                self.type_at.insert(own, index);
                self.types.push(RawType {
                    tag,
                    path: full.clone(),
                    size: attributes.size,
                    align: attributes.align,
                    target: attributes.type_at,
                    count: None,
                    members: Vec::new(),
                    variants: None,
                    enumerators: Vec::new(),
                    incomplete: attributes.declaration,
                });
                Scope::Type(index, full.unwrap_or_else(|| joined("?")))
            }
            dw::DW_TAG_member => {
                match outer {
                    Some(Scope::Type(index, _)) => self.types[*index].members.push(member()),
                    Some(Scope::Variants(index)) => {
                        if let Some(variants) = &mut self.types[*index].variants {
                            variants.discriminants.push(member());
                        }
                    }
                    Some(Scope::Variant(index)) => {
                        let last = self.types[*index]
                            .variants
                            .as_mut()
                            .and_then(|variants| variants.variants.last_mut());
                        if let Some((_, place)) = last {
                            if place.is_some() {
                                bail!("a variant with two members at {own:?}");
                            }
                            *place = Some(member());
                        }
                    }
                    _ => bail!("a field at {own:?} outside of any type"),
                }
                Scope::Opaque
            }
            dw::DW_TAG_variant_part => match outer {
                Some(Scope::Type(index, _)) => {
                    if self.types[*index].variants.is_some() {
                        bail!("a type with two variant parts at {own:?}");
                    }
                    self.types[*index].variants = Some(RawVariants {
                        discriminant_at: attributes.discriminant_at,
                        ..RawVariants::default()
                    });
                    Scope::Variants(*index)
                }
                _ => bail!("a variant part at {own:?} outside of any type"),
            },
            dw::DW_TAG_variant => match outer {
                Some(Scope::Variants(index)) => {
                    if let Some(variants) = &mut self.types[*index].variants {
                        variants.variants.push((attributes.discriminant, None));
                    }
                    Scope::Variant(*index)
                }
                _ => bail!("a variant at {own:?} outside of a variant part"),
            },
            dw::DW_TAG_enumerator => {
                if let Some(Scope::Type(index, _)) = outer {
                    let value = attributes
                        .constant
                        .with_context(|| format!("an enumerator without a value at {own:?}"))?;
                    self.types[*index]
                        .enumerators
                        .push((attributes.name.unwrap_or(""), value));
                }
                Scope::Opaque
            }
            dw::DW_TAG_subrange_type => {
                if let Some(Scope::Type(index, _)) = outer {
                    self.types[*index].count = attributes
                        .count
                        .or(attributes.upper.map(|upper| upper.wrapping_add(1)));
                }
                Scope::Opaque
            }
            dw::DW_TAG_subprogram => {
                let index = self.functions.len();
                self.function_at.insert(own, index);
                self.functions.push(RawFunction {
                    linkage: attributes.linkage,
                    name: attributes.name.unwrap_or(""),
                    parameters: Vec::new(),
                    result: attributes.type_at,
                    no_return: attributes.no_return,
                    declared: attributes.declaration,
                    file: attributes.file,
                    line: attributes.line,
                    origin: attributes.origin,
                });
                Scope::Function(index)
            }
            dw::DW_TAG_formal_parameter => {
                if let Some(Scope::Function(index)) = outer {
                    let function = &mut self.functions[*index];
                    // A concrete copy of an inlined function repeats the parameters of its origin without types.
                    if attributes.origin.is_none() {
                        function.parameters.push(attributes.type_at);
                    }
                }
                Scope::Opaque
            }
            dw::DW_TAG_variable => {
                let address_at = attributes.location.and_then(|location| {
                    let bytes = location.slice();
                    let is_address = bytes.len() == 9 && bytes[0] == dw::DW_OP_addr.0;
                    is_address
                        .then(|| location.offset_from(*self.dwarf.debug_info.reader()) as u64 + 1)
                });
                self.variables.push(RawVariable {
                    linkage: attributes.linkage,
                    name: attributes.name.unwrap_or(""),
                    type_at: attributes.type_at,
                    file: attributes.file,
                    line: attributes.line,
                    address_at,
                });
                Scope::Opaque
            }
            _ => Scope::Opaque,
        })
    }

    /// The full name of the type at `offset`; `()` where there is none.
    fn name_of(&mut self, offset: Option<UnitOffset>) -> Arc<str> {
        self.name_within(offset, 32)
    }

    fn name_within(&mut self, offset: Option<UnitOffset>, depth: u8) -> Arc<str> {
        let Some(offset) = offset else {
            return Arc::from("()");
        };
        let Some(index) = self.type_at.get(&offset).copied() else {
            return Arc::from("{unknown}");
        };
        if let Some(name) = &self.names[index] {
            return name.clone();
        }
        let raw = &self.types[index];
        let (tag, target, count, own) = (raw.tag, raw.target, raw.count, raw.path.clone());
        let name = match own {
            Some(path) => path,
            None if depth == 0 => Arc::from("{deep}"),
            None => {
                let inner = self.name_within(target, depth - 1);
                match (tag, count) {
                    (dw::DW_TAG_array_type, Some(count)) => {
                        Arc::from(format!("[{inner}; {count}]"))
                    }
                    (dw::DW_TAG_array_type, None) => Arc::from(format!("[{inner}]")),
                    (dw::DW_TAG_pointer_type | dw::DW_TAG_reference_type, _) => {
                        Arc::from(format!("*{inner}"))
                    }
                    (other, _) => Arc::from(format!("{{{other}}} {inner}")),
                }
            }
        };
        self.names[index] = Some(name.clone());
        name
    }

    fn member(&mut self, raw: &RawMember<'a>) -> Member {
        Member {
            name: Arc::from(raw.name),
            offset: raw.offset,
            type_name: self.name_of(raw.type_at),
        }
    }

    fn file(&mut self, index: Option<u64>) -> Option<Arc<str>> {
        let index = index?;
        if let Some(known) = self.files.get(&index) {
            return known.clone();
        }
        let path = self.file_path(index);
        self.files.insert(index, path.clone());
        path
    }

    fn file_path(&self, index: u64) -> Option<Arc<str>> {
        let program = self.unit.line_program.as_ref()?;
        let header = program.header();
        let entry = header.file(index)?;
        let text = |value| {
            self.dwarf
                .attr_string(self.unit, value)
                .ok()
                .map(|slice| slice.to_string_lossy())
        };
        let mut path = std::path::PathBuf::new();
        if let Some(directory) = self.unit.comp_dir {
            path.push(directory.to_string_lossy().as_ref());
        }
        if let Some(directory) = entry.directory(header).and_then(text) {
            path.push(directory.as_ref());
        }
        path.push(text(entry.path_name())?.as_ref());
        Some(Arc::from(path.to_string_lossy().as_ref()))
    }

    fn place(&mut self, file: Option<u64>, line: Option<u32>) -> Option<Place> {
        Some(Place {
            file: self.file(file)?,
            line: line?,
        })
    }

    fn finish(
        mut self,
        object: &Relocatable<'_>,
        addresses: &DebugAddresses<'_>,
        symbols: &HashMap<&str, usize>,
        facts: &mut DebugFacts,
        keep: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<()> {
        self.finish_types(facts, keep);
        self.finish_functions(facts);
        self.finish_variables(object, addresses, symbols, facts)
    }

    fn finish_types(&mut self, facts: &mut DebugFacts, keep: &(dyn Fn(&str) -> bool + Sync)) {
        for index in 0..self.types.len() {
            let raw = &mut self.types[index];
            let Some(path) = raw.path.clone() else {
                continue;
            };
            let kind = match raw.tag {
                dw::DW_TAG_structure_type | dw::DW_TAG_class_type => TypeKind::Struct,
                dw::DW_TAG_union_type => TypeKind::Union,
                dw::DW_TAG_enumeration_type => TypeKind::Enumeration,
                // Known by their names alone: a pointer's name tells what it points to.
                dw::DW_TAG_pointer_type | dw::DW_TAG_base_type | dw::DW_TAG_subroutine_type => {
                    continue;
                }
                other => TypeKind::Other(other.0),
            };
            if raw.incomplete {
                continue;
            }
            facts.names.insert(path.clone());
            if path.ends_with("::{vtable_type}") || !keep(&path) {
                continue;
            }
            let (size, align, target) = (raw.size, raw.align, raw.target);
            let (members, variants, enumerators) = (
                std::mem::take(&mut raw.members),
                raw.variants.take(),
                std::mem::take(&mut raw.enumerators),
            );
            let variants = variants.map(|raw| {
                let discriminant = raw
                    .discriminant_at
                    .and_then(|at| raw.discriminants.iter().find(|member| member.own == at))
                    .or(raw.discriminants.first())
                    .map(|member| self.member(member));
                let variants = raw
                    .variants
                    .iter()
                    .map(|(value, member)| Variant {
                        discriminant: *value,
                        member: member.as_ref().map(|member| self.member(member)),
                    })
                    .collect();
                Variants {
                    discriminant,
                    variants,
                }
            });
            let shape = TypeShape {
                kind,
                size,
                align,
                members: members.iter().map(|member| self.member(member)).collect(),
                variants,
                enumerators: enumerators
                    .iter()
                    .map(|(name, value)| (Arc::from(*name), *value))
                    .collect(),
                underlying: target.map(|target| self.name_of(Some(target))),
            };
            let known = facts.types.entry(path).or_default();
            if !known.contains(&shape) {
                known.push(shape);
            }
        }
    }

    fn finish_functions(&mut self, facts: &mut DebugFacts) {
        // A definition that points to its declaration adds what only the body knows.
        let origins: Vec<(usize, usize)> = self
            .functions
            .iter()
            .enumerate()
            .filter_map(|(index, function)| {
                Some((index, *self.function_at.get(&function.origin?)?))
            })
            .collect();
        for (index, origin) in origins {
            let no_return = self.functions[index].no_return;
            self.functions[origin].no_return |= no_return;
            if self.functions[index].linkage.is_none() && self.functions[origin].linkage.is_none() {
                continue;
            }
            if self.functions[origin].linkage.is_none() {
                self.functions[origin].linkage = self.functions[index].linkage;
            }
        }
        for index in 0..self.functions.len() {
            let raw = &mut self.functions[index];
            let Some(linkage) = raw
                .linkage
                .or_else(|| (!raw.declared && raw.origin.is_none()).then_some(raw.name))
            else {
                continue;
            };
            if linkage.is_empty() || raw.origin.is_some() {
                continue;
            }
            let parameters = std::mem::take(&mut raw.parameters);
            let (name, result, no_return, declared, file, line) = (
                raw.name,
                raw.result,
                raw.no_return,
                raw.declared,
                raw.file,
                raw.line,
            );
            let function = FunctionFacts {
                name: Arc::from(name),
                parameters: parameters
                    .into_iter()
                    .map(|parameter| self.name_of(parameter))
                    .collect(),
                result: self.name_of(result),
                no_return,
                place: self.place(file, line),
                declared,
            };
            let replace = facts
                .functions
                .get(linkage)
                .is_none_or(|known| declared && !known.declared);
            if replace {
                facts.functions.insert(Arc::from(linkage), function);
            }
        }
    }

    fn finish_variables(
        &mut self,
        object: &Relocatable<'_>,
        addresses: &DebugAddresses<'_>,
        symbols: &HashMap<&str, usize>,
        facts: &mut DebugFacts,
    ) -> Result<()> {
        for variable in std::mem::take(&mut self.variables) {
            if variable.name.ends_with("::{vtable}") {
                let size = variable
                    .type_at
                    .and_then(|at| self.type_at.get(&at))
                    .and_then(|index| self.types[*index].size)
                    .with_context(|| format!("the vtable `{}` has no size", variable.name))?;
                let target = variable
                    .address_at
                    .and_then(|at| addresses.at(at))
                    .with_context(|| format!("the vtable `{}` has no address", variable.name))?;
                let slots = read_vtable(object, target, size)
                    .with_context(|| format!("vtable `{}`", variable.name))?;
                let known = facts.vtables.entry(Arc::from(variable.name)).or_default();
                if !known.contains(&slots) {
                    known.push(slots);
                }
                continue;
            }
            let Some(linkage) = variable
                .linkage
                .or((!variable.name.is_empty()).then_some(variable.name))
            else {
                continue;
            };
            let (memory, initial) = match symbols.get(linkage).map(|index| object.symbols[*index]) {
                Some(symbol) => {
                    let section = &object.sections[symbol.section];
                    let initial = object.content(
                        symbol.section,
                        symbol.address,
                        symbol.address.saturating_add(symbol.size),
                        4,
                    )?;
                    (section.memory, initial)
                }
                None => (Memory::Absent, String::new()),
            };
            let fact = StaticFacts {
                type_name: self.name_of(variable.type_at),
                place: self.place(variable.file, variable.line),
                memory,
                initial,
            };
            facts.statics.insert(Arc::from(linkage), fact);
        }
        Ok(())
    }
}

fn read_vtable(
    object: &Relocatable<'_>,
    address: &super::relocatable::Relocation<'_>,
    size: u64,
) -> Result<VtableFacts> {
    let Target::Place { section, offset } = address.target else {
        bail!("it has a name of its own")
    };
    let start = offset.wrapping_add_signed(address.addend);
    let relocations = object.relocations(section)?;
    let data = object.sections[section].data;
    (0..size / 8)
        .map(|slot| {
            let at = start + slot * 8;
            let found = relocations.binary_search_by_key(&at, |relocation| relocation.offset);
            if let Ok(index) = found {
                let relocation = &relocations[index];
                let meaning: Arc<str> = Arc::from(object.meaning(relocation, 3)?);
                let named = match relocation.target {
                    Target::Named(_) => true,
                    Target::Place { section, offset } => object
                        .name_at(section, offset.wrapping_add_signed(relocation.addend))
                        .is_some(),
                };
                return Ok(if named {
                    VtableSlot::Symbol(meaning)
                } else {
                    VtableSlot::Anonymous(meaning)
                });
            }
            let from = usize::try_from(at).context("slot beyond the address space")?;
            let bytes = data
                .get(from..from + 8)
                .with_context(|| format!("slot {slot} is beyond the end of its section"))?;
            let mut number = [0_u8; 8];
            number.copy_from_slice(bytes);
            Ok(VtableSlot::Number(u64::from_le_bytes(number)))
        })
        .collect()
}
