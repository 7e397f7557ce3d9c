//! Which sections belong to a patch, and what each of their relocations means.
//!
//! Starts from the functions that have to be replaced and follows references. What the program has stays where it is; what it does
//! not have comes along. Names are resolved in the order of [`super`]'s documentation.

pub mod marks;
mod thread_local;
mod unwinding;

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result, bail};

use super::live::{Ambiguous, Callable, Live};
use super::store::{ObjectIndex, Store};
use super::{ProgramSide, Request};
use crate::codes::{self, Code, Reason};
use crate::diff::constants::Rewritten;
use crate::diff::pairing::FunctionKey;
use crate::object::address::RunAddr;
use crate::object::read::{Place, Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::kind;
use crate::object::target::{Target, is_mangled};
use crate::table::references::self_references;

/// Index of an atom in its plan.
pub type AtomIndex = usize;

/// Which mapping an atom goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Constants and tables.
    ReadOnly,
    /// Instructions.
    Code,
    /// New statics.
    Writable,
}

/// The smallest piece that is placed: one section of one object.
#[derive(Debug)]
pub struct Atom {
    /// For messages.
    pub name: String,
    /// Where it goes.
    pub part: Part,
    /// In bytes, a power of two.
    pub align: u64,
    /// Its content; zeros for `.bss`.
    pub data: Vec<u8>,
    /// What has to be filled in.
    pub fixups: Vec<Fixup>,
    /// Where it is from.
    pub source: Option<(ObjectIndex, SectionIndex)>,
}

/// How a value is written into its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// S + A, 8 bytes.
    Absolute64,
    /// S + A, 4 bytes, zero-extended.
    Absolute32,
    /// S + A, 4 bytes, sign-extended.
    Absolute32Signed,
    /// S + A - P, 4 bytes.
    Relative32,
    /// S + A - P, 8 bytes.
    Relative64,
}

/// What S is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// A place in the running process.
    Run(RunAddr),
    /// A place in the patch: an atom and an offset in it.
    Atom(AtomIndex, u64),
    /// An entry of the patch's GOT.
    Got(usize),
    /// A stub that jumps through an entry of the GOT: for calls that may be further than 2 GiB.
    FarCall(usize),
}

/// One field to fill in.
#[derive(Debug, Clone, Copy)]
pub struct Fixup {
    /// In the atom.
    pub offset: u64,
    /// How.
    pub write: Write,
    /// S.
    pub base: Base,
    /// A.
    pub addend: i64,
}

/// What an 8-byte GOT entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GotEntry {
    /// An address.
    Address(Base),
    /// An offset from the thread pointer.
    ThreadPointerOffset(i64),
}

/// A function of the patch.
#[derive(Debug)]
pub struct PlannedFunction {
    /// Its key from now on.
    pub key: FunctionKey,
    /// Its slot.
    pub slot: Option<RunAddr>,
    /// Its code: atom, offset and size.
    pub body: (AtomIndex, u64, u64),
    /// Not in the program before.
    pub is_new: bool,
    /// If calls of it are marked: the entry that its slot leads to, and the mark.
    pub marked: Option<((AtomIndex, u64), (AtomIndex, u64))>,
}

/// An immutable static that gets new content where it is.
#[derive(Debug)]
pub struct PlannedRewrite {
    /// Its new name.
    pub name: String,
    /// Where it is in the process.
    pub address: RunAddr,
    /// The new content: atom, offset and size.
    pub content: (AtomIndex, u64, u64),
}

/// All that belongs to a patch.
#[derive(Debug, Default)]
pub struct Plan {
    /// The pieces.
    pub atoms: Vec<Atom>,
    /// The GOT.
    pub got: Vec<GotEntry>,
    /// For each far call the GOT entry that it goes through.
    pub far_calls: Vec<usize>,
    /// The functions.
    pub functions: Vec<PlannedFunction>,
    /// New statics: name and place.
    pub statics: Vec<(String, AtomIndex, u64)>,
    /// Immutable statics that keep their place, and what they are to hold.
    pub rewrites: Vec<PlannedRewrite>,
    /// New thread-locals: name and offset from the thread pointer.
    pub thread_locals: Vec<(String, i64)>,
    /// The unwind table, if there is one: an atom like any other.
    pub eh_frame: Option<AtomIndex>,
    /// Bytes of the thread-local reserve that are used afterwards.
    pub thread_local_used: u64,
    /// Spare slots that are used afterwards.
    pub spare_slots_used: usize,
}

