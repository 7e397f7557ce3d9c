//! What runs: where each function's slot, each static and each thread-local of the program is, as far as patches have come.
//!
//! The image says where things were at the start. Patches add to it, and move names: a function that got another
//! disambiguator keeps its slot under its new name.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::{PAGE, Patch, Protection, align_up};
use crate::diff::pairing::FunctionKey;
use crate::judge::{CutNames, Departed};
use crate::limits::{self, limit};
use crate::object::address::{LinkAddr, LoadBias, RunAddr};
use crate::object::target::is_mangled;
use crate::table::image::{Image, SymbolKind};

/// How a function of the running program is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callable {
    /// Through its place in the jump table.
    Slot(RunAddr),
    /// Directly: it has no slot.
    Direct(RunAddr),
}

impl Callable {
    /// The address that calls and function pointers use.
    #[must_use]
    pub fn address(self) -> RunAddr {
        match self {
            Self::Slot(address) | Self::Direct(address) => address,
        }
    }
}

/// The running program.
#[derive(Debug)]
pub struct Live {
    image: Image,
    /// Made when first needed: it takes a walk over all symbols.
    index: OnceCell<Index>,
    bias: LoadBias,
    /// The jump table as it is published, slot by slot.
    table: Vec<u8>,
    /// Functions whose name or place differs from the image's; `None`: the name stands for nothing any more.
    functions: HashMap<FunctionKey, Option<Callable>>,
    /// Code that slots led to since a patch, the newest last.
    bodies: HashMap<RunAddr, Vec<Range<RunAddr>>>,
    /// The code of every function of every patch, by its start.
    patched_code: BTreeMap<RunAddr, RunAddr>,
    /// The code of the image's functions, in the order of their addresses: made when first needed.
    image_code: OnceCell<Vec<Range<LinkAddr>>>,
    /// Where statics are whose place is not that of the image; `None` for one that a later one of its name has nothing to do with.
    statics: HashMap<String, Option<RunAddr>>,
    /// Where patches have constants.
    constants: Vec<Range<RunAddr>>,
    thread_locals: HashMap<String, i64>,
    thread_local_used: u64,
    spare_slots: usize,
    spare_slots_used: usize,
    departed: Departed,
    /// What was cut, and how many spare slots were in use before each cut.
    cuts: Vec<(CutNames, usize)>,
    has_allocator: OnceCell<bool>,
}

#[derive(Debug, Default)]
struct Index {
    /// Slots of local functions by their names without the object's id.
    local_slots: HashMap<String, Vec<LinkAddr>>,
    /// Sizes of bodies by their start.
    bodies: HashMap<LinkAddr, u64>,
}

/// What is known of a program's functions at one time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    table: Vec<u8>,
    functions: HashMap<FunctionKey, Option<Callable>>,
    bodies: HashMap<RunAddr, Vec<Range<RunAddr>>>,
}

/// A name that stands for several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

impl Live {
    /// The program of `image`, loaded with `bias`, before any patch.
    #[must_use]
    pub fn new(image: Image, bias: LoadBias) -> Self {
        let table = image.region_bytes().to_vec();
        let spare_slots = limit(limits::SPARE_SLOTS, image.spare_slots().len());
        Self {
            image,
            index: OnceCell::new(),
            bias,
            table,
            functions: HashMap::new(),
            bodies: HashMap::new(),
            patched_code: BTreeMap::new(),
            image_code: OnceCell::new(),
            statics: HashMap::new(),
            constants: Vec::new(),
            thread_locals: HashMap::new(),
            thread_local_used: 0,
            spare_slots,
            spare_slots_used: 0,
            departed: Departed::default(),
            cuts: Vec::new(),
            has_allocator: OnceCell::new(),
        }
    }

    /// True if some functions are there in two versions.
    #[must_use]
    pub fn has_cuts(&self) -> bool {
        !self.cuts.is_empty()
    }

