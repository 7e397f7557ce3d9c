//! Other tools that patch a running program, where they are installed: how they are found, how they are started, and what
//! a program needs to be patched by them.
//!
//! They are measured on the generated projects, in a copy that nobody else sees. There the loop of `main` is replaced by
//! one that is in the form that the peer needs, and the peer's crate is added to the dependencies; what is edited stays the
//! same text. What these peers patch are calls through
//! `subsecond::call`, and the program fetches the patch by itself.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::generate;
use super::project::{self, Project};
use crate::demo::session;
use crate::process::end_with_this_process;

/// Where the program under a peer finds the benchmark: an address of TCP on this machine. Not all peers pass on the input
/// and the output of the program, and those that do so show it among lines of their own.
pub const ADDRESS: &str = "HOTPATCH_BENCH_ADDRESS";
/// What the program says when it has connected, before its process id.
pub const READY: &str = "ready ";
/// What the program says when the peer has given it new code.
pub const PATCHED: &str = "patched";

/// A command has to say who it is in this time.
const SAYS: Duration = Duration::from_secs(10);

/// What is known of a peer before it is looked for.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    /// As it is shown, and its name in the JSON form.
    name: &'static str,
    /// The file on `PATH`.
    program: &'static str,
    /// What makes it say who it is.
    who: &'static [&'static str],
    /// What is in the answer. Another tool may have the same name.
    says: &'static str,
    /// How it is started in the project's directory.
    arguments: &'static [&'static str],
    /// The crate that connects a program with it.
    dependency: &'static str,
    /// Of which version that has to be; without one, of the peer's own.
    requirement: Option<&'static str>,
    /// The path of `subsecond` in it.
    subsecond: &'static str,
    /// What in it connects.
    connect: &'static str,
}

const DX: Kind = Kind {
    name: "dx",
    program: "dx",
    who: &["--version"],
    says: "dioxus ",
    arguments: &[
        "serve",
        "--hot-patch",
        "--interactive",
        "false",
        "--open",
        "false",
    ],
    dependency: "dioxus-devtools",
    requirement: None,
    subsecond: "dioxus_devtools::subsecond",
    connect: "dioxus_devtools::connect_subsecond",
};

const CARGO_HOT: Kind = Kind {
    name: "cargo-hot",
    program: "cargo-hot",
    // It has no way to ask for its version.
    who: &["hot", "--help"],
    says: "Run a binary or example of the local package in hot reloading mode",
    arguments: &["hot"],
    dependency: "cargo-hot-protocol",
    requirement: Some("0.1"),
    subsecond: "cargo_hot_protocol::subsecond",
    connect: "cargo_hot_protocol::connect",
};

const KINDS: [&Kind; 2] = [&DX, &CARGO_HOT];

/// A peer that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    kind: &'static Kind,
    /// Its file.
    program: PathBuf,
    /// As it says, or as cargo has noted when it installed it.
    pub version: String,
}

/// What was measured of a peer on one project.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// Milliseconds from the save to the patched program's answer.
    pub patches: Vec<f64>,
    /// How many edits it rebuilt and restarted the program for. They are no samples.
    pub restarted: usize,
    /// Why it was not measured, or no longer.
    pub failed: Option<String>,
}

/// The peers that are installed, in the order in which they are measured.
#[must_use]
pub fn installed() -> Vec<Peer> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    KINDS
        .iter()
        .filter_map(|kind| Peer::find(kind, &directories))
        .collect()
}

impl Peer {
    fn find(kind: &'static Kind, directories: &[PathBuf]) -> Option<Self> {
        let program = directories
            .iter()
            .map(|directory| directory.join(kind.program))
            .find(|file| is_executable(file))?;
        let line = first_line(&program, kind.who)?;
        let (_, rest) = line.split_once(kind.says)?;
        let version = version(rest).or_else(|| installed_version(&program, kind.program));
        Some(Self {
            kind,
            version: match (version, kind.requirement) {
                (Some(version), _) => version,
                (None, Some(_)) => "of unknown version".to_owned(),
                // Then nobody knows which crate would fit.
                (None, None) => return None,
            },
            program,
        })
    }

