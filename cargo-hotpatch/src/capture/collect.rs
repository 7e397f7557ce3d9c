//! From what cargo said and the wrapper recorded to a [`Built`]: which units are in the link, in which order, and what
//! every file means.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use super::arguments::unit_key_of_file;
use super::cargo::{Artifact, Artifacts, Built, warnings};
use super::contents::{Product, marker_of_cargo};
use super::directory::RecordDir;
use super::inputs::{Inputs, parse_build_script_output, parse_dep_info};
use super::record::{LinkRecord, UnitKey, UnitRecord};
use super::target::{ExecutableKind, Target};
use crate::codes::{self, Reason};

/// More files than any package has that is written by hand; a limit for build scripts that name no file.
const MOST_PACKAGE_FILES: usize = 20_000;

/// The result of [`collect`].
pub(super) enum Collected {
    /// Everything was there: with all that it was made of.
    Complete(Box<Built>, Vec<Product>),
    /// Records are missing, of units that cargo believes to be fresh.
    Missing(Missing),
}

/// What has to be removed for cargo to build units again.
pub(super) struct Missing {
    /// Artifacts.
    pub outputs: Vec<PathBuf>,
}

/// Collects what a successful build has left.
pub(super) fn collect(
    target: &Target,
    directory: &RecordDir,
    artifacts: &Artifacts,
) -> Result<Collected> {
    let executable = match executable_unit(target, directory, artifacts)? {
        Ok(executable) => executable,
        Err(output) => {
            return Ok(Collected::Missing(Missing {
                outputs: vec![output],
            }));
        }
    };
    let output = executable.out_dir.join(&executable.key);
    let link = directory.read_link(&executable.key)?;
    let Some(link) = link.filter(|_| executable.is_executable) else {
        return Ok(Collected::Missing(Missing {
            outputs: vec![output],
        }));
    };

    let member_keys = member_outputs(target, artifacts);
    let (units, missing) = units_of_link(directory, executable, &link, &member_keys)?;
    if !missing.is_empty() {
        return Ok(Collected::Missing(Missing { outputs: missing }));
    }
    let (units, unlinked): (Vec<_>, Vec<_>) = units.into_iter().partition(has_objects_in_link);
    let (units, dependencies) = in_order(target, units)?;

    let mut inputs = Inputs::default();
    let mut products = Vec::new();
    for unit in &units {
        let files = sources_of(unit)?;
        inputs.set_sources(&unit.key, &files);
        products.push(product_of(directory, unit, files));
    }
    for unit in &unlinked {
        let reason = Reason::new(
            &codes::NOT_CAPTURED,
            format!(
                "crate `{}` is linked as a dynamic library, whose code is not behind the jump table",
                unit.crate_name
            ),
        );
        let files = sources_of(unit)?;
        files
            .iter()
            .for_each(|file| inputs.add_cargo(file, &reason));
        products.push(product_of(directory, unit, files));
    }
    add_what_runs_at_build(target, directory, artifacts, &mut inputs, &mut products)?;
    add_manifests(target, &mut inputs);
    add_build_script_inputs(target, artifacts, &mut inputs, &mut products);
    add_path_dependencies(target, artifacts, &mut inputs, &mut products)?;

    let built = Built {
        used_by_foreign: used_by_foreign(target, &units),
        warnings: warnings(target, &units),
        link,
        units,
        dependencies,
        inputs,
        contents: HashMap::new(),
        duration: Duration::ZERO,
    };
    Ok(Collected::Complete(Box::new(built), products))
}

/// A unit that came through the wrapper.
fn product_of(directory: &RecordDir, unit: &UnitRecord, files: Vec<PathBuf>) -> Product {
    Product {
        name: unit.key.clone(),
        out_dir: unit.out_dir.clone(),
        marker: directory.unit(&unit.key),
        files: files.into_iter().collect(),
        directories: BTreeSet::new(),
    }
}

/// True for executables and static libraries; a dynamic library brings no objects into the link.
fn has_objects_in_link(unit: &UnitRecord) -> bool {
    unit.crate_types.is_empty()
        || unit
            .crate_types
            .iter()
            .any(|kind| matches!(kind.as_str(), "bin" | "lib" | "rlib"))
}

