//! Makes a program of a library crate and its tests: see [`crate::suite`].

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use cargo_hotpatch::session::decide::SourceChange;
use proc_macro2::LineColumn;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::suite::bytes;

/// Which of the two that do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    First,
    Second,
}

/// The program's sources.
pub(crate) struct Source {
    /// Path, and text in both versions.
    files: Vec<(PathBuf, String, String)>,
    /// How many functions differ between the versions.
    pub(crate) functions: usize,
}

impl Source {
    fn text(version: Version, first: &str, second: &str) -> String {
        match version {
            Version::First => first,
            Version::Second => second,
        }
        .to_owned()
    }

    pub(crate) fn save(&self, version: Version) -> Result<()> {
        for (path, first, second) in &self.files {
            fs::write(path, Self::text(version, first, second))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        Ok(())
    }

    pub(crate) fn changes(&self, from: Version, to: Version) -> Vec<SourceChange> {
        self.files
            .iter()
            .map(|(path, first, second)| SourceChange {
                path: path.clone(),
                old: bytes(&Self::text(from, first, second)),
                new: bytes(&Self::text(to, first, second)),
            })
            .collect()
    }
}

/// Where cargo has the sources of a crate that this workspace depends on.
pub(crate) fn source_of(name: &str) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .exec()
        .context("cargo metadata")?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == name)
        .with_context(|| format!("the workspace does not depend on `{name}`"))?;
    let manifest = package.manifest_path.as_std_path();
    Ok(manifest
        .parent()
        .context("a manifest lies in a directory")?
        .to_owned())
}

/// The program: goes through all tests again and again, in two threads, compares with the first time, and writes down:
/// tests, rounds, results, results unlike the first time, the first such one.
const MAIN: &str = r#"
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const THREADS: usize = 2;
static ROUNDS: [AtomicUsize; THREADS] = [const { AtomicUsize::new(0) }; THREADS];
static RESULTS: AtomicUsize = AtomicUsize::new(0);
static WRONG: AtomicUsize = AtomicUsize::new(0);
static FIRST_WRONG: Mutex<String> = Mutex::new(String::new());

fn ends_well(test: fn()) -> bool {
    std::panic::catch_unwind(test).is_ok()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (results, stop) = (arguments[1].clone(), arguments[2].clone());
    let mut cases: Vec<(&'static str, fn())> = Vec::new();
    collect(&mut |name, test| cases.push((name, test)));
    // A test that fails here fails each time.
    std::panic::set_hook(Box::new(|_| {}));
    let expected: Vec<bool> = cases.iter().map(|(_, test)| ends_well(*test)).collect();
    let cases = &cases;
    let expected = &expected;
    let report = || {
        let rounds = ROUNDS.iter().map(|rounds| rounds.load(SeqCst)).min().unwrap_or(0);
        let text = format!("{} {rounds} {} {} {}", cases.len(), RESULTS.load(SeqCst), WRONG.load(SeqCst), FIRST_WRONG.lock().unwrap());
        let fresh = format!("{results}.new");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(&fresh, &results).unwrap();
    };
    report();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let stop = &stop;
            let report = &report;
            scope.spawn(move || {
                while !std::path::Path::new(stop).exists() {
                    for (number, (name, test)) in cases.iter().enumerate().skip(thread).step_by(THREADS) {
                        let well = ends_well(*test);
                        RESULTS.fetch_add(1, SeqCst);
                        if well != expected[number] {
                            WRONG.fetch_add(1, SeqCst);
                            let mut first = FIRST_WRONG.lock().unwrap();
                            if first.is_empty() {
                                *first = format!("{name}: {well}");
                            }
                        }
                    }
                    ROUNDS[thread].fetch_add(1, SeqCst);
                    if thread == 0 {
                        report();
                    }
                }
            });
        }
    });
    report();
}
"#;

