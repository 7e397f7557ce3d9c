//! Whether an edited function may take memory for another type than before, by what its code refers to. The fast way asks it: it
//! does not look at debug info, and leaves such edits to the full way.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::diff::Difference;
use crate::diff::pairing::canonical;
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
        let has_own = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| {
            these
                .difference(those)
                .any(|name| !policy.is_foreign(name) && is_for_a_type(name))
        };
        if has_own(&before, &after) && has_own(&after, &before) {
            return Ok(Some(format!(
                "`{}` calls the same for another type, and may take memory for it",
                canonical(&function.old.name)
            )));
        }
    }
    Ok(None)
}

/// True if the symbol is of a generic instance, or of a function that belongs to a type.
fn is_for_a_type(symbol: &str) -> bool {
    let path = canonical(symbol);
    !path.contains("{closure") && (path.starts_with('<') || path.ends_with('>'))
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
