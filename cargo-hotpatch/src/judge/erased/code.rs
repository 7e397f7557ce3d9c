//! Which functions the code of a function refers to, read from the objects when somebody asks.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use anyhow::Result;

use crate::judge::debug::DebugFacts;
use crate::judge::relocatable::{Memory, Relocatable, Symbol, Target};

/// The code of one side's objects.
pub(super) struct Code<'a> {
    objects: Vec<Relocatable<'a>>,
    /// Object and symbol, by name.
    functions: HashMap<&'a str, (usize, Symbol<'a>)>,
    known: RefCell<HashMap<String, Rc<BTreeSet<String>>>>,
}

impl<'a> Code<'a> {
    pub(super) fn read(objects: impl Iterator<Item = &'a [u8]>) -> Result<Self> {
        let objects: Vec<Relocatable<'a>> =
            objects.map(Relocatable::read).collect::<Result<_>>()?;
        let mut functions = HashMap::new();
        for (index, object) in objects.iter().enumerate() {
            for symbol in object.symbols.iter().filter(|symbol| symbol.named) {
                if object.sections[symbol.section].memory == Memory::Code {
                    functions.insert(symbol.name, (index, *symbol));
                }
            }
        }
        Ok(Self {
            objects,
            functions,
            known: RefCell::default(),
        })
    }

    /// The symbols that a function's code names, and of functions whose code was put into it; empty for one that is not here.
    pub(super) fn references(&self, symbol: &str, facts: &DebugFacts) -> Rc<BTreeSet<String>> {
        if let Some(known) = self.known.borrow().get(symbol) {
            return known.clone();
        }
        let mut found = self.named_by(symbol).unwrap_or_default();
        if let Some(body) = facts.bodies.get(symbol) {
            found.extend(body.inlined.iter().map(ToString::to_string));
        }
        let found = Rc::new(found);
        let mut known = self.known.borrow_mut();
        known.insert(symbol.to_owned(), found.clone());
        found
    }

    fn named_by(&self, symbol: &str) -> Option<BTreeSet<String>> {
        let (object, function) = self.functions.get(symbol)?;
        let object = &self.objects[*object];
        let relocations = object.relocations(function.section).ok()?;
        let own = function.address..function.address.saturating_add(function.size);
        let named = relocations
            .iter()
            .filter(|relocation| own.contains(&relocation.offset))
            .filter_map(|relocation| match relocation.target {
                Target::Named(name) => Some(name),
                Target::Place { section, offset } => {
                    // PC-relative fields count from their own end.
                    let shift = if relocation.width == 4 { 4 } else { 0 };
                    let place = offset.wrapping_add_signed(relocation.addend + shift);
                    object
                        .name_at(section, place)
                        .or_else(|| object.name_at(section, offset))
                }
            });
        Some(named.map(str::to_owned).collect())
    }
}
