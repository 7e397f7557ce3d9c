//! The arguments of `rustc`, as cargo writes them: taken apart, changed for the capture, changed for a replay. Pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Passes that infer facts about a function from its body and let its callers rely on them. Without them an unedited
/// caller of an edited function does not have to change above opt-level 0.
const NO_INFERENCE: &str = "llvm-args=-opt-disable=function-attrs,rpo-function-attrs,deadargelim,argpromotion,\
                            ipsccp,globalopt,called-value-propagation,inferattrs,mergefunc";

/// Options of rustc whose value is the next argument, or follows the option behind `=` (long) or at once (short).
const OPTIONS_WITH_VALUE: &[&str] = &[
    "-C",
    "--codegen",
    "--emit",
    "--out-dir",
    "--crate-name",
    "--crate-type",
    "--extern",
    "-L",
    "-l",
    "--target",
    "--error-format",
    "--json",
    "--color",
    "--diagnostic-width",
    "--cfg",
    "--check-cfg",
    "--edition",
    "--cap-lints",
    "--print",
    "-o",
    "--remap-path-prefix",
    "--remap-path-scope",
    "--sysroot",
    "--env-set",
    "--explain",
    "-A",
    "--allow",
    "-W",
    "--warn",
    "-D",
    "--deny",
    "-F",
    "--forbid",
    "--force-warn",
    "-Z",
];

/// One option with its value, or anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Argument {
    /// The option in its usual form (`--codegen` is `-C`), or the argument itself.
    option: OsString,
    /// Its value.
    value: Option<OsString>,
    /// As it was written: one or two arguments.
    written: Vec<OsString>,
}

/// A command line of rustc, without the program's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RustcArguments {
    arguments: Vec<Argument>,
}

/// What the wrapper adds for one unit.
#[derive(Debug, Clone, Copy)]
pub struct Capture<'a> {
    /// Given to rustc when cargo gave none, so that capture and replay partition the crate alike.
    pub incremental: &'a Path,
    /// The linker shim, for the executable of the session.
    pub linker: Option<&'a Path>,
}

/// Where and how a replay runs.
#[derive(Clone, Copy)]
pub struct Replay<'a> {
    /// Its own output directory.
    pub out_dir: &'a Path,
    /// Its own incremental directory.
    pub incremental: &'a Path,
    /// Whether to write the metadata that dependents read.
    pub metadata: bool,
    /// Whether diagnostics are rendered with colours.
    pub color: bool,
    /// Where the metadata of the workspace's libraries lies.
    pub published: &'a Path,
    /// For a crate file's unit key, the metadata to be used instead of cargo's.
    pub replaced: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// Compiles the copies of the sources below the first directory, which mirrors the whole file system; the second is the
    /// working directory.
    pub mirror: Option<(&'a Path, &'a Path)>,
}

impl RustcArguments {
    /// Takes a command line apart. Never fails: what is not understood is kept as it is.
    #[must_use]
    pub fn parse(args: &[OsString]) -> Self {
        let mut arguments = Vec::new();
        let mut rest = args.iter();
        while let Some(argument) = rest.next() {
            let (option, attached) = split_option(argument);
            let mut written = vec![argument.clone()];
            let mut value = attached;
            if value.is_none()
                && OPTIONS_WITH_VALUE.iter().any(|known| option == *known)
                && let Some(next) = rest.next()
            {
                value = Some(next.clone());
                written.push(next.clone());
            }
            let option = if option == "--codegen" {
                "-C".into()
            } else {
                option
            };
            arguments.push(Argument {
                option,
                value,
                written,
            });
        }
        Self { arguments }
    }

    /// As it was written.
    #[must_use]
    pub fn to_vec(&self) -> Vec<OsString> {
        self.arguments
            .iter()
            .flat_map(|argument| argument.written.iter().cloned())
            .collect()
    }

    fn values<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a OsStr> {
        self.arguments
            .iter()
            .filter(move |argument| argument.option == option)
            .filter_map(|argument| argument.value.as_deref())
    }

