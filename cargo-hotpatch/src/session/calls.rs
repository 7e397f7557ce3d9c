//! What an object says of calls: which function calls which, and whose address is taken.
//!
//! An object that did not change says the same as before, so this is read once for each file and kept with its mapping
//! ([`super::objects::Files`]).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash as _, Hasher};

use anyhow::Result;

use crate::object::read::{ObjectFile, Relocation, SectionIndex, SymbolIndex};
use crate::object::reloc::is_call;
use crate::object::target::{SymbolsBySection, Target};
use crate::shadow::ROOT;

/// The function that the C runtime calls. rustc writes it around the program's `main`.
pub(super) const ENTRY: &str = "main";

/// The calls in one object.
#[derive(Debug, Default)]
pub struct ObjectCalls {
    /// By [`Name`]: a search asks many objects for one function.
    functions: HashMap<Name, References, BuildHasherDefault<ByName>>,
    /// Names of the calling functions, and of the data in [`References::holders`].
    callers: Vec<Box<str>>,
}

/// A function's name, hashed: names that fell together would count as one function, which can only be called more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(u64);

impl Name {
    /// Hashes it.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// A [`Name`] is a hash already.
#[derive(Debug, Default)]
struct ByName(u64);

impl Hasher for ByName {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, name: u64) {
        self.0 = name;
    }
}

/// What one object says of a function.
#[derive(Debug, Clone, Copy)]
pub struct Said<'c> {
    references: &'c References,
    callers: &'c [Box<str>],
}

impl<'c> Said<'c> {
    /// The functions of this object that call it.
    pub fn callers(self) -> impl Iterator<Item = &'c str> {
        let indices = self.references.callers.iter();
        indices.filter_map(move |caller| Some(&**self.callers.get(*caller as usize)?))
    }

    /// The mutable data of this object that begins with the function's address: somebody who has it may call the function.
    pub fn holders(self) -> impl Iterator<Item = &'c str> {
        let indices = self.references.holders.iter();
        indices.filter_map(move |holder| Some(&**self.callers.get(*holder as usize)?))
    }

    /// True if something else in this object takes the function's address, so that anybody may call it.
    #[must_use]
    pub fn is_taken(self) -> bool {
        self.references.is_taken
    }

    /// True if the loader calls the function before `main`.
    #[must_use]
    pub fn is_called_at_start(self) -> bool {
        self.references.is_called_at_start
    }
}

#[derive(Debug, Default)]
struct References {
    /// Indices into [`ObjectCalls::callers`].
    callers: Vec<u32>,
    /// As well.
    holders: Vec<u32>,
    is_taken: bool,
    is_called_at_start: bool,
}

impl ObjectCalls {
    /// Reads all relocations of an object's code and data.
    ///
    /// # Errors
    /// When a relocation is out of range.
    pub fn of(file: &ObjectFile<'_>) -> Result<Self> {
        let symbols = SymbolsBySection::new(file);
        let mut functions_in: HashMap<SectionIndex, Vec<SymbolIndex>> = HashMap::new();
        for (symbol, section) in file.functions() {
            functions_in.entry(section).or_default().push(symbol);
        }
        let mut calls = Self::default();
        let mut interned: HashMap<SymbolIndex, u32> = HashMap::new();
        let mut intern = |calls: &mut Self, symbol: SymbolIndex| {
            *interned.entry(symbol).or_insert_with(|| {
                calls.callers.push(file.symbols[symbol].name.into());
                u32::try_from(calls.callers.len() - 1).unwrap_or(u32::MAX)
            })
        };
        for (index, section) in file.sections.iter().enumerate() {
            if !section.is_allocated() || section.name.starts_with(".eh_frame") {
                continue;
            }
            let roots: HashSet<u64> = symbols
                .of(index)
                .iter()
                .map(|symbol| &file.symbols[*symbol])
                .filter(|symbol| symbol.name.contains(ROOT))
                .map(|symbol| symbol.value)
                .collect();
            let inside = functions_in
                .get(&index)
                .map(Vec::as_slice)
                .unwrap_or_default();
            for relocation in file.relocations(index)? {
                // A shadow's static that keeps an edited function alive is no part of the program.
                if roots.contains(&relocation.offset) {
                    continue;
                }
                let Some(name) = function_named(file, &symbols, &relocation) else {
                    continue;
                };
                if is_start_up_list(section.name) {
                    calls.references(name).is_called_at_start = true;
                } else if !inside.is_empty()
                    && is_call(section.data, relocation.offset, relocation.kind)
                {
                    for &caller in inside {
                        let caller = intern(&mut calls, caller);
                        let known = &mut calls.references(name).callers;
                        if !known.contains(&caller) {
                            known.push(caller);
                        }
                    }
                } else if let Some(holder) = holder(file, &symbols, index, relocation.offset) {
                    let holder = intern(&mut calls, holder);
                    calls.references(name).holders.push(holder);
                } else if !inside.iter().any(|one| file.symbols[*one].name == ENTRY) {
                    // `ENTRY` gives the address of the program's `main` to the runtime, which calls it once.
                    calls.references(name).is_taken = true;
                }
            }
        }
        Ok(calls)
    }

