//! The user's own project: which files belong to it, and what in it can be edited without a word from the user.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use syn::spanned::Spanned as _;

use super::measure::page::{self, Page};
use super::project::{self, NUMBER, PORT, Project, Shape, Site};
use crate::options::BenchOptions;

/// The user's project, copied into `to`, with its sites in place. The original is only read.
///
/// # Errors
/// When there is no project, it cannot be copied, or there is nothing in it that could be edited.
pub fn prepare(options: &BenchOptions, manifest: &Path, to: &Path) -> Result<Project> {
    let metadata = metadata(options, manifest)?;
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let outside: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none() && !package.manifest_path.starts_with(&root))
        .map(|package| package.name.as_ref())
        .collect();
    ensure!(
        outside.is_empty(),
        "it depends on {} by a path that leads out of the workspace `{}`, which therefore cannot be measured in a copy",
        outside.join(", "),
        root.display()
    );
    let package = manifest
        .parent()
        .and_then(|directory| directory.strip_prefix(&root).ok())
        .map(Path::to_owned)
        .unwrap_or_default();
    let files = files_of(&root, metadata.target_directory.as_std_path())?;
    let mut copy = Project {
        name: root.file_name().map_or_else(
            || "project".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        ),
        about: String::new(),
        root: root.clone(),
        package,
        lines: lines(&root, &files),
        files,
        sites: Vec::new(),
        cargo_arguments: options.cargo_arguments.clone(),
        program_arguments: options.program_arguments.clone(),
        counts: false,
        must_be_tried: options.file.is_none(),
    };
    project::copy(&copy, to)?;
    copy.root = to.to_owned();
    copy.sites = match &options.file {
        Some(file) => vec![site_as_told(options, &root, file, to)?],
        None => write_sites(to, &candidates(&metadata, options, &root))?,
    };
    Ok(copy)
}

/// Where cargo puts what it builds of the project.
///
/// # Errors
/// When there is no project.
pub fn target_directory(options: &BenchOptions, manifest: &Path) -> Result<PathBuf> {
    let metadata = metadata(options, manifest)?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn metadata(options: &BenchOptions, manifest: &Path) -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    if let Some(directory) = manifest.parent() {
        command.current_dir(directory);
    }
    command.manifest_path(manifest);
    command.cargo_path(&options.cargo);
    command.exec().with_context(|| {
        format!(
            "`{}` is no project that can be measured",
            manifest.display()
        )
    })
}

