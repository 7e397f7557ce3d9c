//! Capture, plan and replay together, with real cargo and rustc on small workspaces.
//!
//! The executable that plays the roles is a script. It starts this test binary again, where [`role_wrapper`] is the
//! real wrapper and [`role_linker`] is a linker that keeps the objects but provisions nothing.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::archive::ArchiveFile;

use super::RecordDir;
use super::cargo::{BuildError, BuildOptions, Built, Target, build, resolve};
use super::child::CancelFlag;
use super::inputs::Meaning;
use super::record::{LinkRecord, ObjectRef, RECORD_VERSION, object_id, parse_object_name};
use super::wrapper;
use crate::codes;
use crate::compile::{CompileError, CompiledUnit, Compiler};
use crate::plan::{Plan, PlannedUnit, plan};

const ROLE_ARGUMENTS: &str = "CARGO_HOTPATCH_TEST_ARGUMENTS";

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn role_arguments() -> Option<Vec<OsString>> {
    let file = std::env::var_os(ROLE_ARGUMENTS)?;
    let bytes = fs::read(&file).expect("argument file");
    fs::remove_file(&file).expect("argument file");
    let mut args: Vec<_> = bytes
        .split(|byte| *byte == 0)
        .map(|arg| OsStr::from_bytes(arg).to_owned())
        .collect();
    args.pop();
    Some(args)
}

#[test]
#[ignore = "a role for the other tests, not a test"]
fn role_wrapper() {
    if let Some(args) = role_arguments() {
        let _ = wrapper::main(args);
    }
}

#[test]
#[ignore = "a role for the other tests, not a test"]
fn role_linker() -> TestResult {
    let Some(args) = role_arguments() else {
        return Ok(());
    };
    let variable = |name: &str| std::env::var_os(name).ok_or(format!("{name} is not set"));
    let linker = variable(wrapper::REAL_LINKER)?;
    assert!(Command::new(&linker).args(&args).status()?.success());

    let directory = RecordDir::at(variable(wrapper::RECORD_DIR)?.into());
    let link_dir = PathBuf::from(variable(wrapper::LINK_DIR)?);
    let _ = fs::remove_dir_all(&link_dir);
    fs::create_dir_all(&link_dir)?;
    let mut objects = Vec::new();
    let mut keep = |name: &str, bytes: &[u8]| -> TestResult {
        if let Some((unit, cgu)) = parse_object_name(name) {
            let path = link_dir.join(name);
            fs::write(&path, bytes)?;
            objects.push(ObjectRef {
                unit: unit.to_owned(),
                cgu: cgu.to_owned(),
                id: object_id(unit, cgu),
                path,
                offset: 0,
                len: bytes.len() as u64,
            });
        }
        Ok(())
    };
    for argument in &args {
        let path = Path::new(argument);
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let key = super::arguments::unit_key_of_file(path);
        if name.ends_with(".o") {
            keep(&name, &fs::read(path)?)?;
        } else if key.is_some_and(|key| directory.unit(&key).exists()) {
            let bytes = fs::read(path)?;
            let archive = ArchiveFile::parse(&*bytes)?;
            for member in archive.members() {
                let member = member?;
                keep(
                    &String::from_utf8_lossy(member.name()),
                    member.data(&*bytes)?,
                )?;
            }
        }
    }
    let output = args
        .iter()
        .skip_while(|argument| *argument != "-o")
        .nth(1)
        .ok_or("no -o")?;
    let image = link_dir.join("image");
    fs::hard_link(output, &image)?;
    let unit = variable(wrapper::UNIT)?.to_string_lossy().into_owned();
    let record = LinkRecord {
        version: RECORD_VERSION,
        unit: unit.clone(),
        image,
        linker,
        args,
        objects,
        libraries: vec![],
        shared: Vec::new(),
        without_slot: vec![],
        all_instances: false,
    };
    super::directory::write_json(&directory.link_record(&unit), &record)?;
    Ok(())
}

/// A workspace in a temporary directory.
struct Workspace {
    directory: tempfile::TempDir,
}

