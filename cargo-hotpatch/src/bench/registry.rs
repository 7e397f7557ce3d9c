//! Projects that others have written and published: real programs, in the very version that cargo has for everybody.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::project::{self, Project, Shape, Site};
use super::{measure, own};
use crate::process::end_with_this_process;

/// What can be named with `--project`.
pub const NAMES: [&str; 2] = ["rhai", "miniserve"];

/// A program from the registry.
#[derive(Debug)]
pub struct Published {
    /// The package, and the name under which it is shown.
    name: &'static str,
    version: &'static str,
    /// What it is, in a few words.
    about: &'static str,
    /// For each cargo command.
    cargo_arguments: &'static [&'static str],
    /// For the program.
    program_arguments: &'static [&'static str],
    /// What in `src` is not compiled into the crate that is edited.
    elsewhere: &'static [&'static str],
    edits: &'static [Edit],
}

/// See [`Site`].
#[derive(Debug)]
struct Edit {
    file: &'static str,
    function: &'static str,
    replace: &'static str,
    with: &'static str,
    ask: &'static str,
    expect: &'static str,
}

/// A scripting language, by its own prompt. What is edited is in the library, which is what takes time; a line for the
/// prompt leads to each place, and the prompt's answer shows the edit.
///
/// Of fifteen places that were tried for being seen that way, these six were edited the fast way and confirmed each time.
/// Five were patched the full way: three functions are not plain, two need a body that a shadow does not have. Two were
/// not seen at the prompt. Two more (`gen_fn_call_signature`, and `fmt` of `FnPtr`) went the fast way, and the whole crate did
/// not agree, because a call in them had another form; now that calls are compared by what they call, it does.
const RHAI: Published = Published {
    name: "rhai",
    version: "1.27.0",
    about: "1.27.0, the library edited",
    cargo_arguments: &["--bin", "rhai-repl", "--features", "bin-features"],
    program_arguments: &[],
    // Other programs, and a feature that is off.
    elsewhere: &["src/bin", "src/grain"],
    edits: &[
        Edit {
            file: "src/types/error.rs",
            function: "display",
            replace: "Function not found: {s}",
            with: "Function not found {n}: {s}",
            ask: "foo()",
            expect: "not found {n}: foo",
        },
        Edit {
            file: "src/tokenizer.rs",
            function: "next",
            replace: "'===' is not a valid operator.",
            with: "'===' {n} is not a valid operator.",
            ask: "1 === 2",
            expect: "'===' {n} is not",
        },
        Edit {
            file: "src/types/parse_error.rs",
            function: "fmt",
            replace: "'{s}' is a reserved keyword",
            with: "'{s}' {n} is a reserved keyword",
            ask: "async",
            expect: "'async' {n} is a",
        },
        Edit {
            file: "src/ast/ast.rs",
            function: "fmt",
            replace: "f.debug_struct(\"AST\")",
            with: "f.debug_struct(\"AST {n}\")",
            ask: "ast",
            expect: "AST {n} ",
        },
        Edit {
            file: "src/types/scope.rs",
            function: "fmt",
            replace: "\"[{}] {}{} = {:?}\"",
            with: "\"[{}] {}{} = {:?}, edition {n}\"",
            ask: "let a = 1;\nscope",
            expect: "edition {n}",
        },
        Edit {
            file: "src/types/parse_error.rs",
            function: "fmt",
            replace: "Invalid escape sequence: '{s}'",
            with: "Invalid escape sequence {n}: '{s}'",
            ask: "\"\\q\"",
            expect: "escape sequence {n}:",
        },
    ],
};

