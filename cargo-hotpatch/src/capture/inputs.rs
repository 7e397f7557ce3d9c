//! Every file that the build read, and what a change of it means.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use super::record::UnitKey;
use crate::codes::Reason;

/// Every file that the build read. Paths are absolute.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Files that captured units of this link were compiled from (also those named by `include_str!` and its like).
    pub sources: HashMap<PathBuf, Vec<UnitKey>>,
    /// Files whose change only cargo can follow. Files that do not exist yet may be among them. Wins over `sources`.
    pub cargo: HashMap<PathBuf, Reason>,
    /// Directories that a build script watches: a change of anything inside that is not a source.
    pub cargo_directories: Vec<(PathBuf, Reason)>,
    /// Sources of members that the build did not read, and the member's name: a save of them is answered too, since the program
    /// may load what they are compiled to by itself.
    pub outside: HashMap<PathBuf, String>,
}

/// What a changed file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// These units have to be compiled again.
    Source(&'a [UnitKey]),
    /// Only cargo can follow.
    Cargo(&'a Reason),
    /// The build did not read it.
    Nothing,
}

impl Inputs {
    /// What a change of `path` means.
    #[must_use]
    pub fn meaning(&self, path: &Path) -> Meaning<'_> {
        let forms = forms_of(path);
        if let Some(reason) = forms.iter().find_map(|path| self.cargo.get(path)) {
            return Meaning::Cargo(reason);
        }
        if let Some(units) = forms.iter().find_map(|path| self.sources.get(path)) {
            return Meaning::Source(units);
        }
        let inside = |(directory, _): &&(PathBuf, Reason)| {
            forms.iter().any(|path| path.starts_with(directory))
        };
        match self.cargo_directories.iter().find(inside) {
            Some((_, reason)) => Meaning::Cargo(reason),
            None => Meaning::Nothing,
        }
    }

    /// Notes that `unit` reads `files` (and no longer anything else).
    pub fn set_sources(&mut self, unit: &str, files: &[PathBuf]) {
        for units in self.sources.values_mut() {
            units.retain(|other| other != unit);
        }
        for file in files {
            for form in forms_of(file) {
                let units = self.sources.entry(form).or_default();
                if !units.iter().any(|other| other == unit) {
                    units.push(unit.to_owned());
                }
            }
        }
        self.sources.retain(|_, units| !units.is_empty());
    }

    /// Notes that only cargo can follow a change of `path`. The first reason for a file stays.
    pub fn add_cargo(&mut self, path: &Path, reason: &Reason) {
        for form in forms_of(path) {
            self.cargo.entry(form).or_insert_with(|| reason.clone());
        }
    }

    /// Notes that only cargo can follow a change inside of `directory`.
    pub fn add_cargo_directory(&mut self, directory: &Path, reason: &Reason) {
        for form in forms_of(directory) {
            self.cargo_directories.push((form, reason.clone()));
        }
    }

    /// Notes a source of a member that the build did not read.
    pub fn add_outside(&mut self, path: &Path, member: &str) {
        let is_read = forms_of(path)
            .iter()
            .any(|form| self.sources.contains_key(form) || self.cargo.contains_key(form));
        if !is_read {
            self.outside.insert(path.to_owned(), member.to_owned());
        }
    }

    /// Everything that is to be watched: files, and directories whose whole content counts.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.sources
            .keys()
            .chain(self.cargo.keys())
            .chain(self.outside.keys())
            .map(PathBuf::as_path)
            .chain(
                self.cargo_directories
                    .iter()
                    .map(|(directory, _)| directory.as_path()),
            )
    }
}

/// The names under which one file may be reported: as given, with its directory resolved, and fully resolved.
pub(crate) fn forms_of(path: &Path) -> BTreeSet<PathBuf> {
    let plain = without_dots(path);
    let mut forms = BTreeSet::new();
    if let (Some(parent), Some(name)) = (plain.parent(), plain.file_name())
        && let Ok(parent) = parent.canonicalize()
    {
        // The file itself may be gone already.
        forms.insert(parent.join(name));
    }
    if let Ok(resolved) = plain.canonicalize() {
        forms.insert(resolved);
    }
    forms.insert(plain);
    forms
}