    /// As it is shown.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// What starts it in the directory of a project. What it leaves for later goes below `room`, not to the user's own.
    #[must_use]
    pub fn command(&self, project: &Project, room: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(self.kind.arguments)
            // Its dependencies are the same for all projects: compiled once, they do.
            .env("CARGO_TARGET_DIR", room.join("target"));
        if let Some(path) = path_with_linker() {
            command.env("PATH", path);
        }
        if self.kind == &DX {
            command
                .arg("--session-cache-dir")
                .arg(room.join("session"))
                .env("DX_HOME", room.join("home"))
                // A benchmark is no use of it that its authors would like to hear of.
                .env("DX_TELEMETRY_ENABLED", "false");
        }
        if let Some(package) = package_of_main(project) {
            command.args(["--package", package]);
        }
        command
    }

    /// Gives the copy of `project` in `directory` the form that the peer needs.
    ///
    /// # Errors
    /// When the copy is not of a generated project, or cannot be written.
    pub fn adapt(&self, project: &Project, directory: &Path) -> Result<()> {
        let main = main_of(project).context("it has no `main.rs`")?;
        let sources = main.parent().unwrap_or(Path::new(""));
        let manifest = sources.parent().unwrap_or(sources).join("Cargo.toml");
        project::replace(directory, main, generate::MAIN, &self.main())?;
        let manifest = directory.join(manifest);
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("cannot read `{}`", manifest.display()))?;
        project::write(&manifest, &(text + &self.dependency()))
    }

    fn dependency(&self) -> String {
        let requirement = match self.kind.requirement {
            Some(requirement) => requirement.to_owned(),
            None => format!("={}", self.version),
        };
        format!(
            "\n[dependencies.{}]\nversion = \"{requirement}\"\n",
            self.kind.dependency
        )
    }

    fn main(&self) -> String {
        include_str!("peers/main.rs")
            .replace("ADDRESS", ADDRESS)
            .replace("READY", READY)
            .replace("PATCHED", PATCHED)
            .replace("peer_subsecond", self.kind.subsecond)
            .replace("peer_connect", self.kind.connect)
    }
}

/// The file with the loop that is replaced.
fn main_of(project: &Project) -> Option<&Path> {
    project
        .files
        .iter()
        .map(PathBuf::as_path)
        .find(|file| file.ends_with("src/main.rs"))
}

