//! [`Tree`]: the files of one version of a crate, as its workspace is to see them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use toml::{Table, Value};

/// Paths relative to the crate, and contents.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// One version of a crate.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// What the version is called in the table: `1.0.3`, a commit, or the name of a folder.
    pub(crate) name: String,
    pub(crate) files: Files,
}

impl Tree {
    /// Reads a folder, without what is not source (repository data, build results, lock files).
    pub(crate) fn read(name: impl Into<String>, folder: &Path) -> Result<Self> {
        let mut files = Files::new();
        read_folder(folder, Path::new(""), &mut files)?;
        let mut tree = Self {
            name: name.into(),
            files,
        };
        tree.reduce_manifest()
            .with_context(|| format!("bad manifest in `{}`", folder.display()))?;
        Ok(tree)
    }

    /// The package's name, from the manifest.
    pub(crate) fn package(&self) -> Result<String> {
        package_name(&self.manifest()?)
    }

    fn manifest(&self) -> Result<Table> {
        let bytes = self
            .files
            .get(Path::new("Cargo.toml"))
            .context("there is no Cargo.toml")?;
        Ok(std::str::from_utf8(bytes)?.parse::<Table>()?)
    }

    /// The crate becomes a member of the driver's workspace: what only its own tests, benches and workspace need goes away,
    /// since cargo would resolve (and download) it for nothing.
    fn reduce_manifest(&mut self) -> Result<()> {
        let mut manifest = self.manifest()?;
        for key in [
            "badges",
            "bench",
            "bin",
            "dev-dependencies",
            "dev_dependencies",
            "example",
            "lints",
            "patch",
            "profile",
            "replace",
            "test",
            "workspace",
        ] {
            manifest.remove(key);
        }
        if let Some(Value::Table(targets)) = manifest.get_mut("target") {
            for (_, target) in targets.iter_mut() {
                if let Value::Table(target) = target {
                    target.remove("dev-dependencies");
                }
            }
        }
        if let Some(Value::Table(package)) = manifest.get_mut("package") {
            for key in ["workspace", "default-run", "metadata"] {
                package.remove(key);
            }
        }
        let text = toml::to_string(&manifest).context("cannot write it down again")?;
        self.files.insert("Cargo.toml".into(), text.into_bytes());
        Ok(())
    }
}

/// The name of the package of this manifest.
pub(crate) fn package_name(manifest: &Table) -> Result<String> {
    manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .context("the manifest names no package")
}

fn read_folder(root: &Path, below: &Path, files: &mut Files) -> Result<()> {
    let folder = root.join(below);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list `{}`", folder.display()))?;
        let name = entry.file_name();
        let path = below.join(&name);
        let is_left_out = matches!(
            &*name.to_string_lossy(),
            ".git" | "target" | "Cargo.lock" | "Cargo.toml.orig" | ".cargo-ok"
        ) || name.to_string_lossy().starts_with(".cargo_vcs");
        if is_left_out {
            continue;
        }
        if entry.path().is_dir() {
            read_folder(root, &path, files)?;
        } else if entry.path().is_file() {
            let content = fs::read(entry.path())
                .with_context(|| format!("cannot read `{}`", entry.path().display()))?;
            files.insert(path, content);
        }
    }
    Ok(())
}

/// Makes the folder hold exactly these files (and nothing else but what cargo puts there).
pub(crate) fn write(files: &Files, folder: &Path) -> Result<()> {
    for (path, content) in files {
        write_file(folder, path, Some(content))?;
    }
    Ok(())
}

/// Writes one file in place, or removes it.
pub(crate) fn write_file(folder: &Path, path: &Path, content: Option<&[u8]>) -> Result<()> {
    ensure!(
        path.is_relative(),
        "`{}` is not relative to the crate",
        path.display()
    );
    let path = folder.join(path);
    let result = match content {
        Some(content) => path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, content)),
        None => fs::remove_file(&path),
    };
    result.with_context(|| format!("cannot save `{}`", path.display()))
}
