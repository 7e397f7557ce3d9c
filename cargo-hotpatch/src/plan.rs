//! From changed files to the units that have to be compiled again, or to "cargo must do this". Pure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::capture::cargo::Built;
use crate::capture::inputs::Meaning;
use crate::capture::record::UnitKey;
use crate::codes::{self, Reason};

/// What a save asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// The build read none of the files.
    Nothing,
    /// These units are compiled again, in this order.
    Replay(Vec<PlannedUnit>),
    /// Only cargo can follow.
    Cargo(Reason),
}

/// A unit that is to be compiled again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedUnit {
    /// Which.
    pub key: UnitKey,
    /// Whether its dependents have to see its new interface; they are in the plan then as well.
    pub publish: bool,
}

/// Decides what the change of `changed` asks for.
///
/// A unit whose sources changed is compiled again. When all that changed in it is bodies of plain functions, as
/// `only_plain_bodies` knows of one file, and it is not optimised, then nothing that its dependents can see changed:
/// they keep what they were compiled from. Everything else may have changed its interface, a generic or inlinable
/// body, or the state behind `impl Trait`, so all that depend on it are compiled again too, from its new metadata.
///
/// A file that the build did not read is nothing, also when it is new and inside of a member: the `mod` item that
/// brings it in is an edit of a file that was read.
pub fn plan(changed: &[PathBuf], built: &Built, only_plain_bodies: &dyn Fn(&Path) -> bool) -> Plan {
    let positions: BTreeMap<&str, usize> = built
        .units
        .iter()
        .enumerate()
        .map(|(index, unit)| (unit.key.as_str(), index))
        .collect();
    // For each unit, whether its interface may differ; `None` for units that stay.
    let mut publish: Vec<Option<bool>> = vec![None; built.units.len()];
    for path in changed {
        match built.inputs.meaning(path) {
            Meaning::Nothing => {}
            Meaning::Cargo(reason) => return Plan::Cargo(reason.clone()),
            Meaning::Source(keys) => {
                let is_rust = path.extension().is_some_and(|extension| extension == "rs");
                let plain = is_rust && only_plain_bodies(path);
                for index in keys
                    .iter()
                    .filter_map(|key| positions.get(key.as_str()).copied())
                {
                    let optimised = built.units[index].opt_level != "0";
                    let differs = !plain || optimised;
                    publish[index] = Some(publish[index].unwrap_or(false) || differs);
                }
            }
        }
    }
    planned(built, publish)
}

/// As [`plan`], of what the files mean to the compiler alone: for a build of which cargo has said that nothing else comes out
/// differently. `None` if a file runs while cargo builds, since all that uses it may then be compiled to something else.
pub fn plan_of_sources(
    changed: &[PathBuf],
    built: &Built,
    only_plain_bodies: &dyn Fn(&Path) -> bool,
) -> Option<Vec<PlannedUnit>> {
    let mut sources = built.clone();
    for path in changed {
        if let Meaning::Cargo(reason) = built.inputs.meaning(path)
            && (reason.code == codes::PROC_MACRO.id || reason.code == codes::NOT_CAPTURED.id)
        {
            return None;
        }
    }
    sources.inputs.cargo.clear();
    sources.inputs.cargo_directories.clear();
    match plan(changed, &sources, only_plain_bodies) {
        Plan::Nothing => Some(Vec::new()),
        Plan::Replay(units) => Some(units),
        Plan::Cargo(_) => None,
    }
}