/// Writes the program made of the crate at `from` to `to`.
pub(crate) fn write(from: &Path, to: &Path) -> Result<Source> {
    let manifest = fs::read_to_string(from.join("Cargo.toml"))
        .with_context(|| format!("no crate at `{}`", from.display()))?;
    let manifest: toml::Table = manifest.parse().context("its manifest")?;
    let library = library_name(&manifest)?;
    let root = PathBuf::from(
        manifest
            .get("lib")
            .and_then(|lib| lib.get("path"))
            .and_then(toml::Value::as_str)
            .unwrap_or("src/lib.rs"),
    );

    let mut files = Vec::new();
    let mut functions = 0;
    let mut tests = Vec::new();
    for folder in ["src", "tests"] {
        for path in files_below(&from.join(folder))? {
            let relative = path.strip_prefix(from)?.to_owned();
            let target = to.join(&relative);
            fs::create_dir_all(target.parent().context("a file lies in a directory")?)?;
            if path.extension().is_none_or(|extension| extension != "rs") {
                fs::copy(&path, &target)?;
                continue;
            }
            let mut text = fs::read_to_string(&path)?;
            if folder == "tests" && relative.parent() == Some(Path::new("tests")) {
                // What was the root of a crate becomes a module.
                let module = format!("t{}", tests.len());
                text = text.replace("crate::", &format!("crate::{module}::"));
                tests.push((module, relative.clone()));
            }
            let edited = edit(&path, &text, relative == root)
                .with_context(|| format!("cannot edit `{}`", path.display()))?;
            functions += edited.functions;
            files.push((target, edited.first, edited.second));
        }
    }
    let mut main = String::from("#![allow(warnings)]\n");
    let mut collect = format!(
        "fn collect(add: &mut dyn FnMut(&'static str, fn())) {{\n    {library}::hotpatch_suite(add);\n"
    );
    for (module, path) in &tests {
        let _ = writeln!(main, "#[path = {path:?}]\nmod {module};");
        let _ = writeln!(collect, "    {module}::hotpatch_suite(add);");
    }
    main += MAIN;
    main += &collect;
    main += "}\n";
    fs::write(to.join("suite.rs"), main)?;
    fs::write(to.join("Cargo.toml"), new_manifest(&manifest, from)?)?;
    for name in ["build.rs", "README.md"] {
        if from.join(name).is_file() {
            fs::copy(from.join(name), to.join(name))?;
        }
    }
    ensure!(functions > 0, "no function to edit");
    Ok(Source { files, functions })
}

fn library_name(manifest: &toml::Table) -> Result<String> {
    let name = |table: &str| manifest.get(table)?.get("name")?.as_str();
    let name = name("lib").or_else(|| name("package"));
    Ok(name.context("a package without a name")?.replace('-', "_"))
}

