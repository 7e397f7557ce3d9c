//! The `RUSTC_WORKSPACE_WRAPPER` role, both halves on one page.
//!
//! | caller half ([`set_environment`], in the command)   | callee half ([`main`], in the wrapper)                     |
//! |-----------------------------------------------------|------------------------------------------------------------|
//! | `RUSTC_WORKSPACE_WRAPPER=<dir>/wrapper/cargo-hotpatch` | argument 0, from which [`role`] knows the role          |
//! | `CARGO_HOTPATCH_RECORD_DIR=<dir>`                   | where to write; without it nothing is captured             |
//! | `CARGO_HOTPATCH_EXECUTABLE=<crate name>`            | the one executable whose link goes through the shim        |
//! | `CARGO_HOTPATCH_USER_WRAPPER=<path>`                | called between this wrapper and rustc                      |
//! | `CARGO_HOTPATCH_GATE=<path>`                        | for the linker shim: see [`super::gate`]                   |
//!
//! For the executable the wrapper in turn sets, for the linker shim (which rustc starts as `<dir>/linker/<name>`):
//! `CARGO_HOTPATCH_LINK_DIR=<dir>/links/<unit key>`, `CARGO_HOTPATCH_UNIT=<unit key>`,
//! `CARGO_HOTPATCH_REAL_LINKER=<linker that would have run>`, and it leaves `CARGO_HOTPATCH_RECORD_DIR` set.
//!
//! What the wrapper adds to a compiler's command line is part of what cargo believes to be fresh: a change there is a
//! change of [`RECORD_VERSION`].

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, Result};

use super::arguments::{Capture, RustcArguments};
use super::directory::{ROOT_NAME, RecordDir};
use super::gate::GATE;
use super::record::{FileStamp, RECORD_VERSION, UnitRecord};

/// The record directory, for wrapper and linker shim.
pub const RECORD_DIR: &str = "CARGO_HOTPATCH_RECORD_DIR";
/// The crate name of the executable whose link is provisioned.
pub const EXECUTABLE: &str = "CARGO_HOTPATCH_EXECUTABLE";
/// The user's own `RUSTC_WORKSPACE_WRAPPER`.
pub const USER_WRAPPER: &str = "CARGO_HOTPATCH_USER_WRAPPER";
/// For the linker shim: where to put what it keeps of this link.
pub const LINK_DIR: &str = "CARGO_HOTPATCH_LINK_DIR";
/// For the linker shim: the key of the executable's unit.
pub const UNIT: &str = "CARGO_HOTPATCH_UNIT";
/// For the linker shim: the linker that would have run. A name without `/` is looked up in `PATH`.
pub const REAL_LINKER: &str = "CARGO_HOTPATCH_REAL_LINKER";

/// rustc's linker for `x86_64-unknown-linux-gnu` when the user set none.
const DEFAULT_LINKER: &str = "cc";

/// Variables that belong to one run of cargo: a jobserver that is gone by the time of the replay, and our own.
const NOT_RECORDED: &[&str] = &[
    GATE,
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    RECORD_DIR,
    EXECUTABLE,
    USER_WRAPPER,
    LINK_DIR,
    UNIT,
    REAL_LINKER,
];

/// What this executable was started as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `cargo hotpatch …`, by a person.
    Command,
    /// Cargo's `RUSTC_WORKSPACE_WRAPPER`.
    Wrapper,
    /// rustc's linker.
    Linker,
}

/// The role, from argument 0: `…/hotpatch/<record dir>/wrapper/…` or `…/hotpatch/<record dir>/linker/…`.
#[must_use]
pub fn role(argv0: &OsStr) -> Role {
    let parent = Path::new(argv0).parent();
    let inside = parent
        .and_then(|parent| parent.ancestors().nth(2))
        .and_then(Path::file_name);
    if inside != Some(OsStr::new(ROOT_NAME)) {
        return Role::Command;
    }
    match parent.and_then(Path::file_name).map(OsStr::as_bytes) {
        Some(b"wrapper") => Role::Wrapper,
        Some(b"linker") => Role::Linker,
        _ => Role::Command,
    }
}