    /// The last value of an option such as `--out-dir`.
    #[must_use]
    pub fn value<'a>(&'a self, option: &'a str) -> Option<&'a OsStr> {
        self.values(option).last()
    }

    /// True if the option, or plain argument, is there.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.arguments
            .iter()
            .any(|argument| argument.option == option)
    }

    /// The last `-C name=value`; a name without value gives an empty one.
    #[must_use]
    pub fn codegen(&self, name: &str) -> Option<OsString> {
        self.values("-C")
            .filter_map(|value| codegen_pair(value, name))
            .last()
    }

    /// `--crate-name`.
    #[must_use]
    pub fn crate_name(&self) -> Option<&str> {
        self.value("--crate-name").and_then(OsStr::to_str)
    }

    /// All `--crate-type`s, also those joined by commas.
    #[must_use]
    pub fn crate_types(&self) -> Vec<String> {
        self.values("--crate-type")
            .filter_map(OsStr::to_str)
            .flat_map(|types| types.split(','))
            .map(str::to_owned)
            .collect()
    }

    /// What `--emit` asks for, without paths.
    #[must_use]
    pub fn emits(&self) -> Vec<String> {
        self.values("--emit")
            .filter_map(OsStr::to_str)
            .flat_map(|kinds| kinds.split(','))
            .map(|kind| kind.split('=').next().unwrap_or(kind).to_owned())
            .collect()
    }

    /// `-C opt-level` (or `-O`), `"0"` when absent.
    #[must_use]
    pub fn opt_level(&self) -> String {
        let mut level = "0".to_owned();
        for argument in &self.arguments {
            if argument.option == "-O" {
                "3".clone_into(&mut level);
            } else if argument.option == "-C"
                && let Some(value) = argument
                    .value
                    .as_deref()
                    .and_then(|value| codegen_pair(value, "opt-level"))
            {
                level = value.to_string_lossy().into_owned();
            }
        }
        level
    }

    /// `--extern NAME=PATH`s, names without flags such as `priv:`; those without a path are left out.
    #[must_use]
    pub fn externs(&self) -> Vec<(String, PathBuf)> {
        self.values("--extern")
            .filter_map(|value| {
                let (name, path) = split_once(value, b'=')?;
                let name = name.to_string_lossy();
                let name = name.rsplit(':').next().unwrap_or(&name).to_owned();
                Some((name, PathBuf::from(path)))
            })
            .collect()
    }

    /// The command line with which a member is captured, and what of the profile had to be changed for it
    /// (`lto`, `strip`, `debuginfo`, `split-debuginfo`).
    #[must_use]
    pub fn for_capture(&self, capture: &Capture<'_>) -> (Vec<OsString>, Vec<String>) {
        let optimised = self.opt_level() != "0";
        let mut overridden = Vec::new();
        let mut out = Vec::new();
        for argument in &self.arguments {
            let codegen_name = match (argument.option == "-C", argument.value.as_deref()) {
                (true, Some(value)) => codegen_name(value),
                _ => OsString::new(),
            };
            let removed = match codegen_name.as_bytes() {
                b"strip"
                | b"lto"
                | b"linker-plugin-lto"
                | b"split-debuginfo"
                | b"debuginfo"
                | b"symbol-mangling-version"
                | b"force-unwind-tables"
                | b"embed-bitcode" => true,
                b"linker" => capture.linker.is_some(),
                _ => argument.option == "-g",
            };
            if !removed {
                out.extend(argument.written.iter().cloned());
            }
        }

        let is_off = |value: &OsStr| matches!(value.as_bytes(), b"off" | b"no" | b"n" | b"false");
        let lto = self.codegen("lto").is_some_and(|value| !is_off(&value));
        if lto
            || self
                .codegen("linker-plugin-lto")
                .is_some_and(|value| !is_off(&value))
        {
            overridden.push("lto".to_owned());
        }
        // `strip=debuginfo` is what cargo gives in any profile without debug info: covered by `debuginfo`.
        if self
            .codegen("strip")
            .is_some_and(|value| value == "symbols")
        {
            overridden.push("strip".to_owned());
        }
        let full_debuginfo = match self.codegen("debuginfo") {
            Some(value) => value == "2" || value == "full",
            None => self.has("-g"),
        };
        if !full_debuginfo {
            overridden.push("debuginfo".to_owned());
        }
        if self
            .codegen("split-debuginfo")
            .is_some_and(|value| value != "off")
        {
            overridden.push("split-debuginfo".to_owned());
        }

        let mut add = |value: OsString| out.extend([OsString::from("-C"), value]);
        add("symbol-mangling-version=v0".into());
        add("debuginfo=2".into());
        add("force-unwind-tables=yes".into());
        add("embed-bitcode=no".into());
        if self.codegen("codegen-units").is_none() {
            add(if optimised {
                "codegen-units=16"
            } else {
                "codegen-units=256"
            }
            .into());
        }
        if optimised {
            add("lto=off".into());
            add(NO_INFERENCE.into());
        }
        if self.codegen("incremental").is_none() {
            add(joined("incremental=", capture.incremental.as_os_str()));
        }
        if let Some(linker) = capture.linker {
            add(joined("linker=", linker.as_os_str()));
        }
        (out, overridden)
    }

    /// The command line that compiles a captured unit again, to objects only.
    #[must_use]
    pub fn for_replay(&self, replay: &Replay<'_>) -> Vec<OsString> {
        let mut out = Vec::new();
        for argument in &self.arguments {
            let value = argument.value.as_deref().unwrap_or_default();
            match argument.option.to_str() {
                Some(
                    "--emit" | "--out-dir" | "--error-format" | "--json" | "--color"
                    | "--diagnostic-width",
                ) => {}
                Some("-C") if codegen_name(value) == "incremental" => {}
                Some("--cap-lints") if replay.mirror.is_some() => {}
                Some("--extern") => {
                    let replaced = split_once(value, b'=').and_then(|(name, path)| {
                        let path = (replay.replaced)(&unit_key_of_file(Path::new(path))?)?;
                        let mut value = name.to_owned();
                        value.push("=");
                        value.push(path);
                        Some(value)
                    });
                    match replaced {
                        Some(value) => out.extend(["--extern".into(), value]),
                        None => out.extend(argument.written.iter().cloned()),
                    }
                }
                _ => out.extend(argument.written.iter().cloned()),
            }
        }
        // Behind cargo's own directories: of several files of one crate the last one is taken.
        out.extend([
            "-L".into(),
            joined("dependency=", replay.published.as_os_str()),
        ]);
        out.extend([
            if replay.metadata {
                "--emit=obj,dep-info,metadata"
            } else {
                "--emit=obj,dep-info"
            }
            .into(),
            "--out-dir".into(),
            replay.out_dir.into(),
            "-C".into(),
            joined("incremental=", replay.incremental.as_os_str()),
            "--error-format=json".into(),
        ]);
        if replay.color {
            out.push("--json=diagnostic-rendered-ansi".into());
        }
        if let Some((mirror, cwd)) = replay.mirror
            && let Some(root) = self.root_file()
        {
            mirrored(&mut out, root, mirror, cwd);
        }
        out
    }

    /// The crate's root file, as it was given.
    #[must_use]
    pub fn root_file(&self) -> Option<&Path> {
        self.arguments
            .iter()
            .map(|argument| Path::new(&argument.option))
            .find(|path| path.extension().is_some_and(|extension| extension == "rs"))
    }
}

