//! The tool's own tests: a history of seven versions, and differences that must be found out.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::compare::{Verdict, parse_requests};
use crate::replay::{Plan, Replay, replay};
use crate::steps::Split;
use crate::support::trial;
use crate::table;
use crate::tree::Tree;
use crate::versions;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("example::a_history_is_replayed", a_history_is_replayed),
        trial(
            "example::a_wrong_answer_is_noticed",
            a_wrong_answer_is_noticed,
        ),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/history/example")
}

/// What is replayed lives as long as the folder.
fn plan(last_version: usize, more_requests: &str, folder_of_plan: &Path) -> Result<Plan> {
    let driver = folder().join("driver");
    let requests = std::fs::read_to_string(driver.join("requests.txt"))?;
    let folders: Vec<PathBuf> = (1..=last_version)
        .map(|version| folder().join(version.to_string()))
        .collect();
    Ok(Plan {
        driver: Tree::read("driver", &driver)?,
        requests: parse_requests(&format!("{requests}{more_requests}")),
        versions: versions::of_folders(&folders)?,
        split: Split::Hunks,
        work: folder_of_plan.join("work"),
        wrong: folder_of_plan.join("wrong"),
        most_steps: usize::MAX,
    })
}

fn shown(replay: &Replay) -> String {
    let lines: Vec<String> = replay.steps.iter().map(table::line).collect();
    lines.join("\n")
}

fn a_history_is_replayed() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let replay = replay(&plan(7, "", temporary.path())?, |_| Ok(()))?;
    let expected = [
        ("2", "src/lib.rs 1/1", "patched", "", Verdict::Right),
        // Only lines move, and the initialiser of a static that has its value already changes.
        ("3", "src/lib.rs 1/1", "patched", "", Verdict::Kept),
        (
            "4",
            "src/lib.rs 1/2",
            "compile-error",
            "HP0608",
            Verdict::Kept,
        ),
        ("4", "src/lib.rs 2/2", "patched", "", Verdict::Kept),
        ("5", "src/lib.rs 1/2", "restarted", "HP0101", Verdict::Right),
        ("5", "src/lib.rs 2/2", "patched", "", Verdict::Right),
        ("6", "Cargo.toml", "restarted", "HP0601", Verdict::Right),
        ("7", "other files (1)", "not noticed", "", Verdict::Right),
    ];
    let found: Vec<_> = replay
        .steps
        .iter()
        .map(|step| {
            (
                &*step.version,
                &*step.part,
                &*step.outcome,
                &*step.code,
                step.verdict,
            )
        })
        .collect();
    ensure!(found == expected, "{}", shown(&replay));
    let text = table::markdown(&replay);
    ensure!(
        text.contains("**Wrong: 0.**") && text.contains("| restarted HP0101 | 1 |"),
        "{text}"
    );
    Ok(())
}

fn a_wrong_answer_is_noticed() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let mut plan = plan(3, "", temporary.path())?;
    // Said to be kept or not: that the static has another value must be excused by a request that shows it.
    for request in &mut plan.requests {
        request.shows_kept_static = false;
    }
    let wrong = replay(&plan, |_| Ok(()))?;
    let verdicts: Vec<Verdict> = wrong.steps.iter().map(|step| step.verdict).collect();
    ensure!(
        verdicts == [Verdict::Right, Verdict::Wrong],
        "{}",
        shown(&wrong)
    );
    let difference = wrong.steps[1]
        .differences
        .first()
        .context("no difference is shown")?;
    ensure!(
        (&*difference.request, &*difference.warm, &*difference.cold) == ("till", "100", "200"),
        "{difference:?}"
    );
    for file in [
        "before/crate/src/lib.rs",
        "after/crate/src/lib.rs",
        "session.txt",
        "step.json",
    ] {
        let path = plan.wrong.join("step-0002").join(file);
        ensure!(path.is_file(), "`{}` is not kept", path.display());
    }
    Ok(())
}