/// The caller half: makes `cargo` call this executable for the workspace's members. With a `gate`, the link asks there.
pub fn set_environment(
    cargo: &mut Command,
    directory: &RecordDir,
    executable: &str,
    user_wrapper: Option<&OsStr>,
    gate: Option<&Path>,
) {
    cargo
        .env("RUSTC_WORKSPACE_WRAPPER", directory.wrapper())
        .env(RECORD_DIR, directory.path())
        .env(EXECUTABLE, executable)
        .env_remove(LINK_DIR)
        .env_remove(UNIT)
        .env_remove(REAL_LINKER);
    match user_wrapper {
        Some(wrapper) => cargo.env(USER_WRAPPER, wrapper),
        None => cargo.env_remove(USER_WRAPPER),
    };
    match gate {
        Some(gate) => cargo.env(GATE, gate),
        None => cargo.env_remove(GATE),
    };
}

/// The callee half. `args` are the arguments without argument 0: the compiler and its arguments. Does not return
/// unless the compiler cannot be started.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    match run(args) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("error: cargo-hotpatch (as compiler wrapper): {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Nothing is of this type: the process is another one by then.
enum Never {}

fn run(args: Vec<OsString>) -> Result<Never> {
    let mut args = args.into_iter();
    let rustc = args
        .next()
        .context("no compiler was named: this is called by cargo, not by hand")?;
    let args: Vec<OsString> = args.collect();
    let user_wrapper = std::env::var_os(USER_WRAPPER).filter(|wrapper| !wrapper.is_empty());
    let record_dir = std::env::var_os(RECORD_DIR).filter(|path| !path.is_empty());
    let Some(record_dir) = record_dir else {
        return Err(replace_process(&rustc, user_wrapper.as_deref(), &args, &[]));
    };
    let directory = RecordDir::at(PathBuf::from(record_dir));

    let expanded = expand_argument_files(&args)?;
    let parsed = RustcArguments::parse(&expanded);
    let call = Call {
        parsed: &parsed,
        bin_name_is_set: std::env::var_os("CARGO_BIN_NAME").is_some(),
        executable: std::env::var_os(EXECUTABLE),
    };
    let kind = call.kind();
    if kind == UnitKind::NotCompiled {
        return Err(replace_process(&rustc, user_wrapper.as_deref(), &args, &[]));
    }

    let mut environment = Vec::new();
    let key = unit_key(&parsed);
    let (args, overridden) = match kind {
        // Recorded for its inputs only: it runs while cargo builds, not in the program.
        UnitKind::NotCompiled | UnitKind::RunsAtBuild => (expanded.clone(), Vec::new()),
        UnitKind::Member => parsed.for_capture(&Capture {
            incremental: &directory.incremental(),
            linker: None,
        }),
        UnitKind::Executable => {
            // The same executable as the wrapper's, whose link was made by the command.
            let wrapper = directory.wrapper();
            let own = std::fs::read_link(&wrapper)
                .with_context(|| format!("cannot read {}", wrapper.display()))?;
            let real = parsed.codegen("linker").filter(|linker| !linker.is_empty());
            let shim = directory.linker_for(real.as_deref().map(Path::new), &own)?;
            environment = vec![
                (LINK_DIR, directory.link(&key).into_os_string()),
                (UNIT, OsString::from(&key)),
                (REAL_LINKER, real.unwrap_or_else(|| DEFAULT_LINKER.into())),
            ];
            parsed.for_capture(&Capture {
                incremental: &directory.incremental(),
                linker: Some(&shim),
            })
        }
    };

    let out_dir = PathBuf::from(parsed.value("--out-dir").unwrap_or(OsStr::new(".")));
    let mut record = UnitRecord {
        version: RECORD_VERSION,
        crate_name: parsed.crate_name().unwrap_or_default().to_owned(),
        crate_types: parsed.crate_types(),
        is_executable: kind == UnitKind::Executable,
        rustc: rustc.clone(),
        user_wrapper: user_wrapper.clone(),
        env: std::env::vars_os()
            .filter(|(name, _)| !NOT_RECORDED.iter().any(|unwanted| name == unwanted))
            .collect(),
        cwd: std::env::current_dir().context("cannot find the working directory")?,
        dep_info: out_dir.join(format!("{key}.d")),
        out_dir,
        manifest_dir: std::env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .unwrap_or_default(),
        opt_level: parsed.opt_level(),
        incremental: parsed.codegen("incremental").map(PathBuf::from),
        externs: parsed.externs(),
        overridden,
        args: args.clone(),
        key,
        written: None,
    };
    directory
        .write_unit(&record)
        .with_context(|| format!("cannot record unit {}", record.key))?;
    if kind == UnitKind::Member && record.is_without_hash() {
        // Compiled beside this process, to see what the compiler leaves.
        let status = compile(&rustc, user_wrapper.as_deref(), &args)?;
        record.written = FileStamp::of(&record.library());
        directory
            .rewrite_unit(&record)
            .with_context(|| format!("cannot record unit {}", record.key))?;
        std::process::exit(status.code().unwrap_or(1));
    }
    Err(replace_process(
        &rustc,
        user_wrapper.as_deref(),
        &args,
        &environment,
    ))
}

