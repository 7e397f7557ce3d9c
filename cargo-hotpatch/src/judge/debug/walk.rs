//! One pass over the entries of a unit, before any name is resolved.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use foldhash::HashMap;
use gimli::{AttributeValue, DwAt, DwTag, Section as _, UnitSectionOffset, constants as dw};

use super::{Dwarf, IsKept, Slice};

type Unit<'a> = gimli::Unit<Slice<'a>>;

/// An entry's offset in `.debug_info`: units of one object may refer to each other.
pub(super) type At = usize;

/// A type as it stands in the debug info, before names are resolved.
pub(super) struct RawType<'a> {
    pub(super) tag: DwTag,
    /// Full name, if it has one of its own.
    pub(super) path: Option<Arc<str>>,
    pub(super) size: Option<u64>,
    pub(super) align: Option<u64>,
    pub(super) target: Option<At>,
    /// Elements of an array.
    pub(super) count: Option<u64>,
    pub(super) members: Vec<RawMember<'a>>,
    pub(super) variants: Option<RawVariants<'a>>,
    pub(super) enumerators: Vec<(&'a str, i128)>,
    /// Generic arguments.
    pub(super) arguments: Vec<Option<At>>,
    /// A declaration without a definition.
    pub(super) incomplete: bool,
}

#[derive(Clone, Copy)]
pub(super) struct RawMember<'a> {
    pub(super) own: At,
    pub(super) name: &'a str,
    pub(super) offset: u64,
    pub(super) type_at: Option<At>,
}

#[derive(Default)]
pub(super) struct RawVariants<'a> {
    pub(super) discriminant_at: Option<At>,
    pub(super) discriminants: Vec<RawMember<'a>>,
    pub(super) variants: Vec<(Option<i128>, Option<RawMember<'a>>)>,
}

pub(super) struct RawFunction<'a> {
    pub(super) linkage: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) scope: Arc<str>,
    pub(super) parameters: Vec<Option<At>>,
    /// Generic arguments.
    pub(super) arguments: Vec<Option<At>>,
    pub(super) result: Option<At>,
    pub(super) no_return: bool,
    pub(super) declared: bool,
    pub(super) is_method: bool,
    pub(super) file: Option<Arc<str>>,
    pub(super) line: Option<u32>,
    pub(super) origin: Option<At>,
    /// What its body shows is wanted.
    is_followed: bool,
    /// Types of its variables.
    pub(super) locals: Vec<At>,
    /// Functions whose code was put into its own.
    pub(super) inlined: Vec<At>,
}

pub(super) struct RawVariable<'a> {
    pub(super) linkage: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) type_at: Option<At>,
    pub(super) file: Option<Arc<str>>,
    pub(super) line: Option<u32>,
    /// Offset in `.debug_info` of the address operand.
    pub(super) address_at: Option<u64>,
    /// It has a place at all: the optimiser may have removed what the debug info still describes.
    pub(super) located: bool,
}

/// What encloses the entry that is being read.
enum Scope {
    Path(Arc<str>),
    /// Index into the types, and the path for what is nested in it.
    Type(usize, Arc<str>),
    Variants(usize),
    Variant(usize),
    Function(usize),
    /// A block inside of a function's body.
    Block(usize),
    Opaque,
}

/// The attributes that anybody here reads.
#[derive(Default)]
struct Attributes<'a> {
    name: Option<&'a str>,
    linkage: Option<&'a str>,
    size: Option<u64>,
    align: Option<u64>,
    type_at: Option<At>,
    member_offset: Option<u64>,
    discriminant_at: Option<At>,
    discriminant: Option<i128>,
    constant: Option<i128>,
    count: Option<u64>,
    upper: Option<u64>,
    origin: Option<At>,
    file: Option<u64>,
    line: Option<u32>,
    location: Option<Slice<'a>>,
    no_return: bool,
    declaration: bool,
}

/// One pass over the entries of a unit.
pub(super) struct Walk<'d, 'a> {
    pub(super) dwarf: &'d Dwarf<'a>,
    pub(super) types: Vec<RawType<'a>>,
    /// Where each of them stands. Sorted, as are the functions': entries are read in their order.
    pub(super) type_at: Vec<At>,
    pub(super) functions: Vec<RawFunction<'a>>,
    pub(super) function_at: Vec<At>,
    pub(super) variables: Vec<RawVariable<'a>>,
    pub(super) names: Vec<Option<Arc<str>>>,
    files: HashMap<u64, Option<Arc<str>>>,
    /// Whether the bodies of functions in this scope are wanted.
    is_followed: IsKept<'d>,
}