/// The package of the program, where it has to be told: each generated one has the name of its directory.
fn package_of_main(project: &Project) -> Option<&str> {
    main_of(project)?.parent()?.parent()?.file_name()?.to_str()
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The first line that a command prints; of one that prints none, the first of its errors: there some print their help.
fn first_line(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    end_with_this_process(&mut command);
    let mut child = command.spawn().ok()?;
    let lines = child.stdout.take().map(session::lines_of);
    let errors = child.stderr.take().map(session::lines_of);
    let deadline = Instant::now() + SAYS;
    let line = [lines, errors]
        .into_iter()
        .flatten()
        .find_map(|lines| session::next_line(&lines, deadline).ok());
    let _ = child.kill();
    let _ = child.wait();
    line
}

/// The version in a text such as `0.7.1 (1234567)`.
fn version(text: &str) -> Option<String> {
    let version = text.split_whitespace().next()?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then(|| version.to_owned())
}

/// The version that cargo has noted beside the directory of programs that it installed.
fn installed_version(program: &Path, package: &str) -> Option<String> {
    let root = program.parent()?.parent()?;
    noted_version(
        &fs::read_to_string(root.join(".crates.toml")).ok()?,
        package,
    )
}

/// The version in such a note: its keys are `PACKAGE VERSION (SOURCE)`.
fn noted_version(note: &str, package: &str) -> Option<String> {
    let note: toml::Table = note.parse().ok()?;
    let installed = note.get("v1")?.as_table()?;
    installed
        .keys()
        .find_map(|key| version(key.strip_prefix(package)?.strip_prefix(' ')?))
}

/// `PATH`, and the directory behind it in which the toolchain has its linker. rustc links with that one by default, and
/// tells the C compiler where it is; a peer that links patches by itself may repeat only that it is to be used.
fn path_with_linker() -> Option<OsString> {
    let sysroot = first_line(Path::new("rustc"), &["--print", "sysroot"])?;
    let linker = Path::new(&sysroot).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::env::split_paths(&path).chain([linker])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "[v1]\n\"cargo-hotpatch 0.9.0 (path+file:///p)\" = [\"cargo-hotpatch\"]\n\
                        \"cargo-hot 0.1.1 (registry+https://r)\" = [\"cargo-hot\"]\n";

    fn installed_as(kind: &'static Kind) -> Peer {
        Peer {
            kind,
            program: kind.program.into(),
            version: "0.7.1".to_owned(),
        }
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(version("0.7.10 (f9e5d2a)").as_deref(), Some("0.7.10"));
        assert_eq!(version("next"), None);
        assert_eq!(noted_version(NOTE, "cargo-hot").as_deref(), Some("0.1.1"));
        assert_eq!(noted_version(NOTE, "cargo"), None);
    }

    #[test]
    fn what_is_not_installed_is_not_found() {
        let room = tempfile::tempdir().expect("a directory");
        let directories = [room.path().join("bin")];
        let program = room.path().join("bin/cargo-hot");
        assert_eq!(Peer::find(&CARGO_HOT, &directories), None);
        let script = format!("#!/bin/sh\necho 'Error: {}' >&2\n", CARGO_HOT.says);
        project::write(&program, &script).expect("written");
        let found = Peer::find(&CARGO_HOT, &directories);
        assert_eq!(found, None, "not executable");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permitted");
        let found = Peer::find(&CARGO_HOT, &directories).expect("it is there");
        assert_eq!(found.version, "of unknown version");
        project::write(&room.path().join(".crates.toml"), NOTE).expect("written");
        let found = Peer::find(&CARGO_HOT, &directories).expect("it is there");
        assert_eq!(found.version, "0.1.1");
        let dx = room.path().join("bin/dx");
        let put = |line: &str| {
            project::write(&dx, &format!("#!/bin/sh\necho '{line}'\n")).expect("written");
            fs::set_permissions(&dx, fs::Permissions::from_mode(0o755)).expect("permitted");
            Peer::find(&DX, &directories)
        };
        let found = put("dioxus 0.7.1 (1234567)").expect("it is there");
        assert_eq!(found.version, "0.7.1");
        // Of DNAnexus.
        assert_eq!(put("dx v0.389.0"), None);
    }

    #[test]
    fn every_generated_project_can_be_given_the_form_of_each_peer() {
        for name in generate::NAMES {
            for kind in KINDS {
                let room = tempfile::tempdir().expect("a directory");
                let generated = generate::by_name(name).expect("it is known");
                let project = generated.write(room.path()).expect("written");
                let peer = installed_as(kind);
                peer.adapt(&project, room.path()).expect("adapted");
                let main = main_of(&project).expect("it has one");
                let text = fs::read_to_string(room.path().join(main)).expect("read");
                syn::parse_file(&text).expect("it is Rust");
                assert!(
                    text.contains(&format!("{}::call(", kind.subsecond)),
                    "{text}"
                );
                assert!(!text.contains("peer_"), "{text}");
                let manifest = main.parent().and_then(Path::parent).expect("a package");
                let manifest = room.path().join(manifest).join("Cargo.toml");
                let manifest: toml::Table = fs::read_to_string(manifest)
                    .expect("read")
                    .parse()
                    .expect("it is TOML");
                let added = &manifest["dependencies"][kind.dependency]["version"];
                let expected = kind.requirement.unwrap_or("=0.7.1");
                assert_eq!(added.as_str(), Some(expected));
                let package = (name == "workspace").then_some("app");
                assert_eq!(package_of_main(&project), package);
            }
        }
    }
}
