//! Which executable `cargo run` would run, and what has to be known about its workspace before it is built.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};

use super::configuration::{Configuration, process_environment};
use crate::codes::{self, Reason};

/// The one target that is supported.
pub(super) const SUPPORTED_TARGET: &str = "x86_64-unknown-linux-gnu";

/// What the user typed, as far as cargo is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Arguments for `cargo build`, as typed. Those that have a field below may be among them; the field wins.
    pub cargo_args: Vec<OsString>,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `--target-dir`.
    pub target_dir: Option<PathBuf>,
    /// `--package`.
    pub package: Option<String>,
    /// `--bin`.
    pub bin: Option<String>,
    /// `--example`.
    pub example: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--release`.
    pub release: bool,
    /// Whether diagnostics and cargo's own lines are coloured.
    pub color: bool,
    /// `--quiet`.
    pub quiet: bool,
    /// How many `--verbose`.
    pub verbose: u8,
}

/// Binary or example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutableKind {
    /// `[[bin]]`.
    Binary,
    /// `[[example]]`.
    Example,
}

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in the manifest.
    pub name: String,
    /// Its id, as cargo writes it into messages.
    pub id: String,
    /// Its directory.
    pub root: PathBuf,
    /// Ids of all packages that its libraries and binaries are compiled from, without itself; what runs at build time
    /// is left out.
    pub dependencies: BTreeSet<String>,
    /// The same, with what its examples need.
    pub example_dependencies: BTreeSet<String>,
}

/// What is to be built and run.
#[derive(Debug, Clone)]
pub struct Target {
    /// Normalised: nothing that has a field is in `cargo_args`.
    pub options: BuildOptions,
    /// The cargo to call.
    pub cargo: OsString,
    /// The directory that cargo is called in.
    pub directory: PathBuf,
    /// The executable's name, as in `--bin`.
    pub name: String,
    /// Binary or example.
    pub kind: ExecutableKind,
    /// Its crate name: the name with `_` for `-`.
    pub crate_name: String,
    /// The package it belongs to.
    pub package: String,
    /// That package's directory (what `CARGO_MANIFEST_DIR` is to be when it runs).
    pub package_root: PathBuf,
    /// The profile's name: `dev`, `release`, or the user's own.
    pub profile: String,
    /// The workspace's directory.
    pub workspace_root: PathBuf,
    /// The user's target directory.
    pub target_directory: PathBuf,
    /// Where cargo puts intermediate files; the same directory unless the user set `build.build-dir`.
    pub build_directory: PathBuf,
    /// The names of all crates of the workspace (libraries and executables).
    pub workspace_crates: Vec<String>,
    /// The workspace's packages.
    pub members: Vec<Member>,
    /// Packages that are used by path but are no members.
    pub path_dependencies: Vec<PathDependency>,
    /// Per package id that is no member: the members that it is compiled from, and its name.
    pub foreign: HashMap<String, ForeignPackage>,
    /// A `RUSTC_WORKSPACE_WRAPPER` of the user's own.
    pub user_wrapper: Option<OsString>,
    /// Whether the profile asks for link-time optimisation, which has to be switched off.
    pub has_lto: bool,
    /// Configuration files that cargo reads.
    pub configuration_files: Vec<PathBuf>,
    /// What `[env]` of the configuration sets.
    pub configured_variables: Vec<(OsString, OsString)>,
    /// `target.….runner` of the configuration: what starts the program, and its arguments. Empty if nothing does.
    pub runner: Vec<OsString>,
    /// Conditions under which the configuration has a runner: cargo knows what they mean.
    pub conditional_runners: Vec<String>,
}

/// A package that is used by path but is no member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathDependency {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its directory.
    pub root: PathBuf,
}

/// A package that is no member but is compiled from one (by `[patch]`, or by a path).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPackage {
    /// Its name.
    pub name: String,
    /// Ids of the members it is compiled from.
    pub members: BTreeSet<String>,
}

/// Options of `cargo build` with a value, which `cargo metadata` knows as well.
const SHARED_WITH_VALUE: &[&str] = &["--config", "-Z"];
/// The same, without a value.
const SHARED_FLAGS: &[&str] = &["--locked", "--offline", "--frozen"];
/// Options of `cargo build` with a value that are passed on unread.
const OTHER_WITH_VALUE: &[&str] = &[
    "-F",
    "--features",
    "-j",
    "--jobs",
    "--target",
    "--exclude",
    "--timings",
    "--lockfile-path",
    "--test",
    "--bench",
];

/// Moves arguments that have a field into the field, unless the field is set already.
///
/// # Errors
/// When an option lacks its value.
pub(super) fn normalise(options: &BuildOptions) -> Result<BuildOptions> {
    let mut out = BuildOptions {
        cargo_args: Vec::new(),
        ..options.clone()
    };
    let mut args = options.cargo_args.iter();
    while let Some(argument) = args.next() {
        let Some(text) = argument.to_str() else {
            out.cargo_args.push(argument.clone());
            continue;
        };
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(OsString::from(value))),
            _ if text.len() > 2 && text.starts_with("-p") => {
                ("-p", Some(OsString::from(&text[2..])))
            }
            _ => (text, None),
        };
        let mut value = || -> Result<OsString> {
            attached
                .clone()
                .or_else(|| args.next().cloned())
                .with_context(|| format!("{name} needs a value"))
        };
        let string = |value: OsString| value.to_string_lossy().into_owned();
        match name {
            "-p" | "--package" => out.package = out.package.or(Some(string(value()?))),
            "--bin" => out.bin = out.bin.or(Some(string(value()?))),
            "--example" => out.example = out.example.or(Some(string(value()?))),
            "--profile" => out.profile = out.profile.or(Some(string(value()?))),
            "--manifest-path" => out.manifest_path = out.manifest_path.or(Some(value()?.into())),
            "--target-dir" => out.target_dir = out.target_dir.or(Some(value()?.into())),
            "--message-format" | "--color" => drop(value()?),
            "-r" | "--release" => out.release = true,
            "-q" | "--quiet" => out.quiet = true,
            "-v" | "--verbose" => out.verbose = out.verbose.max(1),
            "-vv" => out.verbose = 2,
            _ => {
                out.cargo_args.push(argument.clone());
                let takes_value =
                    OTHER_WITH_VALUE.contains(&name) || SHARED_WITH_VALUE.contains(&name);
                // `--timings` takes its value only behind `=`.
                if takes_value && attached.is_none() && name != "--timings" {
                    out.cargo_args.push(value()?);
                }
            }
        }
    }
    Ok(out)
}

impl BuildOptions {
    /// All values of an option in `cargo_args`.
    fn values(&self, option: &str) -> Vec<OsString> {
        let mut values = Vec::new();
        let mut args = self.cargo_args.iter();
        while let Some(argument) = args.next() {
            if argument == option {
                values.extend(args.next().cloned());
            } else if let Some(value) = argument
                .to_str()
                .and_then(|text| text.strip_prefix(option))
                .and_then(|text| text.strip_prefix('='))
            {
                values.push(value.into());
            }
        }
        values
    }

    /// What `cargo metadata` has to be told as well.
    fn for_metadata(&self) -> Vec<String> {
        let mut out = Vec::new();
        for option in SHARED_WITH_VALUE {
            for value in self.values(option) {
                out.extend([(*option).to_owned(), value.to_string_lossy().into_owned()]);
            }
        }
        for flag in SHARED_FLAGS {
            if self.cargo_args.iter().any(|argument| argument == flag) {
                out.push((*flag).to_owned());
            }
        }
        out
    }

    /// The profile's name.
    fn profile_name(&self) -> String {
        match &self.profile {
            Some(profile) => profile.clone(),
            None if self.release => "release".to_owned(),
            None => "dev".to_owned(),
        }
    }
}

/// A workspace, and where cargo builds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The workspace's directory.
    pub workspace_root: PathBuf,
    /// The user's target directory.
    pub target_directory: PathBuf,
}

/// The workspace of `manifest_path`, else the one that `directory` is in.
///
/// # Errors
/// What cargo says when there is none.
pub fn find_workspace(directory: &Path, manifest_path: Option<&Path>) -> Result<Workspace> {
    let mut command = MetadataCommand::new();
    command
        .cargo_path(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(directory)
        .no_deps();
    if let Some(manifest_path) = manifest_path {
        command.manifest_path(manifest_path);
    }
    let metadata = command.exec().map_err(metadata_error)?;
    Ok(Workspace {
        workspace_root: metadata.workspace_root.into(),
        target_directory: metadata.target_directory.into(),
    })
}

fn metadata_error(error: cargo_metadata::Error) -> anyhow::Error {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            anyhow!("{}", stderr.trim().trim_start_matches("error: "))
        }
        other => anyhow!(other).context("cannot run `cargo metadata`"),
    }
}

/// Finds out what `cargo run` would run.
///
/// # Errors
/// When cargo cannot read the workspace, when it is not certain which executable is meant (the message lists them),
/// or with a [`Reason`] when the target is not supported.
pub fn resolve(options: &BuildOptions) -> Result<Target> {
    let options = normalise(options)?;
    let directory = std::env::current_dir().context("cannot find the working directory")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let configuration = Configuration::load(&directory, &options.values("--config"))?;
    let is_for_host = check_target(&options, &configuration)?;
    // Beside `cargo metadata`: cargo asks the system for its name and version when it says for which host it is.
    let host = is_for_host.then(|| {
        let cargo = cargo.clone();
        std::thread::spawn(move || check_host(&cargo))
    });

    let mut command = MetadataCommand::new();
    command.cargo_path(&cargo);
    if let Some(manifest_path) = &options.manifest_path {
        command.manifest_path(manifest_path);
    }
    if let Some(target_dir) = &options.target_dir {
        command.env("CARGO_TARGET_DIR", directory.join(target_dir));
    }
    let mut other = options.for_metadata();
    // Without this, dependencies of other platforms would have to be downloaded.
    other.extend(["--filter-platform".to_owned(), SUPPORTED_TARGET.to_owned()]);
    command.other_options(other);
    let metadata = command.exec();
    if let Some(host) = host {
        host.join()
            .map_err(|_| anyhow!("the thread that asked cargo for its host has panicked"))??;
    }
    let metadata = metadata.map_err(metadata_error)?;

    let choice = choose(&metadata, &options)?;
    let members = members(&metadata);
    let member_ids: BTreeSet<&str> = metadata
        .workspace_members
        .iter()
        .map(|id| id.repr.as_str())
        .collect();
    let foreign = foreign(&metadata, &member_ids);
    let workspace_root: PathBuf = metadata.workspace_root.clone().into();
    let manifest =
        std::fs::read_to_string(workspace_root.join("Cargo.toml")).with_context(|| {
            format!(
                "cannot read {}",
                workspace_root.join("Cargo.toml").display()
            )
        })?;
    let manifest = manifest.parse().unwrap_or_default();
    let profile = options.profile_name();
    let target_directory: PathBuf = metadata.target_directory.clone().into();

    Ok(Target {
        cargo,
        name: choice.name.clone(),
        kind: choice.kind,
        crate_name: choice.name.replace('-', "_"),
        package: choice.package.name.to_string(),
        package_root: root_of(choice.package),
        has_lto: configuration.has_lto(&profile, &manifest, &process_environment),
        profile,
        workspace_root,
        build_directory: metadata
            .build_directory
            .clone()
            .map_or_else(|| target_directory.clone(), Into::into),
        target_directory,
        workspace_crates: workspace_crates(&metadata),
        members,
        path_dependencies: metadata
            .packages
            .iter()
            .filter(|package| {
                package.source.is_none() && !member_ids.contains(package.id.repr.as_str())
            })
            .map(|package| PathDependency {
                name: package.name.to_string(),
                id: package.id.repr.clone(),
                root: root_of(package),
            })
            .collect(),
        foreign,
        user_wrapper: configuration.user_wrapper(&process_environment),
        configuration_files: configuration.files().to_vec(),
        runner: configuration.runner(SUPPORTED_TARGET, &process_environment),
        conditional_runners: configuration.conditional_runners(),
        configured_variables: configuration.variables(&|name| std::env::var_os(name).is_some()),
        directory,
        options,
    })
}

/// That no target but the supported one is named, or a [`Reason`]. True if it is cargo's own host that is built for.
fn check_target(options: &BuildOptions, configuration: &Configuration) -> Result<bool> {
    let typed: Vec<String> = options
        .values("--target")
        .iter()
        .map(|target| target.to_string_lossy().into_owned())
        .collect();
    let targets = if typed.is_empty() {
        configuration.targets(&process_environment)
    } else {
        typed
    };
    for target in &targets {
        if target != SUPPORTED_TARGET && target != "host-tuple" {
            return Err(Reason::new(
                &codes::UNSUPPORTED_PLATFORM,
                format!("the program is built for {target}; live patching works for {SUPPORTED_TARGET} only"),
            )
            .into());
        }
    }
    if targets.len() > 1 {
        return Err(Reason::new(
            &codes::UNSUPPORTED_PLATFORM,
            format!(
                "several targets are built at once ({}); choose one with --target",
                targets.join(", ")
            ),
        )
        .into());
    }
    Ok(targets.is_empty() || targets.iter().any(|target| target == "host-tuple"))
}

/// That cargo's host is the supported target, or a [`Reason`].
fn check_host(cargo: &OsStr) -> Result<()> {
    let output = Command::new(cargo)
        .arg("-vV")
        .output()
        .with_context(|| format!("cannot run {} -vV", cargo.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or("an unknown host");
    if host != SUPPORTED_TARGET {
        return Err(Reason::new(
            &codes::UNSUPPORTED_PLATFORM,
            format!("cargo builds for {host}; live patching works for {SUPPORTED_TARGET} only"),
        )
        .into());
    }
    Ok(())
}

/// One executable that could be meant.
#[derive(Debug, Clone)]
struct Choice<'a> {
    package: &'a Package,
    name: String,
    kind: ExecutableKind,
}

/// As `cargo run` chooses.
fn choose<'a>(metadata: &'a Metadata, options: &BuildOptions) -> Result<Choice<'a>> {
    let packages: Vec<&Package> = match &options.package {
        Some(spec) => {
            let found = packages_of_spec(metadata, spec);
            if found.is_empty() {
                bail!(
                    "package `{spec}` is no member of the workspace {}",
                    metadata.workspace_root
                );
            }
            found
        }
        None if metadata.workspace_default_members.is_available() => {
            metadata.workspace_default_packages()
        }
        None => metadata
            .root_package()
            .map_or_else(|| metadata.workspace_packages(), |root| vec![root]),
    };
    let mut choices = Vec::new();
    for package in &packages {
        for target in &package.targets {
            let kind = if target.is_kind(TargetKind::Bin) {
                ExecutableKind::Binary
            } else if target.is_kind(TargetKind::Example)
                && target.crate_types.contains(&"bin".into())
            {
                ExecutableKind::Example
            } else {
                continue;
            };
            choices.push(Choice {
                package,
                name: target.name.clone(),
                kind,
            });
        }
    }
    let list = |choices: &[Choice<'_>]| {
        choices
            .iter()
            .map(|choice| choice.name.as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    };
    let wanted = match (&options.bin, &options.example) {
        (Some(_), Some(_)) => {
            bail!("`--bin` and `--example` exclude each other: only one program can be run")
        }
        (Some(name), None) => Some((name, ExecutableKind::Binary, "bin")),
        (None, Some(name)) => Some((name, ExecutableKind::Example, "example")),
        (None, None) => None,
    };
    if let Some((name, kind, word)) = wanted {
        let of_kind: Vec<_> = choices
            .into_iter()
            .filter(|choice| choice.kind == kind)
            .collect();
        let mut found: Vec<_> = of_kind
            .iter()
            .filter(|choice| choice.name == *name)
            .cloned()
            .collect();
        return match (found.pop(), found.pop()) {
            (Some(choice), None) => Ok(choice),
            (Some(one), Some(other)) => bail!(
                "{word} `{name}` is in the packages `{}` and `{}`; use `--package` to specify one",
                other.package.name,
                one.package.name
            ),
            (None, _) => bail!(
                "no {word} target named `{name}`\navailable {word} targets: {}",
                list(&of_kind)
            ),
        };
    }
    choices.retain(|choice| choice.kind == ExecutableKind::Binary);
    if choices.len() > 1 {
        let defaults: Vec<&str> = packages
            .iter()
            .filter_map(|package| package.default_run.as_deref())
            .collect();
        if let [default] = defaults[..] {
            choices.retain(|choice| choice.name == default);
        }
    }
    match &choices[..] {
        [choice] => Ok(choice.clone()),
        [] => bail!("a bin target must be available for `cargo hotpatch run`"),
        several => bail!(
            "`cargo hotpatch run` could not determine which binary to run. Use the `--bin` option to specify a \
             binary, or the `default-run` manifest key.\navailable binaries: {}",
            list(several)
        ),
    }
}

/// `name`, `name@version` or a package id.
fn packages_of_spec<'a>(metadata: &'a Metadata, spec: &str) -> Vec<&'a Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| {
            package.id.repr == spec
                || package.name.as_str() == spec
                || spec.split_once(['@', ':']).is_some_and(|(name, version)| {
                    package.name.as_str() == name && package.version.to_string() == version
                })
        })
        .collect()
}

fn root_of(package: &Package) -> PathBuf {
    let manifest: &Path = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest).to_owned()
}

fn workspace_crates(metadata: &Metadata) -> Vec<String> {
    let names: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| !target.is_kind(TargetKind::CustomBuild))
        .map(|target| target.name.replace('-', "_"))
        .collect();
    names.into_iter().collect()
}

/// Direct dependencies by package id: those of libraries and binaries, and with those of examples.
type Graph<'a> = HashMap<&'a PackageId, (Vec<&'a PackageId>, Vec<&'a PackageId>)>;

fn graph(metadata: &Metadata) -> Graph<'_> {
    // Procedural macros are no part of the program; what they are made of is found through the compiler's own records.
    let macros: HashSet<&PackageId> = metadata
        .packages
        .iter()
        .filter(|package| {
            package
                .targets
                .iter()
                .any(|target| target.is_kind(TargetKind::ProcMacro))
        })
        .map(|package| &package.id)
        .collect();
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    nodes
        .map(|node| {
            let of_kind = |wanted: &[DependencyKind]| {
                node.deps
                    .iter()
                    .filter(|dependency| !macros.contains(&dependency.pkg))
                    .filter(|dependency| {
                        dependency.dep_kinds.is_empty()
                            || dependency
                                .dep_kinds
                                .iter()
                                .any(|kind| wanted.contains(&kind.kind))
                    })
                    .map(|dependency| &dependency.pkg)
                    .collect()
            };
            let normal = of_kind(&[DependencyKind::Normal]);
            (
                &node.id,
                (
                    normal,
                    of_kind(&[DependencyKind::Normal, DependencyKind::Development]),
                ),
            )
        })
        .collect()
}

/// Everything that is reached over normal dependencies from `start`.
fn closure(graph: &Graph<'_>, start: &[&PackageId]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut stack = start.to_vec();
    while let Some(id) = stack.pop() {
        if seen.insert(id.repr.clone())
            && let Some((normal, _)) = graph.get(id)
        {
            stack.extend(normal);
        }
    }
    seen
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let graph = graph(metadata);
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let (normal, with_examples) = graph.get(&package.id).cloned().unwrap_or_default();
            Member {
                name: package.name.to_string(),
                id: package.id.repr.clone(),
                root: root_of(package),
                dependencies: closure(&graph, &normal),
                example_dependencies: closure(&graph, &with_examples),
            }
        })
        .collect()
}

fn foreign(metadata: &Metadata, members: &BTreeSet<&str>) -> HashMap<String, ForeignPackage> {
    let graph = graph(metadata);
    let mut foreign = HashMap::new();
    for package in &metadata.packages {
        if members.contains(package.id.repr.as_str()) {
            continue;
        }
        let direct = graph
            .get(&package.id)
            .map(|(normal, _)| normal.clone())
            .unwrap_or_default();
        let reached = closure(&graph, &direct)
            .into_iter()
            .filter(|id| members.contains(id.as_str()))
            .collect::<BTreeSet<_>>();
        if !reached.is_empty() {
            foreign.insert(
                package.id.repr.clone(),
                ForeignPackage {
                    name: package.name.to_string(),
                    members: reached,
                },
            );
        }
    }
    foreign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_arguments_find_their_fields() -> Result<()> {
        let args = [
            "-p",
            "x",
            "--bin=y",
            "--features",
            "a b",
            "-r",
            "-Fc",
            "-j2",
            "--config",
            "k=1",
            "--locked",
            "-v",
        ];
        let options = BuildOptions {
            cargo_args: args.map(OsString::from).to_vec(),
            ..BuildOptions::default()
        };
        let normalised = normalise(&options)?;
        assert_eq!(normalised.package.as_deref(), Some("x"));
        assert_eq!(normalised.bin.as_deref(), Some("y"));
        assert!(normalised.release && normalised.verbose == 1);
        assert_eq!(
            normalised.cargo_args,
            [
                "--features",
                "a b",
                "-Fc",
                "-j2",
                "--config",
                "k=1",
                "--locked"
            ]
            .map(OsString::from)
        );
        assert_eq!(normalised.for_metadata(), ["--config", "k=1", "--locked"]);
        assert_eq!(normalised.profile_name(), "release");
        Ok(())
    }

    #[test]
    fn a_missing_value_is_said() {
        let options = BuildOptions {
            cargo_args: vec!["--bin".into()],
            ..BuildOptions::default()
        };
        assert_eq!(
            normalise(&options).expect_err("no value").to_string(),
            "--bin needs a value"
        );
    }
}