/// From the units whose sources changed to all that are compiled.
fn planned(built: &Built, mut publish: Vec<Option<bool>>) -> Plan {
    // Dependencies come first, so that one pass reaches everything.
    for index in 0..built.units.len() {
        if built.dependencies[index]
            .iter()
            .any(|dependency| publish[*dependency] == Some(true))
        {
            publish[index] = Some(true);
        }
    }
    for (index, unit) in built.units.iter().enumerate() {
        if publish[index] == Some(true)
            && let Some((_, reason)) = built
                .used_by_foreign
                .iter()
                .find(|(key, _)| *key == unit.key)
        {
            return Plan::Cargo(reason.clone());
        }
    }
    let units: Vec<PlannedUnit> = built
        .units
        .iter()
        .zip(publish)
        .filter_map(|(unit, publish)| {
            // Nobody depends on an executable.
            publish.map(|publish| PlannedUnit {
                key: unit.key.clone(),
                publish: publish && !unit.is_executable,
            })
        })
        .collect();
    if units.is_empty() {
        Plan::Nothing
    } else {
        Plan::Replay(units)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;
    use crate::capture::inputs::Inputs;
    use crate::capture::record::{LinkRecord, RECORD_VERSION, UnitRecord};
    use crate::process::environment::Surroundings;

    fn unit(key: &str, opt_level: &str, is_executable: bool) -> UnitRecord {
        UnitRecord {
            version: RECORD_VERSION,
            key: key.into(),
            crate_name: key.into(),
            crate_types: vec![if is_executable { "bin" } else { "lib" }.into()],
            is_executable,
            rustc: "rustc".into(),
            user_wrapper: None,
            args: vec![],
            env: vec![],
            cwd: "/w".into(),
            out_dir: "/o".into(),
            dep_info: "/o/x.d".into(),
            manifest_dir: "/w".into(),
            opt_level: opt_level.into(),
            incremental: None,
            externs: vec![],
            overridden: vec![],
            written: None,
        }
    }

    /// base <- middle <- app, base <- other <- app; file `/none/<unit>.rs` each, `/none/shared.txt` in base and other.
    fn built(opt_level: &str) -> Built {
        let mut inputs = Inputs::default();
        for name in ["base", "middle", "other", "app"] {
            let mut files: Vec<PathBuf> = vec![format!("/none/{name}.rs").into()];
            if name == "base" || name == "other" {
                files.push("/none/shared.txt".into());
            }
            inputs.set_sources(name, &files);
        }
        inputs.add_cargo(
            Path::new("/none/Cargo.toml"),
            &Reason::new(&codes::MANIFEST, "manifest"),
        );
        Built {
            link: LinkRecord {
                version: RECORD_VERSION,
                unit: "app".into(),
                image: "/i".into(),
                linker: "cc".into(),
                args: vec![],
                objects: vec![],
                libraries: vec![],
                shared: Vec::new(),
                without_slot: vec![],
                all_instances: false,
            },
            units: vec![
                unit("base", opt_level, false),
                unit("middle", "0", false),
                unit("other", "0", false),
                unit("app", "0", true),
            ],
            dependencies: vec![vec![], vec![0], vec![0], vec![0, 1, 2]],
            used_by_foreign: vec![("other".into(), Reason::new(&codes::NOT_CAPTURED, "foreign"))],
            inputs,
            contents: HashMap::new(),
            script_runs: vec![],
            warnings: vec![],
            surroundings: Surroundings::default(),
            duration: Duration::ZERO,
        }
    }

    /// `base!` for a unit that is published.
    fn planned(files: &[&str], opt_level: &str, plain: bool) -> String {
        let files: Vec<PathBuf> = files
            .iter()
            .map(|name| Path::new("/none").join(name))
            .collect();
        match plan(&files, &built(opt_level), &|_| plain) {
            Plan::Nothing => "nothing".into(),
            Plan::Cargo(reason) => reason.code.into(),
            Plan::Replay(units) => units
                .iter()
                .map(|unit| format!("{}{}", unit.key, if unit.publish { "!" } else { "" }))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    #[test]
    fn plans() {
        let manifest = codes::MANIFEST.id;
        let foreign = codes::NOT_CAPTURED.id;
        for (files, opt_level, plain, expected) in [
            (&["README.md"][..], "0", false, "nothing"),
            (&["app.rs"], "0", false, "app"),
            (&["base.rs"], "0", true, "base"),
            (&["middle.rs"], "0", false, "middle! app"),
            (&["base.rs"], "0", false, foreign),
            // Above opt-level 0 any body may be inlined into dependents.
            (&["base.rs"], "2", true, foreign),
            (&["other.rs"], "0", true, "other"),
            (
                &["other.rs", "middle.rs", "app.rs"],
                "0",
                true,
                "middle other app",
            ),
            // A text is never a plain body.
            (&["shared.txt"], "0", true, foreign),
            (&["app.rs", "Cargo.toml"], "0", true, manifest),
        ] {
            assert_eq!(
                planned(files, opt_level, plain),
                expected,
                "{files:?} at {opt_level}, plain: {plain}"
            );
        }
    }
}