/// The executable's unit; `Err` with the file to remove if it was never recorded.
fn executable_unit(
    target: &Target,
    directory: &RecordDir,
    artifacts: &Artifacts,
) -> Result<Result<UnitRecord, PathBuf>> {
    let kind = if target.kind == ExecutableKind::Example {
        "example"
    } else {
        "bin"
    };
    let file = artifacts
        .targets
        .iter()
        .filter(|artifact| {
            artifact.target == target.name && artifact.kinds.iter().any(|name| name == kind)
        })
        .find_map(|artifact| artifact.executable.clone())
        .with_context(|| format!("cargo built no executable for the {kind} `{}`", target.name))?;
    let final_file =
        fs::metadata(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let is_same = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|other| other.ino() == final_file.ino() && other.dev() == final_file.dev())
    };

    // Cargo names the final file only, which is a hard link to the unit's (or a copy, where links are not possible).
    let mut copies = Vec::new();
    for record in recorded_units(directory, &target.crate_name)? {
        let output = record.out_dir.join(&record.key);
        if is_same(&output) {
            return Ok(Ok(record));
        }
        if let Ok(other) = fs::metadata(&output)
            && other.len() == final_file.len()
        {
            copies.push((other.modified().ok(), record));
        }
    }
    // The link may exist without a record: look where cargo puts it.
    let relative = file
        .parent()
        .and_then(|parent| parent.strip_prefix(directory.artifacts()).ok());
    for base in [&target.build_directory, &directory.artifacts()] {
        let Some(place) = relative.map(|relative| base.join(relative)) else {
            continue;
        };
        for place in [place.join("deps"), place] {
            let entries = fs::read_dir(&place).into_iter().flatten().flatten();
            let prefix = format!("{}-", target.crate_name);
            for entry in entries {
                if entry.file_name().to_string_lossy().starts_with(&prefix)
                    && is_same(&entry.path())
                {
                    return Ok(Err(entry.path()));
                }
            }
        }
    }
    copies.sort_by_key(|(modified, _)| *modified);
    let newest = copies.pop().map(|(_, record)| record);
    newest.map(Ok).ok_or_else(|| {
        anyhow!(
            "there is no record of the unit that became {}",
            file.display()
        )
    })
}

/// All records whose key begins with this crate name.
fn recorded_units(directory: &RecordDir, crate_name: &str) -> Result<Vec<UnitRecord>> {
    let units = directory.path().join("units");
    let prefix = format!("{crate_name}-");
    let mut records = Vec::new();
    for entry in fs::read_dir(&units).with_context(|| format!("cannot list {}", units.display()))? {
        let name = entry
            .with_context(|| format!("cannot list {}", units.display()))?
            .file_name();
        let key = name.to_str().and_then(|name| name.strip_suffix(".json"));
        if let Some(key) = key.filter(|key| key.starts_with(&prefix) || *key == crate_name)
            && let Some(record) = directory.read_unit(key)?
            && record.crate_name == crate_name
        {
            records.push(record);
        }
    }
    Ok(records)
}

/// The units of members that cargo named in this build, with their artifacts.
fn member_outputs(target: &Target, artifacts: &Artifacts) -> HashMap<UnitKey, Vec<PathBuf>> {
    let mut outputs: HashMap<UnitKey, Vec<PathBuf>> = HashMap::new();
    for artifact in &artifacts.targets {
        if target
            .members
            .iter()
            .any(|member| member.id == artifact.package)
        {
            for file in &artifact.files {
                if let Some(key) = unit_key_of_file(file) {
                    outputs.entry(key).or_default().push(file.clone());
                }
            }
        }
    }
    outputs
}

/// Everything that is reached from the executable, and the artifacts of units that have no record.
fn units_of_link(
    directory: &RecordDir,
    executable: UnitRecord,
    link: &LinkRecord,
    member_outputs: &HashMap<UnitKey, Vec<PathBuf>>,
) -> Result<(Vec<UnitRecord>, Vec<PathBuf>)> {
    let mut missing = Vec::new();
    let mut seen: HashSet<UnitKey> = HashSet::from([executable.key.clone()]);
    let mut pending: Vec<UnitKey> = keys_of_externs(&executable);
    // Members that are reached over crates that are no members.
    pending.extend(link.objects.iter().map(|object| object.unit.clone()));
    let mut units = vec![executable];
    while let Some(key) = pending.pop() {
        if !seen.insert(key.clone()) {
            continue;
        }
        match directory.read_unit(&key)? {
            Some(unit) if unit.crate_types.iter().any(|kind| kind == "proc-macro") => {}
            Some(unit) => {
                pending.extend(keys_of_externs(&unit));
                units.push(unit);
            }
            None => missing.extend(member_outputs.get(&key).into_iter().flatten().cloned()),
        }
    }
    Ok((units, missing))
}

fn keys_of_externs(unit: &UnitRecord) -> Vec<UnitKey> {
    unit.externs
        .iter()
        .filter_map(|(_, path)| unit_key_of_file(path))
        .collect()
}