/// `a/./b/../c` to `a/c`, without looking at the disk.
#[must_use]
pub fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    out.push("..");
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// The files that a dep-info file (as rustc writes it) names, absolute if `cwd` is.
#[must_use]
pub fn parse_dep_info(text: &str, cwd: &Path) -> Vec<PathBuf> {
    let mut files = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('#') {
            continue;
        }
        // `output: file file …`. A file is also listed as `file:`, with nothing behind.
        let Some((_, list)) = split_rule(line) else {
            continue;
        };
        let mut name = String::new();
        let mut characters = list.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' if characters.peek() == Some(&' ') => {
                    characters.next();
                    name.push(' ');
                }
                ' ' if name.is_empty() => {}
                ' ' => {
                    files.insert(without_dots(&cwd.join(std::mem::take(&mut name))));
                }
                other => name.push(other),
            }
        }
        if !name.is_empty() {
            files.insert(without_dots(&cwd.join(name)));
        }
    }
    files.into_iter().collect()
}

/// At the first `: ` (or a `:` that ends the line), so that a colon inside of a name does no harm.
fn split_rule(line: &str) -> Option<(&str, &str)> {
    line.split_once(": ")
        .or_else(|| line.strip_suffix(':').map(|target| (target, "")))
}

/// What the saved output of a build script says that it depends on; `None` if it names no file, in which case cargo
/// runs it again when anything in its package changes.
#[must_use]
pub fn parse_build_script_output(text: &str) -> Option<Vec<PathBuf>> {
    let mut found = None;
    for line in text.lines() {
        let Some(instruction) = line
            .strip_prefix("cargo::")
            .or_else(|| line.strip_prefix("cargo:"))
        else {
            continue;
        };
        if let Some(path) = instruction.strip_prefix("rerun-if-changed=") {
            found
                .get_or_insert_with(Vec::new)
                .push(PathBuf::from(path.trim_end()));
        } else if instruction.starts_with("rerun-if-env-changed=") {
            found.get_or_insert_with(Vec::new);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn dep_info_is_read() {
        let text = "/t/deps/a-1.d: src/lib.rs src/../data/with\\ space.txt /abs/x.rs\n\n\
                    /t/deps/liba-1.rmeta: src/lib.rs\n\nsrc/lib.rs:\n\n# env-dep:NAME=a: b\n";
        assert_eq!(
            parse_dep_info(text, Path::new("/w")),
            ["/abs/x.rs", "/w/data/with space.txt", "/w/src/lib.rs"].map(PathBuf::from)
        );
    }

    #[test]
    fn build_scripts_say_what_they_read() {
        assert_eq!(
            parse_build_script_output("hello\ncargo:rustc-cfg=x\n"),
            None
        );
        assert_eq!(
            parse_build_script_output("cargo::rerun-if-env-changed=CC\n"),
            Some(vec![])
        );
        assert_eq!(
            parse_build_script_output("cargo:rerun-if-changed=a\ncargo::rerun-if-changed=b c\n"),
            Some(vec!["a".into(), "b c".into()])
        );
    }

    #[test]
    fn cargo_wins_over_sources_and_directories_come_last() {
        let mut inputs = Inputs::default();
        let script = Reason::new(&codes::BUILD_SCRIPT, "script");
        let macros = Reason::new(&codes::PROC_MACRO, "macro");
        inputs.set_sources(
            "a-1",
            &["/none/src/lib.rs".into(), "/none/src/both.rs".into()],
        );
        inputs.add_cargo(Path::new("/none/src/both.rs"), &macros);
        inputs.add_cargo_directory(Path::new("/none"), &script);
        assert_eq!(
            inputs.meaning(Path::new("/none/src/lib.rs")),
            Meaning::Source(&["a-1".into()])
        );
        assert_eq!(
            inputs.meaning(Path::new("/none/src/both.rs")),
            Meaning::Cargo(&macros)
        );
        assert_eq!(
            inputs.meaning(Path::new("/none/proto/x.proto")),
            Meaning::Cargo(&script)
        );
        assert_eq!(inputs.meaning(Path::new("/elsewhere")), Meaning::Nothing);
        inputs.set_sources("a-1", &["/none/src/other.rs".into()]);
        assert_eq!(
            inputs.meaning(Path::new("/none/src/lib.rs")),
            Meaning::Cargo(&script)
        );
    }
}