fn refuse<T>(code: &Code, message: String) -> Result<T> {
    Err(Reason::new(code, message).into())
}

/// Finds what belongs to the patch of `request`.
///
/// # Errors
/// A [`Reason`] inside of the error where something cannot be bound for certain.
pub fn plan(
    request: &Request<'_>,
    live: &Live,
    store: &mut Store<'_>,
    program: &mut dyn ProgramSide,
) -> Result<Plan> {
    let mut planner = Planner {
        request,
        live,
        store,
        program,
        plan: Plan {
            thread_local_used: live.thread_local_used(),
            spare_slots_used: live.spare_slots_used(),
            ..Plan::default()
        },
        atoms: HashMap::new(),
        pending: Vec::new(),
        slots: HashMap::new(),
        got: HashMap::new(),
        far: HashMap::new(),
        new_thread_locals: HashMap::new(),
        commons: HashMap::new(),
    };
    planner.run()?;
    Ok(planner.plan)
}

struct Planner<'p, 's> {
    request: &'p Request<'p>,
    live: &'p Live,
    store: &'p mut Store<'s>,
    program: &'p mut dyn ProgramSide,
    plan: Plan,
    atoms: HashMap<(ObjectIndex, SectionIndex), AtomIndex>,
    pending: Vec<AtomIndex>,
    /// Functions of the patch: how they are reached.
    slots: HashMap<(ObjectIndex, SymbolIndex), Base>,
    got: HashMap<GotEntry, usize>,
    far: HashMap<usize, usize>,
    new_thread_locals: HashMap<(ObjectIndex, SymbolIndex), i64>,
    /// CIEs that are in the unwind table: object and offset in its section, to the offset in the atom.
    commons: HashMap<(ObjectIndex, SectionIndex, usize), usize>,
}

impl Planner<'_, '_> {
    fn run(&mut self) -> Result<()> {
        // Roots come first, so that whatever refers to them finds their slots.
        for (old, new) in self.request.replacements {
            let slot = match self
                .live
                .function(&old.name, old.object.as_deref().unwrap_or(""))
            {
                Ok(Some(Callable::Slot(slot))) => slot,
                Ok(Some(Callable::Direct(_))) => {
                    return refuse(
                        &codes::FUNCTION_WITHOUT_SLOT,
                        format!(
                            "`{}` changed, and has no place in the jump table",
                            pretty(&old.name)
                        ),
                    );
                }
                Ok(None) => continue,
                Err(Ambiguous) => return refuse_ambiguous(&old.name),
            };
            self.add_function(new.object, new.symbol, &new.key, Some(slot), false)?;
        }
        for new in self.request.renewed {
            let slot = self.spare_slot()?;
            self.add_function(new.object, new.symbol, &new.key, Some(slot), true)?;
        }
        for (name, rewritten) in self.request.rewritten {
            self.add_rewrite(name, rewritten)?;
        }
        while let Some(atom) = self.pending.pop() {
            self.follow(atom)?;
        }
        self.add_marks(self.request.marked)
    }

    /// True for a function of which both versions go on living: the program's is the old one's.
    fn is_cut(&self, name: &str) -> bool {
        self.request.cut.is_some_and(|cut| cut.exposes(name))
    }

    fn spare_slot(&mut self) -> Result<RunAddr> {
        let Some(slot) = self.live.spare_slot(self.plan.spare_slots_used) else {
            return refuse(
                &codes::SLOTS_FULL,
                format!(
                    "all {} spare places of the jump table are in use",
                    self.plan.spare_slots_used
                ),
            );
        };
        self.plan.spare_slots_used += 1;
        Ok(slot)
    }