    /// What is known of the functions now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            table: self.table.clone(),
            functions: self.functions.clone(),
            bodies: self.bodies.clone(),
        }
    }

    /// Takes note that the functions are what they were: the table of then is, or will be at once, published again. Statics
    /// and thread-locals that came since stay where they are, and slots stay used: there may be pointers to them. Frames may be
    /// in code that came since, so it stays known, as older than what is restored.
    pub fn restore(&mut self, before: Snapshot) {
        self.table = before.table;
        self.functions = before.functions;
        let mut bodies = std::mem::take(&mut self.bodies);
        for (slot, list) in &mut bodies {
            let known = before.bodies.get(slot);
            if known == Some(list) {
                continue;
            }
            let restored = known
                .and_then(|known| known.last().cloned())
                .or_else(|| self.image_body(*slot));
            list.extend(restored);
        }
        self.bodies = bodies;
    }

    /// The image.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// What the loader added to the image's addresses.
    #[must_use]
    pub fn bias(&self) -> LoadBias {
        self.bias
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for slot in self
                .image
                .slots()
                .filter_map(Result::ok)
                .filter(|slot| slot.id.is_some())
            {
                index
                    .local_slots
                    .entry(slot.name.to_owned())
                    .or_default()
                    .push(slot.address);
            }
            for (_, _, body) in self.image.bodies() {
                index.bodies.insert(body.address, body.size);
            }
            index
        })
    }

    /// Where the jump table is in the process.
    #[must_use]
    pub fn table_range(&self) -> Range<RunAddr> {
        let region = self.image.region();
        region.start.run(self.bias)..region.end.run(self.bias)
    }

    /// The published content of the jump table.
    #[must_use]
    pub fn table(&self) -> &[u8] {
        &self.table
    }

    /// As [`Self::function`], for a reference of new code. What a library keeps to one of its objects is left out: the compiler knows
    /// all of its callers, so it may take its arguments otherwise than its signature says. `is_of_workspace` tells that no library can
    /// have a function of this name.
    ///
    /// # Errors
    /// As those of [`Self::function`].
    pub fn shared_function(
        &self,
        name: &str,
        object: &str,
        is_of_workspace: bool,
    ) -> Result<Option<Callable>, Ambiguous> {
        self.find_function(name, object, is_of_workspace)
    }

    /// How the function of this name is reached. `object` is the id of the object that defines it, which matters for local
    /// functions that exist several times.
    ///
    /// # Errors
    /// [`Ambiguous`] when several local functions have this name and none of them is in that object.
    pub fn function(&self, name: &str, object: &str) -> Result<Option<Callable>, Ambiguous> {
        self.find_function(name, object, true)
    }

    fn find_function(
        &self,
        name: &str,
        object: &str,
        may_be_private: bool,
    ) -> Result<Option<Callable>, Ambiguous> {
        let precise = FunctionKey {
            name: name.to_owned(),
            object: Some(object.to_owned()),
        };
        if let Some(known) = self.functions.get(&precise) {
            return Ok(*known);
        }
        let plain = FunctionKey {
            name: name.to_owned(),
            object: None,
        };
        if let Some(known) = self.functions.get(&plain) {
            return Ok(*known);
        }
        // What the image has of it belongs to the old version.
        if self.cuts.iter().any(|(cut, _)| cut.exposes(name)) {
            return Ok(None);
        }
        if let Some(slot) = self.image.slot(name, object) {
            return Ok(Some(Callable::Slot(slot.run(self.bias))));
        }
        let elsewhere = self
            .index()
            .local_slots
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        match elsewhere {
            [] => {}
            [slot] => return Ok(Some(Callable::Slot(slot.run(self.bias)))),
            _ => return Err(Ambiguous),
        }
        let mut addresses = self
            .image
            .symbols_named(name)
            .iter()
            .filter(|symbol| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Other))
            .filter(|symbol| may_be_private || !symbol.private)
            .map(|symbol| symbol.address)
            .collect::<Vec<LinkAddr>>();
        addresses.sort_unstable();
        addresses.dedup();
        match addresses[..] {
            [] => Ok(None),
            [address] => Ok(Some(Callable::Direct(address.run(self.bias)))),
            _ => Err(Ambiguous),
        }
    }

    /// True if the program has, or had at any time, a function whose name is one of those that are asked for: also if the name
    /// stands for nothing any more.
    pub fn ever_had(&self, is_asked_for: &dyn Fn(&str) -> bool) -> bool {
        self.functions.keys().any(|key| is_asked_for(&key.name))
            || self
                .image
                .slots()
                .any(|slot| slot.map_or(true, |slot| is_asked_for(slot.name)))
            || self.image.functions_without_slot().any(is_asked_for)
    }

    /// True if the program was linked with a function that is a method of an allocator, by its name. It is asked once: a patch never
    /// brings the first one.
    pub fn has_allocator(&self, is_method: &dyn Fn(&str) -> bool) -> bool {
        *self.has_allocator.get_or_init(|| self.ever_had(is_method))
    }

    /// Where the code is that a slot leads to now: in a patch, if there is one, else in the image.
    #[must_use]
    pub fn body(&self, slot: RunAddr) -> Option<Range<RunAddr>> {
        self.all_bodies(slot).next()
    }

    /// All code that a slot leads or led to, the newest first: frames may still be in the older.
    pub fn all_bodies(&self, slot: RunAddr) -> impl Iterator<Item = Range<RunAddr>> {
        let patched = self.bodies.get(&slot).into_iter().flatten().rev();
        patched
            .cloned()
            .chain(std::iter::once_with(move || self.image_body(slot)).flatten())
    }

    /// The function whose code lies around `address`, in the image or in a patch; `None` for code that belongs to neither, and for
    /// the jump table.
    #[must_use]
    pub fn code_at(&self, address: RunAddr) -> Option<Range<RunAddr>> {
        if let Some((start, end)) = self.patched_code.range(..=address).next_back()
            && address < *end
        {
            return Some(*start..*end);
        }
        let address = address.link(self.bias);
        let functions = self.image_code.get_or_init(|| self.image.function_code());
        let after = functions.partition_point(|code| code.start <= address);
        let code = functions.get(after.checked_sub(1)?)?;
        code.contains(&address)
            .then(|| code.start.run(self.bias)..code.end.run(self.bias))
    }

    /// The code in the image that a slot led to at first.
    fn image_body(&self, slot: RunAddr) -> Option<Range<RunAddr>> {
        let start = self.image.decode_slot(slot.link(self.bias))?;
        let size = self.index().bodies.get(&start)?;
        Some(start.run(self.bias)..start.offset(*size).run(self.bias))
    }

    /// Where the static of this name is.
    ///
    /// # Errors
    /// [`Ambiguous`] when a name that is not mangled exists several times.
    pub fn static_address(&self, name: &str) -> Result<Option<RunAddr>, Ambiguous> {
        if let Some(known) = self.statics.get(name) {
            return Ok(*known);
        }
        let mut addresses: Vec<LinkAddr> = self
            .image
            .symbols_named(name)
            .iter()
            .filter(|symbol| symbol.kind != SymbolKind::ThreadLocal)
            .map(|symbol| symbol.address)
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        match addresses[..] {
            [] => Ok(None),
            [address] => Ok(Some(address.run(self.bias))),
            _ if is_mangled(name) => Ok(Some(addresses[0].run(self.bias))),
            _ => Err(Ambiguous),
        }
    }

    /// Where an immutable static of this name and size is, if its content can be replaced there: on pages that the program
    /// never writes to, and sharing no byte with another static.
    #[must_use]
    pub fn constant_place(&self, name: &str, size: u64) -> Option<RunAddr> {
        let is_in_patch = |range: Range<RunAddr>| {
            let mut patches = self.constants.iter();
            patches.any(|pages| pages.start <= range.start && range.end <= pages.end)
        };
        if let Some(address) = self.statics.get(name).copied().flatten()
            && is_in_patch(address..address.offset(size))
        {
            return Some(address);
        }
        let address = self.static_address(name).ok()??;
        let [symbol] = self.image.symbols_named(name) else {
            return None;
        };
        // Its name may have gone on to another one.
        let is_it = symbol.address.run(self.bias) == address && symbol.size == size;
        let is_constant = self.is_constant(&(address..address.offset(size)));
        (is_it && is_constant && self.image.is_alone(symbol)).then_some(address)
    }

    /// Where the initial value is that new threads get of a thread-local of this name and size, if it can be replaced there.
    #[must_use]
    pub fn initial_place(&self, name: &str, size: u64) -> Option<RunAddr> {
        // What came with a patch begins with zeros.
        if self.thread_locals.contains_key(name) {
            return None;
        }
        let ([symbol], tls) = (self.image.symbols_named(name), self.image.tls()?) else {
            return None;
        };
        let end = symbol.address.offset(size);
        if symbol.kind != SymbolKind::ThreadLocal || symbol.size != size || end.0 > tls.initial_size
        {
            return None;
        }
        let address = tls.address.offset(symbol.address.0).run(self.bias);
        self.is_constant(&(address..address.offset(size)))
            .then_some(address)
    }

    /// True if all of these addresses are on pages of the image, or of one patch, that the program never writes to.
    #[must_use]
    pub fn is_constant(&self, range: &Range<RunAddr>) -> bool {
        let holds = |pages: &Range<RunAddr>| pages.start <= range.start && range.end <= pages.end;
        let image = self.image.constants().iter();
        let mut image = image.map(|pages| pages.start.run(self.bias)..pages.end.run(self.bias));
        image.any(|pages| holds(&pages)) || self.constants.iter().any(holds)
    }

    /// The offset from the thread pointer of the thread-local of this name.
    #[must_use]
    pub fn thread_local(&self, name: &str) -> Option<i64> {
        if let Some(offset) = self.thread_locals.get(name) {
            return Some(*offset);
        }
        let symbol = self
            .image
            .symbols_named(name)
            .iter()
            .find(|symbol| symbol.kind == SymbolKind::ThreadLocal)?;
        self.image.thread_pointer_offset(symbol.address.0)
    }

    /// A free place in the thread-local reserve: the offset from the thread pointer, and how much is used afterwards.
    #[must_use]
    pub fn reserve_thread_local(&self, used: u64, size: u64, align: u64) -> Option<(i64, u64)> {
        let reserve = self.image.tls_spare();
        let (start, length) = (
            self.image.thread_pointer_offset(reserve.start)?,
            reserve.end - reserve.start,
        );
        // The reserve itself is aligned to 64 bytes; what wants more does not fit.
        if align > 64 {
            return None;
        }
        let begin = super::align_up(used, align);
        let end = begin.checked_add(size)?;
        (end <= length).then_some((start + i64::try_from(begin).ok()?, end))
    }

    /// How much of the thread-local reserve earlier patches use.
    #[must_use]
    pub fn thread_local_used(&self) -> u64 {
        self.thread_local_used
    }

    /// The spare slot number `index`, if there are so many.
    #[must_use]
    pub fn spare_slot(&self, index: usize) -> Option<RunAddr> {
        if index >= self.spare_slots {
            return None;
        }
        Some(self.image.spare_slots().nth(index)?.run(self.bias))
    }

    /// How many spare slots earlier patches use.
    #[must_use]
    pub fn spare_slots_used(&self) -> usize {
        self.spare_slots_used
    }

    /// The jump table as it will be when `patch` is published.
    ///
    /// Each slot is `jmp rel32` (e9, then the distance from the slot's fifth byte) and three bytes that are never reached.
    #[must_use]
    pub fn table_with(&self, patch: &Patch) -> Option<Vec<u8>> {
        let range = self.table_range();
        let mut table = self.table.clone();
        for (slot, target) in &patch.table {
            let offset = usize::try_from(slot.0.checked_sub(range.start.0)?).ok()?;
            let distance = i32::try_from(target.0.wrapping_sub(slot.0 + 5).cast_signed()).ok()?;
            let bytes = table.get_mut(offset..offset + 8)?;
            bytes[0] = 0xe9;
            bytes[1..5].copy_from_slice(&distance.to_le_bytes());
            bytes[5..].fill(0xcc);
        }
        Some(table)
    }

    /// The types that were cut after this slot came into use, as debug info spells them: its code belongs to both versions.
    #[must_use]
    pub fn cut_since(&self, slot: RunAddr) -> Vec<String> {
        self.cuts
            .iter()
            .filter(|(_, used_before)| {
                !self
                    .spare_slot(*used_before)
                    .is_some_and(|first| (first..self.table_range().end).contains(&slot))
            })
            .flat_map(|(cut, _)| cut.types.iter().map(str::to_owned))
            .collect()
    }

    /// Takes note that what the program has of these functions belongs to the old version from now on. To be called before
    /// the patch with the new version is noted by [`Self::commit`].
    pub fn cut(&mut self, cut: CutNames) {
        self.functions.retain(|key, _| !cut.exposes(&key.name));
        self.cuts.push((cut, self.spare_slots_used));
    }

    /// Takes note that `patch` is published: `table` is the content of the jump table that was sent, `moved` are functions that
    /// go on under another name (old, new), `removed` names that stand for nothing any more.
    pub fn commit(
        &mut self,
        patch: &Patch,
        table: Vec<u8>,
        moved: &[(FunctionKey, FunctionKey)],
        removed: &[FunctionKey],
        renamed_statics: &BTreeMap<String, String>,
    ) {
        self.table = table;
        self.commit_names(moved, removed, renamed_statics);
        for function in &patch.functions {
            let callable = function
                .slot
                .map_or(Callable::Direct(function.body.start), Callable::Slot);
            self.functions.insert(function.key.clone(), Some(callable));
            self.patched_code
                .insert(function.body.start, function.body.end);
            if let Some(slot) = function.slot {
                let bodies = self.bodies.entry(slot).or_default();
                bodies.push(function.body.clone());
            }
        }
        let placed = patch.statics.iter().cloned();
        self.statics
            .extend(placed.map(|(name, address)| (name, Some(address))));
        let constants = patch
            .segments
            .iter()
            .filter(|segment| segment.protection == Protection::Read);
        self.constants.extend(constants.map(|segment| {
            segment.address..segment.address.offset(align_up(segment.length, PAGE))
        }));
        self.thread_locals
            .extend(patch.thread_locals.iter().cloned());
        self.thread_local_used = patch.thread_local_used;
        self.spare_slots_used = patch.spare_slots_used;
    }

    /// What the program still has and its source has lost.
    #[must_use]
    pub fn departed(&self) -> &Departed {
        &self.departed
    }

    /// Takes note of what an edit has taken out of the source, after its names were taken note of. An immutable static that comes back is
    /// a new one: what is in its old place may be something else.
    pub fn depart(&mut self, departed: Departed) {
        for name in departed.constants() {
            self.statics.insert(name.to_owned(), None);
        }
        self.departed.extend(departed);
    }

    /// Takes note of names that moved, without a patch.
    pub fn commit_names(
        &mut self,
        moved: &[(FunctionKey, FunctionKey)],
        removed: &[FunctionKey],
        renamed_statics: &BTreeMap<String, String>,
    ) {
        // All lookups come before all changes: in a shifted row, each name is both an old and a new one.
        let renamed_statics: Vec<(String, Option<RunAddr>, Option<i64>)> = renamed_statics
            .iter()
            .map(|(new, old)| {
                (
                    new.clone(),
                    self.static_address(old).ok().flatten(),
                    self.thread_local(old),
                )
            })
            .collect();
        let moved: Vec<(&FunctionKey, &FunctionKey, Option<Callable>)> = moved
            .iter()
            .map(|(from, to)| {
                let callable = self
                    .function(&from.name, from.object.as_deref().unwrap_or(""))
                    .ok()
                    .flatten();
                (from, to, callable)
            })
            .collect();
        for key in moved.iter().map(|(from, ..)| *from).chain(removed) {
            self.functions.insert(key.clone(), None);
        }
        for (_, to, callable) in moved {
            self.functions.insert(to.clone(), callable);
        }
        for (name, address, offset) in renamed_statics {
            if let Some(address) = address {
                self.statics.insert(name.clone(), Some(address));
            }
            if let Some(offset) = offset {
                self.thread_locals.insert(name, offset);
            }
        }
    }
}