impl Workspace {
    fn new(files: &[(&str, &str)]) -> Result<Self, Box<dyn std::error::Error>> {
        let workspace = Self {
            directory: tempfile::tempdir()?,
        };
        for (name, content) in files {
            workspace.write(name, content)?;
        }
        Ok(workspace)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> TestResult {
        let path = self.path(name);
        fs::create_dir_all(path.parent().ok_or("a file")?)?;
        fs::write(path, content)?;
        Ok(())
    }

    fn edit(&self, name: &str, from: &str, to: &str) -> TestResult {
        let text = fs::read_to_string(self.path(name))?;
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, &text.replace(from, to))
    }

    fn options(&self, args: &[&str]) -> BuildOptions {
        BuildOptions {
            cargo_args: args.iter().map(OsString::from).collect(),
            manifest_path: Some(self.path("Cargo.toml")),
            target_dir: Some(self.path("target")),
            quiet: true,
            ..BuildOptions::default()
        }
    }

    fn resolve(&self, args: &[&str]) -> Result<(Target, RecordDir), Box<dyn std::error::Error>> {
        self.resolve_options(&self.options(args))
    }

    fn resolve_options(
        &self,
        options: &BuildOptions,
    ) -> Result<(Target, RecordDir), Box<dyn std::error::Error>> {
        let target = resolve(options)?;
        let script = self.path("tool");
        let text = format!(
            "#!/bin/sh\n\
             case \"$0\" in\n\
             */wrapper/*) case \" $* \" in *' -vV '*|*' ___ '*) exec \"$@\";; esac; role=wrapper;;\n\
             *) role=linker;;\n\
             esac\n\
             {ROLE_ARGUMENTS}=$(mktemp) || exit 1\n\
             export {ROLE_ARGUMENTS}\n\
             printf '%s\\0' \"$@\" >\"${ROLE_ARGUMENTS}\"\n\
             exec '{}' --ignored --exact capture::tests::role_$role --nocapture\n",
            std::env::current_exe()?.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let directory = RecordDir::open_for(&target.target_directory, &script)?;
        Ok((target, directory))
    }

    fn plain_cargo(&self) -> Result<String, Box<dyn std::error::Error>> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let output = command
            .args(["build", "-v", "--manifest-path"])
            .arg(self.path("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.path("target"))
            .output()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        Ok(text)
    }
}

fn built(target: &Target, directory: &RecordDir) -> Result<Built, BuildError> {
    build(target, directory, None, &CancelFlag::new(), &mut |_| {})
}

fn everything(built: &Built, publish: bool) -> Vec<PlannedUnit> {
    let unit = |unit: &super::record::UnitRecord| PlannedUnit {
        key: unit.key.clone(),
        publish: publish && !unit.is_executable,
    };
    built.units.iter().map(unit).collect()
}

fn content(object: &ObjectRef) -> Vec<u8> {
    fs::read(&object.path).expect("an object")
}

/// (unit, cgu) to content.
fn by_name<'a>(
    objects: impl Iterator<Item = &'a ObjectRef>,
) -> BTreeMap<(String, String), Vec<u8>> {
    objects
        .map(|object| ((object.unit.clone(), object.cgu.clone()), content(object)))
        .collect()
}

fn files(compiled: &[CompiledUnit]) -> std::io::Result<Vec<u64>> {
    let objects = compiled.iter().flat_map(|unit| &unit.objects);
    objects
        .map(|object| Ok(fs::metadata(&object.path)?.ino()))
        .collect()
}

/// Objects of a replay that the link has not, or has otherwise.
fn differences(built: &Built, compiled: &[CompiledUnit]) -> Vec<String> {
    let base = by_name(built.link.objects.iter());
    let new = by_name(compiled.iter().flat_map(|unit| &unit.objects));
    let mut differences: Vec<String> = base
        .iter()
        .filter(|(name, bytes)| new.get(*name) != Some(bytes))
        .map(|(name, _)| {
            format!(
                "{} {}{}",
                name.0,
                name.1,
                if new.contains_key(name) {
                    ""
                } else {
                    " missing"
                }
            )
        })
        .collect();
    differences.extend(
        new.keys()
            .filter(|name| !base.contains_key(*name))
            .map(|name| format!("{} {} new", name.0, name.1)),
    );
    differences
}

const FILES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[workspace]\nmembers = ['deep', 'base', 'macros', 'app']\nresolver = '3'\n",
    ),
    (
        "deep/Cargo.toml",
        "[package]\nname = 'deep'\nversion = '0.1.0'\nedition = '2024'\n",
    ),
    (
        "deep/src/lib.rs",
        "pub fn all<T: Copy>(from: &[T]) -> Vec<T> { from.to_vec() }\npub fn five() -> u32 { 5 }\n",
    ),
    (
        "base/Cargo.toml",
        "[package]\nname = 'base'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\ndeep = { path = '../deep' }\n",
    ),
    (
        "base/src/lib.rs",
        "pub mod plain { pub fn add(a: u32) -> u32 { helper(a) + 1 } fn helper(a: u32) -> u32 { a * 3 + deep::five() - 5 } }\n\
         pub mod shown { pub fn show<T: std::fmt::Debug>(value: T) -> String { format!(\"<{value:?}>\") + &deep::all(&[1, 2]).len().to_string() }\n\
         #[inline] pub fn small(a: u32) -> u32 { a ^ 1 } }\n",
    ),
    (
        "macros/Cargo.toml",
        "[package]\nname = 'macros'\nversion = '0.1.0'\nedition = '2024'\n[lib]\nproc-macro = true\n",
    ),
    (
        "macros/src/lib.rs",
        "#[proc_macro] pub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"7\".parse().unwrap() }\n",
    ),
    (
        "app/Cargo.toml",
        "[package]\nname = 'app'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nbase = { path = '../base' }\n\
         macros = { path = '../macros' }\n",
    ),
    (
        "app/build.rs",
        "fn main() { println!(\"cargo::rerun-if-changed=table.txt\"); println!(\"cargo::rerun-if-changed=build.rs\"); }\n",
    ),
    ("app/table.txt", "1\n"),
    ("app/greeting.txt", "hello"),
    (
        "app/src/lib.rs",
        "pub fn greeting() -> String { format!(\"{} {}\", include_str!(\"../greeting.txt\"), macros::seven!()) }\n\
         pub mod other { pub fn twice(a: u32) -> u32 { base::plain::add(a) * 2 } }\n",
    ),
    (
        "app/src/main.rs",
        "fn main() { println!(\"{} {} {}\", app::greeting(), base::shown::show(vec![app::other::twice(3)]),\n\
         base::shown::small(4)); }\n",
    ),
];