    /// Takes a function into the patch and returns how it is reached.
    fn add_function(
        &mut self,
        object: ObjectIndex,
        symbol: SymbolIndex,
        key: &FunctionKey,
        slot: Option<RunAddr>,
        is_new: bool,
    ) -> Result<Base> {
        if let Some(base) = self.slots.get(&(object, symbol)) {
            return Ok(*base);
        }
        let definition = self.store.object(object).file.symbols[symbol];
        let Some(section) = definition.section() else {
            bail!("`{}` is not defined in its object", key.name)
        };
        let size = if definition.size == 0 {
            self.store.object(object).file.sections[section]
                .size
                .saturating_sub(definition.value)
        } else {
            definition.size
        };
        let atom = self.atom(object, section)?;
        let base = slot.map_or(Base::Atom(atom, definition.value), Base::Run);
        self.slots.insert((object, symbol), base);
        self.plan.functions.push(PlannedFunction {
            key: key.clone(),
            slot,
            body: (atom, definition.value, size),
            is_new,
            marked: None,
        });
        if let Some(slot) = slot {
            self.redirect_self_references(atom, definition.value, size, slot)?;
        }
        Ok(base)
    }

    /// Takes the new content of an immutable static into the patch, from where it is copied to its place: names lead to that.
    fn add_rewrite(&mut self, name: &str, rewritten: &Rewritten) -> Result<()> {
        let Rewritten {
            old_name,
            object,
            symbol,
            ..
        } = rewritten;
        let definition = self.store.object(*object).file.symbols[*symbol];
        let address = if rewritten.is_thread_local {
            self.live.initial_place(old_name, definition.size)
        } else {
            self.live.constant_place(old_name, definition.size)
        };
        let (Some(section), Some(address)) = (definition.section(), address) else {
            bail!("`{}` has no place that it could keep", pretty(name))
        };
        let atom = if rewritten.is_thread_local {
            self.new_atom(*object, section, Part::ReadOnly)?
        } else {
            self.atom(*object, section)?
        };
        self.plan.rewrites.push(PlannedRewrite {
            name: name.to_owned(),
            address,
            content: (atom, definition.value, definition.size),
        });
        Ok(())
    }

    /// A function's references to itself carry no relocation when the assembler could resolve them; they have to go through
    /// the slot, so that recursion reaches the next patch and the function's address is the one that everybody knows.
    fn redirect_self_references(
        &mut self,
        atom: AtomIndex,
        start: u64,
        size: u64,
        slot: RunAddr,
    ) -> Result<()> {
        let (from, to) = (
            usize::try_from(start)?,
            usize::try_from(start.saturating_add(size))?,
        );
        let atom = &mut self.plan.atoms[atom];
        let Some(code) = atom.data.get(from..to.min(atom.data.len())) else {
            bail!(
                "`{}` ends at {:#x} of {:#x}",
                atom.name,
                to,
                atom.data.len()
            );
        };
        let Some(found) = self_references(code) else {
            return refuse(
                &codes::BAD_OBJECT,
                format!(
                    "the code of `{}` cannot be decoded, so its calls of itself are not known",
                    pretty(&atom.name)
                ),
            );
        };
        for field in found.fields {
            atom.fixups.push(Fixup {
                offset: start + field,
                write: Write::Relative32,
                base: Base::Run(slot),
                addend: -4,
            });
        }
        Ok(())
    }

    /// The atom of a section, made when first needed.
    pub(super) fn atom(&mut self, object: ObjectIndex, section: SectionIndex) -> Result<AtomIndex> {
        if let Some(atom) = self.atoms.get(&(object, section)) {
            return Ok(*atom);
        }
        let stored = self.store.object(object);
        let source = &stored.file.sections[section];
        if !source.is_allocated() {
            bail!(
                "{}: section `{}` is not part of a program's memory",
                stored.origin,
                source.name
            );
        }
        if source.is_thread_local() {
            bail!(
                "{}: a thread-local section `{}` is not a place",
                stored.origin,
                source.name
            );
        }
        let part = if source.is_code() {
            Part::Code
        } else if source.is_mutable() {
            Part::Writable
        } else {
            Part::ReadOnly
        };
        let atom = self.new_atom(object, section, part)?;
        if part == Part::Writable {
            let stored = self.store.object(object);
            let names: Vec<(String, u64)> = stored
                .symbols
                .of(section)
                .iter()
                .map(|index| &stored.file.symbols[*index])
                .filter(|symbol| is_mangled(symbol.name) || !symbol.is_local())
                .map(|symbol| (symbol.name.to_owned(), symbol.value))
                .collect();
            self.plan
                .statics
                .extend(names.into_iter().map(|(name, value)| (name, atom, value)));
        }
        self.atoms.insert((object, section), atom);
        Ok(atom)
    }

