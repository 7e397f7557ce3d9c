//! From the raw entries of a unit to facts under full names.

use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use foldhash::HashMap;
use gimli::constants as dw;

use super::super::relocatable::{Memory, Relocatable, Relocation, Target};
use super::walk::{At, RawMember, Walk, found_at};
use super::{
    DebugFacts, FunctionFacts, IsKept, Kept, Member, Place, StaticFacts, TypeKind, TypeShape,
    Variant, Variants, VtableFacts, VtableSlot,
};

/// The relocations of `.debug_info`, to learn which symbol an address means.
pub(super) struct DebugAddresses<'a> {
    relocations: Rc<[Relocation<'a>]>,
}

impl<'a> DebugAddresses<'a> {
    pub(super) fn read(object: &Relocatable<'a>) -> Result<Self> {
        let relocations = match object.section_named(".debug_info") {
            Some(section) => object.relocations(section)?,
            None => Rc::default(),
        };
        Ok(Self { relocations })
    }

    /// What the address at this offset of `.debug_info` means.
    fn at(&self, offset: u64) -> Option<&Relocation<'a>> {
        let index = self
            .relocations
            .binary_search_by_key(&offset, |relocation| relocation.offset)
            .ok()?;
        self.relocations.get(index)
    }
}

impl<'a> Walk<'_, 'a> {
    /// The full name of the type at `offset`; `()` where there is none.
    fn name_of(&mut self, offset: Option<At>) -> Arc<str> {
        self.name_within(offset, 32)
    }

    fn name_within(&mut self, offset: Option<At>, depth: u8) -> Arc<str> {
        let Some(offset) = offset else {
            return Arc::from("()");
        };
        let Some(index) = found_at(&self.type_at, offset) else {
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

    pub(super) fn finish(
        mut self,
        object: &Relocatable<'_>,
        addresses: &DebugAddresses<'_>,
        symbols: &HashMap<&str, usize>,
        facts: &mut DebugFacts,
        kept: &Kept<'_>,
    ) -> Result<()> {
        let looks = self.looks(kept.types);
        self.finish_types(facts, kept.types);
        self.finish_functions(facts, kept, &looks);
        self.finish_variables(object, addresses, symbols, (facts, &looks), kept)
    }

    fn finish_types(&mut self, facts: &mut DebugFacts, is_kept: IsKept<'_>) {
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
            if path.ends_with("::{vtable_type}") || !is_kept(&path) {
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

    fn finish_functions(&mut self, facts: &mut DebugFacts, kept: &Kept<'_>, looks: &[u64]) {
        let is_kept = kept.functions;
        let mut is_kept_type = HashMap::default();
        // A definition that points to its declaration adds what only the body knows.
        let origins: Vec<(usize, usize)> = self
            .functions
            .iter()
            .enumerate()
            .filter_map(|(index, function)| {
                Some((index, found_at(&self.function_at, function.origin?)?))
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
            if linkage.is_empty() || raw.origin.is_some() || !is_kept(linkage) {
                continue;
            }
            let parameters = std::mem::take(&mut raw.parameters);
            let scope = raw.scope.clone();
            let is_method = raw.is_method;
            let (name, result, no_return, declared, file, line) = (
                raw.name,
                raw.result,
                raw.no_return,
                raw.declared,
                raw.file.clone(),
                raw.line,
            );
            let arguments = std::mem::take(&mut self.functions[index].arguments);
            let places = parameters.iter().copied().chain([result]).chain(arguments);
            let handled = self.handled(places, looks, &mut is_kept_type, kept.types);
            let function = FunctionFacts {
                handled,
                name: Arc::from(name),
                scope,
                parameters: parameters
                    .into_iter()
                    .map(|parameter| self.name_of(parameter))
                    .collect(),
                result: self.name_of(result),
                no_return,
                place: file.zip(line).map(|(file, line)| Place { file, line }),
                declared,
                is_method,
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
        (facts, looks): (&mut DebugFacts, &[u64]),
        kept: &Kept<'_>,
    ) -> Result<()> {
        for variable in std::mem::take(&mut self.variables) {
            if variable.name.ends_with("::{vtable}") {
                if !variable.located || !(kept.vtables)(variable.name) {
                    continue;
                }
                let size = variable
                    .type_at
                    .and_then(|at| found_at(&self.type_at, at))
                    .and_then(|index| self.types[index].size)
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
            if !kept.statics {
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
                look: variable
                    .type_at
                    .and_then(|at| looks.get(found_at(&self.type_at, at)?).copied())
                    .unwrap_or_default(),
                place: variable
                    .file
                    .zip(variable.line)
                    .map(|(file, line)| Place { file, line }),
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
    address: &Relocation<'_>,
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
