//! What is edited: a program's files, the places in them, and how the program shows that an edit is in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// Stands for the number of the edit, in [`Shape::Text`] and [`Site::expect`].
pub const NUMBER: &str = "{n}";

/// Stands for a free port in [`Project::program_arguments`] and [`Site::ask`]: another one for each program that runs.
pub const PORT: &str = "{port}";

/// A program that can be measured. It is on disk, and is copied before anything is done to it.
#[derive(Debug, Clone)]
pub struct Project {
    /// As it is shown.
    pub name: String,
    /// What it is, in a few words; empty for the user's own.
    pub about: String,
    /// The workspace.
    pub root: PathBuf,
    /// Where the `Cargo.toml` that is run lies, relative to [`Self::root`].
    pub package: PathBuf,
    /// Files that belong to it, relative to [`Self::root`]. What is generated is not among them.
    pub files: Vec<PathBuf>,
    /// Lines of Rust in them; of a project from the registry, in what is compiled of the edited crate.
    pub lines: usize,
    /// What may be edited. The last one is for warming up, unless it is the only one.
    pub sites: Vec<Site>,
    /// What is to be run: package, target, features, profile. The same for every cargo command.
    pub cargo_arguments: Vec<OsString>,
    /// For the program; see [`Self::arguments_with`].
    pub program_arguments: Vec<OsString>,
    /// Whether the program answers each line with exactly one line that begins with how often it was asked.
    pub counts: bool,
    /// Whether some of the sites may turn out to be in functions that the program does not have.
    pub must_be_tried: bool,
}

impl Project {
    /// Whether [`PORT`] is anywhere in what it is started with.
    #[must_use]
    pub fn takes_port(&self) -> bool {
        self.program_arguments
            .iter()
            .any(|argument| argument.to_str().is_some_and(|text| text.contains(PORT)))
    }

    /// The arguments for a program that may listen at `port`.
    #[must_use]
    pub fn arguments_with(&self, port: u16) -> Vec<OsString> {
        self.program_arguments
            .iter()
            .map(|argument| match argument.to_str() {
                Some(text) => text.replace(PORT, &port.to_string()).into(),
                // What is no text has no place for it, either.
                None => argument.clone(),
            })
            .collect()
    }
}

/// A place in the source, and how to see that an edit of it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Relative to the workspace.
    pub file: PathBuf,
    /// The function's name without its path.
    pub function: String,
    /// What stands there before the first edit, once in the file.
    pub initially: String,
    /// What stands there after an edit.
    pub shape: Shape,
    /// The line that makes the program execute the function, or the address of the page that does, with [`PORT`] in it.
    pub ask: Option<String>,
    /// What the answer has in it then; [`NUMBER`] is the number of the edit.
    pub expect: Option<String>,
}

impl Site {
    /// What the program says after edit `number`, if it says anything.
    #[must_use]
    pub fn expected(&self, number: u64) -> Option<String> {
        let expect = self.expect.as_ref()?;
        Some(expect.replace(NUMBER, &number.to_string()))
    }
}

/// The forms that an edit can have. Each is different from all edits before it, so that nothing is in any cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A `let edition: u64` that becomes the number: by another literal, by a branch, and by a loop, in turn.
    Edition,
    /// This text; [`NUMBER`] is the number of the edit.
    Text(String),
}

/// What stands at a site of [`Shape::Edition`] before the first edit.
pub const EDITION: &str = "let edition: u64 = 0;";

impl Shape {
    /// The text of edit `number`, which is not 0.
    #[must_use]
    pub fn text(&self, number: u64) -> String {
        match self {
            Self::Text(text) => text.replace(NUMBER, &number.to_string()),
            Self::Edition => match number % 3 {
                0 => format!("let edition: u64 = {number};"),
                1 => {
                    format!("let edition: u64 = if total == u64::MAX {{ 0 }} else {{ {number} }};")
                }
                _ => format!(
                    "let mut edition: u64 = 0;\n    for part in [{}, 1] {{\n        edition += part;\n    }}",
                    number.saturating_sub(1)
                ),
            },
        }
    }
}