/// Turns a command line to the mirrored root file. What is compiled is called by its original path.
fn mirrored(args: &mut Vec<OsString>, root: &Path, mirror: &Path, cwd: &Path) {
    for argument in args.iter_mut().filter(|argument| *argument == root) {
        *argument = mirrored_path(mirror, &cwd.join(root)).into_os_string();
    }
    let prefix = |from: &Path, to: &str| {
        let mut value = joined("--remap-path-prefix=", from.as_os_str());
        value.push(to);
        value
    };
    // The last that fits is taken: files below the working directory are called relative to it, as cargo gives them.
    args.extend([
        "--cap-lints=allow".into(),
        prefix(mirror, "="),
        prefix(&mirrored_path(mirror, cwd), "/="),
    ]);
}

/// Where the copy of an absolute path lies.
#[must_use]
pub fn mirrored_path(mirror: &Path, original: &Path) -> PathBuf {
    mirror.join(original.strip_prefix("/").unwrap_or(original))
}

/// `libhelper-9dbf.rmeta`, `libhelper-9dbf.rlib`, `libhelper-9dbf.so` to `helper-9dbf`.
#[must_use]
pub fn unit_key_of_file(path: &Path) -> Option<String> {
    let extension = path.extension()?;
    if extension != "rmeta" && extension != "rlib" && extension != "so" {
        return None;
    }
    Some(path.file_stem()?.to_str()?.strip_prefix("lib")?.to_owned())
}