/// A web server, all in one crate.
///
/// Of twelve texts on its pages that were tried, in functions of 5 to 290 lines, eleven were edited the fast way. The
/// other one is in `wget_footer`, which has a function inside, and took the full way. Three of the eleven are in other
/// files than the rest. The largest function is the first.
const MINISERVE: Published = Published {
    name: "miniserve",
    version: "0.35.0",
    about: "0.35.0, a web server",
    cargo_arguments: &[],
    // Pages with everything on them that is edited, of a directory that has another one in it.
    program_arguments: &[
        "--port",
        project::PORT,
        "-i",
        "127.0.0.1",
        "--qrcode",
        "--enable-tar-gz",
        "data",
    ],
    elsewhere: &[],
    edits: &[
        Edit {
            file: "src/listing.rs",
            function: "directory_listing",
            replace: ".body(\"Archive creation is disabled.\")",
            with: ".body(\"Archive creation {n} is disabled.\")",
            ask: "http://127.0.0.1:{port}/?download=tar",
            expect: "creation {n} is",
        },
        Edit {
            file: "src/renderer.rs",
            function: "version_footer",
            replace: "(format!(\"/{}\", crate_version!()))",
            with: "(format!(\"/{} edition {n}\", crate_version!()))",
            ask: "http://127.0.0.1:{port}/",
            expect: "0.35.0 edition {n}",
        },
        Edit {
            file: "src/errors.rs",
            function: "map_error_page",
            replace: ".unwrap_or(\"/\");",
            with: ".unwrap_or(\"/?{n}\");",
            ask: "http://127.0.0.1:{port}/missing",
            expect: "/?{n}\"",
        },
        Edit {
            file: "src/renderer.rs",
            function: "sortable_title",
            replace: "\"Sort by {name} in ascending order\"",
            with: "\"Sort by {name} in ascending order {n}\"",
            ask: "http://127.0.0.1:{port}/",
            expect: "ascending order {n}\"",
        },
        Edit {
            file: "src/archive.rs",
            function: "extension",
            replace: "Self::TarGz => \"tar.gz\"",
            with: "Self::TarGz => \"tar.gz{n}\"",
            ask: "http://127.0.0.1:{port}/",
            expect: "tar.gz{n}",
        },
        Edit {
            file: "src/renderer.rs",
            function: "page",
            replace: "\"Search...\"",
            with: "\"Search {n}...\"",
            ask: "http://127.0.0.1:{port}/",
            expect: "Search {n}...",
        },
        Edit {
            file: "src/renderer.rs",
            function: "breadcrumbs_to_path_string",
            replace: ".join(\"/\")",
            with: ".join(\"/{n}/\")",
            ask: "http://127.0.0.1:{port}/themes/",
            expect: "/{n}/themes",
        },
        Edit {
            file: "src/renderer.rs",
            function: "render_error",
            replace: "\"Go back to file listing\"",
            with: "\"Go back to file listing {n}\"",
            ask: "http://127.0.0.1:{port}/missing",
            expect: "file listing {n}",
        },
        Edit {
            file: "src/renderer.rs",
            function: "convert_to_local",
            replace: "%Y-%m-%d %H:%M:%S %:z",
            with: "%Y-%m-%d at %H:%M:%S, {n} %:z",
            ask: "http://127.0.0.1:{port}/",
            expect: ", {n} ",
        },
        Edit {
            file: "src/renderer.rs",
            function: "qr_spoiler",
            replace: "\"QR code\"",
            with: "\"QR code {n}\"",
            ask: "http://127.0.0.1:{port}/",
            expect: "QR code {n}<",
        },
        Edit {
            file: "src/renderer.rs",
            function: "color_scheme_link",
            replace: "\"Switch to {} theme\"",
            with: "\"Switch to {} theme {n}\"",
            ask: "http://127.0.0.1:{port}/",
            expect: "theme {n}\"",
        },
    ],
};

/// The published project of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Published> {
    [&RHAI, &MINISERVE]
        .into_iter()
        .find(|published| published.name == name)
}

