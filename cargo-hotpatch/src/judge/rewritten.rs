//! Whether an immutable static may get new content where it is, while references into it exist.
//!
//! Its type stays, so a reference to a number, a pointer or a struct of such reads another value of the same type. That is not
//! true of what only one variant of an enum has: a reference to the text in `Some("text")` would read the bytes of a `None`. So a
//! variant that carries data must stay. What a union holds is not known at all, so its bytes must stay.

use anyhow::Result;

use super::debug::{DebugFacts, Member, TypeKind, TypeShape, Variants};

/// The bytes of a static in an object.
#[derive(Debug, Clone, Copy)]
pub struct Content<'c> {
    /// Its bytes, before relocation.
    pub bytes: &'c [u8],
    /// Where in them there are references, which are never null.
    pub references: &'c [u64],
}

/// True if references into the static `symbol` of the object `old` stay valid when `before` becomes `after`.
///
/// # Errors
/// When the object's debug info cannot be read.
pub fn keeps_references(
    old: &[u8],
    symbol: &str,
    before: Content<'_>,
    after: Content<'_>,
) -> Result<bool> {
    let facts = DebugFacts::read(&[old])?;
    let Some(fact) = facts.statics.get(symbol) else {
        return Ok(false);
    };
    let walk = Walk {
        facts: &facts,
        before,
        after,
    };
    Ok(before.bytes.len() == after.bytes.len() && walk.keeps(&fact.type_name, 0, DEEPEST))
}

/// How deep values may be nested.
const DEEPEST: usize = 64;
/// Arrays with more elements that hold enums are not looked at one by one.
const LONGEST: u64 = 1 << 16;

struct Walk<'w> {
    facts: &'w DebugFacts,
    before: Content<'w>,
    after: Content<'w>,
}

impl Walk<'_> {
    fn shape(&self, type_name: &str) -> Option<&[TypeShape]> {
        self.facts.types.get(type_name).map(Vec::as_slice)
    }

    /// In bytes; `None` for what is known by its name alone.
    fn size(&self, type_name: &str) -> Option<u64> {
        if let Some((inner, count)) = array(type_name) {
            return self.size(inner)?.checked_mul(count);
        }
        self.shape(type_name)?.first()?.size
    }

    fn keeps(&self, type_name: &str, offset: u64, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        if let Some((inner, count)) = array(type_name) {
            return match self.size(inner) {
                // Numbers and pointers.
                None => self.shape(inner).is_none(),
                Some(size) => {
                    count <= LONGEST
                        && (0..count).all(|index| {
                            self.keeps(inner, offset.wrapping_add(index * size), depth)
                        })
                }
            };
        }
        match self.shape(type_name) {
            // Numbers and pointers.
            None => true,
            Some([shape]) => self.keeps_shape(shape, offset, depth),
            // Several types of one name.
            Some(_) => false,
        }
    }

    fn keeps_shape(&self, shape: &TypeShape, offset: u64, depth: usize) -> bool {
        match shape.kind {
            TypeKind::Enumeration => true,
            TypeKind::Union => self.is_same(offset, shape.size.unwrap_or(u64::MAX)),
            TypeKind::Other(_) => false,
            TypeKind::Struct => {
                let members = shape.members.iter();
                let mut all = members.map(|member| self.member(member, offset, depth));
                all.all(|keeps| keeps)
                    && shape
                        .variants
                        .as_ref()
                        .is_none_or(|variants| self.keeps_variant(variants, offset, depth))
            }
        }
    }

    fn member(&self, member: &Member, offset: u64, depth: usize) -> bool {
        self.keeps(&member.type_name, offset.wrapping_add(member.offset), depth)
    }

    fn keeps_variant(&self, variants: &Variants, offset: u64, depth: usize) -> bool {
        let (Some(before), Some(after)) = (
            variant_in(self.before, variants, offset),
            variant_in(self.after, variants, offset),
        ) else {
            return false;
        };
        let Some(payload) = &variants.variants[before].member else {
            return true;
        };
        if before == after {
            return self.member(payload, offset, depth);
        }
        // Nobody can refer to what a variant without data has.
        matches!(self.shape(&payload.type_name), Some([shape]) if shape.members.is_empty() && shape.variants.is_none())
    }

    fn is_same(&self, offset: u64, size: u64) -> bool {
        let part = |content: Content<'_>| {
            let (start, end) = (
                usize::try_from(offset).ok()?,
                usize::try_from(offset.checked_add(size)?).ok()?,
            );
            let refers = content
                .references
                .iter()
                .any(|at| (offset.saturating_sub(7)..offset + size).contains(at));
            (!refers).then_some(())?;
            Some(content.bytes.get(start..end)?.to_vec())
        };
        part(self.before).is_some_and(|before| part(self.after) == Some(before))
    }
}

/// The index of the variant that a value has.
fn variant_in(content: Content<'_>, variants: &Variants, offset: u64) -> Option<usize> {
    let Some(tag) = &variants.discriminant else {
        return (variants.variants.len() == 1).then_some(0);
    };
    let fallback = || {
        variants
            .variants
            .iter()
            .position(|variant| variant.discriminant.is_none())
    };
    let at = offset.checked_add(tag.offset)?;
    let size = size_of_integer(&tag.type_name)?;
    if content.references.contains(&at) {
        return fallback();
    }
    let start = usize::try_from(at).ok()?;
    let mut bytes = [0; 16];
    bytes[..size].copy_from_slice(content.bytes.get(start..start + size)?);
    let mask = u128::MAX >> (128 - 8 * size);
    let value = u128::from_le_bytes(bytes);
    let named = variants.variants.iter().position(|variant| {
        variant
            .discriminant
            .is_some_and(|known| known.cast_unsigned() & mask == value)
    });
    named.or_else(fallback)
}

/// `[T; 3]` as `T` and 3.
fn array(type_name: &str) -> Option<(&str, u64)> {
    let (inner, count) = type_name
        .strip_prefix('[')?
        .strip_suffix(']')?
        .rsplit_once("; ")?;
    Some((inner, count.parse().ok()?))
}

/// In bytes.
fn size_of_integer(type_name: &str) -> Option<usize> {
    Some(match type_name {
        "u8" | "i8" | "bool" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" | "char" => 4,
        "u64" | "i64" | "usize" | "isize" => 8,
        "u128" | "i128" => 16,
        _ => return None,
    })
}