/// Replaces the one place of `old` in a file of the workspace `root`, as an editor saves in place.
///
/// # Errors
/// When it is not there exactly once, or the file cannot be read or written.
pub fn replace(root: &Path, file: &Path, old: &str, new: &str) -> Result<()> {
    let path = root.join(file);
    let text = replaced(&path, old, new)?;
    write(&path, &text)
}

/// What [`replace`] would write.
///
/// # Errors
/// As [`replace`].
pub fn replaced(path: &Path, old: &str, new: &str) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let found = text.matches(old).count();
    ensure!(
        found == 1,
        "`{old}` has to be in `{}` once, but is there {found} times",
        path.display()
    );
    Ok(text.replacen(old, new, 1))
}

/// Writes a file, and its directory if need be.
///
/// # Errors
/// When that is not possible.
pub fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot create `{}`", directory.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Puts the project's files into `to`, which is made.
///
/// # Errors
/// When a file cannot be copied.
pub fn copy(project: &Project, to: &Path) -> Result<()> {
    for file in &project.files {
        let (from, to) = (project.root.join(file), to.join(file));
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create `{}`", directory.display()))?;
        }
        let kind = fs::symlink_metadata(&from)
            .with_context(|| format!("cannot look at `{}`", from.display()))?;
        let copied = if kind.is_symlink() {
            fs::read_link(&from).and_then(|target| std::os::unix::fs::symlink(target, &to))
        } else {
            fs::copy(&from, &to).map(|_| ())
        };
        copied
            .with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    }
    Ok(())
}

/// Lines of Rust in files, blank ones and comments as well.
#[must_use]
pub fn lines_of_rust<'a>(files: impl IntoIterator<Item = (&'a Path, &'a str)>) -> usize {
    files
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|(_, text)| text.lines().count())
        .sum()
}

/// A project that was generated, before it is on disk.
#[derive(Debug, Clone)]
pub struct Generated {
    /// As it is shown, and selected with `--project`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: String,
    /// Path and text.
    pub files: BTreeMap<PathBuf, String>,
    /// See [`Project::sites`].
    pub sites: Vec<Site>,
}

impl Generated {
    /// Writes it into `root`, which is made.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(self, root: &Path) -> Result<Project> {
        for (file, text) in &self.files {
            write(&root.join(file), text)?;
        }
        Ok(Project {
            name: self.name.to_owned(),
            about: self.about,
            root: root.to_owned(),
            package: PathBuf::new(),
            lines: lines_of_rust(
                self.files
                    .iter()
                    .map(|(path, text)| (path.as_path(), text.as_str())),
            ),
            files: self.files.into_keys().collect(),
            sites: self.sites,
            cargo_arguments: Vec::new(),
            program_arguments: Vec::new(),
            counts: true,
            must_be_tried: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_differs_from_all_before_it() {
        for shape in [Shape::Edition, Shape::Text("x({n})".to_owned())] {
            let texts: std::collections::BTreeSet<String> =
                (1..=100).map(|number| shape.text(number)).collect();
            assert_eq!(texts.len(), 100);
        }
    }

    #[test]
    fn every_port_in_the_arguments_is_replaced() {
        use std::os::unix::ffi::OsStringExt as _;
        let mut project = Generated {
            name: "p",
            about: String::new(),
            files: BTreeMap::new(),
            sites: Vec::new(),
        }
        .write(Path::new("/"))
        .expect("nothing is written");
        assert!(!project.takes_port());
        let strange = OsString::from_vec(vec![0xff, b'x']);
        project.program_arguments = vec![
            "--on=[::1]:{port},:{port}".into(),
            strange.clone(),
            "{n}".into(),
        ];
        assert!(project.takes_port());
        assert_eq!(
            project.arguments_with(8123),
            [
                "--on=[::1]:8123,:8123".into(),
                strange,
                OsString::from("{n}")
            ]
        );
    }

    #[test]
    fn an_ambiguous_place_is_an_error() {
        let room = tempfile::tempdir().expect("a directory");
        let file = Path::new("a.rs");
        write(&room.path().join(file), "one two two").expect("written");
        assert!(replace(room.path(), file, "two", "three").is_err());
        assert!(replace(room.path(), file, "four", "three").is_err());
        replace(room.path(), file, "one", "three").expect("it is there once");
        assert_eq!(
            fs::read_to_string(room.path().join(file)).expect("read"),
            "three two two"
        );
    }
}
