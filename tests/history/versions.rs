//! Where consecutive versions come from: folders, the crate registry (by way of cargo), a git repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::Metadata;

use crate::support::{output_of, scrubbed_command};
use crate::tree::Tree;

/// Each folder is a version, called by its name.
pub(crate) fn of_folders(folders: &[PathBuf]) -> Result<Vec<Tree>> {
    folders
        .iter()
        .map(|folder| {
            let name = folder.file_name().unwrap_or(folder.as_os_str());
            Tree::read(name.to_string_lossy(), folder)
        })
        .collect()
}

/// Releases of a crate. Cargo downloads them, if it has not before: each is the dependency of an empty package.
pub(crate) fn of_releases(package: &str, versions: &[String]) -> Result<Vec<Tree>> {
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let root = temporary.path();
    fs::create_dir(root.join("src"))?;
    fs::write(root.join("src/lib.rs"), "")?;
    let mut trees = Vec::new();
    for version in versions {
        let manifest = format!(
            "[package]\nname = \"asks-for-a-release\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies.{package}]\nversion = \"={version}\"\ndefault-features = false\n"
        );
        fs::write(root.join("Cargo.toml"), manifest)?;
        let mut command = scrubbed_command("cargo", root);
        command.args(["metadata", "--format-version", "1", "--quiet"]);
        let (status, output, errors) = output_of(&mut command)?;
        ensure!(
            status.success(),
            "cargo has no {package} {version}\n{errors}"
        );
        let metadata: Metadata =
            serde_json::from_str(&output).context("cannot read cargo's metadata")?;
        let folder = metadata
            .packages
            .iter()
            .find(|found| found.name.as_str() == package && found.version.to_string() == *version)
            .and_then(|found| found.manifest_path.parent())
            .with_context(|| format!("cargo's metadata has no {package} {version}"))?;
        trees.push(Tree::read(version, folder.as_std_path())?);
    }
    Ok(trees)
}

/// Commits of a repository, merges followed by their first parent. `range` is as git understands it; its beginning is the
/// first version. Commits that do not touch `folder`, where the crate is, are left out.
pub(crate) fn of_commits(repository: &Path, range: &str, folder: &Path) -> Result<Vec<Tree>> {
    let (begin, _) = range
        .split_once("..")
        .context("a range of commits is written BEGIN..END")?;
    let begin = format!("{begin}^{{commit}}");
    let mut commits = git(repository, &["rev-parse", "--verify", &begin])?;
    let folder_text = folder.to_str().context("a folder's name is not UTF-8")?;
    let path = if folder_text.is_empty() {
        "."
    } else {
        folder_text
    };
    commits += &git(
        repository,
        &["rev-list", "--reverse", "--first-parent", range, "--", path],
    )?;
    let mut trees = Vec::new();
    for commit in commits.lines() {
        let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
        let index = temporary.path().join("index");
        let mut prefix = temporary.path().join("tree").into_os_string();
        prefix.push("/");
        for arguments in [
            vec!["read-tree".into(), commit.into()],
            vec!["checkout-index".into(), "--all".into(), {
                let mut argument = std::ffi::OsString::from("--prefix=");
                argument.push(&prefix);
                argument
            }],
        ] {
            let mut command = git_command(repository);
            command.env("GIT_INDEX_FILE", &index).args(&arguments);
            finish(command)?;
        }
        let name = git(repository, &["rev-parse", "--short=9", commit])?;
        let root = temporary.path().join("tree").join(folder);
        trees.push(Tree::read(name.trim(), &root)?);
    }
    Ok(trees)
}

fn git(repository: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = git_command(repository);
    command.args(arguments);
    finish(command)
}

fn git_command(repository: &Path) -> Command {
    let mut command = scrubbed_command("git", repository);
    let git_directory = repository.join(".git");
    if git_directory.exists() {
        command.arg("--git-dir").arg(git_directory);
    } else {
        command.arg("--git-dir").arg(repository);
    }
    command.arg("--work-tree").arg(repository);
    command
}

fn finish(mut command: Command) -> Result<String> {
    let (status, output, errors) = output_of(&mut command)?;
    ensure!(status.success(), "{command:?}: {errors}");
    Ok(output)
}