    fn new_atom(
        &mut self,
        object: ObjectIndex,
        section: SectionIndex,
        part: Part,
    ) -> Result<AtomIndex> {
        let source = &self.store.object(object).file.sections[section];
        let size = usize::try_from(source.size)?;
        let data = if source.is_zero_filled() {
            vec![0; size]
        } else {
            source.data.to_vec()
        };
        let atom = self.plan.atoms.len();
        self.plan.atoms.push(Atom {
            name: source.name.to_owned(),
            part,
            align: source.align,
            data,
            fixups: Vec::new(),
            source: Some((object, section)),
        });
        self.pending.push(atom);
        Ok(atom)
    }

    /// Gives every relocation of an atom its meaning, and takes its unwind entries along.
    fn follow(&mut self, atom: AtomIndex) -> Result<()> {
        let Some((object, section)) = self.plan.atoms[atom].source else {
            return Ok(());
        };
        let relocations = self.store.object(object).file.relocations(section)?;
        let mut index = 0;
        while index < relocations.len() {
            let relocation = relocations[index];
            index += 1;
            if matches!(relocation.kind, kind::TLSGD | kind::TLSLD) {
                let next = relocations.get(index).copied();
                self.relax_thread_local(atom, object, &relocation, next)?;
                index += 1;
                continue;
            }
            self.relocate(atom, object, &relocation, relocation.offset)
                .with_context(|| {
                    format!(
                        "in `{}` of {}",
                        pretty(&self.plan.atoms[atom].name),
                        self.store.object(object).origin
                    )
                })?;
        }
        if self.plan.atoms[atom].part == Part::Code {
            self.add_unwinding(object, section)?;
        }
        Ok(())
    }

    /// One relocation of a section of `object`, to be applied at `offset` of `atom`.
    pub(super) fn relocate(
        &mut self,
        atom: AtomIndex,
        object: ObjectIndex,
        relocation: &Relocation,
        offset: u64,
    ) -> Result<()> {
        let write = match relocation.kind {
            kind::NONE => return Ok(()),
            kind::ABS64 => Write::Absolute64,
            kind::ABS32 => Write::Absolute32,
            kind::ABS32S => Write::Absolute32Signed,
            kind::PC32
            | kind::PLT32
            | kind::GOTPCREL
            | kind::GOTPCRELX
            | kind::REX_GOTPCRELX
            | kind::GOTTPOFF => Write::Relative32,
            kind::PC64 => Write::Relative64,
            kind::TPOFF32 | kind::DTPOFF32 => {
                // Relative to the thread pointer; for DTPOFF32 because its TLSLD is relaxed to the thread pointer as well.
                let value = self
                    .thread_local(object, relocation.symbol)?
                    .wrapping_add(relocation.addend);
                let value = i32::try_from(value)
                    .context("a thread-local is further than 2 GiB from the thread pointer")?;
                return self.store_bytes(atom, offset, &value.to_le_bytes());
            }
            kind::TPOFF64 => {
                let value = self
                    .thread_local(object, relocation.symbol)?
                    .wrapping_add(relocation.addend);
                return self.store_bytes(atom, offset, &value.to_le_bytes());
            }
            other => {
                return refuse(
                    &codes::UNKNOWN_RELOCATION,
                    format!(
                        "a relocation of type {other} at {:#x} of `{}`",
                        relocation.offset,
                        pretty(&self.plan.atoms[atom].name)
                    ),
                );
            }
        };
        let (base, addend) = match relocation.kind {
            kind::GOTTPOFF => {
                let value = self.thread_local(object, relocation.symbol)?;
                (
                    Base::Got(self.got_entry(GotEntry::ThreadPointerOffset(value))),
                    relocation.addend,
                )
            }
            kind::GOTPCREL | kind::GOTPCRELX | kind::REX_GOTPCRELX => {
                let start = Relocation {
                    addend: -4,
                    ..*relocation
                };
                let (base, _) = self.resolve(object, &start)?;
                (
                    Base::Got(self.got_entry(GotEntry::Address(base))),
                    relocation.addend,
                )
            }
            _ => self.resolve(object, relocation)?,
        };
        let base = self.reachable(base, relocation)?;
        self.plan.atoms[atom].fixups.push(Fixup {
            offset,
            write,
            base,
            addend,
        });
        Ok(())
    }