/// Sorts units so that dependencies come first, and says for each which of the others it is compiled from.
fn in_order(target: &Target, units: Vec<UnitRecord>) -> Result<(Vec<UnitRecord>, Vec<Vec<usize>>)> {
    let package_of = |unit: &UnitRecord| {
        target
            .members
            .iter()
            .find(|member| member.root == unit.manifest_dir)
    };
    let packages: Vec<_> = units.iter().map(package_of).collect();
    let position: HashMap<&str, usize> = units
        .iter()
        .enumerate()
        .map(|(index, unit)| (unit.key.as_str(), index))
        .collect();
    let direct: Vec<BTreeSet<usize>> = units
        .iter()
        .enumerate()
        .map(|(index, unit)| {
            let mut needs: BTreeSet<usize> = keys_of_externs(unit)
                .iter()
                .filter_map(|key| position.get(key.as_str()).copied())
                .collect();
            if let Some(member) = packages[index] {
                let is_example = unit.is_executable && target.kind == ExecutableKind::Example;
                let reached = if is_example {
                    &member.example_dependencies
                } else {
                    &member.dependencies
                };
                needs.extend((0..units.len()).filter(|other| {
                    *other != index
                        && !units[*other].is_executable
                        && packages[*other].is_some_and(|package| reached.contains(&package.id))
                }));
            }
            needs
        })
        .collect();

    let mut order: Vec<usize> = Vec::with_capacity(units.len());
    let mut done = vec![false; units.len()];
    while order.len() < units.len() {
        let before = order.len();
        for index in 0..units.len() {
            if !done[index] && direct[index].iter().all(|need| done[*need]) {
                done[index] = true;
                order.push(index);
            }
        }
        if order.len() == before {
            let rest: Vec<_> = (0..units.len())
                .filter(|index| !done[*index])
                .map(|index| &units[index].key)
                .collect();
            return Err(anyhow!(
                "the units {rest:?} depend on each other in a circle"
            ));
        }
    }
    let new_index: HashMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(new, old)| (*old, new))
        .collect();
    let dependencies = order
        .iter()
        .map(|old| {
            let mut needs: Vec<usize> = direct[*old].iter().map(|need| new_index[need]).collect();
            needs.sort_unstable();
            needs
        })
        .collect();
    let mut units: Vec<Option<UnitRecord>> = units.into_iter().map(Some).collect();
    let units = order.iter().filter_map(|old| units[*old].take()).collect();
    Ok((units, dependencies))
}

/// Units that a crate which cannot be replayed is compiled from.
fn used_by_foreign(target: &Target, units: &[UnitRecord]) -> Vec<(UnitKey, Reason)> {
    // Only what the executable really depends on.
    let executable = units.iter().find(|unit| unit.is_executable);
    let member = executable.and_then(|unit| {
        target
            .members
            .iter()
            .find(|member| member.root == unit.manifest_dir)
    });
    let Some(member) = member else {
        return Vec::new();
    };
    let reached = match target.kind {
        ExecutableKind::Binary => &member.dependencies,
        ExecutableKind::Example => &member.example_dependencies,
    };
    let mut found = BTreeMap::new();
    for (id, foreign) in &target.foreign {
        if !reached.contains(id) {
            continue;
        }
        for unit in units {
            let package = target
                .members
                .iter()
                .find(|member| member.root == unit.manifest_dir);
            if package.is_some_and(|package| foreign.members.contains(&package.id)) {
                found.entry(unit.key.clone()).or_insert_with(|| {
                    Reason::new(
                        &codes::NOT_CAPTURED,
                        format!(
                            "crate `{}` uses `{}`, whose interface changed, and is no member of the workspace",
                            foreign.name, unit.crate_name
                        ),
                    )
                });
            }
        }
    }
    found.into_iter().collect()
}

/// What a unit was compiled from, by its dep-info.
fn sources_of(unit: &UnitRecord) -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(&unit.dep_info).with_context(|| {
        format!(
            "cannot read the dep-info of {}: {}",
            unit.key,
            unit.dep_info.display()
        )
    })?;
    Ok(parse_dep_info(&text, &unit.cwd))
}

