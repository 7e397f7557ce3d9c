//! Whether an edited function may take memory for another type than before, by what its code refers to. The fast way asks it: it
//! does not look at debug info, and leaves such edits to the full way.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::diff::Difference;
use crate::link::plan::pretty;
use crate::object::read::ObjectFile;
use crate::object::target::{SymbolsBySection, Target};
use crate::table::policy::SlotPolicy;

/// What code refers to that takes memory behind a pointer without an owner, or that of a `Box`, if it is compiled with debug assertions.
const CHECKS: [&str; 2] = [
    "panic_null_pointer_dereference",
    "panic_misaligned_pointer_dereference",
];

type Objects<'n> = [(&'n str, ObjectFile<'n>)];

/// Why the full way has to look at the edited functions, if it has. `calls_macros`: they call macros whose text is not known.
///
/// # Errors
/// When an object cannot be read.
pub(super) fn other_type(
    difference: &Difference,
    (old, new): (&Objects<'_>, &Objects<'_>),
    policy: &SlotPolicy,
    calls_macros: bool,
) -> Result<Option<String>> {
    let (old, new) = (Code::of(old), Code::of(new));
    for function in &difference.changed {
        let before = old.references(&function.old.name)?;
        let after = new.references(&function.new.key.name)?;
        let is_checked = |names: &BTreeSet<&str>| {
            let mut names = names.iter();
            names.any(|name| CHECKS.iter().any(|check| name.contains(check)))
        };
        if calls_macros && (is_checked(&before) || is_checked(&after)) {
            return Ok(Some(
                "a macro in an edited function may take memory for another type".to_owned(),
            ));
        }
        let own = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| -> Types {
            these
                .difference(those)
                .filter(|name| !policy.is_foreign(name))
                .filter_map(|name| type_of(name))
                .collect()
        };
        if are_exchanged(&own(&before, &after), &own(&after, &before)) {
            return Ok(Some(format!(
                "`{}` calls the same for another type, and may take memory for it",
                pretty(&function.old.name)
            )));
        }
    }
    Ok(None)
}

/// Functions, each with the type that it is for.
type Types = BTreeSet<(String, String)>;

/// `app::view::<app::A>` → `app::view` and `app::A`; `<app::A as app::View>::open` → `app::View>::open` and `app::A`; `None` for a
/// function that is for no type.
fn type_of(symbol: &str) -> Option<(String, String)> {
    let path = pretty(symbol);
    if path.contains("{closure") {
        return None;
    }
    if let Some(inner) = path.strip_suffix('>')
        && let Some((function, arguments)) = inner.split_once("::<")
    {
        return Some((function.to_owned(), arguments.to_owned()));
    }
    let own = path.strip_prefix('<')?;
    let (own, method) = own.split_once(" as ").or_else(|| own.rsplit_once(">::"))?;
    Some((method.to_owned(), own.to_owned()))
}

/// A function is called for one type no more, and for another one now.
fn are_exchanged(gone: &Types, come: &Types) -> bool {
    gone.iter().any(|(function, before)| {
        come.iter()
            .any(|(other, after)| function == other && before != after)
    })
}

/// The objects of one side.
struct Code<'n> {
    objects: Vec<(&'n ObjectFile<'n>, SymbolsBySection)>,
}

impl<'n> Code<'n> {
    fn of(objects: &'n Objects<'n>) -> Self {
        let objects = objects.iter();
        Self {
            objects: objects
                .map(|(_, file)| (file, SymbolsBySection::new(file)))
                .collect(),
        }
    }

    /// The names that the function's code refers to.
    fn references(&self, function: &str) -> Result<BTreeSet<&'n str>> {
        let mut found = BTreeSet::new();
        for (file, symbols) in &self.objects {
            let own = file
                .functions()
                .filter(|(symbol, _)| file.symbols[*symbol].name == function);
            for (_, section) in own {
                for relocation in file.relocations(section)? {
                    if let Target::Named { symbol, .. } = symbols.target(file, &relocation) {
                        found.insert(file.symbols[symbol].name);
                    }
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_function_for_another_type() {
        let types = |list: &[(&str, &str)]| -> Types {
            list.iter()
                .map(|(function, name)| ((*function).to_owned(), (*name).to_owned()))
                .collect()
        };
        let old = types(&[("app::view", "app::A")]);
        assert!(are_exchanged(&old, &types(&[("app::view", "app::B")])));
        // Another method of the same type.
        assert!(!are_exchanged(&old, &types(&[("app::look", "app::A")])));
        assert!(!are_exchanged(&old, &types(&[])));
        assert_eq!(type_of("_RNvCs4Q2Qx8jI5j6_1a1f"), None);
        assert_eq!(
            type_of("_RINvCs4Q2Qx8jI5j6_1a4viewNtB2_1AEB2_"),
            Some(("a::view".to_owned(), "a::A".to_owned()))
        );
        assert_eq!(
            type_of("_RNvMCs4Q2Qx8jI5j6_1aNtB2_1A4open"),
            Some(("open".to_owned(), "a::A".to_owned()))
        );
    }
}
