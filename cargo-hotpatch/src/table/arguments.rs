//! The linker's arguments: response files, what has to go, and where things are.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// How the linker is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// A compiler driver, such as `cc`: linker flags come as `-Wl,…`.
    Driver,
    /// A linker itself.
    Raw,
}

impl Flavour {
    /// From the linker's name and the arguments that rustc chose for it.
    pub(crate) fn of(linker: &OsStr, args: &[OsString]) -> Self {
        let name = Path::new(linker)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let stem = name.rsplit('-').next().unwrap_or(&name);
        let is_linker = matches!(stem, "ld" | "lld" | "mold" | "wild") || stem.starts_with("ld.");
        if is_linker
            || args
                .iter()
                .any(|arg| arg == "-flavor" || arg == "--eh-frame-hdr" || arg == "--gc-sections")
        {
            Self::Raw
        } else {
            Self::Driver
        }
    }

    /// Spells linker flags so that the linker gets them.
    pub(crate) fn flags(self, flags: &[&str]) -> Vec<OsString> {
        match self {
            Self::Driver => vec![format!("-Wl,{}", flags.join(",")).into()],
            Self::Raw => flags.iter().map(OsString::from).collect(),
        }
    }
}

/// Replaces each `@file` by the arguments in it.
pub(crate) fn expand(args: Vec<OsString>) -> Result<Vec<OsString>> {
    expand_nested(args, 0)
}

fn expand_nested(args: Vec<OsString>, depth: usize) -> Result<Vec<OsString>> {
    ensure!(depth < 16, "response files are nested too deeply");
    let mut expanded = Vec::with_capacity(args.len());
    for arg in args {
        let Some(path) = arg
            .as_bytes()
            .strip_prefix(b"@")
            .map(|path| Path::new(OsStr::from_bytes(path)))
        else {
            expanded.push(arg);
            continue;
        };
        match std::fs::read(path) {
            Ok(text) => expanded.extend(expand_nested(split(&text), depth + 1)?),
            // As all linkers do: such a file may have this name.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => expanded.push(arg),
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("failed to read the response file {}", path.display())
                });
            }
        }
    }
    Ok(expanded)
}

/// Splits a response file as GNU tools do: at white space, outside of quotes, a backslash takes the next byte as it is.
fn split(text: &[u8]) -> Vec<OsString> {
    let mut args = Vec::new();
    let mut current: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', _) => current.get_or_insert_default().extend(bytes.next()),
            (b'\'' | b'"', None) => {
                quote = Some(byte);
                current.get_or_insert_default();
            }
            (byte, Some(open)) if byte == open => quote = None,
            (byte, None) if byte.is_ascii_whitespace() => {
                args.extend(current.take().map(OsString::from_vec));
            }
            (byte, _) => current.get_or_insert_default().push(byte),
        }
    }
    args.extend(current.map(OsString::from_vec));
    args
}

/// The text of a response file with these arguments.
pub(crate) fn join(args: &[OsString]) -> Vec<u8> {
    let mut text = Vec::new();
    for arg in args {
        text.push(b'"');
        for &byte in arg.as_bytes() {
            if matches!(byte, b'"' | b'\\') {
                text.push(b'\\');
            }
            text.push(byte);
        }
        text.extend_from_slice(b"\"\n");
    }
    text
}

/// Linker flags that take from the image what a session needs: symbols, debug info, functions of their own address.
fn is_unwanted(flag: &[u8]) -> bool {
    matches!(
        flag,
        b"-s"
            | b"-S"
            | b"-x"
            | b"-X"
            | b"--strip-all"
            | b"--strip-debug"
            | b"--discard-all"
            | b"--discard-locals"
    ) || flag.starts_with(b"--icf=")
        || flag.starts_with(b"-icf=")
}

