//! The linker that rustc calls for a provisioned executable.
//!
//! Who calls whom: cargo calls our wrapper, the wrapper calls rustc with `-C linker=<us>` and the variables below, rustc
//! calls this, and this calls the linker that rustc would have called. Everything is kept in the link's directory:
//!
//! | | |
//! |---|---|
//! | `link.json` | the record of the last link that succeeded ([`LinkRecord`]); removed when a link begins |
//! | `image` | the executable (a hard link: cargo's own may be replaced at any time) |
//! | `base/` | the objects and rlibs as the compiler wrote them, to compare the next build with |
//! | `cache/` | rewritten objects |
//! | `archives/` | thin archives of them, one for each rlib |
//! | `start.o`, `end.o`, `stub.o` | the jump table's two ends, and the part that runs inside the program |

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::arguments::{self, Flavour};
use super::cache::{Cache, Input, Object, Outcome, write_atomically};
use super::image::Image;
use super::policy::SlotPolicy;
use super::{anchor, archive};
use crate::capture::gate::{self, Shown};
use crate::capture::record::{LinkRecord, ObjectRef, RECORD_VERSION, UnitKey, parse_object_name};
use crate::codes::PROVISION_FAILED;

/// The directory for this link: `<record directory>/links/<unit key>`.
pub const LINK_DIR_VARIABLE: &str = "CARGO_HOTPATCH_LINK_DIR";
/// The key of the executable's unit.
pub const UNIT_VARIABLE: &str = "CARGO_HOTPATCH_UNIT";
/// The linker to run; `cc` when it is not set.
pub const REAL_LINKER_VARIABLE: &str = "CARGO_HOTPATCH_REAL_LINKER";
/// The directory with `units/<key>.json`.
pub const RECORD_DIR_VARIABLE: &str = "CARGO_HOTPATCH_RECORD_DIR";

/// The symbol that keeps the stub in the link.
pub const STUB_ROOT: &str = "hotpatch_stub_start";

/// Above this many bytes the linker gets its arguments in a response file.
const LONGEST_COMMAND: usize = 256 * 1024;

/// The linker role: `args` are the linker's arguments, without a program's name, and `stub` is the relocatable object
/// that runs inside the program.
///
/// The exit status is the real linker's. When the image cannot be provisioned the reason goes to stderr, with its code,
/// and the status is a failure: an image without its table is never passed off as one that has it.
#[must_use]
pub fn main(args: Vec<OsString>, stub: &[u8]) -> ExitCode {
    let result = Link::from_environment().and_then(|link| provision(&link, args, stub));
    match result {
        Ok(status) => exit_code(status),
        Err(error) => {
            eprintln!(
                "error[{}]: {}: {error:#}",
                PROVISION_FAILED.id, PROVISION_FAILED.title
            );
            ExitCode::FAILURE
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    // Killed by a signal: a failure without a number of its own.
    ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    )
}

/// What the shim is told.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where this link keeps everything.
    pub directory: PathBuf,
    /// The executable's unit.
    pub unit: UnitKey,
    /// The linker to run.
    pub linker: OsString,
    /// Where the units of the workspace are recorded.
    pub record_directory: PathBuf,
}