/// Build scripts, procedural macros, and the members that these are compiled from.
fn add_what_runs_at_build(
    target: &Target,
    directory: &RecordDir,
    artifacts: &Artifacts,
    inputs: &mut Inputs,
    products: &mut Vec<Product>,
) -> Result<()> {
    let mut pending: Vec<(UnitKey, Reason)> = Vec::new();
    for artifact in &artifacts.targets {
        let Some(member) = target
            .members
            .iter()
            .find(|member| member.id == artifact.package)
        else {
            continue;
        };
        let is = |kind: &str| artifact.kinds.iter().any(|name| name == kind);
        if is("custom-build") {
            let reason = Reason::new(
                &codes::BUILD_SCRIPT,
                format!("a file of the build script of `{}` changed", member.name),
            );
            pending.extend(build_script_key(artifact).map(|key| (key, reason)));
        } else if is("proc-macro") {
            let reason = Reason::new(
                &codes::PROC_MACRO,
                format!(
                    "a file of the procedural macro `{}` changed",
                    artifact.target
                ),
            );
            let keys = artifact
                .files
                .iter()
                .filter_map(|file| unit_key_of_file(file));
            pending.extend(keys.map(|key| (key, reason.clone())));
        }
    }
    let mut seen = HashSet::new();
    while let Some((key, reason)) = pending.pop() {
        if !seen.insert(key.clone()) {
            continue;
        }
        // No record: a crate that is no member.
        let Some(unit) = directory.read_unit(&key)? else {
            continue;
        };
        let files = sources_of(&unit)?;
        files
            .iter()
            .for_each(|file| inputs.add_cargo(file, &reason));
        products.push(product_of(directory, &unit, files));
        for key in keys_of_externs(&unit) {
            let crate_name = key.rsplit_once('-').map_or(key.as_str(), |(name, _)| name);
            let reason = Reason::new(
                &codes::PROC_MACRO,
                format!(
                    "a file of `{crate_name}` changed, which `{}` uses while cargo builds",
                    unit.crate_name
                ),
            );
            pending.push((key, reason));
        }
    }
    Ok(())
}

/// `…/build/package-HASH/build-script-build` to `build_script_build-HASH`.
fn build_script_key(artifact: &Artifact) -> Option<UnitKey> {
    let directory = artifact.files.first()?.parent()?.file_name()?.to_str()?;
    let (_, hash) = directory.rsplit_once('-')?;
    Some(format!("{}-{hash}", artifact.target.replace('-', "_")))
}

/// Manifests, lock file, configuration and toolchain files, also those that do not exist yet.
fn add_manifests(target: &Target, inputs: &mut Inputs) {
    let manifest = |what: &str| Reason::new(&codes::MANIFEST, format!("{what} changed"));
    let root = &target.workspace_root;
    inputs.add_cargo(
        &root.join("Cargo.toml"),
        &manifest("the workspace's manifest"),
    );
    inputs.add_cargo(&root.join("Cargo.lock"), &manifest("Cargo.lock"));
    for member in &target.members {
        inputs.add_cargo(
            &member.root.join("Cargo.toml"),
            &manifest(&format!("the manifest of `{}`", member.name)),
        );
    }
    for package in &target.path_dependencies {
        inputs.add_cargo(
            &package.root.join("Cargo.toml"),
            &manifest(&format!("the manifest of `{}`", package.name)),
        );
    }
    for file in &target.configuration_files {
        inputs.add_cargo(file, &manifest("cargo's configuration"));
    }
    let mut directories: BTreeSet<&Path> = BTreeSet::from([root.as_path()]);
    if target.directory.starts_with(root) {
        directories.extend(
            target
                .directory
                .ancestors()
                .take_while(|above| above.starts_with(root)),
        );
    }
    for directory in directories {
        for name in [".cargo/config.toml", ".cargo/config"] {
            inputs.add_cargo(&directory.join(name), &manifest("cargo's configuration"));
        }
        for name in ["rust-toolchain.toml", "rust-toolchain"] {
            inputs.add_cargo(&directory.join(name), &manifest("the toolchain file"));
        }
    }
}