#[test]
fn a_build_is_captured_and_leaves_the_users_files_alone() -> TestResult {
    let workspace = Workspace::new(FILES)?;
    workspace.plain_cargo()?;
    let users = [
        "target/debug/app",
        "target/debug/app.d",
        "target/debug/libapp.rlib",
    ]
    .map(|name| workspace.path(name));
    let identities = || {
        users.each_ref().map(|path| {
            fs::metadata(path)
                .map(|data| (data.ino(), data.mtime_nsec()))
                .ok()
        })
    };
    let before = identities();
    assert!(before.iter().all(Option::is_some));

    let (target, directory) = workspace.resolve(&[])?;
    let captured = built(&target, &directory)?;
    let names: Vec<&str> = captured
        .units
        .iter()
        .map(|unit| unit.crate_name.as_str())
        .collect();
    assert_eq!(names, ["deep", "base", "app", "app"]);
    assert_eq!(
        captured.dependencies,
        [vec![], vec![0], vec![0, 1], vec![0, 1, 2]]
    );
    assert!(captured.units[3].is_executable && !captured.units[2].is_executable);
    assert!(captured.link.image.is_file());
    assert_eq!(captured.link.linker, OsStr::new("cc"));
    assert!(captured.warnings.is_empty(), "{:?}", captured.warnings);

    let keys = |name: &str| match captured.inputs.meaning(&workspace.path(name)) {
        Meaning::Source(keys) => keys
            .iter()
            .map(|key| key.rsplit_once('-').map_or("", |(name, _)| name))
            .collect(),
        Meaning::Cargo(reason) => vec![reason.code],
        Meaning::Nothing => vec![],
    };
    assert_eq!(keys("base/src/lib.rs"), ["base"]);
    assert_eq!(keys("app/greeting.txt"), ["app"]);
    assert_eq!(keys("app/src/main.rs"), ["app"]);
    assert_eq!(keys("macros/src/lib.rs"), [codes::PROC_MACRO.id]);
    for name in ["app/build.rs", "app/table.txt"] {
        assert_eq!(keys(name), [codes::BUILD_SCRIPT.id], "{name}");
    }
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "app/Cargo.toml",
        ".cargo/config.toml",
        "rust-toolchain.toml",
    ] {
        assert_eq!(keys(name), [codes::MANIFEST.id], "{name}");
    }
    assert!(keys("app/README.md").is_empty());

    assert_eq!(identities(), before, "the user's files were replaced");
    let plain = workspace.plain_cargo()?;
    assert!(
        plain.contains("Fresh app") && !plain.contains("Compiling"),
        "{plain}"
    );
    let link = fs::metadata(&captured.link.image)?.ino();
    let again = built(&target, &directory)?;
    assert_eq!(
        fs::metadata(&again.link.image)?.ino(),
        link,
        "linked again though nothing changed"
    );

    // Records that somebody deleted come back.
    fs::remove_file(directory.link_record(&again.link.unit))?;
    fs::remove_file(directory.unit(&again.units[0].key))?;
    let repaired = built(&target, &directory)?;
    assert_eq!(repaired.units.len(), 4);
    fs::remove_file(directory.unit(&repaired.link.unit))?;
    assert_eq!(built(&target, &directory)?.units.len(), 4);
    Ok(())
}

