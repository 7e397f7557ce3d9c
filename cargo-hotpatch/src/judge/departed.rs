//! What the source has lost while the program ran. Its values are still there when something of that name comes back in a
//! later save, and the two builds of that save say nothing about them.

use std::collections::HashMap;
use std::sync::Arc;

use super::debug::{DebugFacts, StaticFacts, TypeShape};
use super::names;
use super::relocatable::Memory;

/// Types and statics that were in some earlier build of the running program and are not in the newest one.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Departed {
    types: HashMap<Arc<str>, Vec<TypeShape>>,
    statics: HashMap<Arc<str>, StaticFacts>,
}

impl Departed {
    /// What the old objects have and the new ones do not. Closures and coroutines are left out: nobody can name them, so
    /// what exists of them is only reached by code that was made with it, and that keeps its slots.
    pub(super) fn between(old: &DebugFacts, new: &DebugFacts) -> Self {
        let types = old.types.iter().filter(|(name, _)| {
            !new.types.contains_key(*name)
                && names::segments(name)
                    .iter()
                    .all(|segment| !segment.contains("_env#"))
        });
        let statics = old
            .statics
            .iter()
            .filter(|(symbol, _)| !new.statics.contains_key(*symbol));
        Self {
            types: types
                .map(|(name, shapes)| (name.clone(), shapes.clone()))
                .collect(),
            statics: statics
                .map(|(symbol, fact)| (symbol.clone(), fact.clone()))
                .collect(),
        }
    }

    /// Adds to the facts of the build that runs what the new build brings back. A static that comes back as it was goes on
    /// where it is, and needs no comparison.
    pub(super) fn recall(&self, old: &mut Arc<DebugFacts>, new: &DebugFacts) {
        for (name, shapes) in &self.types {
            if new.types.contains_key(name) && !old.types.contains_key(name) {
                let old = Arc::make_mut(old);
                old.types.insert(name.clone(), shapes.clone());
            }
        }
        for (symbol, fact) in &self.statics {
            let another = new
                .statics
                .get(symbol)
                .is_some_and(|back| back.type_name != fact.type_name || back.memory != fact.memory);
            if another && !old.statics.contains_key(symbol) {
                let old = Arc::make_mut(old);
                old.statics.insert(symbol.clone(), fact.clone());
            }
        }
    }

    /// The immutable statics, by their symbols.
    pub(crate) fn constants(&self) -> impl Iterator<Item = &str> {
        self.statics
            .iter()
            .filter(|(_, fact)| fact.memory == Memory::Constant)
            .map(|(symbol, _)| &**symbol)
    }

    /// Adds what a patch has just made depart; the newer fact is the right one.
    pub fn extend(&mut self, other: Self) {
        self.types.extend(other.types);
        self.statics.extend(other.statics);
    }
}