    /// A call to something that may be anywhere (a dynamic library) goes through a stub of the patch.
    fn reachable(&mut self, base: Base, relocation: &Relocation) -> Result<Base> {
        let Base::Run(target) = base else {
            return Ok(base);
        };
        if !matches!(relocation.kind, kind::PC32 | kind::PLT32) {
            return Ok(base);
        }
        // The place of the patch is not known yet: what all of the arena reaches, it reaches.
        let arena = &self.request.arena;
        let distance = |from: RunAddr| target.0.wrapping_sub(from.0).cast_signed();
        if [arena.start, arena.end]
            .iter()
            .all(|from| i32::try_from(distance(*from)).is_ok())
        {
            return Ok(base);
        }
        // Only PLT32 is certain to be a call; PC32 may read data.
        if relocation.kind == kind::PC32 {
            return refuse(
                &codes::OUT_OF_RANGE,
                format!(
                    "data at {target} is {:#x} bytes from the arena at {}",
                    distance(arena.start),
                    arena.start
                ),
            );
        }
        let entry = self.got_entry(GotEntry::Address(base));
        let next = self.plan.far_calls.len();
        let call = *self.far.entry(entry).or_insert(next);
        if call == next {
            self.plan.far_calls.push(entry);
        }
        Ok(Base::FarCall(call))
    }

    fn got_entry(&mut self, entry: GotEntry) -> usize {
        let next = self.plan.got.len();
        let index = *self.got.entry(entry).or_insert(next);
        if index == next {
            self.plan.got.push(entry);
        }
        index
    }

    pub(super) fn store_bytes(&mut self, atom: AtomIndex, offset: u64, bytes: &[u8]) -> Result<()> {
        let at = usize::try_from(offset)?;
        let atom = &mut self.plan.atoms[atom];
        let Some(field) = atom.data.get_mut(at..at + bytes.len()) else {
            bail!(
                "a field at {offset:#x} reaches over the end of `{}`",
                atom.name
            );
        };
        field.copy_from_slice(bytes);
        Ok(())
    }

    /// S and A of a relocation.
    fn resolve(&mut self, object: ObjectIndex, relocation: &Relocation) -> Result<(Base, i64)> {
        let stored = self.store.object(object);
        match stored.symbols.target(&stored.file, relocation) {
            Target::Named { symbol, addend } => {
                Ok((self.named(object, symbol, relocation.kind)?, addend))
            }
            Target::Code { section, addend } => {
                // A place inside of a function: only that function's own tables say such things, so it is in the patch.
                let atom = self.atom(object, section)?;
                Ok((Base::Atom(atom, 0), addend))
            }
            Target::Anonymous {
                section,
                start,
                addend,
                ..
            } => {
                let atom = self.atom(object, section)?;
                Ok((Base::Atom(atom, start), addend))
            }
        }
    }

    /// Where something with a name is.
    fn named(&mut self, object: ObjectIndex, symbol: SymbolIndex, r_type: u32) -> Result<Base> {
        if let Some(base) = self.slots.get(&(object, symbol)) {
            return Ok(*base);
        }
        let definition = self.store.object(object).file.symbols[symbol];
        match definition.place {
            Place::Absolute => return Ok(Base::Run(RunAddr(definition.value))),
            Place::Section(section)
                if self.store.object(object).file.sections[section].is_code() =>
            {
                return self.function(object, symbol);
            }
            Place::Section(section) => return self.data(object, symbol, section),
            Place::Undefined | Place::Common => {}
        }
        let (name, is_weak) = (
            definition.name,
            definition.binding == object::elf::STB_WEAK.0,
        );
        self.elsewhere(object, name, is_weak, r_type)
    }

