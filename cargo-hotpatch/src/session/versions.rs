//! What a version cut comes to in the program: which functions have to be replaced because they lead to the new version, and
//! whether the old and the new could meet. Reads all objects of the workspace: a cut is rare.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result};

use super::decide::{Environment, SourceChange};
use crate::diff::NewFunction;
use crate::diff::pairing::FunctionKey;
use crate::judge::cut::Around;
use crate::judge::{Cut, CutNames};
use crate::link::store::ObjectIndex;
use crate::link::{Live, OldNames, Store};
use crate::object::read::{ObjectFile, SectionIndex, SymbolIndex};
use crate::object::target::{SymbolsBySection, Target};
use crate::source::macros;

/// What leads to the new version.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// Functions outside of the cut that refer to it: each has to be replaced, even if it is as before.
    pub(super) functions: Vec<(FunctionKey, NewFunction)>,
    /// Immutable statics outside of the cut that refer to it.
    pub(super) constants: BTreeSet<String>,
    /// How an old value could meet new code.
    pub(super) crossing: Option<String>,
    /// Nothing of the cut is in the program, and never was: there is nothing that would have to be kept apart.
    pub(super) is_needless: bool,
}

/// Finds the roots of `cut` in the objects of `store`. `old` are the objects of the running program that differ.
///
/// # Errors
/// When an object cannot be read.
pub(super) fn roots(
    store: &mut Store<'_>,
    cut: &mut Cut,
    live: &Live,
    names: &OldNames,
    old: &[ObjectFile<'_>],
    sources: &[SourceChange],
    context: &Environment<'_>,
) -> Result<Roots> {
    store.read_workspace()?;
    let mut book = Book::default();
    learn(store, cut, &mut book)?;
    let members = members(store, cut, &mut book);
    if is_absent(cut, live, &members) {
        return Ok(Roots {
            is_needless: true,
            ..Roots::default()
        });
    }
    let in_code = in_code(store, old, &members)?;
    cut.free(&members, &in_code);
    book.forget();
    let mut search = Search {
        store,
        cut,
        book,
        reach: HashMap::new(),
        constants: BTreeSet::new(),
    };
    // A constant that refers to the cut makes roots of its readers, and there may be constants among those.
    while search.add_constants()? {
        search.reach.clear();
    }
    let mut roots = Roots::default();
    let mut symbols = BTreeSet::new();
    let mut entries = BTreeSet::new();
    let mut free = Vec::new();
    for (object, symbol, section) in search.functions() {
        let stored = search.store.object(object);
        let name = stored.file.symbols[symbol].name;
        if search.exposes(name) || !search.reaches(object, section)? {
            continue;
        }
        let key = FunctionKey {
            name: name.to_owned(),
            object: None,
        };
        // What the program does not have is brought along by whoever needs it.
        if let Some((old, _)) = names.old_function(name, None)
            && let Ok(Some(_)) = live.function(old, &stored.id)
        {
            symbols.insert(name.to_owned());
            if search.cut.names().free.contains(name) {
                free.push((object, symbol, section));
            }
            entries.extend(search.entries(object, section)?);
            roots.functions.push((
                FunctionKey {
                    name: old.to_owned(),
                    object: Some(stored.id.clone()),
                },
                NewFunction {
                    key,
                    object,
                    symbol,
                    section,
                },
            ));
        }
    }
    let makers = search.makers(&free)?;
    let free: BTreeSet<String> = free
        .iter()
        .map(|(object, symbol, _)| store.object(*object).file.symbols[*symbol].name.to_owned())
        .collect();
    roots.constants = search.constants;
    let read = |path: &str| -> Option<String> {
        let edited = sources
            .iter()
            .find(|source| source.path.as_os_str() == path)
            .and_then(|source| source.new.as_deref());
        match edited {
            Some(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            None => std::fs::read_to_string(path).ok(),
        }
    };
    let texts: Vec<String> = context
        .inputs
        .sources
        .keys()
        .filter_map(|path| read(path.to_str()?))
        .collect();
    roots.crossing = cut.crossing(
        &Around {
            roots: &symbols,
            entries: &entries,
            makers: &makers,
            free: &free,
            members: &members,
            crates: &context.policy.workspace_crates,
            macros: &macros::with_unsafe(texts.iter().map(String::as_str)),
        },
        &read,
    );
    Ok(roots)
}

/// Which symbols expose a cut, each asked once: names repeat in every object, and are long.
#[derive(Debug, Default)]
struct Book<'a> {
    paths: HashMap<&'a str, String>,
    exposes: HashMap<&'a str, bool>,
}

impl<'a> Book<'a> {
    fn exposes(&mut self, cut: &Cut, name: &'a str) -> bool {
        if let Some(known) = self.exposes.get(name) {
            return *known;
        }
        let path = self
            .paths
            .entry(name)
            .or_insert_with(|| CutNames::path(name));
        let exposes = cut.names().exposes_path(name, path);
        self.exposes.insert(name, exposes);
        exposes
    }

    /// The cut reaches further than when it was asked.
    fn forget(&mut self) {
        self.exposes.clear();
    }
}

/// Reads the debug info of all objects in which a symbol exposes the cut, until it reaches no further.
fn learn<'a>(store: &Store<'a>, cut: &mut Cut, book: &mut Book<'a>) -> Result<()> {
    let mut read: HashSet<ObjectIndex> = HashSet::new();
    loop {
        let fresh: Vec<ObjectIndex> = (0..store.len())
            .filter(|index| {
                let mut symbols = store.object(*index).file.symbols.iter();
                !read.contains(index) && symbols.any(|symbol| book.exposes(cut, symbol.name))
            })
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let objects: Vec<&[u8]> = fresh
            .iter()
            .map(|index| store.object(*index).bytes)
            .collect();
        let grown = cut.learn(&objects).with_context(|| {
            let origins = fresh
                .iter()
                .map(|index| store.object(*index).origin.as_str());
            format!("debug info of {}", origins.collect::<Vec<_>>().join(", "))
        })?;
        if !grown {
            return Ok(());
        }
        book.forget();
        read.extend(fresh);
    }
}

