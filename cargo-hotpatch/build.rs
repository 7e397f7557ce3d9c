//! Builds the object that the tool puts into programs, and refuses one that a program could stumble over.
//!
//! `../runtime-stub/src/injected.rs` is compiled by itself to one relocatable object, whatever the profile and the flags
//! of this build are. It goes into links that nobody here has seen, `no_std` programs and fat LTO among them, so it may need
//! nothing but the C library: a panic that the optimiser left in, or a piece of `core`, fails this build and not some user's.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, ObjectSymbol};

/// The only architecture and system that the stub is written for; elsewhere the tool is built without it and says so.
const TARGET_PREFIX: &str = "x86_64-";
const TARGET_SUFFIX: &str = "-linux-gnu";

/// All that the stub may leave undefined: functions of the C library, the linker's name for one of them, and the
/// unwinder's entry, which must be weak.
const ALLOWED: &[&str] = &[
    "__errno_location",
    "__real_dl_iterate_phdr",
    "__register_atfork",
    "bcmp",
    "clock_gettime",
    "close",
    "connect",
    "dlsym",
    "fcntl",
    "fstat",
    "getpid",
    "getrlimit",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "mmap",
    "munmap",
    "open",
    "prctl",
    "pthread_attr_destroy",
    "pthread_attr_init",
    "pthread_attr_setdetachstate",
    "pthread_attr_setstacksize",
    "pthread_create",
    "pthread_sigmask",
    "recv",
    "secure_getenv",
    "send",
    "setsockopt",
    "sigfillset",
    "socket",
    "strlen",
    "unsetenv",
];
const ALLOWED_WEAK: &[&str] = &["__register_frame"];
/// What the link refers to.
const EXPORTED: &[&str] = &["__wrap_dl_iterate_phdr", "hotpatch_stub_start"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(variable("OUT_DIR")?).join("stub.o");
    let target = variable("TARGET")?;
    let sources = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../runtime-stub/src");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", sources.display());
    if !(target.starts_with(TARGET_PREFIX) && target.ends_with(TARGET_SUFFIX)) {
        fs::write(&out, []).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
        return Ok(());
    }
    compile(&sources.join("injected.rs"), &target, &out)?;
    let mut bytes =
        fs::read(&out).map_err(|error| format!("cannot read {}: {error}", out.display()))?;
    check(&bytes)?;
    hide_symbols(&mut bytes)?;
    fs::write(&out, bytes).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
    Ok(())
}

fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    env::var(name).map_err(|error| format!("cargo did not set {name}: {error}").into())
}

fn compile(source: &Path, target: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .arg(source)
        .args([
            "--edition=2024",
            "--crate-name=hotpatch_injected",
            "--crate-type=lib",
            "--emit=obj",
        ])
        .args([
            "-Copt-level=2",
            "-Cpanic=abort",
            "-Crelocation-model=pic",
            "-Ccodegen-units=1",
            "-Cdebuginfo=0",
        ])
        .args([
            "-Cdebug-assertions=off",
            "-Coverflow-checks=off",
            "--cap-lints=allow",
            "--target",
            target,
            "-o",
        ])
        .arg(out)
        .output()
        .map_err(|error| format!("cannot run {}: {error}", rustc.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "the stub ({}) does not compile: {}\n{said}",
        source.display(),
        output.status
    )
    .into())
}

/// Nothing undefined but what is allowed, all exports there, a way in, and no personality routine.
fn check(bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let file = object::File::parse(bytes)?;
    for symbol in file.symbols().filter(ObjectSymbol::is_undefined) {
        let name = symbol.name()?;
        let allowed = name.is_empty()
            || ALLOWED.contains(&name)
            || (ALLOWED_WEAK.contains(&name) && symbol.is_weak());
        if !allowed {
            return Err(format!(
                "the stub's object needs `{name}`, which not every program has (allowed: functions of the C library that \
                 build.rs lists; a symbol of `core` means that a panic or a piece of formatting was left in)"
            )
            .into());
        }
    }
    for name in EXPORTED {
        if !file
            .symbols()
            .any(|symbol| symbol.name() == Ok(name) && symbol.is_definition())
        {
            return Err(format!("the stub's object does not define `{name}`").into());
        }
    }
    let has = |prefix: &str| {
        file.sections()
            .any(|section| section.name().is_ok_and(|name| name.starts_with(prefix)))
    };
    if !has(".init_array") {
        return Err("the stub's object has no .init_array entry, so nothing would start it".into());
    }
    if has(".gcc_except_table") {
        return Err("the stub's object has landing pads (.gcc_except_table), which need a personality routine".into());
    }
    Ok(())
}

/// Makes every definition hidden, so that none can be taken by, or taken for, a shared library's.
fn hide_symbols(bytes: &mut [u8]) -> Result<(), Box<dyn Error>> {
    const SYMBOL_BYTES: usize = 24;
    const OTHER: usize = 5;
    const SECTION: usize = 6;
    const HIDDEN: u8 = 2;
    let table = {
        let file = object::File::parse(&*bytes)?;
        let section = file
            .section_by_name(".symtab")
            .and_then(|section| section.file_range())
            .ok_or("the stub's object has no .symtab")?;
        usize::try_from(section.0)?..usize::try_from(section.0 + section.1)?
    };
    let symbols = bytes
        .get_mut(table)
        .ok_or("the stub's .symtab lies outside of its object")?;
    for symbol in symbols.chunks_exact_mut(SYMBOL_BYTES) {
        let is_global = symbol[4] >> 4 != 0;
        let is_defined = symbol[SECTION..SECTION + 2] != [0, 0];
        if is_global && is_defined {
            symbol[OTHER] = symbol[OTHER] & !3 | HIDDEN;
        }
    }
    Ok(())
}