#[test]
fn a_replay_of_unedited_source_gives_the_same_objects() -> TestResult {
    let workspace = Workspace::new(FILES)?;
    for args in [
        &[][..],
        &["--config", "profile.dev.opt-level=3"],
        &[
            "--release",
            "--config",
            "profile.release.lto='fat'",
            "--config",
            "profile.release.strip=true",
        ],
    ] {
        let (target, directory) = workspace.resolve(args)?;
        let built = built(&target, &directory)?;
        if args.contains(&"--release") {
            let found: Vec<&str> = built.warnings.iter().map(|reason| reason.code).collect();
            assert_eq!(found, [codes::PROFILE_LTO.id, codes::PROFILE_STRIP.id]);
        }
        let mut compiler = Compiler::new(&directory, &built, false, None)?;
        let mut last: Vec<u64> = Vec::new();
        for publish in [false, false, true, true, false] {
            let compiled = compiler.compile(&everything(&built, publish), &CancelFlag::new())?;
            assert_eq!(
                differences(&built, &compiled),
                [""; 0],
                "{args:?}, publish: {publish}"
            );
            let files = files(&compiled)?;
            // Nothing was generated again: the files are the same ones. Rather much has to stay the same for that.
            assert!(
                last.is_empty() || last == files,
                "{args:?}, publish: {publish}"
            );
            last = files;
            compiler.commit();
        }
        // Nor is an unchanged dependent when an interface changes.
        workspace.edit(
            "base/src/lib.rs",
            "pub mod plain {",
            "pub mod plain { pub fn more() {}",
        )?;
        let compiled = compiler.compile(&everything(&built, true), &CancelFlag::new())?;
        let again: Vec<&str> = files(&compiled)?
            .iter()
            .zip(compiled.iter().flat_map(|unit| &unit.objects))
            .filter(|(file, _)| !last.contains(file))
            .map(|(_, object)| object.unit.split('-').next().unwrap_or_default())
            .collect();
        assert_eq!(again, ["base"], "{args:?}");
        workspace.edit("base/src/lib.rs", "pub fn more() {}", "")?;
    }
    Ok(())
}