impl Published {
    /// Writes it into `root`, which is made. `cargo` is asked for it if it was never downloaded.
    ///
    /// # Errors
    /// When it is not to be had, or cannot be copied.
    pub fn prepare(&self, cargo: &Path, root: &Path) -> Result<Project> {
        fs::create_dir_all(root).with_context(|| format!("cannot create `{}`", root.display()))?;
        let original = self.source(cargo, root)?;
        let mut files = Vec::new();
        own::walk(&original, Path::new(""), Path::new(""), &mut files)?;
        // What cargo has added to the package for itself.
        files.retain(|file| {
            ![".cargo-ok", ".cargo_vcs_info.json", "Cargo.toml.orig"]
                .iter()
                .any(|added| file == Path::new(added))
        });
        files.sort();
        let mut project = Project {
            name: self.name.to_owned(),
            about: self.about.to_owned(),
            lines: own::lines(&original, files.iter().filter(|file| self.is_edited(file))),
            root: original,
            package: PathBuf::new(),
            files,
            sites: self.sites(),
            cargo_arguments: self.cargo_arguments.iter().map(OsString::from).collect(),
            program_arguments: self.program_arguments.iter().map(OsString::from).collect(),
            counts: false,
            must_be_tried: false,
        };
        project::copy(&project, root)?;
        project.root = root.to_owned();
        stand_alone(&root.join("Cargo.toml"))?;
        if !root.join("Cargo.lock").is_file() {
            measure::lock(cargo, root)?;
            project.files.push("Cargo.lock".into());
        }
        Ok(project)
    }

    fn sites(&self) -> Vec<Site> {
        self.edits
            .iter()
            .map(|edit| Site {
                file: edit.file.into(),
                function: edit.function.to_owned(),
                initially: edit.replace.to_owned(),
                shape: Shape::Text(edit.with.to_owned()),
                ask: Some(edit.ask.to_owned()),
                expect: Some(edit.expect.to_owned()),
            })
            .collect()
    }

    /// Whether a file is part of the crate that is edited.
    fn is_edited(&self, file: &Path) -> bool {
        file.starts_with("src") && !self.elsewhere.iter().any(|other| file.starts_with(other))
    }

    /// Where cargo has unpacked it. `room` is a directory that is in no workspace where the package has another meaning.
    fn source(&self, cargo: &Path, room: &Path) -> Result<PathBuf> {
        let home = cargo_home().context("cargo's home directory is not known: set CARGO_HOME")?;
        // What was downloaded once is good enough, and needs no network.
        if let Some(found) = self.unpacked_below(&home) {
            return Ok(found);
        }
        let (name, version) = (self.name, self.version);
        // This downloads and unpacks the package and nothing that it depends on. As a dependency of some other package it
        // would have to be resolved, without its own lock file, to what is newest today; and one without a library is not
        // found in what `cargo metadata` says of dependencies.
        let mut command = Command::new(cargo);
        command
            .args(["info", "--color", "never", &format!("{name}@{version}")])
            .current_dir(room)
            .stdin(Stdio::null());
        end_with_this_process(&mut command);
        let output = command
            .output()
            .with_context(|| format!("cannot run `{}`", cargo.display()))?;
        ensure!(
            output.status.success(),
            "{name} {version} is not to be had. It comes from the registry, by `cargo info {name}@{version}`: once that has \
             worked where there is a network, none is needed. It said:\n{}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        self.unpacked_below(&home).with_context(|| {
            format!(
                "`cargo info {name}@{version}` put nothing into `{}`, where cargo keeps the sources of a registry: if another \
                 source replaces crates.io, this project cannot be measured",
                home.join("registry/src").display()
            )
        })
    }

    /// See "Cargo Home" in cargo's book: `registry/src`, a directory for each registry, and one for each package.
    fn unpacked_below(&self, home: &Path) -> Option<PathBuf> {
        let package = format!("{}-{}", self.name, self.version);
        let mut registries: Vec<PathBuf> = fs::read_dir(home.join("registry/src"))
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        // That of everybody first.
        registries.sort_by_key(|registry| {
            let name = registry.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with("index.crates.io-")
        });
        registries
            .into_iter()
            .map(|registry| registry.join(&package))
            // Cargo writes this when it is done.
            .find(|source| source.join(".cargo-ok").is_file())
    }
}

fn cargo_home() -> Option<PathBuf> {
    match std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        Some(home) => std::path::absolute(home).ok(),
        None => Some(std::env::home_dir()?.join(".cargo")),
    }
}