impl Link {
    fn from_environment() -> Result<Self> {
        let variable = |name: &str| {
            std::env::var_os(name).with_context(|| format!("the variable {name} is not set"))
        };
        Ok(Self {
            directory: variable(LINK_DIR_VARIABLE)?.into(),
            unit: variable(UNIT_VARIABLE)?
                .into_string()
                .ok()
                .with_context(|| format!("{UNIT_VARIABLE} is not UTF-8"))?,
            linker: std::env::var_os(REAL_LINKER_VARIABLE).unwrap_or_else(|| "cc".into()),
            record_directory: variable(RECORD_DIR_VARIABLE)?.into(),
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Links an executable with a jump table, and records the link. Returns the real linker's status.
///
/// # Errors
/// When the objects cannot be rewritten, or the image is not what it has to be.
pub fn provision(link: &Link, args: Vec<OsString>, stub: &[u8]) -> Result<ExitStatus> {
    std::fs::create_dir_all(&link.directory).with_context(|| {
        format!(
            "failed to create the link directory {}",
            link.directory.display()
        )
    })?;
    remove_if_present(&link.path("link.json"))?;

    let args = arguments::expand(args)?;
    let flavour = Flavour::of(&link.linker, &args);
    let args = arguments::without_unwanted(args, flavour);
    let output = arguments::output(&args)?;
    let inputs = workspace_inputs(&args, &link.record_directory)?;
    ensure!(
        !inputs.is_empty(),
        "no object of a workspace crate is among the linker's arguments"
    );
    let mut policy = slot_policy(&inputs, &link.record_directory)?;

    let mut cache = Cache::open(link.path("cache"))?;
    let libraries = other_inputs(&args, &inputs);
    let shared = shared_libraries(&args)?;
    let mut asked = None;
    let outcome = cache.provide(&inputs, &mut policy, &mut |objects| {
        let objects = object_refs(&inputs, objects, &|input, _| input.path.clone());
        asked = gate::ask(&Shown {
            objects,
            libraries: libraries.clone(),
            shared: shared.clone(),
        })?;
        Ok(())
    })?;
    let replaced = replacements(link, &inputs, &outcome)?;
    let args = provisioned_arguments(link, args, flavour, &inputs, &replaced, stub)?;

    // Some linkers write into an output that exists, which may be the image of a running session by another name.
    remove_if_present(&output)?;
    let status = run(link, &args)?;
    if !status.success() {
        return Ok(status);
    }
    cache.save()?;

    let image = Image::read(&output)?;
    let slots = image
        .verify_slots()
        .with_context(|| format!("the image {} is not as planned", output.display()))?;
    ensure!(
        slots > 0 || outcome.slots == 0,
        "none of the {} functions that got a slot is in the jump table of {}",
        outcome.slots,
        output.display()
    );
    if let Some(asked) = asked {
        asked.wait()?;
    }
    let objects = keep_originals(link, &inputs, &outcome.objects)?;
    // Under its own name: it is what the program's main thread, process lists and debuggers are called by.
    let images = link.path("image");
    std::fs::create_dir_all(&images)
        .with_context(|| format!("failed to create the directory {}", images.display()))?;
    let kept_image = images.join(
        std::env::var_os("CARGO_BIN_NAME")
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "program".into()),
    );
    replace_by_link(&output, &kept_image)?;
    let record = LinkRecord {
        version: RECORD_VERSION,
        unit: link.unit.clone(),
        image: kept_image,
        linker: link.linker.clone(),
        args,
        objects,
        libraries,
        shared,
        without_slot: outcome.without_slot,
        all_instances: policy.all_instances,
    };
    let record = serde_json::to_vec(&record).context("failed to write the link's record")?;
    write_atomically(&link.path("link.json"), &record)?;
    Ok(status)
}

/// The objects and rlibs of workspace units among the arguments.
fn workspace_inputs(args: &[OsString], record_directory: &Path) -> Result<Vec<Input>> {
    let directory = record_directory.join("units");
    let mut units = HashSet::new();
    for entry in std::fs::read_dir(&directory)
        .with_context(|| format!("failed to list {}", directory.display()))?
    {
        let path = entry
            .with_context(|| format!("failed to list {}", directory.display()))?
            .path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Some(unit) = path.file_stem().and_then(|stem| stem.to_str())
        {
            units.insert(unit.to_owned());
        }
    }
    let mut inputs = Vec::new();
    for path in arguments::inputs(args) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let (unit, is_archive) = match parse_object_name(name) {
            Some((unit, _)) => (unit, false),
            None => match name
                .strip_prefix("lib")
                .and_then(|name| name.strip_suffix(".rlib"))
            {
                Some(unit) => (unit, true),
                None => continue,
            },
        };
        if units.contains(unit) {
            inputs.push(Input {
                unit: unit.to_owned(),
                is_archive,
                path: path.clone(),
            });
        }
    }
    Ok(inputs)
}

/// The crates that are linked, and whether one of them is optimised.
fn slot_policy(inputs: &[Input], record_directory: &Path) -> Result<SlotPolicy> {
    #[derive(Deserialize)]
    struct Unit {
        crate_name: String,
        opt_level: String,
    }
    let keys: HashSet<&UnitKey> = inputs.iter().map(|input| &input.unit).collect();
    let units = keys
        .into_iter()
        .map(|unit| {
            let path = record_directory.join("units").join(format!("{unit}.json"));
            let text = std::fs::read(&path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            serde_json::from_slice::<Unit>(&text)
                .with_context(|| format!("the record {} is not understood", path.display()))
        })
        .collect::<Result<Vec<_>>>()?;
    let optimised = units.iter().any(|unit| unit.opt_level != "0");
    Ok(SlotPolicy::new(
        units.into_iter().map(|unit| unit.crate_name),
        optimised,
    ))
}

fn other_inputs(args: &[OsString], inputs: &[Input]) -> Vec<PathBuf> {
    let ours: HashSet<&Path> = inputs.iter().map(|input| input.path.as_path()).collect();
    arguments::inputs(args)
        .into_iter()
        .filter(|path| !ours.contains(path.as_path()))
        .collect()
}

/// The dynamic libraries of the link, with hashes.
fn shared_libraries(args: &[OsString]) -> Result<Vec<(PathBuf, String)>> {
    let hashed = arguments::shared_libraries(args).into_iter().map(|path| {
        let mut hash = blake3::Hasher::new();
        std::fs::File::open(&path)
            .and_then(|mut file| std::io::copy(&mut file, &mut hash))
            .with_context(|| format!("failed to read {}", path.display()))?;
        Ok((path, hash.finalize().to_hex().to_string()))
    });
    hashed.collect()
}

/// What the linker gets in place of each input.
fn replacements(link: &Link, inputs: &[Input], outcome: &Outcome) -> Result<Vec<PathBuf>> {
    let archives = link.path("archives");
    std::fs::create_dir_all(&archives)
        .with_context(|| format!("failed to create {}", archives.display()))?;
    inputs
        .iter()
        .zip(&outcome.objects)
        .map(
            |(input, objects)| match (input.is_archive, objects.as_slice()) {
                (false, [object]) => Ok(object.rewritten.clone()),
                _ => {
                    let path = archives.join(format!("lib{}.rlib", input.unit));
                    let members: Vec<PathBuf> = objects
                        .iter()
                        .map(|object| object.rewritten.clone())
                        .collect();
                    // Names of cached objects come from their contents: an archive of the same names is the same.
                    let listing = members
                        .iter()
                        .map(|member| member.to_string_lossy())
                        .collect::<Vec<_>>()
                        .join("\n");
                    let listing_path = path.with_extension("members");
                    if !path.exists()
                        || std::fs::read(&listing_path).ok().as_deref() != Some(listing.as_bytes())
                    {
                        let bytes = archive::thin_archive(&members).with_context(|| {
                            format!(
                                "failed to make the archive that stands for {}",
                                input.path.display()
                            )
                        })?;
                        write_atomically(&path, &bytes)?;
                        write_atomically(&listing_path, listing.as_bytes())?;
                    }
                    Ok(path)
                }
            },
        )
        .collect()
}

fn provisioned_arguments(
    link: &Link,
    args: Vec<OsString>,
    flavour: Flavour,
    inputs: &[Input],
    replaced: &[PathBuf],
    stub: &[u8],
) -> Result<Vec<OsString>> {
    let (start, end, stub_path) = (
        link.path("start.o"),
        link.path("end.o"),
        link.path("stub.o"),
    );
    write_atomically(&start, &anchor::start_object()?)?;
    write_atomically(&end, &anchor::end_object(anchor::DEFAULT_SPARE_THUNKS)?)?;
    write_atomically(&stub_path, stub)?;

    let first = arguments::first_input(&args);
    // A static program must not get a shared library.
    let is_static = args
        .iter()
        .any(|arg| arg.as_encoded_bytes().starts_with(b"-static"));
    let takes_mathematics = !is_static && args.iter().any(|arg| arg == "-lm");
    let mut provisioned = Vec::with_capacity(args.len() + 16);
    for (position, arg) in args.into_iter().enumerate() {
        if position == first {
            provisioned.push(start.clone().into_os_string());
            provisioned.push(stub_path.clone().into_os_string());
        }
        match inputs
            .iter()
            .position(|input| input.path.as_os_str() == arg)
        {
            Some(input) => provisioned.push(replaced[input].clone().into_os_string()),
            None => provisioned.push(arg),
        }
    }
    for root in anchor::ROOTS.into_iter().chain([STUB_ROOT]) {
        provisioned.extend(flavour.flags(&["-u", root]));
    }
    provisioned.extend(flavour.flags(&["--wrap=dl_iterate_phdr"]));
    if takes_mathematics {
        // `--as-needed` drops libm from a program that needs nothing of it; a patch may be the first to call `sin`.
        provisioned.extend(flavour.flags(&["--push-state", "--no-as-needed"]));
        provisioned.push("-lm".into());
        provisioned.extend(flavour.flags(&["--pop-state"]));
    }
    provisioned.push(end.into_os_string());
    Ok(provisioned)
}

fn run(link: &Link, args: &[OsString]) -> Result<ExitStatus> {
    let mut command = Command::new(&link.linker);
    if args.iter().map(|arg| arg.len() + 1).sum::<usize>() > LONGEST_COMMAND {
        let path = link.path("arguments");
        write_atomically(&path, &arguments::join(args))?;
        let mut arg = OsString::from("@");
        arg.push(path);
        command.arg(arg);
    } else {
        command.args(args);
    }
    command
        .status()
        .with_context(|| format!("failed to run the linker {}", link.linker.to_string_lossy()))
}

/// Keeps the inputs as the compiler wrote them. They replace those of the link before only when all are there.
fn keep_originals(
    link: &Link,
    inputs: &[Input],
    objects: &[Vec<Object>],
) -> Result<Vec<ObjectRef>> {
    let (base, staged) = (link.path("base"), link.path("base.new"));
    remove_directory(&staged)?;
    std::fs::create_dir_all(&staged)
        .with_context(|| format!("failed to create {}", staged.display()))?;
    for (input, objects) in inputs.iter().zip(objects) {
        replace_by_link(&input.path, &staged.join(kept_name(input, objects)))?;
    }
    remove_directory(&base)?;
    std::fs::rename(&staged, &base).with_context(|| {
        format!(
            "failed to rename {} to {}",
            staged.display(),
            base.display()
        )
    })?;
    Ok(object_refs(inputs, objects, &|input, objects| {
        base.join(kept_name(input, objects))
    }))
}

/// By what name an input is kept: that of an object has a part that is another one in each build.
fn kept_name(input: &Input, objects: &[Object]) -> String {
    match objects
        .first()
        .and_then(|object| object.codegen_unit.as_ref())
    {
        Some((cgu, _)) if !input.is_archive => format!("{}.{cgu}.rcgu.o", input.unit),
        _ => format!("lib{}.rlib", input.unit),
    }
}

/// What rustc wrote of the inputs, each of which lies at `path`.
fn object_refs(
    inputs: &[Input],
    objects: &[Vec<Object>],
    path: &dyn Fn(&Input, &[Object]) -> PathBuf,
) -> Vec<ObjectRef> {
    let mut references = Vec::new();
    for (input, objects) in inputs.iter().zip(objects) {
        let path = path(input, objects);
        for object in objects {
            if let Some((cgu, id)) = &object.codegen_unit {
                references.push(ObjectRef {
                    unit: input.unit.clone(),
                    cgu: cgu.clone(),
                    id: id.clone(),
                    path: path.clone(),
                    offset: object.offset,
                    len: object.len,
                });
            }
        }
    }
    references
}

/// Makes `target` a hard link to `source`, or a copy where that is not possible (another file system).
fn replace_by_link(source: &Path, target: &Path) -> Result<()> {
    remove_if_present(target)?;
    std::fs::hard_link(source, target)
        .or_else(|_| std::fs::copy(source, target).map(|_| ()))
        .with_context(|| {
            format!(
                "failed to copy {} to {}",
                source.display(),
                target.display()
            )
        })
}

fn remove_if_present(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn remove_directory(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