/// One call, as far as its kind is concerned.
struct Call<'a> {
    parsed: &'a RustcArguments,
    bin_name_is_set: bool,
    executable: Option<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnitKind {
    /// A question (`-vV`, `--print`), a test, a check: nothing that ends up in the program.
    NotCompiled,
    /// A build script or procedural macro.
    RunsAtBuild,
    /// A library, or an executable that is not the session's.
    Member,
    /// The executable whose link is provisioned.
    Executable,
}

impl Call<'_> {
    fn kind(&self) -> UnitKind {
        let parsed = self.parsed;
        let Some(crate_name) = parsed.crate_name() else {
            return UnitKind::NotCompiled;
        };
        let is_compilation = crate_name != "___"
            && !parsed.has("--print")
            && !parsed.has("--test")
            && parsed.has("--out-dir")
            && parsed.emits().iter().any(|kind| kind == "link");
        if !is_compilation {
            return UnitKind::NotCompiled;
        }
        let types = parsed.crate_types();
        let is_bin = types.is_empty() || types.iter().any(|kind| kind == "bin");
        let is_build_script =
            is_bin && crate_name.starts_with("build_script_") && !self.bin_name_is_set;
        if is_build_script || types.iter().any(|kind| kind == "proc-macro") {
            UnitKind::RunsAtBuild
        } else if is_bin && self.executable.as_deref() == Some(OsStr::new(crate_name)) {
            UnitKind::Executable
        } else {
            UnitKind::Member
        }
    }
}

/// Crate name + `-C extra-filename`: the stem of what the unit writes.
fn unit_key(parsed: &RustcArguments) -> String {
    let extra = parsed.codegen("extra-filename").unwrap_or_default();
    format!(
        "{}{}",
        parsed.crate_name().unwrap_or_default(),
        extra.to_string_lossy()
    )
}

/// Cargo puts the arguments into a file (`@file`, one a line) when the system says that they are too many. The file is
/// gone afterwards, so it is read here.
fn expand_argument_files(args: &[OsString]) -> Result<Vec<OsString>> {
    let mut expanded = Vec::with_capacity(args.len());
    for argument in args {
        match argument.as_bytes().strip_prefix(b"@") {
            Some(path) => {
                let path = Path::new(OsStr::from_bytes(path));
                let bytes = std::fs::read(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let lines = bytes
                    .split(|byte| *byte == b'\n')
                    .filter(|line| !line.is_empty());
                expanded.extend(lines.map(|line| OsString::from_vec(line.to_vec())));
            }
            None => expanded.push(argument.clone()),
        }
    }
    Ok(expanded)
}

/// A command for the compiler, behind the user's own wrapper if there is one. Shared with the replay.
#[must_use]
pub fn compiler_command(rustc: &OsStr, user_wrapper: Option<&OsStr>, args: &[OsString]) -> Command {
    let mut command = match user_wrapper {
        Some(wrapper) => {
            let mut command = Command::new(wrapper);
            command.arg(rustc);
            command
        }
        None => Command::new(rustc),
    };
    command.args(args);
    command
}

/// True when the system refused a command because of the length of its arguments.
#[must_use]
pub fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::E2BIG)
}

/// The content of an argument file that stands for `args`.
#[must_use]
pub fn argument_file(args: &[OsString]) -> Vec<u8> {
    args.iter()
        .flat_map(|argument| argument.as_bytes().iter().copied().chain([b'\n']))
        .collect()
}

/// Runs the compiler to its end.
fn compile(rustc: &OsStr, user_wrapper: Option<&OsStr>, args: &[OsString]) -> Result<ExitStatus> {
    let mut status = compiler_command(rustc, user_wrapper, args).status();
    if matches!(&status, Err(error) if is_too_long(error)) {
        let argument = kept_argument_file(args)?;
        status = compiler_command(rustc, user_wrapper, &[argument]).status();
    }
    let program = user_wrapper.unwrap_or(rustc);
    status.with_context(|| format!("cannot run {}", program.display()))
}

