//! What a run comes to: the object that `--json` prints, and all that the table and the picture show.

use std::collections::BTreeMap;

use serde::Serialize;

use super::calls::Calls;
use super::machine::{BUSY, Machine};
use super::measure::{Edit, Measured, Patch, STAGES};
use super::peers;
use super::project::Project;
use super::statistics::{Summary, median, to_microseconds};

/// The version of the JSON form. Within a version, fields are only added.
pub const VERSION: u32 = 1;

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// [`VERSION`].
    pub version: u32,
    /// On what.
    pub machine: Machine,
    /// Whether other processes disturbed it. Then these numbers are worth little.
    pub noisy: bool,
    /// What else takes from their worth, for people.
    pub remarks: Vec<String>,
    /// What was measured, in its order.
    pub projects: Vec<Measurement>,
    /// Patches in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
    /// What a call of a patched function costs, by opt-level; measured with `hello`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Calls>,
    /// What could not be measured.
    pub failed: Vec<Failure>,
}

/// A project that could not be measured.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
}

/// One project. Times are in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Lines of Rust.
    pub lines: usize,
    /// How many edits were measured.
    pub edits: usize,
    /// Functions that can be patched.
    pub slots: Option<u64>,
    /// The functions that were edited.
    pub functions: Vec<String>,
    /// Whether the program's own answer showed each edit. If not, `patch_ms` ends with the outcome.
    pub observed: bool,
    /// From the save to the answer of the patched program.
    pub patch_ms: Option<Summary>,
    /// From the save to the end of `cargo check`.
    pub check_ms: Option<Summary>,
    /// From the save through `cargo build` to the answer of the restarted program.
    pub restart_ms: Option<Summary>,
    /// From the file's change to the acknowledgement, as the events have it.
    pub acknowledged_ms: Option<Summary>,
    /// Medians by stage, as the events have them.
    pub stages_ms: BTreeMap<&'static str, f64>,
    /// Everything but the compiler, by the benchmark's own clock: of each patch, the time to the answer without `compile`.
    pub around_ms: Option<Summary>,
    /// Those patches that were the first of their function.
    pub first_ms: Option<Summary>,
    /// Those patches whose function was edited before.
    pub again_ms: Option<Summary>,
    /// How the compiler was used, and what a patch took then.
    pub ways: BTreeMap<String, Summary>,
    /// Why patches did not come the fast way, and how many, where there is one.
    pub full_because: BTreeMap<String, usize>,
    /// From the save until the whole crate had said what it thinks of a patch that came the fast way.
    pub confirmed_ms: Option<Summary>,
    /// How often that was not what the program had got.
    pub disagreed: usize,
    /// How the edits ended; only what was patched is a sample of a patch.
    pub outcomes: BTreeMap<String, usize>,
    /// Other tools of this kind, by name, on the same edits. Without one that is installed, it is left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub peers: BTreeMap<&'static str, PeerMeasurement>,
    /// Medians divided by the median of the patch.
    pub ratios: Ratios,
    /// The share of all processors that other processes used meanwhile, from 0 to 1.
    pub others: Option<f64>,
    /// Whether that is too much.
    pub noisy: bool,
}

/// How many times as long as a patch something took, by the medians.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ratios {
    /// `cargo check`.
    pub check: Option<f64>,
    /// `cargo build` and a restart.
    pub restart: Option<f64>,
    /// Patches of peers, each under its name.
    #[serde(flatten)]
    pub peers: BTreeMap<&'static str, f64>,
}

/// A peer on one project.
#[derive(Debug, Clone, Serialize)]
pub struct PeerMeasurement {
    /// Its version.
    pub version: String,
    /// From the save to the answer of the patched program, where it was patched.
    #[serde(flatten)]
    pub patch_ms: Option<Summary>,
    /// How many edits it rebuilt and restarted the program for.
    pub restarted: usize,
    /// Why it was not measured, or no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Patches in a row.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Of which project.
    pub project: String,
    /// From the save to the answer.
    pub patch_ms: Option<Summary>,
    /// How they ended.
    pub outcomes: BTreeMap<String, usize>,
}

