//! What can be asked of an object without reading it again: the names in it, and what they stand for.
//!
//! An edit concerns one or two objects of a crate that has hundreds, and the others are the files that they were. So each is read
//! once, and its outline answers which it is that has to be looked at.

use aho_corasick::AhoCorasick;
use anyhow::Result;

use crate::object::read::{ObjectFile, Place};
use crate::object::target::{SymbolsBySection, Target};
use crate::shadow::{ROOT, removed_functions};

/// Stands between two names: no name of an ELF file has it.
const END: char = '\0';

/// The names of an object's symbols, in the order of its symbol table, those that are empty left out.
#[derive(Debug, Default)]
pub struct Outline {
    /// All names, each with [`END`] behind it.
    names: String,
    symbols: Vec<Entry>,
    /// Indices of the symbols that other objects can refer to, by name; of those of one name the first alone.
    defined: Vec<usize>,
    /// Indices of the functions whose bodies were left out of a shadow.
    removed: Vec<usize>,
    roots: Vec<(usize, String)>,
}

#[derive(Debug)]
struct Entry {
    start: usize,
    end: usize,
    facts: Facts,
}

#[derive(Debug, Clone, Copy)]
struct Facts {
    is_function: bool,
    is_defined_function: bool,
    is_placed: bool,
}

/// One symbol.
#[derive(Debug, Clone, Copy)]
pub struct Outlined<'o> {
    /// Its name.
    pub name: &'o str,
    facts: Facts,
}

impl Outlined<'_> {
    /// A function by the file's word, defined or not.
    #[must_use]
    pub fn is_function(&self) -> bool {
        self.facts.is_function
    }

    /// A function with its code in this object.
    #[must_use]
    pub fn is_defined_function(&self) -> bool {
        self.facts.is_defined_function
    }

    /// In a section, or in another object: not an absolute value, and no common block.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        self.facts.is_placed
    }
}

impl Outline {
    /// Reads it.
    ///
    /// # Errors
    /// When a relocation is out of range.
    pub fn of(file: &ObjectFile<'_>) -> Result<Self> {
        let removed = removed_functions(file)?;
        let mut outline = Self {
            roots: roots(file)?,
            ..Self::default()
        };
        for (index, symbol) in file.symbols.iter().enumerate() {
            if symbol.name.is_empty() {
                continue;
            }
            let section = symbol.section();
            let start = outline.names.len();
            outline.names.push_str(symbol.name);
            let end = outline.names.len();
            outline.names.push(END);
            if removed.contains(&index) {
                outline.removed.push(outline.symbols.len());
            } else if section.is_some() && !symbol.is_local() {
                outline.defined.push(outline.symbols.len());
            }
            outline.symbols.push(Entry {
                start,
                end,
                facts: Facts {
                    is_function: symbol.is_function(),
                    is_defined_function: symbol.is_function()
                        && section.is_some_and(|section| file.sections[section].is_code()),
                    is_placed: symbol.place == Place::Undefined || section.is_some(),
                },
            });
        }
        let (names, symbols) = (&outline.names, &outline.symbols);
        let name = |index: &usize| &names[symbols[*index].start..symbols[*index].end];
        // Stable, so that of equal names the first stays.
        outline.defined.sort_by(|a, b| name(a).cmp(name(b)));
        outline.defined.dedup_by(|a, b| name(a) == name(b));
        Ok(outline)
    }

    fn symbol(&self, index: usize) -> Outlined<'_> {
        let entry = &self.symbols[index];
        Outlined {
            name: &self.names[entry.start..entry.end],
            facts: entry.facts,
        }
    }

    /// The symbols in whose names one of `parts` stands, in order.
    pub fn containing<'o, 'p>(
        &'o self,
        parts: &'p AhoCorasick,
    ) -> impl Iterator<Item = Outlined<'o>> + use<'o, 'p> {
        let mut last = None;
        parts.find_iter(&self.names).filter_map(move |found| {
            // The last that begins at or before it.
            let index = self
                .symbols
                .partition_point(|entry| entry.start <= found.start())
                .checked_sub(1)?;
            (last.replace(index) != Some(index)).then(|| self.symbol(index))
        })
    }

    /// Whether other objects can refer to something in this one by this name. What was left out of a shadow is not in it.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        self.defined
            .binary_search_by(|index| self.symbol(*index).name.cmp(name))
            .is_ok()
    }

    /// The functions whose bodies were left out of a shadow.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        self.removed.iter().map(|index| self.symbol(*index).name)
    }

    /// The statics that keep edited functions alive in a shadow: their numbers, and the symbols that they name.
    pub fn roots(&self) -> impl Iterator<Item = (usize, &str)> {
        self.roots
            .iter()
            .map(|(number, symbol)| (*number, symbol.as_str()))
    }
}