/// What git would take along, and otherwise everything but `.git` and what was built.
fn files_of(root: &Path, target: &Path) -> Result<Vec<PathBuf>> {
    let mut files = match files_of_git(root) {
        Some(files) => files,
        None => {
            let mut files = Vec::new();
            walk(root, Path::new(""), target, &mut files)?;
            files
        }
    };
    // Even where git ignores it: all copies have to have the same dependencies.
    if root.join("Cargo.lock").is_file() {
        files.push("Cargo.lock".into());
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn files_of_git(root: &Path) -> Option<Vec<PathBuf>> {
    use std::os::unix::ffi::OsStringExt as _;
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .ok()?;
    let files: Vec<PathBuf> = output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(OsString::from_vec(name.to_vec())))
        // What was deleted and not committed is listed as well, and a submodule is a directory.
        .filter(|file| fs::symlink_metadata(root.join(file)).is_ok_and(|found| !found.is_dir()))
        .collect();
    (output.status.success() && !files.is_empty()).then_some(files)
}

/// Every file in `below` of `root`, but those of `target`, and what is in directories that are called like git's and cargo's.
pub(super) fn walk(
    root: &Path,
    below: &Path,
    target: &Path,
    files: &mut Vec<PathBuf>,
) -> Result<()> {
    let directory = root.join(below);
    let entries = fs::read_dir(&directory)
        .with_context(|| format!("cannot read `{}`", directory.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", directory.display()))?;
        let (name, path) = (below.join(entry.file_name()), entry.path());
        let kind = entry
            .file_type()
            .with_context(|| format!("cannot look at `{}`", path.display()))?;
        if path == target || entry.file_name() == ".git" || entry.file_name() == "target" {
            continue;
        }
        if kind.is_dir() {
            walk(root, &name, target, files)?;
        } else if kind.is_file() || kind.is_symlink() {
            files.push(name);
        }
    }
    Ok(())
}

/// Lines of Rust in these files of `root`.
pub(super) fn lines<'a>(root: &Path, files: impl IntoIterator<Item = &'a PathBuf>) -> usize {
    files
        .into_iter()
        .filter_map(|file| Some((file, fs::read_to_string(root.join(file)).ok()?)))
        .map(|(file, text)| project::lines_of_rust([(file.as_path(), text.as_str())]))
        .sum()
}

/// The edit that the user describes by `--file`, `--replace`, `--with`, `--ask` and `--expect`.
fn site_as_told(options: &BenchOptions, root: &Path, file: &Path, copy: &Path) -> Result<Site> {
    let (Some(old), Some(new)) = (&options.replace, &options.with) else {
        bail!("`--file` needs `--replace` and `--with`");
    };
    for (flag, text) in [("--with", Some(new)), ("--expect", options.expect.as_ref())] {
        ensure!(
            text.is_none_or(|text| text.contains(NUMBER)),
            "`{flag}` needs `{NUMBER}` in it: there the number of the edit is put, so that no two edits are the same"
        );
    }
    if let Some(ask) = options.ask.as_ref().filter(|ask| page::is_page(ask)) {
        // Any port: only whether it has the form.
        Page::new(ask, 1).context("`--ask`")?;
        let is_told = |text: &str| text.contains(PORT);
        ensure!(
            is_told(ask)
                && options
                    .program_arguments
                    .iter()
                    .any(|argument| argument.to_str().is_some_and(is_told)),
            "a page in `--ask` needs `{PORT}` for its port, and so do the program's arguments, behind `--`: two copies of it run at a time"
        );
    }
    let file = file
        .strip_prefix(root)
        .with_context(|| format!("`{}` is not in `{}`", file.display(), root.display()))?;
    let path = copy.join(file);
    let text = project::replaced(&path, old, old)?;
    let at = text.find(old.as_str()).unwrap_or_default();
    let function = functions(&text)
        .into_iter()
        .filter(|function| function.span.contains(&at))
        .min_by_key(|function| function.span.len())
        .map(|function| function.name)
        .unwrap_or_default();
    ensure!(
        options.expect.is_some() || !function.is_empty(),
        "`{old}` is not in a function, so the outcome cannot tell that it was patched: say with `--expect` how the program shows it"
    );
    Ok(Site {
        file: file.to_owned(),
        function,
        initially: old.clone(),
        shape: Shape::Text(new.clone()),
        ask: options.ask.clone(),
        expect: options.expect.clone(),
    })
}

/// Functions that could be edited, one of a file, those of the package that is run first, of large files before small ones.
fn candidates(
    metadata: &Metadata,
    options: &BenchOptions,
    root: &Path,
) -> Vec<(PathBuf, Function)> {
    /// Each that turns out not to be in the program costs a patch.
    const TRIED: usize = 24;
    let is_run = |package: &Package| match &options.package {
        Some(name) => package.name.as_ref() == name.as_str(),
        None => metadata
            .workspace_default_packages()
            .iter()
            .any(|default| default.id == package.id),
    };
    let mut members = metadata.workspace_packages();
    members.sort_by_key(|package| !is_run(package));
    let mut found = Vec::new();
    for member in members {
        let Some(directory) = member.manifest_path.parent() else {
            continue;
        };
        let mut files = Vec::new();
        let sources = directory.join("src");
        let _ = walk(
            sources.as_std_path(),
            Path::new(""),
            Path::new(""),
            &mut files,
        );
        let mut texts: Vec<(PathBuf, String)> = files
            .into_iter()
            .map(|file| sources.as_std_path().join(file))
            .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
            .filter_map(|path| {
                let text = fs::read_to_string(&path).ok()?;
                Some((path.strip_prefix(root).ok()?.to_owned(), text))
            })
            .collect();
        texts.sort_by_key(|(path, text)| (std::cmp::Reverse(text.len()), path.clone()));
        for (path, text) in texts {
            let mut plain: Vec<Function> = functions(&text)
                .into_iter()
                .filter(|function| function.is_plain)
                .collect();
            if !plain.is_empty() {
                found.push((path, plain.swap_remove(plain.len() / 2)));
            }
        }
    }
    found.truncate(TRIED);
    found
}

/// Puts a statement into each of these functions that does nothing but hold a number.
fn write_sites(copy: &Path, candidates: &[(PathBuf, Function)]) -> Result<Vec<Site>> {
    ensure!(
        !candidates.is_empty(),
        "no plain function was found that could be edited: name one with --file, --replace and --with"
    );
    let mut sites = Vec::new();
    for (index, (file, function)) in candidates.iter().enumerate() {
        let statement =
            format!(" /* hotpatch bench {index} */ let _ = ::core::hint::black_box({NUMBER}_u64);");
        let initially = statement.replace(NUMBER, "0");
        let path = copy.join(file);
        let mut text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        ensure!(
            text.is_char_boundary(function.body),
            "`{}` changed while it was read",
            path.display()
        );
        text.insert_str(function.body, &initially);
        project::write(&path, &text)?;
        sites.push(Site {
            file: file.clone(),
            function: function.name.clone(),
            initially,
            shape: Shape::Text(statement),
            ask: None,
            expect: None,
        });
    }
    Ok(sites)
}

/// A function in a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Function {
    name: String,
    /// Bytes of the whole of it.
    span: std::ops::Range<usize>,
    /// The byte behind its opening brace.
    body: usize,
    /// Whether an edit of its body is simply a patch: not generic, not `const`, `async`, `unsafe` or for a test, not `main`.
    is_plain: bool,
}

/// The functions of a source text, in its order. Of a text that is not Rust, none.
fn functions(text: &str) -> Vec<Function> {
    let Ok(file) = syn::parse_file(text) else {
        return Vec::new();
    };
    let mut collected = Collected {
        starts: std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect(),
        text,
        functions: Vec::new(),
    };
    collected.items(&file.items);
    collected.functions
}