impl Measurement {
    /// Of one project.
    #[must_use]
    pub fn new(project: &Project, measured: &Measured) -> Self {
        let patches = || measured.edits.iter().filter(|edit| edit.patch.is_patched());
        let times = |fits: &dyn Fn(&Edit) -> bool| -> Vec<f64> {
            patches()
                .filter(|edit| fits(edit))
                .map(|edit| edit.patch.until_answer)
                .collect()
        };
        let of_all =
            |time: fn(&Edit) -> f64| -> Vec<f64> { measured.edits.iter().map(time).collect() };
        let patch_ms = Summary::of(&times(&|_| true));
        let check_ms = Summary::of(&of_all(|edit| edit.check));
        let restart_ms = Summary::of(&of_all(|edit| edit.restart));
        let acknowledged: Vec<f64> = patches().map(|edit| edit.patch.acknowledged).collect();
        let around: Vec<f64> = patches().map(|edit| edit.patch.around()).collect();
        let confirmations = || patches().filter_map(|edit| edit.patch.confirmation);
        let mut ways: Vec<&String> = patches()
            .filter_map(|edit| edit.patch.way.as_ref())
            .collect();
        ways.sort();
        ways.dedup();
        let ratio = |other: &Option<Summary>| {
            let patch = patch_ms.as_ref().filter(|patch| patch.median > 0.0)?;
            Some((other.as_ref()?.median / patch.median * 100.0).round() / 100.0)
        };
        let peers: BTreeMap<&'static str, PeerMeasurement> = measured
            .peers
            .iter()
            .map(|peer| (peer.name, PeerMeasurement::new(peer)))
            .collect();
        Self {
            name: project.name.clone(),
            about: project.about.clone(),
            lines: project.lines,
            edits: measured.edits.len(),
            slots: measured.slots,
            functions: measured.functions.clone(),
            observed: measured.observed,
            ratios: Ratios {
                check: ratio(&check_ms),
                restart: ratio(&restart_ms),
                peers: peers
                    .iter()
                    .filter_map(|(name, peer)| Some((*name, ratio(&peer.patch_ms)?)))
                    .collect(),
            },
            peers,
            acknowledged_ms: Summary::of(&acknowledged),
            stages_ms: STAGES
                .iter()
                .enumerate()
                .filter_map(|(index, stage)| {
                    let times: Vec<f64> = patches().map(|edit| edit.patch.stages[index]).collect();
                    Some((*stage, median(&times)?))
                })
                .collect(),
            around_ms: Summary::of(&around),
            first_ms: Summary::of(&times(&|edit| edit.first)),
            again_ms: Summary::of(&times(&|edit| !edit.first)),
            ways: ways
                .into_iter()
                .filter_map(|way| {
                    let times = times(&|edit| edit.patch.way.as_ref() == Some(way));
                    Some((way.clone(), Summary::of(&times)?))
                })
                .collect(),
            full_because: counted(patches().filter_map(|edit| edit.patch.full_because.clone())),
            confirmed_ms: Summary::of(&confirmations().map(|it| it.until).collect::<Vec<_>>()),
            disagreed: confirmations().filter(|it| !it.agrees).count(),
            outcomes: outcomes(measured.edits.iter().map(|edit| &edit.patch)),
            others: measured.others.map(to_microseconds),
            noisy: measured.others.is_some_and(|others| others > BUSY),
            patch_ms,
            check_ms,
            restart_ms,
        }
    }
}

impl PeerMeasurement {
    fn new(measured: &peers::Measured) -> Self {
        Self {
            version: measured.version.clone(),
            patch_ms: Summary::of(&measured.patches),
            restarted: measured.restarted,
            failed: measured.failed.clone(),
        }
    }
}

