//! From two consecutive versions to the saves that lead from one to the other. Pure.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::ValueEnum;
use libtest_mimic::Trial;
use proptest::prelude::*;
use similar::{DiffTag, TextDiff};

use crate::support::trial;
use crate::tree::{Files, Tree};

/// How far a difference between versions is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Split {
    /// One save for each version, all files at once.
    Versions,
    /// One save for each file.
    Files,
    /// One save for each hunk of each file.
    Hunks,
}

/// One save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Save {
    /// What of the version it is: `src/lib.rs 2/5`.
    pub(crate) part: String,
    /// New contents; `None` removes the file.
    pub(crate) files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

/// How many unchanged lines separate two hunks, at the least: as `diff -u` has it, three on either side.
const CONTEXT_LINES: usize = 3;

/// What leads from one version to the next: first the manifest with all that no compiler reads (readme, tests, licences) in
/// one save, then the build script, new files, changed files, and files that go.
pub(crate) fn between(old: &Tree, new: &Tree, split: Split) -> Vec<Save> {
    let changed = changed_files(&old.files, &new.files);
    if changed.is_empty() {
        return Vec::new();
    }
    let content = |path: &Path| new.files.get(path).cloned();
    if split == Split::Versions {
        let files = changed.iter().map(|path| (path.clone(), content(path)));
        return vec![Save {
            part: format!("{} files", changed.len()),
            files: files.collect(),
        }];
    }
    let (sources, others): (Vec<PathBuf>, Vec<PathBuf>) =
        changed.into_iter().partition(|path| is_source(path));
    let mut saves = Vec::new();
    // A release changes its manifest, and everything around the source: one save.
    let (manifest, sources): (Vec<PathBuf>, Vec<PathBuf>) = sources
        .into_iter()
        .partition(|path| path == Path::new("Cargo.toml"));
    if !others.is_empty() || !manifest.is_empty() {
        let part = match (manifest.len(), others.len()) {
            (0, count) => format!("other files ({count})"),
            (_, 0) => "Cargo.toml".to_owned(),
            (_, count) => format!("Cargo.toml and other files ({count})"),
        };
        let files = manifest.iter().chain(&others);
        saves.push(Save {
            part,
            files: files.map(|path| (path.clone(), content(path))).collect(),
        });
    }
    let mut sources: Vec<(u8, PathBuf)> = sources
        .into_iter()
        .map(|path| (rank(&path, old, new), path))
        .collect();
    sources.sort();
    for (_, path) in sources {
        let (before, after) = (old.files.get(&path), new.files.get(&path));
        let shown = path.display().to_string();
        let texts = match (before, after) {
            (Some(before), Some(after)) if split == Split::Hunks => text(before).zip(text(after)),
            _ => None,
        };
        match texts {
            Some((before, after)) => {
                let stages = by_hunks(before, after);
                let count = stages.len();
                for (index, stage) in stages.into_iter().enumerate() {
                    saves.push(Save {
                        part: format!("{shown} {}/{count}", index + 1),
                        files: vec![(path.clone(), Some(stage.into_bytes()))],
                    });
                }
            }
            None => saves.push(Save {
                part: match (before, after) {
                    (None, _) => format!("{shown} (new)"),
                    (_, None) => format!("{shown} (removed)"),
                    _ => shown,
                },
                files: vec![(path.clone(), after.cloned())],
            }),
        }
    }
    saves
}

/// The text after the first hunk, after the second, … and at last `new` itself.
fn by_hunks(old: &str, new: &str) -> Vec<String> {
    let difference = TextDiff::from_lines(old, new);
    let mut hunks: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    // What is not in an equal run. (Only those are relied upon: where a deletion stands is not always said exactly.)
    let end = (difference.old_slices().len(), difference.new_slices().len());
    let mut position = (0, 0);
    let equal_runs = difference
        .ops()
        .iter()
        .filter(|operation| operation.tag() == DiffTag::Equal)
        .map(|operation| (operation.old_range(), operation.new_range()))
        .chain([(end.0..end.0, end.1..end.1)]);
    for (old_equal, new_equal) in equal_runs {
        let (old, new) = (position.0..old_equal.start, position.1..new_equal.start);
        position = (old_equal.end, new_equal.end);
        if old.is_empty() && new.is_empty() {
            continue;
        }
        match hunks.last_mut() {
            Some((last_old, last_new)) if old.start - last_old.end <= 2 * CONTEXT_LINES => {
                last_old.end = old.end;
                last_new.end = new.end;
            }
            _ => hunks.push((old, new)),
        }
    }
    let (old_lines, new_lines) = (difference.old_slices(), difference.new_slices());
    (1..=hunks.len())
        .map(|applied| {
            let mut text = String::new();
            let mut position = 0;
            for (index, (before, after)) in hunks.iter().enumerate() {
                text.extend(old_lines[position..before.start].iter().copied());
                if index < applied {
                    text.extend(new_lines[after.clone()].iter().copied());
                } else {
                    text.extend(old_lines[before.clone()].iter().copied());
                }
                position = before.end;
            }
            text.extend(old_lines[position..].iter().copied());
            text
        })
        .collect()
}