struct Search<'s, 'a> {
    store: &'s Store<'a>,
    cut: &'s Cut,
    book: Book<'a>,
    /// By section that is not a function's, and by function.
    reach: HashMap<(ObjectIndex, SectionIndex), bool>,
    constants: BTreeSet<String>,
}

impl<'a> Search<'_, 'a> {
    fn functions(&self) -> Vec<(ObjectIndex, SymbolIndex, SectionIndex)> {
        (0..self.store.len())
            .filter(|index| self.store.object(*index).is_workspace)
            .flat_map(|index| {
                self.store
                    .object(index)
                    .file
                    .functions()
                    .map(move |(symbol, section)| (index, symbol, section))
            })
            .collect()
    }

    fn exposes(&mut self, name: &'a str) -> bool {
        self.book.exposes(self.cut, name)
    }

    fn leads(&mut self, name: &'a str) -> bool {
        self.constants.contains(name) || self.exposes(name)
    }

    /// True if the code or data of this section refers to the cut, directly or through anonymous data.
    fn reaches(&mut self, object: ObjectIndex, section: SectionIndex) -> Result<bool> {
        if let Some(known) = self.reach.get(&(object, section)) {
            return Ok(*known);
        }
        // Anonymous data that leads back here adds nothing.
        self.reach.insert((object, section), false);
        let store = self.store;
        let stored = store.object(object);
        let mut found = false;
        for relocation in stored.file.relocations(section)? {
            found = match stored.symbols.target(&stored.file, &relocation) {
                Target::Named { symbol, .. } => self.leads(stored.file.symbols[symbol].name),
                Target::Anonymous { section, .. } => self.reaches(object, section)?,
                Target::Code { .. } => false,
            };
            if found {
                break;
            }
        }
        self.reach.insert((object, section), found);
        Ok(found)
    }

    /// The functions of the cut that this code names itself.
    fn entries(&mut self, object: ObjectIndex, section: SectionIndex) -> Result<Vec<String>> {
        let store = self.store;
        let stored = store.object(object);
        let mut entries = Vec::new();
        for relocation in stored.file.relocations(section)? {
            if let Target::Named { symbol, .. } = stored.symbols.target(&stored.file, &relocation) {
                let name = stored.file.symbols[symbol].name;
                if self.exposes(name) {
                    entries.push(name.to_owned());
                }
            }
        }
        Ok(entries)
    }

    /// Adds immutable statics with a name that refer to the cut; true if there were any.
    fn add_constants(&mut self) -> Result<bool> {
        let store = self.store;
        let mut grown = false;
        for index in (0..store.len()).filter(|index| store.object(*index).is_workspace) {
            let stored = store.object(index);
            for symbol in &stored.file.symbols {
                let Some(section) = symbol.section() else {
                    continue;
                };
                let place = &stored.file.sections[section];
                let is_constant = symbol.kind == object::elf::STT_OBJECT.0
                    && crate::object::target::is_mangled(symbol.name)
                    && !place.is_mutable()
                    && !place.is_thread_local();
                if is_constant
                    && !self.constants.contains(symbol.name)
                    && self.reaches(index, section)?
                {
                    self.constants.insert(symbol.name.to_owned());
                    grown = true;
                }
            }
        }
        Ok(grown)
    }

    /// The functions of the cut that these functions refer to, also through data and through each other, as far as none is given a
    /// value of the cut: each with those of them that refer to it. For the check of what makes new values.
    fn makers(
        &mut self,
        free: &[(ObjectIndex, SymbolIndex, SectionIndex)],
    ) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let store = self.store;
        let mut makers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if free.is_empty() {
            return Ok(makers);
        }
        let mut defined: HashMap<&str, Vec<(ObjectIndex, SectionIndex)>> = HashMap::new();
        for index in (0..store.len()).filter(|index| store.object(*index).is_workspace) {
            for symbol in &store.object(index).file.symbols {
                if let Some(section) = symbol.section()
                    && self.leads(symbol.name)
                {
                    let places = defined.entry(symbol.name).or_default();
                    places.push((index, section));
                }
            }
        }
        let mut left: Vec<(&str, ObjectIndex, SectionIndex)> = free
            .iter()
            .map(|(object, symbol, section)| {
                let name = store.object(*object).file.symbols[*symbol].name;
                (name, *object, *section)
            })
            .collect();
        let mut seen: HashSet<(&str, ObjectIndex, SectionIndex)> = left.iter().copied().collect();
        while let Some((from, object, section)) = left.pop() {
            let stored = store.object(object);
            let mut reached = Vec::new();
            for relocation in stored.file.relocations(section)? {
                match stored.symbols.target(&stored.file, &relocation) {
                    Target::Named { symbol, .. } => {
                        let name = stored.file.symbols[symbol].name;
                        let through = if self.constants.contains(name) {
                            from
                        } else if self.exposes(name) && !self.cut.is_given_one(name) {
                            let referring = makers.entry(name.to_owned()).or_default();
                            referring.insert(from.to_owned());
                            name
                        } else {
                            continue;
                        };
                        let places = defined.get(name).into_iter().flatten();
                        reached
                            .extend(places.map(|(object, section)| (through, *object, *section)));
                    }
                    Target::Anonymous { section, .. } => reached.push((from, object, section)),
                    Target::Code { .. } => {}
                }
            }
            left.extend(reached.into_iter().filter(|one| seen.insert(*one)));
        }
        Ok(makers)
    }
}

