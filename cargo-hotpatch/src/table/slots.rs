//! Which functions of an object get a thunk, and which reference means which of them.

use anyhow::{Context as _, Result};

use super::elf::{
    Relocatable, SHT_NOBITS, STB_GLOBAL, STB_LOCAL, STB_WEAK, STT_FUNC, STT_SECTION, string_at,
};
use super::frames::Frames;
use super::policy::SlotPolicy;
use super::references::{Target, relocated_sections, self_references, target};

/// A function that gets a thunk.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    /// Its symbol's index in the object.
    pub(super) symbol: u32,
    pub(super) name: &'a str,
    /// The section that is its body.
    pub(super) section: u32,
    /// Fields in the body that hold a resolved reference to the body's own start.
    pub(super) self_fields: Vec<u64>,
    pub(super) short_tail_calls: usize,
}

/// Which functions get thunks.
pub(super) struct Plan<'a> {
    pub(super) slots: Vec<Slot<'a>>,
    pub(super) without_slot: Vec<String>,
    pub(super) frames: Frames,
    /// By symbol: the number of its slot.
    pub(super) slot_of_symbol: Vec<Option<u32>>,
    /// By section: the slot that references to the section's start go to.
    pub(super) slot_of_section: Vec<Option<u32>>,
}

impl<'a> Plan<'a> {
    /// Reads an object and decides.
    pub(super) fn new(object: &Relocatable<'a>, policy: &SlotPolicy) -> Result<Self> {
        let names = object.symbol_names()?;
        let frames = Frames::read(object)?;
        let mut shared = vec![false; object.sections.len()];
        for symbol in &object.symbols {
            if let (STT_FUNC, Some(section)) = (symbol.kind(), symbol.section) {
                shared[section as usize] |= symbol.value != 0;
            }
        }

        let mut plan = Self {
            slots: Vec::new(),
            without_slot: Vec::new(),
            frames,
            slot_of_symbol: vec![None; object.symbols.len()],
            slot_of_section: vec![None; object.sections.len()],
        };
        let mut slots = Vec::new();
        for (index, symbol) in (0u32..).zip(&object.symbols) {
            let (STT_FUNC, Some(section), STB_LOCAL | STB_GLOBAL | STB_WEAK) =
                (symbol.kind(), symbol.section, symbol.binding())
            else {
                continue;
            };
            let name = string_at(names, symbol.name)
                .with_context(|| format!("the name of symbol {index}"))?;
            if !policy.wants_slot(name) {
                continue;
            }
            let header = object.section(section)?;
            let alone = header.is_code()
                && header.kind != SHT_NOBITS
                && symbol.value == 0
                && symbol.size <= header.size
                && !shared[section as usize];
            // A name with a version (`f@@V1`) cannot be extended.
            let nameable = !name.is_empty() && !name.contains('@');
            let references = if alone
                && nameable
                && plan.frames.append_to.is_some()
                && plan.frames.has_entry[section as usize]
            {
                self_references(object.data(section)?)
            } else {
                None
            };
            match references {
                Some(references) => slots.push(Slot {
                    symbol: index,
                    name,
                    section,
                    self_fields: references.fields,
                    short_tail_calls: references.short_tail_calls,
                }),
                None => plan.without_slot.push(name.to_owned()),
            }
        }
        // The allocator's entry points are the workspace's if it has a `#[global_allocator]`, and then they are beside other
        // functions; alone, they are the compiler's own shim.
        let is_allocator_shim = |name: &str| name.contains("7___rustc");
        if slots.iter().all(|slot| is_allocator_shim(slot.name))
            && plan.without_slot.iter().all(|name| is_allocator_shim(name))
        {
            slots.clear();
            plan.without_slot.clear();
        }
        plan.set_slots(slots);

        let unknown = plan.sections_with_unknown_references(object)?;
        if unknown.iter().any(|&unknown| unknown) {
            let (removed, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut plan.slots)
                .into_iter()
                .partition(|slot| unknown[slot.section as usize]);
            plan.without_slot
                .extend(removed.into_iter().map(|slot| slot.name.to_owned()));
            plan.set_slots(kept);
        }
        Ok(plan)
    }

    fn set_slots(&mut self, slots: Vec<Slot<'a>>) {
        self.slot_of_symbol.fill(None);
        self.slot_of_section.fill(None);
        for (number, slot) in (0u32..).zip(&slots) {
            self.slot_of_symbol[slot.symbol as usize] = Some(number);
            self.slot_of_section[slot.section as usize].get_or_insert(number);
        }
        self.slots = slots;
    }

    /// The slot that a relocation refers to, and whether it does so by the section's symbol.
    pub(super) fn referred(
        &self,
        object: &Relocatable<'_>,
        symbol: u32,
    ) -> Result<Option<(u32, bool)>> {
        let entry = object.symbols.get(symbol as usize).with_context(|| {
            format!(
                "a relocation refers to symbol {symbol}; there are {}",
                object.symbols.len()
            )
        })?;
        Ok(match (entry.kind(), entry.section) {
            (STT_SECTION, Some(section)) => {
                self.slot_of_section[section as usize].map(|slot| (slot, true))
            }
            _ => self.slot_of_symbol[symbol as usize].map(|slot| (slot, false)),
        })
    }

    /// Sections whose functions cannot have a slot because of a reference whose meaning is not certain.
    ///
    /// Functions that were merged into one body are two names with two thunks. A reference that says which one it means
    /// is fine, but not one by the section's symbol, and not a recursion: it would follow the other one's patches.
    fn sections_with_unknown_references(&self, object: &Relocatable<'_>) -> Result<Vec<bool>> {
        let mut unknown = vec![false; object.sections.len()];
        let mut functions = vec![0u32; object.sections.len()];
        for symbol in object
            .symbols
            .iter()
            .filter(|symbol| symbol.kind() == STT_FUNC)
        {
            symbol
                .section
                .into_iter()
                .for_each(|section| functions[section as usize] += 1);
        }
        for slot in &self.slots {
            unknown[slot.section as usize] |=
                functions[slot.section as usize] > 1 && !slot.self_fields.is_empty();
        }
        for (index, section, place) in relocated_sections(object)? {
            for relocation in object.relocations(index)? {
                let Some((slot, by_section)) = self.referred(object, relocation.symbol)? else {
                    continue;
                };
                let referred = self.slots[slot as usize].section;
                unknown[referred as usize] |=
                    match target(place, relocation.kind, relocation.addend, by_section) {
                        Target::Unknown => true,
                        Target::Thunk => {
                            functions[referred as usize] > 1 && (by_section || referred == section)
                        }
                        Target::Body => false,
                    };
            }
        }
        Ok(unknown)
    }
}
