//! [`Phases`]: the tool's phases called by the test itself, without a session, for what no save can bring about: the same
//! commands in another directory, or two patches 50 ms apart.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use cargo_hotpatch::capture::RecordDir;
use cargo_hotpatch::capture::cargo::{self, BuildOptions, Built, Target};
use cargo_hotpatch::capture::child::CancelFlag;
use cargo_hotpatch::capture::record::ObjectRef;
use cargo_hotpatch::compile::{CompiledUnit, Compiler};
use cargo_hotpatch::diff::{self, Difference, NamedObject};
use cargo_hotpatch::object::read::ObjectFile;
use cargo_hotpatch::plan::PlannedUnit;
use cargo_hotpatch::session::objects::{ChangedObjects, Files, changed_objects, reference};

use crate::support::tool;

/// A captured build and its compiler.
pub(crate) struct Phases {
    pub(crate) target: Target,
    pub(crate) built: Built,
    compiler: Compiler,
}

impl Phases {
    /// Builds the project at `root` with cargo, through the tool.
    pub(crate) fn build(root: &Path, bin: Option<&str>) -> Result<Self> {
        let options = BuildOptions {
            manifest_path: Some(root.join("Cargo.toml")),
            target_dir: Some(root.join("target")),
            bin: bin.map(Into::into),
            // A real crate may ask for a newer compiler than is here.
            cargo_args: vec!["--ignore-rust-version".into()],
            quiet: true,
            ..BuildOptions::default()
        };
        let target = cargo::resolve(&options)?;
        let directory = RecordDir::open_for(&target.target_directory, &tool())?;
        let built = cargo::build(&target, &directory, None, &CancelFlag::new(), &mut |_| {})
            .map_err(|error| anyhow!("{error}"))?;
        Self::of(target, &directory, built)
    }

    fn of(target: Target, directory: &RecordDir, built: Built) -> Result<Self> {
        let compiler = Compiler::new(directory, &built, false, None)?;
        Ok(Self {
            target,
            built,
            compiler,
        })
    }

    /// The same commands on a copy of the sources at `to`. What the build of `from` made is used where it is.
    pub(crate) fn elsewhere(&self, from: &Path, to: &Path) -> Result<Self> {
        let moved = |path: &Path| -> PathBuf {
            path.strip_prefix(from)
                .map_or_else(|_| path.to_owned(), |inside| to.join(inside))
        };
        let mut built = self.built.clone();
        for unit in &mut built.units {
            unit.cwd = moved(&unit.cwd);
            unit.manifest_dir = moved(&unit.manifest_dir);
        }
        let directory = RecordDir::open_for(&to.join("target"), &tool())?;
        Self::of(self.target.clone(), &directory, built)
    }

    /// Compiles every unit again. The objects stay for as long as this value.
    pub(crate) fn compile(&mut self) -> Result<Vec<CompiledUnit>> {
        let everything: Vec<PlannedUnit> = self
            .built
            .units
            .iter()
            .map(|unit| PlannedUnit {
                key: unit.key.clone(),
                publish: !unit.is_executable,
            })
            .collect();
        self.compiler
            .compile(&everything, &CancelFlag::new())
            .map_err(|error| anyhow!("{error}: {error:?}"))
    }
}

/// What differs between the objects of a build and others, as a session finds it, and how many objects were compared.
pub(crate) fn difference(old: &[ObjectRef], new: &[CompiledUnit]) -> Result<(Difference, usize)> {
    let mut files = Files::default();
    let reference = reference(old);
    let mut changed: Vec<ChangedObjects> = Vec::new();
    for unit in new {
        let old = reference
            .get(&unit.key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        changed.push(changed_objects(&mut files, old, &unit.objects)?);
    }
    let parse = |objects: Vec<&ObjectRef>| -> Result<Vec<(String, ObjectFile<'_>)>> {
        objects
            .into_iter()
            .map(|object| {
                let file = ObjectFile::parse(files.bytes(object)?)
                    .with_context(|| format!("object {} of {}", object.cgu, object.unit))?;
                Ok((object.id.clone(), file))
            })
            .collect()
    };
    let old = parse(changed.iter().flat_map(|objects| &objects.old).collect())?;
    let new = parse(changed.iter().flat_map(|objects| &objects.new).collect())?;
    fn named<'o>(objects: &'o [(String, ObjectFile<'o>)]) -> Vec<NamedObject<'o>> {
        objects
            .iter()
            .map(|(id, file)| NamedObject { id, file })
            .collect()
    }
    Ok((diff::diff(&named(&old), &named(&new))?, new.len()))
}