/// Keeps it from being taken for a member of a workspace above the directory for temporary files.
fn stand_alone(manifest: &Path) -> Result<()> {
    let text = fs::read_to_string(manifest)
        .with_context(|| format!("cannot read `{}`", manifest.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("`{}` is no manifest", manifest.display()))?;
    if table.contains_key("workspace") {
        return Ok(());
    }
    project::write(manifest, &(text + "\n[workspace]\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::project::NUMBER;
    use std::collections::BTreeSet;

    #[test]
    fn every_edit_can_be_seen_and_differs_from_the_others() {
        for name in NAMES {
            let published = by_name(name).expect("it is known");
            let places: BTreeSet<(&str, &str)> = published
                .edits
                .iter()
                .map(|edit| (edit.file, edit.replace))
                .collect();
            assert_eq!(places.len(), published.edits.len(), "{name}");
            for edit in published.edits {
                assert!(edit.with.contains(NUMBER), "{edit:?}");
                assert!(edit.expect.contains(NUMBER), "{edit:?}");
                assert!(published.is_edited(Path::new(edit.file)), "{edit:?}");
                if measure::page::is_page(edit.ask) {
                    measure::page::Page::new(edit.ask, 8123).expect("an address");
                }
            }
        }
        assert!(by_name("hello").is_none());
    }

    /// Where the sources are on this machine anyway: nothing is downloaded for a test.
    #[test]
    fn what_is_edited_stands_in_its_file_once() {
        let Some(home) = cargo_home() else { return };
        for published in NAMES.into_iter().filter_map(by_name) {
            let Some(source) = published.unpacked_below(&home) else {
                eprintln!("{} is not here", published.name);
                continue;
            };
            for edit in published.edits {
                let path = source.join(edit.file);
                project::replaced(&path, edit.replace, edit.with).expect("it is there once");
                let text = fs::read_to_string(&path).expect("read");
                let at = text.find(edit.replace).expect("it is there");
                let header = format!("fn {}(", edit.function);
                let last = text[..at].rfind("fn ").expect("a function");
                let before = text[..at].rfind(&header).expect("its function");
                assert!(before <= last, "{edit:?}");
            }
        }
    }

    #[test]
    fn a_package_is_found_where_cargo_unpacks_it_and_copied_without_what_cargo_added() {
        let room = tempfile::tempdir().expect("a directory");
        assert_eq!(RHAI.unpacked_below(room.path()), None);
        let source = |registry: &str| {
            room.path()
                .join(format!("registry/src/{registry}/rhai-1.27.0"))
        };
        for registry in ["a.example-1", "index.crates.io-2"] {
            project::write(&source(registry).join("Cargo.toml"), "").expect("written");
            assert_eq!(RHAI.unpacked_below(room.path()), None, "it is not whole");
        }
        for registry in ["a.example-1", "index.crates.io-2"] {
            project::write(&source(registry).join(".cargo-ok"), "{}").expect("written");
            assert_eq!(RHAI.unpacked_below(room.path()), Some(source(registry)));
        }
    }

    #[test]
    fn a_manifest_that_is_no_workspace_becomes_one() {
        let room = tempfile::tempdir().expect("a directory");
        let manifest = room.path().join("Cargo.toml");
        for _ in 0..2 {
            if !manifest.exists() {
                project::write(&manifest, "[package]\nname = \"a\"").expect("written");
            }
            stand_alone(&manifest).expect("it can stand alone");
            let text = fs::read_to_string(&manifest).expect("read");
            assert_eq!(text, "[package]\nname = \"a\"\n[workspace]\n");
        }
    }

    #[test]
    fn what_is_not_to_be_had_says_what_to_do() {
        let room = tempfile::tempdir().expect("a directory");
        let never = Published {
            version: "0.0.0-never",
            ..RHAI
        };
        let error = never
            .source(Path::new("false"), room.path())
            .expect_err("nobody has it");
        assert!(
            format!("{error:#}").contains("cargo info rhai@0.0.0-never"),
            "{error:#}"
        );
    }
}