/// The crate's manifest with a binary, its dependencies for tests among the others, and without what is optional and off.
fn new_manifest(manifest: &toml::Table, from: &Path) -> Result<String> {
    let mut new = toml::Table::new();
    let old_package = manifest
        .get("package")
        .and_then(toml::Value::as_table)
        .context("no package")?;
    let mut package = toml::Table::new();
    for key in ["name", "version", "edition"] {
        let value = old_package.get(key).filter(|value| value.is_str());
        let default = if key == "edition" { "2024" } else { "0.0.0" };
        let value = value.cloned().unwrap_or_else(|| default.into());
        package.insert(key.to_owned(), value);
    }
    for key in ["autobins", "autotests", "autoexamples", "autobenches"] {
        package.insert(key.to_owned(), false.into());
    }
    new.insert("package".to_owned(), package.into());

    let features = manifest
        .get("features")
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    let mut on: BTreeSet<String> = BTreeSet::new();
    let mut left = vec!["default".to_owned()];
    while let Some(name) = left.pop() {
        if on.insert(name.clone()) {
            let parts = features.get(&name).and_then(toml::Value::as_array);
            left.extend(
                parts
                    .into_iter()
                    .flatten()
                    .filter_map(toml::Value::as_str)
                    .map(|part| part.split('/').next().unwrap_or(part).to_owned()),
            );
        }
    }
    let kept: toml::Table = features
        .into_iter()
        .filter(|(name, _)| on.contains(name))
        .collect();
    new.insert("features".to_owned(), kept.into());

    let mut dependencies = toml::Table::new();
    for table in ["dependencies", "dev-dependencies"] {
        for (name, value) in manifest
            .get(table)
            .and_then(toml::Value::as_table)
            .into_iter()
            .flatten()
        {
            let mut value = value.clone();
            if let Some(about) = value.as_table_mut() {
                let optional = about.get("optional").and_then(toml::Value::as_bool) == Some(true);
                if optional && !on.contains(name) && !on.contains(&format!("dep:{name}")) {
                    continue;
                }
                if let Some(path) = about.get("path").and_then(toml::Value::as_str) {
                    let path = from.join(path).canonicalize()?;
                    let path = path.to_str().context("a path that is not text")?.to_owned();
                    about.insert("path".to_owned(), path.into());
                }
            }
            dependencies.entry(name.clone()).or_insert(value);
        }
    }
    new.insert("dependencies".to_owned(), dependencies.into());
    if let Some(library) = manifest.get("lib").and_then(toml::Value::as_table) {
        let kept: toml::Table = library
            .iter()
            .filter(|(key, _)| matches!(key.as_str(), "name" | "path"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        new.insert("lib".to_owned(), kept.into());
    }
    let binary: toml::Table = [("name", "suite"), ("path", "suite.rs")]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect();
    new.insert("bin".to_owned(), vec![toml::Value::from(binary)].into());
    new.insert("workspace".to_owned(), toml::Table::new().into());
    Ok(toml::to_string(&new)?)
}

fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        // A crate need not have tests beside its sources.
        for entry in fs::read_dir(&directory).into_iter().flatten() {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

struct Edited {
    first: String,
    second: String,
    functions: usize,
}

/// A file in both versions.
fn edit(path: &Path, text: &str, is_root: bool) -> Result<Edited> {
    let file = syn::parse_file(text).map_err(|error| anyhow!("{error}"))?;
    let mut finder = Finder {
        lines: std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect(),
        text,
        folder: path.parent().unwrap_or(path).to_owned(),
        path,
        edits: Vec::new(),
        functions: 0,
    };
    finder.visit_file(&file);
    let calls = finder.list(&file.items);
    let head = if is_root {
        "#[doc(hidden)] #[allow(missing_docs)]\npub "
    } else {
        "pub(crate) "
    };
    let end = format!("\n{head}{calls}");
    finder
        .edits
        .push((text.len(), text.len(), Insert::Text(end)));
    finder.edits.sort_by_key(|(start, end, _)| (*start, *end));
    let build = |number: u8| -> String {
        let mut out = String::new();
        let mut at = 0;
        for (start, end, insert) in &finder.edits {
            out.push_str(text.get(at..*start).unwrap_or_default());
            match insert {
                Insert::Nothing => {}
                Insert::Number => {
                    let _ = write!(out, " let _hotpatch = {number}_u8; ");
                }
                Insert::Text(insert) => out.push_str(insert),
            }
            at = at.max(*end);
        }
        out.push_str(&text[at..]);
        out
    };
    Ok(Edited {
        first: build(1),
        second: build(2),
        functions: finder.functions,
    })
}

enum Insert {
    Nothing,
    /// What the two versions differ in.
    Number,
    Text(String),
}

/// Finds functions and attributes.
struct Finder<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    path: &'t Path,
    folder: PathBuf,
    edits: Vec<(usize, usize, Insert)>,
    functions: usize,
}

fn is_named(attribute: &syn::Attribute, name: &str) -> bool {
    attribute.path().is_ident(name)
}

fn is_test_only(attribute: &syn::Attribute) -> bool {
    is_named(attribute, "cfg")
        && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
}

fn is_conditional(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| is_named(attribute, "cfg") && !is_test_only(attribute))
}

impl Finder<'_> {
    fn at(&self, place: LineColumn) -> usize {
        let start = self.lines.get(place.line.saturating_sub(1)).copied();
        let start = start.unwrap_or(self.text.len());
        // Columns count characters.
        let rest = &self.text[start..];
        start
            + rest
                .char_indices()
                .nth(place.column)
                .map_or(rest.len(), |(at, _)| at)
    }

    fn remove(&mut self, attribute: &syn::Attribute) {
        let span = attribute.span();
        let (start, end) = (self.at(span.start()), self.at(span.end()));
        self.edits.push((start, end, Insert::Nothing));
    }

    fn body(
        &mut self,
        signature: &syn::Signature,
        attributes: &[syn::Attribute],
        body: &syn::Block,
    ) {
        let inner = attributes
            .iter()
            .any(|attribute| matches!(attribute.style, syn::AttrStyle::Inner(_)));
        if signature.constness.is_some() || signature.asyncness.is_some() || inner {
            return;
        }
        let at = self.at(body.brace_token.span.open().end());
        self.edits.push((at, at, Insert::Number));
        self.functions += 1;
    }

    /// A function that hands on the tests among these items and those of the modules among them.
    fn list(&self, items: &[syn::Item]) -> String {
        let mut calls = String::new();
        for item in items {
            match item {
                syn::Item::Fn(function) if is_plain_test(function) => {
                    let name = &function.sig.ident;
                    let _ = write!(
                        calls,
                        " _add(concat!(module_path!(), \"::\", stringify!({name})), {name});"
                    );
                }
                syn::Item::Mod(module)
                    if !is_conditional(&module.attrs)
                        && (module.content.is_some() || self.has_file(module)) =>
                {
                    let _ = write!(calls, " {}::hotpatch_suite(_add);", module.ident);
                }
                _ => {}
            }
        }
        format!("fn hotpatch_suite(_add: &mut dyn FnMut(&'static str, fn())) {{{calls} }}\n")
    }

    /// Whether the module's file is found and is always there.
    fn has_file(&self, module: &syn::ItemMod) -> bool {
        if module
            .attrs
            .iter()
            .any(|attribute| is_named(attribute, "path"))
        {
            return false;
        }
        let name = module.ident.to_string();
        let stem = self.path.file_stem().unwrap_or_default();
        let own = self.folder.join(stem);
        let candidates = [
            self.folder.join(format!("{name}.rs")),
            self.folder.join(&name).join("mod.rs"),
            own.join(format!("{name}.rs")),
            own.join(&name).join("mod.rs"),
        ];
        candidates
            .iter()
            .find_map(|path| fs::read_to_string(path).ok())
            .is_some_and(|text| !text.contains("#![cfg("))
    }
}

/// A test that says by not panicking that all is well.
fn is_plain_test(function: &syn::ItemFn) -> bool {
    let has = |name: &str| {
        function
            .attrs
            .iter()
            .any(|attribute| is_named(attribute, name))
    };
    has("test")
        && !has("should_panic")
        && !has("ignore")
        && !is_conditional(&function.attrs)
        && matches!(function.sig.output, syn::ReturnType::Default)
        && function.sig.asyncness.is_none()
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if is_test_only(attribute) || is_named(attribute, "test") {
            self.remove(attribute);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.body(&function.sig, &function.attrs, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.body(&function.sig, &function.attrs, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.body(&function.sig, &function.attrs, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if let Some((braces, items)) = &module.content {
            let end = self.at(braces.span.close().start());
            let list = format!("\npub(crate) {}", self.list(items));
            self.edits.push((end, end, Insert::Text(list)));
        }
        visit::visit_item_mod(self, module);
    }
}