    /// A function that this object defines.
    fn function(&mut self, object: ObjectIndex, symbol: SymbolIndex) -> Result<Base> {
        let stored = self.store.object(object);
        let definition = stored.file.symbols[symbol];
        let (id, is_workspace) = (stored.id.clone(), stored.is_workspace);
        let precise = FunctionKey {
            name: definition.name.to_owned(),
            object: Some(id.clone()),
        };
        let plain = FunctionKey {
            name: definition.name.to_owned(),
            object: None,
        };
        // Only its own object can see it, and is compiled with that: it may be called otherwise than its signature says. A name of
        // C's says nothing at all. Its code has no state.
        let is_private_code = !is_workspace && definition.is_local();
        let can_change = self.request.policy.can_change(definition.name);
        let found = match self.request.names.old_function(definition.name, Some(&id)) {
            _ if is_private_code || self.is_cut(definition.name) => Ok(None),
            None => Ok(None),
            Some((old, of)) => {
                let object = of.unwrap_or(&id);
                let is_of_workspace = can_change && is_mangled(old);
                self.live.shared_function(old, object, is_of_workspace)
            }
        };
        match found {
            Ok(Some(callable)) => return Ok(Base::Run(callable.address())),
            Ok(None) => {}
            // Several objects have their own copy: this object's own is as good as any, and certain.
            Err(Ambiguous) => {}
        }
        let slot = if is_workspace && can_change {
            Some(self.spare_slot()?)
        } else {
            None
        };
        let key = if is_private_code || matches!(found, Err(Ambiguous)) {
            precise
        } else {
            plain
        };
        self.add_function(object, symbol, &key, slot, true)
    }

    /// A static or another named piece of data that this object defines.
    fn data(
        &mut self,
        object: ObjectIndex,
        symbol: SymbolIndex,
        section: SectionIndex,
    ) -> Result<Base> {
        let definition = self.store.object(object).file.symbols[symbol];
        if definition.name.is_empty() || (definition.is_local() && !is_mangled(definition.name)) {
            // Mutable data without a name that means anything. Were it in the program already, there would be no telling.
            let stored = self.store.object(object);
            let is_mutable = stored.file.sections[section].is_mutable();
            if is_mutable && stored.is_workspace && !definition.name.starts_with("DW.ref.") {
                let name = stored.file.sections[section].name.to_owned();
                if self.plan.statics.is_empty() {
                    return refuse(
                        &codes::AMBIGUOUS_SYMBOL,
                        format!(
                            "mutable data without a name (`{name}`) cannot be found in the running program"
                        ),
                    );
                }
            } else if is_mutable
                && self.live.static_address(definition.name) != Ok(None)
                && !definition.name.is_empty()
            {
                return refuse_ambiguous(definition.name);
            }
            let atom = self.atom(object, section)?;
            return Ok(Base::Atom(atom, definition.value));
        }
        if !self.request.changed_constants.contains(definition.name) {
            match self
                .live
                .static_address(self.request.names.old_static(definition.name))
            {
                Ok(Some(address)) => return Ok(Base::Run(address)),
                Ok(None) => {}
                Err(Ambiguous) => return refuse_ambiguous(definition.name),
            }
        }
        let atom = self.atom(object, section)?;
        if self.plan.atoms[atom].part == Part::ReadOnly {
            let entry = (definition.name.to_owned(), atom, definition.value);
            if !self.plan.statics.contains(&entry) {
                self.plan.statics.push(entry);
            }
        }
        Ok(Base::Atom(atom, definition.value))
    }