fn changed_files(old: &Files, new: &Files) -> Vec<PathBuf> {
    let mut paths: Vec<&PathBuf> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .cloned()
        .collect()
}

/// Whether a compiler (or cargo) reads it as a rule. What is passed over here is saved all the same.
fn is_source(path: &Path) -> bool {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let is_aside = ["tests", "benches", "examples"]
        .iter()
        .any(|folder| path.starts_with(folder));
    path == Path::new("Cargo.toml") || is_rust && !is_aside
}

fn rank(path: &Path, old: &Tree, new: &Tree) -> u8 {
    if path == Path::new("build.rs") {
        0
    } else if !old.files.contains_key(path) {
        1
    } else if new.files.contains_key(path) {
        2
    } else {
        3
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Tests of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("steps::hunks_are_applied_one_by_one", || {
            let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
            let new = "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\nk\n";
            let stages = by_hunks(old, new);
            ensure!(
                stages == ["a\nB\nc\nd\ne\nf\ng\nh\ni\nj\n", new],
                "{stages:?}"
            );
            Ok(())
        }),
        trial("steps::the_last_hunk_makes_the_new_text", || {
            let line = prop::sample::select(vec!["a\n", "b\n", "c\n", "d\n", "no newline"]);
            let text = prop::collection::vec(line, 0..30).prop_map(|lines| lines.concat());
            let config = proptest::test_runner::Config {
                failure_persistence: None,
                ..Default::default()
            };
            let mut runner = proptest::test_runner::TestRunner::new(config);
            runner.run(&(text.clone(), text), |(old, new)| {
                let stages = by_hunks(&old, &new);
                prop_assert_eq!(stages.last().unwrap_or(&old), &new);
                // Every stage is a change.
                let mut before = &old;
                for stage in &stages {
                    prop_assert_ne!(stage, before);
                    before = stage;
                }
                Ok(())
            })?;
            Ok(())
        }),
        trial("steps::saves_lead_from_one_tree_to_the_next", || {
            let tree = |files: &[(&str, &str)]| Tree {
                name: String::new(),
                files: files
                    .iter()
                    .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()))
                    .collect(),
            };
            let old = tree(&[
                ("Cargo.toml", "1"),
                ("README.md", "1"),
                ("src/gone.rs", "1"),
                ("src/lib.rs", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
            ]);
            let new = tree(&[
                ("Cargo.toml", "2"),
                ("README.md", "2"),
                ("src/added.rs", "1"),
                ("src/lib.rs", "1+\n2\n3\n4\n5\n6\n7\n8\n9+\n"),
            ]);
            for (split, parts) in [
                (Split::Versions, "5 files"),
                (
                    Split::Files,
                    "Cargo.toml and other files (1), src/added.rs (new), src/lib.rs, src/gone.rs (removed)",
                ),
                (
                    Split::Hunks,
                    "Cargo.toml and other files (1), src/added.rs (new), src/lib.rs 1/2, src/lib.rs 2/2, src/gone.rs (removed)",
                ),
            ] {
                let saves = between(&old, &new, split);
                let named: Vec<&str> = saves.iter().map(|save| &*save.part).collect();
                ensure!(named.join(", ") == parts, "{split:?}: {named:?}");
                let mut files = old.files.clone();
                for (path, content) in saves.into_iter().flat_map(|save| save.files) {
                    match content {
                        Some(content) => files.insert(path, content),
                        None => files.remove(&path),
                    };
                }
                ensure!(
                    files == new.files,
                    "{split:?} does not lead to the new tree"
                );
            }
            Ok(())
        }),
    ]
}