fn roots(file: &ObjectFile<'_>) -> Result<Vec<(usize, String)>> {
    let mut found = Vec::new();
    let mut roots = file
        .symbols
        .iter()
        .filter(|symbol| symbol.name.contains(ROOT))
        .filter_map(|symbol| Some((symbol, symbol.section()?)))
        .peekable();
    if roots.peek().is_none() {
        return Ok(found);
    }
    let by_section = SymbolsBySection::new(file);
    for (root, section) in roots {
        let number = root
            .name
            .rsplit(ROOT)
            .next()
            .map(|rest| rest.chars().take_while(char::is_ascii_digit))
            .and_then(|digits| digits.collect::<String>().parse().ok());
        let target = file
            .relocations(section)?
            .into_iter()
            .find(|relocation| relocation.offset == root.value)
            .map(|relocation| by_section.target(file, &relocation));
        if let (Some(number), Some(Target::Named { symbol, addend: 0 })) = (number, target) {
            found.push((number, file.symbols[symbol].name.to_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::super::objects::{Files, Rest};
    use super::*;
    use crate::capture::record::ObjectRef;
    use crate::link::Store;
    use crate::shadow::MARKER;

    fn compiled(directory: &Path, name: &str, source: &str) -> ObjectRef {
        let (file, path) = (
            directory.join(format!("{name}.rs")),
            directory.join(format!("{name}.o")),
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
        ObjectRef {
            unit: "sample".to_owned(),
            cgu: name.to_owned(),
            id: name.to_owned(),
            len: std::fs::metadata(&path).expect("an object").len(),
            path,
            offset: 0,
        }
    }

    fn source() -> String {
        format!(
            r#"
            unsafe extern "C" {{ safe fn {MARKER}() -> !; safe fn elsewhere(); }}
            #[repr(transparent)] struct Root(*const ()); unsafe impl Sync for Root {{}}
            #[used] static {ROOT}3: Root = Root(edited as *const ());
            #[inline(never)] pub fn edited() {{ elsewhere() }}
            #[unsafe(no_mangle)] pub extern "C" fn left_out() {{ {MARKER}() }}
            #[unsafe(no_mangle)] pub extern "C" fn there() {{}}
            #[unsafe(no_mangle)] pub static edited_data: u8 = 7;
            "#
        )
    }

    #[test]
    fn an_outline_says_what_the_object_says() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let object = compiled(directory.path(), "one", &source());
        let mut files = Files::default();
        files.add([&object]);
        let outline = files.outline(&object).expect("an outline");
        let roots: Vec<_> = outline.roots().collect();
        assert!(
            matches!(roots[..], [(3, edited)] if edited.contains("6edited")),
            "{roots:?}"
        );
        assert_eq!(outline.removed().collect::<Vec<_>>(), ["left_out"]);
        assert!(outline.defines("there") && outline.defines("edited_data"));
        for absent in ["left_out", "elsewhere", "ther", "theres", ""] {
            assert!(!outline.defines(absent), "{absent}");
        }
        let parts = AhoCorasick::new(["edited", "elsewhere"]).expect("names");
        let found: Vec<Outlined<'_>> = outline.containing(&parts).collect();
        let of = |part: &str| {
            let mut found = found.iter().filter(|symbol| symbol.name.contains(part));
            found.next().copied().expect("a symbol")
        };
        assert!(of("6edited").is_defined_function() && of("6edited").is_placed());
        assert!(!of("edited_data").is_function() && of("edited_data").is_placed());
        assert!(!of("elsewhere").is_defined_function() && of("elsewhere").is_placed());
        // Each once, and no other.
        let file = ObjectFile::parse(files.bytes(&object).expect("bytes")).expect("an object");
        let expected: Vec<&str> = file
            .symbols
            .iter()
            .map(|symbol| symbol.name)
            .filter(|name| name.contains("edited") || name.contains("elsewhere"))
            .collect();
        let found: Vec<&str> = found.iter().map(|symbol| symbol.name).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_name_is_found_without_reading_all() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let two = "#[unsafe(no_mangle)] pub extern \"C\" fn left_out() {}
            #[unsafe(no_mangle)] pub extern \"C\" fn there() {}
            #[unsafe(no_mangle)] pub extern \"C\" fn only_here() {}";
        let objects = [
            compiled(directory.path(), "one", &source()),
            compiled(directory.path(), "two", two),
        ];
        let mut files = Files::default();
        files.add(&objects);
        let store = |outlined| {
            let rest = Rest {
                files: &files,
                objects: objects.iter().collect(),
                outlined,
            };
            Store::new(Box::new(rest), &[])
        };
        let (mut all, mut ahead) = (store(false), store(true));
        for name in ["only_here", "left_out", "there", "elsewhere", "edited_data"] {
            let mut found = [&mut all, &mut ahead].map(|store| {
                let found = store.find_in_workspace(name).expect("objects");
                found.map(|(object, symbol)| (store.object(object).id.clone(), symbol))
            });
            let [expected, found] = &mut found;
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(ahead.find_in_workspace_loaded("there"), None);
        let before = ahead.find_in_workspace("only_here").expect("objects");
        ahead.read_workspace().expect("objects");
        assert_eq!(ahead.len(), 2);
        assert_eq!(
            ahead.find_in_workspace("only_here").expect("objects"),
            before
        );
        let (object, _) = ahead.find_in_workspace_loaded("there").expect("it is read");
        assert_eq!(ahead.object(object).id, "one");
    }
}