/// Takes out what strips symbols or folds functions. Returns the arguments that stay.
pub(crate) fn without_unwanted(args: Vec<OsString>, flavour: Flavour) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(args.len());
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let bytes = arg.as_bytes();
        match flavour {
            Flavour::Raw if is_unwanted(bytes) => {}
            Flavour::Driver if bytes == b"-s" || bytes == b"-S" => {}
            Flavour::Driver if bytes == b"-Xlinker" => {
                if let Some(flag) = args.next()
                    && !is_unwanted(flag.as_bytes())
                {
                    kept.extend([arg, flag]);
                }
            }
            Flavour::Driver if bytes.starts_with(b"-Wl,") => {
                let flags: Vec<&[u8]> = bytes[4..]
                    .split(|&byte| byte == b',')
                    .filter(|flag| !is_unwanted(flag))
                    .collect();
                if !flags.is_empty() {
                    kept.push(OsString::from_vec(
                        [b"-Wl,", flags.join(&b","[..]).as_slice()].concat(),
                    ));
                }
            }
            _ => kept.push(arg),
        }
    }
    kept
}

/// The file that the link writes.
pub(crate) fn output(args: &[OsString]) -> Result<PathBuf> {
    let mut found = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "-o" {
            found = args.next().map(PathBuf::from);
        } else if let Some(path) = arg.as_bytes().strip_prefix(b"--output=") {
            found = Some(PathBuf::from(OsStr::from_bytes(path)));
        }
    }
    found.context("the linker's arguments name no output (-o)")
}

/// The position before the first input file.
pub(crate) fn first_input(args: &[OsString]) -> usize {
    args.iter()
        .position(|arg| {
            let path = Path::new(arg);
            !arg.as_bytes().starts_with(b"-")
                && path.extension().is_some_and(|extension| {
                    extension == "o" || extension == "rlib" || extension == "a"
                })
        })
        .unwrap_or(args.len())
}

/// The objects and archives among the arguments, in order, those that `-l` finds in a `-L` directory included.
pub(crate) fn inputs(args: &[OsString]) -> Vec<PathBuf> {
    files(args)
        .into_iter()
        .filter(|path| !is_shared(path))
        .collect()
}

/// The dynamic libraries among the arguments, in order, those that `-l` finds in a `-L` directory included. Others are the
/// system's.
pub(crate) fn shared_libraries(args: &[OsString]) -> Vec<PathBuf> {
    files(args)
        .into_iter()
        .filter(|path| is_shared(path))
        .collect()
}

/// `libname.so`, `libname.so.1`.
fn is_shared(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.ends_with(b".so") || name.windows(4).any(|part| part == b".so.")
}

fn files(args: &[OsString]) -> Vec<PathBuf> {
    let directories = search_directories(args);
    let mut found = Vec::new();
    let mut is_static = false;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let bytes = arg.as_bytes();
        match bytes {
            b"-o" | b"-L" => {
                rest.next();
            }
            b"-Wl,-Bstatic" | b"-Bstatic" => is_static = true,
            b"-Wl,-Bdynamic" | b"-Bdynamic" => is_static = false,
            _ if bytes.starts_with(b"-l") => {
                let name = OsStr::from_bytes(&bytes[2..]).to_string_lossy();
                let forms = ["so", "a"].map(|extension| format!("lib{name}.{extension}"));
                let forms = &forms[usize::from(is_static)..];
                let candidates = directories
                    .iter()
                    .flat_map(|directory| forms.iter().map(|form| directory.join(form)));
                found.extend(candidates.into_iter().find(|path| path.exists()));
            }
            _ if !bytes.starts_with(b"-") => {
                let path = PathBuf::from(arg);
                let is_input = path.extension().is_some_and(|extension| {
                    extension == "o" || extension == "rlib" || extension == "a"
                });
                if is_input || is_shared(&path) {
                    found.push(path);
                }
            }
            _ => {}
        }
    }
    found
}