/// `-Cname=value` to (`-C`, `name=value`); `--emit=x` to (`--emit`, `x`); anything else to itself.
fn split_option(argument: &OsStr) -> (OsString, Option<OsString>) {
    let bytes = argument.as_bytes();
    if bytes.starts_with(b"--") {
        if let Some((option, value)) = split_once(argument, b'=') {
            return (option.to_owned(), Some(value.to_owned()));
        }
    } else if bytes.len() > 2 && matches!(&bytes[..2], b"-C" | b"-L" | b"-l") {
        let (option, value) = bytes.split_at(2);
        return (
            OsStr::from_bytes(option).to_owned(),
            Some(OsStr::from_bytes(value).to_owned()),
        );
    }
    (argument.to_owned(), None)
}

fn split_once(text: &OsStr, separator: u8) -> Option<(&OsStr, &OsStr)> {
    let bytes = text.as_bytes();
    let position = bytes.iter().position(|byte| *byte == separator)?;
    Some((
        OsStr::from_bytes(&bytes[..position]),
        OsStr::from_bytes(&bytes[position + 1..]),
    ))
}

/// The name in `name=value` or `name`, with `-` for `_` as rustc reads it.
fn codegen_name(value: &OsStr) -> OsString {
    let name = split_once(value, b'=').map_or(value, |(name, _)| name);
    OsString::from_vec(
        name.as_bytes()
            .iter()
            .map(|byte| if *byte == b'_' { b'-' } else { *byte })
            .collect(),
    )
}

fn codegen_pair(value: &OsStr, name: &str) -> Option<OsString> {
    (codegen_name(value) == name).then(|| {
        split_once(value, b'=')
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    })
}