struct Collected<'a> {
    text: &'a str,
    /// The byte at which each line starts.
    starts: Vec<usize>,
    functions: Vec<Function>,
}

impl Collected<'_> {
    fn items(&mut self, items: &[syn::Item]) {
        for item in items {
            match item {
                syn::Item::Fn(function) => {
                    let is_plain = is_ordinary(&function.attrs);
                    self.add(&function.sig, &function.block, function.span(), is_plain);
                }
                syn::Item::Impl(block) => {
                    let is_plain = is_ordinary(&block.attrs)
                        && block.generics.params.is_empty()
                        && block.trait_.is_none();
                    for item in &block.items {
                        if let syn::ImplItem::Fn(function) = item {
                            let is_plain = is_plain && is_ordinary(&function.attrs);
                            self.add(&function.sig, &function.block, function.span(), is_plain);
                        }
                    }
                }
                syn::Item::Mod(module) if is_ordinary(&module.attrs) => {
                    if let Some((_, items)) = &module.content {
                        self.items(items);
                    }
                }
                _ => {}
            }
        }
    }

    fn add(
        &mut self,
        signature: &syn::Signature,
        block: &syn::Block,
        span: proc_macro2::Span,
        is_ordinary: bool,
    ) {
        let name = signature.ident.to_string();
        let is_plain = is_ordinary
            && name != "main"
            && signature.constness.is_none()
            && signature.asyncness.is_none()
            && signature.unsafety.is_none()
            && signature.abi.is_none()
            && signature.generics.params.is_empty()
            && !mentions_impl(signature)
            && !block.stmts.is_empty();
        self.functions.push(Function {
            name,
            span: self.offset(span.start())..self.offset(span.end()),
            body: self.offset(block.brace_token.span.open().end()),
            is_plain,
        });
    }

    /// The byte of a line (from 1) and a column (in characters, from 0).
    fn offset(&self, at: proc_macro2::LineColumn) -> usize {
        let start = self.starts.get(at.line.saturating_sub(1)).copied();
        let start = start.unwrap_or(self.text.len());
        self.text[start..]
            .char_indices()
            .nth(at.column)
            .map_or(self.text.len(), |(offset, _)| start + offset)
    }
}

/// Whether only documentation and lints are said about it: no `cfg`, no procedural macro, nothing inside of its body.
fn is_ordinary(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().all(|attribute| {
        matches!(attribute.style, syn::AttrStyle::Outer)
            && ["doc", "allow", "expect", "warn", "deny", "must_use"]
                .iter()
                .any(|known| attribute.path().is_ident(known))
    })
}

fn mentions_impl(signature: &syn::Signature) -> bool {
    struct Finder(bool);
    impl<'ast> syn::visit::Visit<'ast> for Finder {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut finder = Finder(false);
    syn::visit::visit_signature(&mut finder, signature);
    finder.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
fn main() { run(); }
/// Grüße.
pub fn run() -> u32 { let ü = "ö"; { 1 } }
const fn never() -> u32 { 1 }
fn generic<T>(t: T) -> T { t }
fn hidden(i: impl Into<u32>) -> u32 { i.into() }
#[inline] fn attributed() { run(); }
async fn later() { run(); }
struct S;
impl S { fn méthod(&self) { run(); } }
impl Drop for S { fn drop(&mut self) { run(); } }
#[cfg(test)] mod tests { fn f() { super::run(); } }
mod inner { pub fn deep() { let _ = 1; } }
"#;

    #[test]
    fn plain_functions_are_found_and_a_statement_fits_into_them() {
        let plain: Vec<Function> = functions(TEXT)
            .into_iter()
            .filter(|function| function.is_plain)
            .collect();
        let names: Vec<&str> = plain
            .iter()
            .map(|function| function.name.as_str())
            .collect();
        assert_eq!(names, ["run", "méthod", "deep"]);
        let room = tempfile::tempdir().expect("a directory");
        for function in plain {
            assert!(TEXT[..function.body].ends_with('{'));
            assert!(TEXT[function.span.clone()].ends_with('}'));
            project::write(&room.path().join("a.rs"), TEXT).expect("written");
            let sites = write_sites(room.path(), &[("a.rs".into(), function)]).expect("written");
            let text = fs::read_to_string(room.path().join("a.rs")).expect("read");
            assert_eq!(text.matches(&sites[0].initially).count(), 1);
            syn::parse_file(&text).expect("it is still Rust");
        }
    }

    #[test]
    fn without_git_the_target_directory_and_git_stay_behind() {
        let room = tempfile::tempdir().expect("a directory");
        for file in [
            "Cargo.toml",
            "src/main.rs",
            "target/debug/x",
            ".git/config",
            "out/y",
        ] {
            project::write(&room.path().join(file), "").expect("written");
        }
        let mut files = Vec::new();
        walk(
            room.path(),
            Path::new(""),
            &room.path().join("out"),
            &mut files,
        )
        .expect("walked");
        files.sort();
        assert_eq!(files, [Path::new("Cargo.toml"), Path::new("src/main.rs")]);
    }
}