    /// `holder` is mutable data that begins with the address of `function`.
    #[cfg(test)]
    pub(super) fn hold(&mut self, holder: &str, function: &str) {
        let index = u32::try_from(self.callers.len()).unwrap_or(u32::MAX);
        self.callers.push(holder.into());
        self.references(function).holders.push(index);
    }

    /// An object with these calls (caller, callee), addresses taken, and functions that the loader calls.
    #[cfg(test)]
    pub(super) fn with(pairs: &[(&str, &str)], taken: &[&str], at_start: &[&str]) -> Self {
        let mut calls = Self::default();
        for (caller, callee) in pairs {
            let index = u32::try_from(calls.callers.len()).unwrap_or(u32::MAX);
            calls.callers.push((*caller).into());
            calls.references(callee).callers.push(index);
        }
        for name in taken {
            calls.references(name).is_taken = true;
        }
        for name in at_start {
            calls.references(name).is_called_at_start = true;
        }
        calls
    }

    fn references(&mut self, name: &str) -> &mut References {
        self.functions.entry(Name::of(name)).or_default()
    }

    /// What this object says of a function; `None` if it does not refer to it.
    #[must_use]
    pub fn of_function(&self, name: Name) -> Option<Said<'_>> {
        Some(Said {
            references: self.functions.get(&name)?,
            callers: &self.callers,
        })
    }
}

/// The mutable static that has a value at this place.
fn holder(
    file: &ObjectFile<'_>,
    symbols: &SymbolsBySection,
    section: SectionIndex,
    offset: u64,
) -> Option<SymbolIndex> {
    if !file.sections[section].is_mutable() {
        return None;
    }
    symbols.of(section).iter().copied().find(|symbol| {
        let symbol = &file.symbols[*symbol];
        (symbol.value..symbol.value.saturating_add(symbol.size)).contains(&offset)
    })
}

/// The lists of functions that the loader calls before `main`. (What it calls at the end is yet to come.)
fn is_start_up_list(section: &str) -> bool {
    [".init_array", ".preinit_array", ".ctors"]
        .iter()
        .any(|list| section.starts_with(list))
}

/// The name of the function that a relocation refers to; `None` for data.
fn function_named<'n>(
    file: &ObjectFile<'n>,
    symbols: &SymbolsBySection,
    relocation: &Relocation,
) -> Option<&'n str> {
    let Target::Named { symbol, .. } = symbols.target(file, relocation) else {
        return None;
    };
    let symbol = &file.symbols[symbol];
    let is_data = symbol
        .section()
        .is_some_and(|section| !file.sections[section].is_code());
    (!is_data).then_some(symbol.name)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn calls(source: &str) -> ObjectCalls {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (file, path) = (
            directory.path().join("one.rs"),
            directory.path().join("one.o"),
        );
        std::fs::write(&file, source).expect("source is written");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let status = Command::new(rustc)
            .args(["--edition=2024", "--crate-type=lib", "--emit=obj"])
            .args(["-Ccodegen-units=1", "-Csymbol-mangling-version=v0"])
            .args(["-Adead_code", "-o"])
            .args([&path, &file])
            .status()
            .expect("rustc runs");
        assert!(status.success(), "rustc fails on:\n{source}");
        let bytes = std::fs::read(&path).expect("an object");
        ObjectCalls::of(&ObjectFile::parse(&bytes).expect("an object")).expect("its calls")
    }

    #[test]
    fn calls_addresses_and_lists_are_told_apart() {
        let found = calls(&format!(
            r#"
            #[repr(transparent)] pub struct Root(*const ()); unsafe impl Sync for Root {{}}
            #[used] static {ROOT}3: Root = Root(edited as *const ());
            #[used] #[unsafe(link_section = ".init_array")] static AT_START: extern "C" fn() = before;
            #[used] static TABLE: extern "C" fn() = kept;
            #[used] #[unsafe(no_mangle)] static mut HOLDER: extern "C" fn() = held;
            #[unsafe(no_mangle)] pub extern "C" fn held() {{}}
            #[unsafe(no_mangle)] pub extern "C" fn edited() {{ before(); kept() }}
            #[unsafe(no_mangle)] pub extern "C" fn before() {{}}
            #[unsafe(no_mangle)] pub extern "C" fn kept() {{}}
            #[unsafe(no_mangle)] pub extern "C" fn passed() {{}}
            #[unsafe(no_mangle)] pub fn gives() -> extern "C" fn() {{ passed }}
            "#
        ));
        let said = |name| {
            let said = found.of_function(Name::of(name))?;
            let callers: Vec<&str> = said.callers().collect();
            Some((callers, said.is_taken(), said.is_called_at_start()))
        };
        assert_eq!(said("edited"), None, "only a shadow's root refers to it");
        assert_eq!(said("before"), Some((vec!["edited"], false, true)));
        assert_eq!(said("kept"), Some((vec!["edited"], true, false)));
        assert_eq!(said("held"), Some((vec![], false, false)));
        let held = found.of_function(Name::of("held")).expect("it is held");
        assert_eq!(held.holders().collect::<Vec<_>>(), ["HOLDER"]);
        assert_eq!(said("passed"), Some((vec![], true, false)), "in code");
    }
}