/// `-L` counts for every `-l`, before it or after it.
fn search_directories(args: &[OsString]) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_bytes().strip_prefix(b"-L") {
            Some(b"") => directories.extend(rest.next().map(PathBuf::from)),
            Some(path) => directories.push(PathBuf::from(OsStr::from_bytes(path))),
            None => {}
        }
    }
    directories
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(args: &[&str]) -> Vec<OsString> {
        args.iter().map(OsString::from).collect()
    }

    #[test]
    fn dynamic_libraries_are_told_from_what_is_linked_in() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| room.path().join(name);
        for name in ["libboth.so", "libboth.a", "libonly.a"] {
            std::fs::write(path(name), "x").expect("written");
        }
        let given = |words: &[&str]| {
            let mut args = strings(words);
            args.extend([
                "-L".into(),
                room.path().into(),
                "-o".into(),
                "out.so".into(),
            ]);
            (shared_libraries(&args), inputs(&args))
        };
        let (shared, linked) = given(&["a.o", "-lboth", "-lonly", "/x/libc.so.6", "-lmissing"]);
        assert_eq!(shared, [path("libboth.so"), "/x/libc.so.6".into()]);
        assert_eq!(linked, [PathBuf::from("a.o"), path("libonly.a")]);
        let (shared, linked) = given(&["-Wl,-Bstatic", "-lboth"]);
        assert_eq!((shared, linked), (Vec::new(), vec![path("libboth.a")]));
    }

    #[test]
    fn response_files_read_back_as_written() {
        let args = strings(&[
            "plain",
            "with space",
            "q\"uote",
            "back\\slash",
            "'single'",
            "",
            "new\nline",
        ]);
        assert_eq!(split(&join(&args)), args);
        // As rustc writes them.
        assert_eq!(
            split(b"a\\ b\nc\\\\d\n-Wl,x\n"),
            strings(&["a b", "c\\d", "-Wl,x"])
        );
    }

    #[test]
    fn nested_response_files_are_expanded_and_absent_ones_are_left() {
        let directory = tempfile::tempdir().expect("a directory");
        let (outer, inner) = (
            directory.path().join("outer"),
            directory.path().join("inner"),
        );
        std::fs::write(&inner, "x y").expect("a file");
        std::fs::write(&outer, format!("a @{} b", inner.display())).expect("a file");
        let args = strings(&["-m64", &format!("@{}", outer.display()), "@absent-file"]);
        assert_eq!(
            expand(args).expect("expanded"),
            strings(&["-m64", "a", "x", "y", "b", "@absent-file"])
        );
    }

    #[test]
    fn flags_that_strip_or_fold_are_removed() {
        let args = strings(&[
            "-m64",
            "-s",
            "-Wl,--strip-all",
            "-Wl,--gc-sections,--strip-debug,-O1",
            "-Xlinker",
            "--icf=all",
            "-Xlinker",
            "--as-needed",
            "-Wl,-s",
            "-nodefaultlibs",
        ]);
        let expected = [
            "-m64",
            "-Wl,--gc-sections,-O1",
            "-Xlinker",
            "--as-needed",
            "-nodefaultlibs",
        ];
        assert_eq!(without_unwanted(args, Flavour::Driver), strings(&expected));
        let args = strings(&["-flavor", "gnu", "--strip-debug", "-S", "--gc-sections"]);
        assert_eq!(
            without_unwanted(args, Flavour::Raw),
            strings(&["-flavor", "gnu", "--gc-sections"])
        );
    }

    #[test]
    fn the_flavour_is_recognised() {
        for (linker, args, expected) in [
            ("cc", vec!["-m64", "-Wl,--gc-sections"], Flavour::Driver),
            ("/usr/bin/x86_64-linux-gnu-gcc", vec![], Flavour::Driver),
            ("rust-lld", vec!["-flavor", "gnu"], Flavour::Raw),
            ("ld.lld", vec![], Flavour::Raw),
            ("x86_64-linux-gnu-ld", vec![], Flavour::Raw),
            ("mold", vec![], Flavour::Raw),
            ("clang", vec![], Flavour::Driver),
        ] {
            assert_eq!(
                Flavour::of(OsStr::new(linker), &strings(&args)),
                expected,
                "{linker}"
            );
        }
    }
}