fn joined(prefix: &str, value: &OsStr) -> OsString {
    let mut joined = OsString::from(prefix);
    joined.push(value);
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> RustcArguments {
        RustcArguments::parse(&words(text))
    }

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    fn captured(text: &str, linker: Option<&Path>) -> (String, Vec<String>) {
        let capture = Capture {
            incremental: Path::new("/r/incremental"),
            linker,
        };
        let (args, overridden) = arguments(text).for_capture(&capture);
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        (args.join(" "), overridden)
    }

    const LIB: &str = "--crate-name helper --edition=2024 helper/src/lib.rs --error-format=json \
        --json=diagnostic-rendered-ansi,artifacts --crate-type lib --emit=dep-info,metadata,link -C embed-bitcode=no \
        -C debuginfo=2 -C metadata=9d -C extra-filename=-9d --out-dir /t/deps -C incremental=/t/incremental \
        -L dependency=/t/deps --extern a=/t/deps/liba-1.rmeta --extern priv:b=/t/deps/libb-2.rlib --extern proc_macro";

    #[test]
    fn a_command_line_survives_parsing() {
        assert_eq!(arguments(LIB).to_vec(), words(LIB));
        for odd in [
            "-",
            "--test",
            "-C",
            "@file",
            "--emit",
            "-Copt-level=3 -Clto --codegen=debuginfo=1 -g -O",
        ] {
            assert_eq!(arguments(odd).to_vec(), words(odd));
        }
    }

    #[test]
    fn facts_are_found_in_all_spellings() {
        let lib = arguments(LIB);
        assert_eq!(lib.crate_name(), Some("helper"));
        assert_eq!(lib.crate_types(), ["lib"]);
        assert_eq!(lib.emits(), ["dep-info", "metadata", "link"]);
        assert_eq!(lib.opt_level(), "0");
        assert_eq!(
            lib.externs(),
            [
                ("a".to_owned(), "/t/deps/liba-1.rmeta".into()),
                ("b".to_owned(), "/t/deps/libb-2.rlib".into())
            ]
        );
        let odd = arguments("-Copt-level=3 --codegen=debuginfo=1 --codegen opt_level=s");
        assert_eq!(odd.opt_level(), "s");
        assert_eq!(odd.codegen("debuginfo"), Some("1".into()));
        assert_eq!(arguments("-O").opt_level(), "3");
        // A value that looks like an option is a value.
        assert_eq!(arguments("--cfg -Copt-level=3").opt_level(), "0");
    }

    #[test]
    fn a_plain_debug_member_gets_our_flags_and_nothing_is_overridden() {
        let (args, overridden) = captured(LIB, None);
        assert!(overridden.is_empty(), "{overridden:?}");
        assert!(args.ends_with(
            "-C symbol-mangling-version=v0 -C debuginfo=2 -C force-unwind-tables=yes -C embed-bitcode=no -C codegen-units=256"
        ));
        assert_eq!(args.matches("debuginfo=").count(), 1);
        assert!(!args.contains("opt-disable"));
    }

    #[test]
    fn an_optimised_stripped_lto_member_is_made_comparable() {
        let (args, overridden) = captured(
            "--crate-name x -C opt-level=3 -C lto -C linker-plugin-lto -C strip=symbols -C split-debuginfo=packed \
             -C debuginfo=1 -C codegen-units=1 -C linker=/usr/bin/clang",
            Some(Path::new("/r/linker/clang")),
        );
        assert_eq!(overridden, ["lto", "strip", "debuginfo", "split-debuginfo"]);
        assert!(
            !args.contains("strip") && !args.contains("packed") && !args.contains("/usr/bin/clang")
        );
        assert!(args.contains("-C codegen-units=1 ") && !args.contains("codegen-units=16"));
        assert!(args.contains("-C lto=off -C llvm-args=-opt-disable=function-attrs,"));
        assert!(args.contains("-C incremental=/r/incremental -C linker=/r/linker/clang"));
    }

    #[test]
    fn the_users_linker_stays_where_nothing_is_linked_through_us() {
        assert!(
            captured("--crate-name x -Clinker=mold", None)
                .0
                .contains("-Clinker=mold")
        );
    }

    #[test]
    fn a_replay_writes_only_into_its_own_directories() {
        let replay = Replay {
            out_dir: Path::new("/r/out-1"),
            incremental: Path::new("/r/inc"),
            metadata: true,
            color: true,
            published: Path::new("/r/published-1"),
            replaced: &|key| (key == "b-2").then(|| "/r/published-1/libb-2.rlib".into()),
            mirror: None,
        };
        let args: Vec<_> = arguments(LIB)
            .for_replay(&replay)
            .iter()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect();
        let args = args.join(" ");
        assert!(
            args.starts_with("--crate-name helper")
                && args.contains("-L dependency=/t/deps --extern a="),
            "{args}"
        );
        assert!(
            args.contains(
                "--extern a=/t/deps/liba-1.rmeta --extern priv:b=/r/published-1/libb-2.rlib"
            ),
            "{args}"
        );
        assert!(
            args.ends_with(
                "-L dependency=/r/published-1 --emit=obj,dep-info,metadata --out-dir /r/out-1 -C incremental=/r/inc --error-format=json \
                 --json=diagnostic-rendered-ansi"
            ),
            "{args}"
        );
        assert!(
            !args.contains("/t/incremental") && !args.contains("artifacts"),
            "{args}"
        );
    }

    #[test]
    fn crate_files_name_their_units() {
        assert_eq!(
            unit_key_of_file(Path::new("/d/libhelper-9d.rmeta")).as_deref(),
            Some("helper-9d")
        );
        assert_eq!(unit_key_of_file(Path::new("/d/helper-9d.d")), None);
    }
}