/// The symbols of the cut.
fn members<'a>(store: &Store<'a>, cut: &Cut, book: &mut Book<'a>) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for index in (0..store.len()).filter(|index| store.object(*index).is_workspace) {
        for symbol in &store.object(index).file.symbols {
            if book.exposes(cut, symbol.name) {
                members.insert(symbol.name.to_owned());
            }
        }
    }
    members
}

/// True if nothing of the cut is in the program, so that no value of it exists: not under the names of now, and not under such as
/// earlier edits have taken out of the source. (A closure without any function of its own can be neither called nor given away,
/// and what a static holds of one, a function has put there.)
fn is_absent(cut: &Cut, live: &Live, members: &BTreeSet<String>) -> bool {
    let is_there = |symbol: &String| !matches!(live.function(symbol, ""), Ok(None));
    // Nearly always one is there, and asking for all that the program ever had takes a walk over its symbols.
    !cut.has_statics() && !members.iter().any(is_there) && !live.ever_had(&|name| cut.exposes(name))
}

/// Those of `members` that any code refers to, before the edit or after it.
fn in_code(
    store: &Store<'_>,
    old: &[ObjectFile<'_>],
    members: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut look = |file: &ObjectFile<'_>, symbols: &SymbolsBySection| -> Result<()> {
        let wanted: HashMap<SymbolIndex, &str> = file
            .symbols
            .iter()
            .enumerate()
            .filter(|(_, symbol)| members.contains(symbol.name))
            .map(|(index, symbol)| (index, symbol.name))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for (_, section) in file.functions() {
            for relocation in file.relocations(section)? {
                if let Target::Named { symbol, .. } = symbols.target(file, &relocation)
                    && let Some(name) = wanted.get(&symbol)
                {
                    found.insert((*name).to_owned());
                }
            }
        }
        Ok(())
    };
    for index in (0..store.len()).filter(|index| store.object(*index).is_workspace) {
        let stored = store.object(index);
        look(&stored.file, &stored.symbols)?;
    }
    for file in old {
        look(file, &SymbolsBySection::new(file))?;
    }
    Ok(found)
}