/// What the build scripts of members and path dependencies said that they read.
fn add_build_script_inputs(
    target: &Target,
    artifacts: &Artifacts,
    inputs: &mut Inputs,
    products: &mut Vec<Product>,
) {
    let members = target
        .members
        .iter()
        .map(|member| (&member.id, &member.name, &member.root));
    let others = target
        .path_dependencies
        .iter()
        .map(|package| (&package.id, &package.name, &package.root));
    let packages: Vec<_> = members.chain(others).collect();
    for (package, out_dir) in &artifacts.build_scripts {
        let Some((_, name, root)) = packages.iter().find(|(id, _, _)| *id == package) else {
            continue;
        };
        let reason = Reason::new(
            &codes::BUILD_SCRIPT,
            format!("an input of the build script of `{name}` changed"),
        );
        let Some(run) = out_dir.parent() else {
            continue;
        };
        let mut product = Product {
            name: run.file_name().unwrap_or_default().to_string_lossy().into(),
            out_dir: run.to_owned(),
            marker: run.join("output"),
            files: BTreeSet::new(),
            directories: BTreeSet::new(),
        };
        let text = fs::read(&product.marker).unwrap_or_default();
        match parse_build_script_output(&String::from_utf8_lossy(&text)) {
            Some(paths) => {
                for path in paths.iter().map(|path| root.join(path)) {
                    if path.is_dir() {
                        // Also the sources inside: the script said that it reads them.
                        files_below(&path, target)
                            .iter()
                            .for_each(|file| inputs.add_cargo(file, &reason));
                        inputs.add_cargo_directory(&path, &reason);
                        product.directories.insert(path);
                    } else {
                        inputs.add_cargo(&path, &reason);
                        product.files.insert(path);
                    }
                }
            }
            // It named nothing, so that cargo has to assume everything in its package. The sources that the compiler
            // reads are taken out of that: else no edit of such a package could ever be patched.
            None => {
                for file in files_of_package(root, target) {
                    if !inputs.sources.contains_key(&file)
                        && file.extension().is_none_or(|extension| extension != "rs")
                    {
                        inputs.add_cargo(&file, &reason);
                        product.files.insert(file);
                    }
                }
            }
        }
        products.push(product);
    }
}

/// The files of a package, as far as cargo looks at them: what git ignores is none.
fn files_of_package(root: &Path, target: &Target) -> Vec<PathBuf> {
    let mut files = files_below(root, target);
    if !root.ancestors().any(|above| above.join(".git").exists()) {
        return files;
    }
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    // Without git, all files count: cargo is asked once more than it has to be.
    if let Ok(listed) = listed
        && listed.status.success()
    {
        let names = listed.stdout.split(|byte| *byte == 0);
        let known: HashSet<PathBuf> = names
            .map(|name| root.join(OsStr::from_bytes(name)))
            .collect();
        files.retain(|file| known.contains(file));
    }
    files
}

/// All files below `root`, without hidden ones, what is built, and packages of their own.
fn files_below(root: &Path, target: &Target) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_file() {
                files.push(path);
            } else if kind.is_dir()
                && path != target.target_directory
                && path != target.build_directory
                && !path.join("CACHEDIR.TAG").exists()
                && !path.join("Cargo.toml").exists()
            {
                pending.push(path);
            }
            if files.len() >= MOST_PACKAGE_FILES {
                return files;
            }
        }
    }
    files
}

/// Sources of packages that are used by path but do not come through the wrapper.
fn add_path_dependencies(
    target: &Target,
    artifacts: &Artifacts,
    inputs: &mut Inputs,
    products: &mut Vec<Product>,
) -> Result<()> {
    for artifact in &artifacts.targets {
        let Some(package) = target
            .path_dependencies
            .iter()
            .find(|package| package.id == artifact.package)
        else {
            continue;
        };
        let reason = if artifact.kinds.iter().any(|kind| kind == "proc-macro") {
            Reason::new(
                &codes::PROC_MACRO,
                format!(
                    "a file of the procedural macro `{}` changed",
                    artifact.target
                ),
            )
        } else if artifact.kinds.iter().any(|kind| kind == "custom-build") {
            Reason::new(
                &codes::BUILD_SCRIPT,
                format!("a file of the build script of `{}` changed", package.name),
            )
        } else {
            Reason::new(
                &codes::NOT_CAPTURED,
                format!(
                    "a file of `{}` changed, which is no member of the workspace",
                    package.name
                ),
            )
        };
        for file in &artifact.files {
            let (Some(parent), Some(key)) = (
                file.parent(),
                unit_key_of_file(file).or_else(|| build_script_key(artifact)),
            ) else {
                continue;
            };
            let dep_info = parent.join(format!("{key}.d"));
            let Ok(text) = fs::read_to_string(&dep_info) else {
                continue;
            };
            // cargo runs rustc in the workspace's root for every package inside of it, members or not, else in the
            // package's own (`path_args` in cargo's `core/compiler/mod.rs`).
            let root = &target.workspace_root;
            let directory = if package.root.starts_with(root) {
                root
            } else {
                &package.root
            };
            let files = parse_dep_info(&text, directory);
            files
                .iter()
                .for_each(|source| inputs.add_cargo(source, &reason));
            products.push(Product {
                out_dir: parent.to_owned(),
                marker: marker_of_cargo(parent, &key, dep_info),
                files: files.into_iter().collect(),
                directories: BTreeSet::new(),
                name: key,
            });
        }
    }
    Ok(())
}