/// The index of what stands at `at`.
pub(super) fn found_at(sorted: &[At], at: At) -> Option<usize> {
    sorted.binary_search(&at).ok()
}

fn place_of(unit: &Unit<'_>, offset: gimli::UnitOffset) -> At {
    match offset.to_unit_section_offset(unit) {
        UnitSectionOffset::DebugInfoOffset(offset) => offset.0,
        UnitSectionOffset::DebugTypesOffset(offset) => offset.0,
    }
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
    pub(super) fn new(dwarf: &'d Dwarf<'a>, is_followed: IsKept<'d>) -> Self {
        Self {
            dwarf,
            types: Vec::new(),
            type_at: Vec::new(),
            functions: Vec::new(),
            function_at: Vec::new(),
            variables: Vec::new(),
            names: Vec::new(),
            files: HashMap::default(),
            is_followed,
        }
    }

    fn text(&self, unit: &Unit<'a>, value: AttributeValue<Slice<'a>>) -> Result<&'a str> {
        let slice = self
            .dwarf
            .attr_string(unit, value)
            .context("a name of the debug info")?;
        std::str::from_utf8(slice.slice()).context("a name of the debug info is not UTF-8")
    }

    fn attribute(
        &self,
        unit: &Unit<'a>,
        name: DwAt,
        value: AttributeValue<Slice<'a>>,
        into: &mut Attributes<'a>,
    ) -> Result<()> {
        let reference = |value: &AttributeValue<Slice<'a>>| -> Result<At> {
            match value {
                AttributeValue::UnitRef(offset) => Ok(place_of(unit, *offset)),
                AttributeValue::DebugInfoRef(offset) => Ok(offset.0),
                other => bail!("{name} has an unknown form: {other:?}"),
            }
        };
        match name {
            dw::DW_AT_name => into.name = Some(self.text(unit, value)?),
            dw::DW_AT_linkage_name | dw::DW_AT_MIPS_linkage_name => {
                into.linkage = Some(self.text(unit, value)?);
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
                into.origin = Some(reference(&value)?);
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
                    .and_then(|line| u32::try_from(line).ok());
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

    /// Reads one more unit of the object.
    pub(super) fn unit(&mut self, unit: &Unit<'a>) -> Result<()> {
        self.files.clear();
        let mut entries = unit.entries_raw(None)?;
        let mut stack: Vec<(isize, Scope)> = Vec::new();
        let root: Arc<str> = Arc::from("");
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let own = place_of(unit, entries.next_offset());
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while stack.last().is_some_and(|(outer, _)| *outer >= depth) {
                stack.pop();
            }
            let inside_function = matches!(
                stack.last(),
                Some((_, Scope::Function(_) | Scope::Block(_) | Scope::Opaque))
            );
            let tag = abbreviation.tag();
            if let Some(scope) = self.body_entry(unit, &mut entries, abbreviation, stack.last())? {
                if abbreviation.has_children() {
                    stack.push((depth, scope));
                }
                continue;
            }
            let wanted = match tag {
                dw::DW_TAG_lexical_block | dw::DW_TAG_inlined_subroutine => false,
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
                self.attribute(unit, attribute.name(), attribute.value(), &mut attributes)?;
            }
            let scope = self.entry(
                unit,
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
        self.names.resize(self.types.len(), None);
        Ok(())
    }

    /// Reads an entry inside of a body that is followed; `None` for anything else.
    fn body_entry(
        &mut self,
        unit: &Unit<'a>,
        entries: &mut gimli::EntriesRaw<'_, '_, Slice<'a>>,
        abbreviation: &gimli::Abbreviation,
        outer: Option<&(isize, Scope)>,
    ) -> Result<Option<Scope>> {
        let function = match outer {
            Some((_, Scope::Function(function) | Scope::Block(function))) => *function,
            _ => return Ok(None),
        };
        if !self.functions[function].is_followed {
            return Ok(None);
        }
        let (wanted, scope) = match abbreviation.tag() {
            dw::DW_TAG_lexical_block => (None, Scope::Block(function)),
            dw::DW_TAG_variable => (Some(dw::DW_AT_type), Scope::Opaque),
            dw::DW_TAG_inlined_subroutine => (Some(dw::DW_AT_abstract_origin), Scope::Opaque),
            _ => return Ok(None),
        };
        for specification in abbreviation.attributes() {
            let attribute = entries.read_attribute(*specification)?;
            if Some(attribute.name()) != wanted {
                continue;
            }
            let at = match attribute.value() {
                AttributeValue::UnitRef(offset) => place_of(unit, offset),
                AttributeValue::DebugInfoRef(offset) => offset.0,
                other => bail!("a type or an origin has an unknown form: {other:?}"),
            };
            let raw = &mut self.functions[function];
            if abbreviation.tag() == dw::DW_TAG_variable {
                raw.locals.push(at);
            } else {
                raw.inlined.push(at);
            }
        }
        Ok(Some(scope))
    }

    fn entry(
        &mut self,
        unit: &Unit<'a>,
        tag: DwTag,
        own: At,
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
                self.type_at.push(own);
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
                    arguments: Vec::new(),
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
                                bail!("a variant with two members at {own:#x}");
                            }
                            *place = Some(member());
                        }
                    }
                    _ => bail!("a field at {own:#x} outside of any type"),
                }
                Scope::Opaque
            }
            dw::DW_TAG_variant_part => match outer {
                Some(Scope::Type(index, _)) => {
                    if self.types[*index].variants.is_some() {
                        bail!("a type with two variant parts at {own:#x}");
                    }
                    self.types[*index].variants = Some(RawVariants {
                        discriminant_at: attributes.discriminant_at,
                        ..RawVariants::default()
                    });
                    Scope::Variants(*index)
                }
                _ => bail!("a variant part at {own:#x} outside of any type"),
            },
            dw::DW_TAG_variant => match outer {
                Some(Scope::Variants(index)) => {
                    if let Some(variants) = &mut self.types[*index].variants {
                        variants.variants.push((attributes.discriminant, None));
                    }
                    Scope::Variant(*index)
                }
                _ => bail!("a variant at {own:#x} outside of a variant part"),
            },
            dw::DW_TAG_enumerator => {
                if let Some(Scope::Type(index, _)) = outer {
                    let value = attributes
                        .constant
                        .with_context(|| format!("an enumerator without a value at {own:#x}"))?;
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
                self.function_at.push(own);
                let file = self.file(unit, attributes.file);
                self.functions.push(RawFunction {
                    linkage: attributes.linkage,
                    name: attributes.name.unwrap_or(""),
                    scope: path.clone(),
                    parameters: Vec::new(),
                    arguments: Vec::new(),
                    result: attributes.type_at,
                    no_return: attributes.no_return,
                    declared: attributes.declaration,
                    is_method: false,
                    file,
                    line: attributes.line,
                    origin: attributes.origin,
                    is_followed: (self.is_followed)(path),
                    locals: Vec::new(),
                    inlined: Vec::new(),
                });
                Scope::Function(index)
            }
            dw::DW_TAG_template_type_parameter => {
                match outer {
                    Some(Scope::Function(index)) => {
                        self.functions[*index].arguments.push(attributes.type_at);
                    }
                    Some(Scope::Type(index, _)) => {
                        self.types[*index].arguments.push(attributes.type_at);
                    }
                    _ => {}
                }
                Scope::Opaque
            }
            dw::DW_TAG_formal_parameter => {
                if let Some(Scope::Function(index)) = outer {
                    let function = &mut self.functions[*index];
                    // A concrete copy of an inlined function repeats the parameters of its origin without types.
                    if attributes.origin.is_none() {
                        function.is_method |=
                            function.parameters.is_empty() && attributes.name == Some("self");
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
                let file = self.file(unit, attributes.file);
                self.variables.push(RawVariable {
                    linkage: attributes.linkage,
                    name: attributes.name.unwrap_or(""),
                    type_at: attributes.type_at,
                    file,
                    line: attributes.line,
                    address_at,
                    located: attributes.location.is_some(),
                });
                Scope::Opaque
            }
            _ => Scope::Opaque,
        })
    }

    fn file(&mut self, unit: &Unit<'a>, index: Option<u64>) -> Option<Arc<str>> {
        let index = index?;
        if let Some(known) = self.files.get(&index) {
            return known.clone();
        }
        let path = self.file_path(unit, index);
        self.files.insert(index, path.clone());
        path
    }

    fn file_path(&self, unit: &Unit<'a>, index: u64) -> Option<Arc<str>> {
        let program = unit.line_program.as_ref()?;
        let header = program.header();
        let entry = header.file(index)?;
        let text = |value| {
            self.dwarf
                .attr_string(unit, value)
                .ok()
                .map(|slice| slice.to_string_lossy())
        };
        let mut path = std::path::PathBuf::new();
        if let Some(directory) = unit.comp_dir {
            path.push(directory.to_string_lossy().as_ref());
        }
        if let Some(directory) = entry.directory(header).and_then(text) {
            path.push(directory.as_ref());
        }
        path.push(text(entry.path_name())?.as_ref());
        Some(Arc::from(path.to_string_lossy().as_ref()))
    }
}