impl Series {
    /// Of the patches in a row of a project, if there were any.
    #[must_use]
    pub fn new(project: &Project, measured: &Measured) -> Option<Self> {
        let times: Vec<f64> = measured
            .series
            .iter()
            .filter(|patch| patch.is_patched())
            .map(|patch| patch.until_answer)
            .collect();
        (!measured.series.is_empty()).then(|| Self {
            project: project.name.clone(),
            patch_ms: Summary::of(&times),
            outcomes: outcomes(&measured.series),
        })
    }
}

fn outcomes<'a>(patches: impl IntoIterator<Item = &'a Patch>) -> BTreeMap<String, usize> {
    counted(patches.into_iter().map(|patch| match &patch.code {
        Some(code) => format!("{} {code}", patch.outcome),
        None => patch.outcome.clone(),
    }))
}

fn counted(names: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

/// A run that never was, for the tests of what is made of one.
#[cfg(test)]
pub(super) fn example() -> Results {
    use std::path::Path;

    let patch = |time: f64, way: &str| Patch {
        outcome: "patched".to_owned(),
        code: None,
        until_answer: time,
        acknowledged: time - 2.0,
        stages: [4.0, 1.0, time - 14.0, 2.0, 1.0, 1.0, 3.0],
        way: Some(way.to_owned()),
        full_because: None,
        confirmation: None,
    };
    let measurement = |name: &str, about: &str, lines: usize, factor: f64| {
        let project = Project {
            name: name.to_owned(),
            about: about.to_owned(),
            root: "/p".into(),
            package: Path::new("").into(),
            files: Vec::new(),
            lines,
            sites: Vec::new(),
            cargo_arguments: Vec::new(),
            program_arguments: Vec::new(),
            counts: true,
            must_be_tried: false,
        };
        let mut edits: Vec<Edit> = (0..20_u32)
            .map(|number| Edit {
                first: number % 2 == 0,
                patch: patch(
                    80.0 * factor + f64::from(number),
                    if number % 4 == 0 { "full" } else { "fast" },
                ),
                check: 70.0 * factor,
                restart: 260.0 * factor + f64::from(number),
            })
            .collect();
        edits[7].patch.outcome = "restarted".to_owned();
        edits[7].patch.code = Some("HP0101".to_owned());
        let series = (0..500_u32)
            .map(|number| patch(80.0 + f64::from(number * 7919 % 31), "fast"))
            .collect();
        let measured = Measured {
            edits,
            series,
            slots: Some(37),
            observed: true,
            others: Some(0.02),
            functions: vec!["greeting".to_owned()],
            peers: Vec::new(),
        };
        (
            Measurement::new(&project, &measured),
            Series::new(&project, &measured),
        )
    };
    let projects = [
        measurement("hello", "one file", 37, 1.0),
        measurement("modules", "one crate, 80 modules", 10_040, 5.0),
        measurement("derives", "one crate, 300 types with serde", 9_800, 8.0),
        measurement("large", "one crate, 320 modules", 40_020, 16.0),
        measurement("workspace", "8 crates, edits in the lowest", 11_700, 4.0),
        measurement("rhai", "1.27.0 of crates.io, its library", 56_829, 20.0),
        measurement("miniserve", "0.35.0 of crates.io", 5_133, 9.0),
    ];
    let series = projects[0].1.clone();
    Results {
        version: VERSION,
        machine: Machine::here(Path::new("cargo")),
        noisy: false,
        remarks: Vec::new(),
        projects: projects.into_iter().map(|(project, _)| project).collect(),
        series,
        calls: vec![Calls {
            opt_level: 0,
            unpatched_ns: Summary::of(&[3.6]).expect("a sample"),
            patched_ns: Summary::of(&[3.7]).expect("a sample"),
            marked_ns: Summary::of(&[3.8]).expect("a sample"),
            ratio: 1.027,
        }],
        failed: Vec::new(),
    }
}

/// The same beside a peer, that did well on the first project and not at all on the second.
#[cfg(test)]
pub(super) fn example_with_peer() -> Results {
    let mut results = example();
    let dx = |patches: Vec<f64>, failed: Option<&str>| {
        PeerMeasurement::new(&peers::Measured {
            name: "dx",
            version: "0.7.1".to_owned(),
            restarted: usize::from(!patches.is_empty()),
            patches,
            failed: failed.map(str::to_owned),
        })
    };
    let well = dx(vec![290.0, 300.0, 310.0], None);
    let ratio = well.patch_ms.as_ref().map_or(0.0, |all| all.median) / 90.0;
    results.projects[0].ratios.peers.insert("dx", ratio);
    results.projects[0].peers.insert("dx", well);
    results.projects[1]
        .peers
        .insert("dx", dx(Vec::new(), Some("it ended")));
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_documented_shape() {
        let json = serde_json::to_value(example()).expect("it can be written");
        assert!(json["machine"]["processor"].is_string());
        let hello = &json["projects"][0];
        assert_eq!(
            (&hello["name"], &hello["lines"]),
            (&"hello".into(), &37.into())
        );
        assert_eq!(hello["edits"], 20);
        for (time, samples) in [("patch_ms", 19), ("check_ms", 20), ("restart_ms", 20)] {
            assert_eq!(hello[time]["samples"], samples, "{time}");
            assert!(
                hello[time]["median"].is_f64() && hello[time]["p95"].is_f64(),
                "{time}"
            );
        }
        for stage in STAGES {
            assert!(hello["stages_ms"][stage].is_f64(), "{stage}");
        }
        // Of each patch of the example, all but 14 ms are the compiler's.
        assert_eq!(hello["around_ms"]["samples"], 19);
        assert_eq!(hello["around_ms"]["median"], 14.0);
        assert_eq!(hello["around_ms"]["p95"], 14.0);
        assert_eq!(json["series"]["patch_ms"]["samples"], 500);
    }

    #[test]
    fn peers_are_in_the_json_only_where_there_are_some() {
        let json = |results: &Results| serde_json::to_value(results).expect("it can be written");
        let without = json(&example());
        assert!(without["projects"][0].get("peers").is_none());
        assert!(without["projects"][0]["ratios"].get("dx").is_none());
        let with = json(&example_with_peer());
        let dx = &with["projects"][0]["peers"]["dx"];
        assert_eq!(
            (&dx["version"], &dx["median"], &dx["p95"], &dx["samples"]),
            (&"0.7.1".into(), &300.0.into(), &310.0.into(), &3.into())
        );
        assert_eq!(dx["values"], serde_json::json!([290.0, 300.0, 310.0]));
        assert_eq!(dx["restarted"], 1);
        assert!(with["projects"][0]["ratios"]["dx"].is_f64());
        let dx = &with["projects"][1]["peers"]["dx"];
        assert_eq!(dx["failed"], "it ended");
        assert!(dx.get("median").is_none());
    }

    #[test]
    fn what_was_not_patched_is_counted_but_no_sample() {
        let hello = &example().projects[0];
        assert_eq!(hello.outcomes["patched"], 19);
        assert_eq!(hello.outcomes["restarted HP0101"], 1);
        let samples = |summary: &Option<Summary>| summary.as_ref().map_or(0, |all| all.samples);
        assert_eq!(
            (samples(&hello.first_ms), samples(&hello.again_ms)),
            (10, 9)
        );
        assert_eq!(
            (hello.ways["fast"].samples, hello.ways["full"].samples),
            (14, 5)
        );
    }

    #[test]
    fn ratios_are_of_medians() {
        let hello = &example().projects[0];
        let median = |summary: &Option<Summary>| summary.as_ref().map_or(0.0, |all| all.median);
        let expected = median(&hello.restart_ms) / median(&hello.patch_ms);
        let ratio = hello.ratios.restart.expect("both were measured");
        assert!((ratio - expected).abs() < 0.01, "{ratio} {expected}");
    }
}
