//! What memory holds for an item, as far as its text says.

use syn::{Fields, Item};

use super::items::tokens;

/// The types that a type, an alias or a static consists of, as text; empty for any other item. Fields of the same types in another order, or under
/// other names, are the same shape, since memory mostly is; so is a static with another value.
pub(super) fn shape(item: &Item) -> String {
    match item {
        Item::Struct(it) => fields(&it.fields),
        Item::Enum(it) => {
            let variants: Vec<String> = (it.variants.iter())
                .map(|variant| fields(&variant.fields))
                .collect();
            format!("[{}]", variants.join(" | "))
        }
        Item::Union(it) => fields(&Fields::Named(it.fields.clone())),
        Item::Static(it) => tokens(&it.ty),
        Item::Type(it) => tokens(&it.ty),
        _ => String::new(),
    }
}

fn fields(fields: &Fields) -> String {
    let mut types: Vec<String> = fields.iter().map(|field| tokens(&field.ty)).collect();
    types.sort();
    format!("{{{}}}", types.join(", "))
}