#[test]
fn edits_are_planned_and_compiled() -> TestResult {
    let workspace = Workspace::new(FILES)?;
    let (target, directory) = workspace.resolve(&[])?;
    let built = built(&target, &directory)?;
    let mut compiler = Compiler::new(&directory, &built, false, None)?;
    compiler.warm_up(|| ());
    let never = CancelFlag::new();
    let planned = |name: &str, plain: bool| match plan(&[workspace.path(name)], &built, &|_| plain)
    {
        Plan::Replay(units) => units,
        other => panic!("{name}: {other:?}"),
    };
    let changed = |compiled: &[CompiledUnit]| {
        let mut names: Vec<String> = differences(&built, compiled)
            .iter()
            .filter_map(|name| Some(name.split_once('-')?.0.to_owned()))
            .collect();
        names.dedup();
        names
    };
    let only = |compiled: Vec<CompiledUnit>| {
        let units: Vec<String> = compiled.iter().map(|unit| unit.key.clone()).collect();
        let base: Vec<_> = built
            .link
            .objects
            .iter()
            .filter(|object| units.contains(&object.unit))
            .collect();
        assert!(!base.is_empty());
        compiled
    };

    // A plain body: one unit, and its dependents are not compiled.
    workspace.edit("base/src/lib.rs", "a * 3", "a * 5")?;
    let compiled = only(compiler.compile(&planned("base/src/lib.rs", true), &never)?);
    assert_eq!(compiled.len(), 1);
    assert!(
        compiled[0]
            .new_inputs
            .contains(&workspace.path("base/src/lib.rs").canonicalize()?)
    );
    compiler.commit();

    // A generic body: the instance lives in the executable, which must see the new metadata.
    workspace.edit("base/src/lib.rs", "<{value:?}>", "[{value:?}]")?;
    let compiled = compiler.compile(&planned("base/src/lib.rs", false), &never)?;
    assert_eq!(compiled.len(), 3);
    let text = |compiled: &[CompiledUnit], wanted: &[u8]| {
        let all: Vec<u8> = compiled
            .iter()
            .flat_map(|unit| unit.objects.iter().flat_map(content))
            .collect();
        all.windows(wanted.len()).any(|window| window == wanted)
    };
    assert!(
        changed(&compiled).contains(&"app".to_owned()),
        "{:?}",
        changed(&compiled)
    );
    // Not accepted: the executable alone is compiled with everything that is pending.
    compiler.discard()?;
    workspace.edit("app/src/main.rs", "println!(\"", "println!(\"later ")?;
    let compiled = compiler.compile(&planned("app/src/main.rs", true), &never)?;
    assert_eq!(compiled.len(), 3);
    assert!(text(&compiled, b"later "));
    compiler.commit();

    // Committed: the executable alone sees the published interface.
    workspace.edit(
        "base/src/lib.rs",
        "pub mod plain {",
        "pub mod plain { pub fn new_one() -> u32 { 40 }",
    )?;
    compiler.compile(&planned("base/src/lib.rs", false), &never)?;
    compiler.commit();
    workspace.edit(
        "app/src/main.rs",
        "base::shown::small(4)",
        "base::plain::new_one()",
    )?;
    let compiled = compiler.compile(&planned("app/src/main.rs", true), &never)?;
    assert_eq!(compiled.len(), 1);
    compiler.commit();

    // An error in the source, and its repair.
    workspace.edit("base/src/lib.rs", "40 }", "forty }")?;
    match compiler.compile(&planned("base/src/lib.rs", true), &never) {
        Err(CompileError::Source { rendered }) => assert!(rendered.contains("forty"), "{rendered}"),
        other => panic!("{other:?}"),
    }
    workspace.edit("base/src/lib.rs", "forty }", "41 }")?;
    assert_eq!(
        compiler
            .compile(&planned("base/src/lib.rs", true), &never)?
            .len(),
        1
    );
    compiler.commit();

    // Cancelled before it began, and done later.
    let cancelled = CancelFlag::new();
    cancelled.cancel();
    workspace.edit("app/greeting.txt", "hello", "good evening")?;
    assert_eq!(
        compiler.compile(&planned("app/greeting.txt", false), &cancelled),
        Err(CompileError::Cancelled)
    );
    let compiled = compiler.compile(&[], &never)?;
    assert!(text(&compiled, b"good evening"));
    compiler.commit();

    // Cargo and we agree on the sum of it.
    let again = build(&target, &directory, None, &never, &mut |_| {})?;
    let mut fresh = Compiler::new(&directory, &again, false, None)?;
    let compiled = fresh.compile(&everything(&again, true), &never)?;
    assert_eq!(differences(&again, &compiled), [""; 0]);
    Ok(())
}

#[test]
fn an_error_at_the_build_is_told_from_cargos_own() -> TestResult {
    let workspace = Workspace::new(FILES)?;
    let (target, directory) = workspace.resolve(&[])?;
    workspace.edit(
        "app/src/main.rs",
        "fn main() {",
        "fn main() { let x: u32 = \"\";",
    )?;
    match built(&target, &directory) {
        Err(BuildError::Compile { rendered }) => {
            assert!(rendered.contains("mismatched types"), "{rendered}");
        }
        other => panic!("{other:?}"),
    }
    workspace.write("app/Cargo.toml", "[package]\nname = 3\n")?;
    match built(&target, &directory) {
        Err(BuildError::Cargo { message }) => assert!(message.contains("Cargo.toml"), "{message}"),
        other => panic!("{other:?}"),
    }
    let other = resolve(&workspace.options(&["--bin", "nothing"]));
    assert!(other.is_err());
    Ok(())
}