/// Becomes the compiler; returns only with the reason why that failed.
fn replace_process(
    rustc: &OsStr,
    user_wrapper: Option<&OsStr>,
    args: &[OsString],
    environment: &[(&str, OsString)],
) -> anyhow::Error {
    let mut command = compiler_command(rustc, user_wrapper, args);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let mut error = command.exec();
    if is_too_long(&error) {
        match kept_argument_file(args) {
            Ok(argument) => {
                let mut command = compiler_command(rustc, user_wrapper, &[argument]);
                command.envs(environment.iter().map(|(name, value)| (name, value)));
                error = command.exec();
            }
            Err(file_error) => return file_error,
        }
    }
    let program = user_wrapper.unwrap_or(rustc);
    anyhow::Error::new(error).context(format!("cannot run {}", program.display()))
}

/// `@file` for a file with `args`. The file stays: this process is about to become the one that reads it.
fn kept_argument_file(args: &[OsString]) -> Result<OsString> {
    let file = tempfile::Builder::new()
        .prefix("cargo-hotpatch-args-")
        .tempfile()
        .context("cannot create an argument file")?;
    let (_, path) = file.keep().context("cannot keep the argument file")?;
    std::fs::write(&path, argument_file(args))
        .with_context(|| format!("cannot write {}", path.display()))?;
    let mut argument = OsString::from("@");
    argument.push(path);
    Ok(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, bin_name_is_set: bool, executable: &str) -> UnitKind {
        let args: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
        let parsed = RustcArguments::parse(&args);
        Call {
            parsed: &parsed,
            bin_name_is_set,
            executable: Some(executable.into()),
        }
        .kind()
    }

    #[test]
    fn roles_are_read_from_argument_0() {
        assert_eq!(role(OsStr::new("cargo-hotpatch")), Role::Command);
        assert_eq!(
            role(OsStr::new("/home/linker/wrapper/cargo-hotpatch")),
            Role::Command
        );
        assert_eq!(
            role(OsStr::new("/t/hotpatch/1-abc/wrapper/cargo-hotpatch")),
            Role::Wrapper
        );
        assert_eq!(
            role(OsStr::new("/t/hotpatch/1-abc/linker/clang")),
            Role::Linker
        );
        assert_eq!(
            role(OsStr::new("/t/hotpatch/1-abc/units/clang")),
            Role::Command
        );
        assert_eq!(role(OsStr::new("")), Role::Command);
    }

    #[test]
    fn calls_are_told_apart() {
        let link = "--out-dir /d --emit=dep-info,metadata,link -C extra-filename=-1";
        assert_eq!(kind("-vV", false, "app"), UnitKind::NotCompiled);
        assert_eq!(
            kind(
                "- --crate-name ___ --print=file-names --crate-type bin",
                false,
                "app"
            ),
            UnitKind::NotCompiled
        );
        assert_eq!(
            kind(
                &format!("--crate-name a --crate-type lib {link}"),
                false,
                "app"
            ),
            UnitKind::Member
        );
        assert_eq!(
            kind(
                &format!("--crate-name a --crate-type bin {link} --test"),
                true,
                "a"
            ),
            UnitKind::NotCompiled
        );
        assert_eq!(
            kind(
                "--crate-name a --crate-type lib --out-dir /d --emit=metadata",
                false,
                "a"
            ),
            UnitKind::NotCompiled
        );
        assert_eq!(
            kind(
                &format!("--crate-name app --crate-type lib {link}"),
                false,
                "app"
            ),
            UnitKind::Member
        );
        assert_eq!(
            kind(
                &format!("--crate-name app --crate-type bin {link}"),
                true,
                "app"
            ),
            UnitKind::Executable
        );
        assert_eq!(
            kind(
                &format!("--crate-name app2 --crate-type bin {link}"),
                true,
                "app"
            ),
            UnitKind::Member
        );
        assert_eq!(
            kind(
                &format!("--crate-name m --crate-type proc-macro {link}"),
                false,
                "m"
            ),
            UnitKind::RunsAtBuild
        );
        let script = format!("--crate-name build_script_build --crate-type bin {link}");
        assert_eq!(kind(&script, false, "app"), UnitKind::RunsAtBuild);
        assert_eq!(
            kind(&script, true, "build_script_build"),
            UnitKind::Executable
        );
    }

    #[test]
    fn argument_files_are_read_line_by_line() -> Result<()> {
        let args: Vec<OsString> = vec!["--crate-name".into(), "with space".into()];
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), argument_file(&args))?;
        let mut argument = OsString::from("@");
        argument.push(file.path());
        assert_eq!(expand_argument_files(&[argument])?, args);
        Ok(())
    }
}