    /// Something that another object defines.
    fn elsewhere(
        &mut self,
        object: ObjectIndex,
        name: &str,
        is_weak: bool,
        r_type: u32,
    ) -> Result<Base> {
        // What was just compiled comes first: it knows whether the name stands for what it stood for.
        if let Some((object, symbol)) = self.store.find_in_workspace_loaded(name) {
            return self.named(object, symbol, r_type);
        }
        let id = self.store.object(object).id.clone();
        if !self.is_cut(name) {
            let is_of_workspace = is_mangled(name) && self.request.policy.can_change(name);
            match self.live.shared_function(name, &id, is_of_workspace) {
                Ok(Some(callable)) => return Ok(Base::Run(callable.address())),
                Ok(None) => {}
                Err(Ambiguous) => return refuse_ambiguous(name),
            }
        }
        match self
            .live
            .static_address(self.request.names.old_static(name))
        {
            Ok(Some(address)) => return Ok(Base::Run(address)),
            Ok(None) => {}
            Err(Ambiguous) => return refuse_ambiguous(name),
        }
        let is_imported = self.live.image().imports().contains(name);
        if !is_imported {
            if let Some((object, symbol)) = self.store.find_in_workspace(name)? {
                return self.named(object, symbol, r_type);
            }
            if let Some((object, symbol)) = self.store.find_in_libraries(name)? {
                return self.named(object, symbol, r_type);
            }
        }
        if let Some(address) = self.program.look_up(name)? {
            return Ok(Base::Run(address));
        }
        if is_weak {
            return Ok(Base::Run(RunAddr(0)));
        }
        refuse(
            &codes::UNRESOLVED,
            format!(
                "`{}` is needed by {}, and neither the program nor a library of its link has it",
                pretty(name),
                self.store.object(object).origin
            ),
        )
    }
}

/// A symbol as a person reads it.
#[must_use]
pub fn pretty(name: &str) -> String {
    let symbol = [".text.", ".data.rel.ro.", ".data.", ".bss.", ".rodata."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    format!("{:#}", rustc_demangle::demangle(symbol))
}

fn refuse_ambiguous<T>(name: &str) -> Result<T> {
    refuse(
        &codes::AMBIGUOUS_SYMBOL,
        format!(
            "`{}` stands for several things in the running program",
            pretty(name)
        ),
    )
}

/// Every kind of fixup has a width that the relocation's own table confirms.
#[must_use]
pub fn width(write: Write) -> usize {
    match write {
        Write::Absolute64 | Write::Relative64 => 8,
        Write::Absolute32 | Write::Absolute32Signed | Write::Relative32 => 4,
    }
}

/// The names of a request's moved functions and statics, for looking behind new names.
#[derive(Debug, Default, Clone)]
pub struct OldNames {
    /// New key to old key.
    functions: HashMap<FunctionKey, FunctionKey>,
    /// The old keys of these.
    given_up: HashSet<FunctionKey>,
    /// New name to old name.
    statics: BTreeMap<String, String>,
}

impl OldNames {
    /// `functions` are those that moved, by their new keys; `statics` as well, by their new names.
    #[must_use]
    pub fn new(
        functions: HashMap<FunctionKey, FunctionKey>,
        statics: BTreeMap<String, String>,
    ) -> Self {
        Self {
            given_up: functions.values().cloned().collect(),
            functions,
            statics,
        }
    }

    /// The functions that moved: the new key and the old one.
    pub fn moved_functions(&self) -> impl Iterator<Item = (&FunctionKey, &FunctionKey)> {
        self.functions.iter()
    }

    /// By which name, and of which object if that matters, the program knows a function that `object` defines under this name.
    ///
    /// `None` if what the program has under the name goes on under another one: the function is new, and has only got that name (a
    /// `fn part` in a block that was put above another block with a `fn part`: symbols number them from the top).
    #[must_use]
    pub fn old_function<'n>(
        &'n self,
        name: &'n str,
        object: Option<&str>,
    ) -> Option<(&'n str, Option<&'n str>)> {
        let keys = [object, None].map(|object| FunctionKey {
            name: name.to_owned(),
            object: object.map(str::to_owned),
        });
        if let Some(old) = keys.iter().find_map(|key| self.functions.get(key)) {
            return Some((&old.name, old.object.as_deref()));
        }
        let is_new = keys.iter().any(|key| self.given_up.contains(key));
        (!is_new).then_some((name, None))
    }

    /// The name by which the program knows a static.
    #[must_use]
    pub fn old_static<'n>(&'n self, name: &'n str) -> &'n str {
        self.statics.get(name).map_or(name, String::as_str)
    }
}