#[test]
fn the_executable_is_chosen_as_cargo_run_does() -> TestResult {
    let workspace = Workspace::new(&[
        (
            "Cargo.toml",
            "[package]\nname = 'two-bins'\nversion = '0.1.0'\nedition = '2024'\n",
        ),
        ("src/bin/one-bin.rs", "fn main() {}\n"),
        ("src/bin/two.rs", "fn main() {}\n"),
        ("examples/shown.rs", "fn main() {}\n"),
    ])?;
    let error = resolve(&workspace.options(&[]))
        .expect_err("two binaries")
        .to_string();
    assert!(
        error.contains("could not determine which binary to run"),
        "{error}"
    );
    assert!(error.contains("one-bin, two"), "{error}");
    let target = resolve(&workspace.options(&["--bin", "one-bin"]))?;
    assert_eq!(
        (target.name.as_str(), target.crate_name.as_str()),
        ("one-bin", "one_bin")
    );
    let error = resolve(&workspace.options(&["--target", "aarch64-unknown-linux-gnu"]))
        .expect_err("platform");
    let reason = error.downcast_ref::<codes::Reason>().ok_or("a reason")?;
    assert_eq!(reason.code, codes::UNSUPPORTED_PLATFORM.id);

    let (target, directory) = workspace.resolve(&["--example", "shown"])?;
    let captured = built(&target, &directory)?;
    assert_eq!(captured.units.len(), 1);
    assert_eq!(captured.units[0].crate_name, "shown");
    let mut compiler = Compiler::new(&directory, &captured, true, None)?;
    let compiled = compiler.compile(&everything(&captured, false), &CancelFlag::new())?;
    assert_eq!(differences(&captured, &compiled), [""; 0]);
    Ok(())
}

/// `CARGO_HOTPATCH_TEST_WORKSPACE=<a checkout> cargo test … --ignored --exact … --nocapture`: the replay of a real
/// program against its build, with times.
#[test]
#[ignore = "needs a workspace of somebody else's; named by CARGO_HOTPATCH_TEST_WORKSPACE"]
fn a_real_workspace_is_replayed_to_the_same_objects() -> TestResult {
    let root = PathBuf::from(
        std::env::var_os("CARGO_HOTPATCH_TEST_WORKSPACE").ok_or("no workspace is named")?,
    );
    let arguments = std::env::var("CARGO_HOTPATCH_TEST_ARGUMENTS_OF_CARGO").unwrap_or_default();
    let scratch = Workspace::new(&[])?;
    for profile in [&[][..], &["--config", "profile.dev.opt-level=3"]] {
        let mut options = scratch.options(profile);
        options
            .cargo_args
            .extend(arguments.split_whitespace().map(OsString::from));
        options.manifest_path = Some(root.join("Cargo.toml"));
        let (target, directory) = scratch.resolve_options(&options)?;
        let built = built(&target, &directory)?;
        println!(
            "{profile:?}: build {:?}, {} units, {} objects",
            built.duration,
            built.units.len(),
            built.link.objects.len()
        );
        let mut compiler = Compiler::new(&directory, &built, false, None)?;
        for (what, publish) in [
            ("cold", false),
            ("warm", false),
            ("published", true),
            ("published again", true),
        ] {
            let started = std::time::Instant::now();
            let compiled = compiler.compile(&everything(&built, publish), &CancelFlag::new())?;
            println!("  {what}: {:?}", started.elapsed());
            assert_eq!(differences(&built, &compiled), [""; 0], "{what}");
            compiler.commit();
        }
        for unit in built.units.iter().rev().take(4) {
            let started = std::time::Instant::now();
            let planned = PlannedUnit {
                key: unit.key.clone(),
                publish: false,
            };
            compiler.compile(&[planned], &CancelFlag::new())?;
            compiler.commit();
            println!("  {} alone: {:?}", unit.key, started.elapsed());
        }
    }
    Ok(())
}
