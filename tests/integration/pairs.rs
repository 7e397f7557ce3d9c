//! Test projects in pairs: for a rule, an edit that must be patched and its nearest sibling that must restart.
//!
//! Each of the two names the other (`//@ pair: OTHER`). That the tool does what they say is the business of
//! [`scenarios`](crate::scenarios); here is checked that they are pairs.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::Trial;

use crate::directives::Scenario;
use crate::scenarios::file_with_directives;
use crate::support::{projects_dir, trial};

/// How many pairs there are at least.
const FLOOR: usize = 180;

/// What the directives of one project demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// No save restarts, and at least one must be patched or change nothing.
    Patch,
    /// At least one save must restart, with a code.
    Restart,
    /// Neither: an outcome is left open, or a restart has no code.
    Open,
}

fn demand(scenario: &Scenario) -> Demand {
    let steps = &scenario.steps;
    let never_restarts = steps.iter().all(|step| {
        !step
            .expect
            .iter()
            .any(|outcome| matches!(&**outcome, "restarted" | "refused"))
    });
    let must = |outcomes: &[&str]| {
        steps
            .iter()
            .any(|step| matches!(&*step.expect, [only] if outcomes.contains(&&**only)))
    };
    if never_restarts && must(&["patched", "unchanged"]) {
        return Demand::Patch;
    }
    let restarts = steps
        .iter()
        .any(|step| step.expect == ["restarted"] && !step.codes.is_empty());
    if restarts {
        Demand::Restart
    } else {
        Demand::Open
    }
}

/// The number of pairs, if each project that names a sibling is one half of a pair.
fn pairs(projects: &BTreeMap<String, Scenario>) -> Result<usize> {
    let mut members = 0;
    for (name, scenario) in projects {
        let Some(sibling) = &scenario.pair else {
            continue;
        };
        let other = projects
            .get(sibling)
            .with_context(|| format!("`{name}` names `{sibling}`, which does not exist"))?;
        match &other.pair {
            Some(back) if back == name => {}
            Some(back) => {
                bail!("`{name}` names `{sibling}`, but the sibling of that one is `{back}`")
            }
            None => bail!("`{name}` names `{sibling}`, but that one names none"),
        }
        match (demand(scenario), demand(other)) {
            (Demand::Patch, Demand::Restart) | (Demand::Restart, Demand::Patch) => members += 1,
            (ours, theirs) => bail!(
                "one must be patched and the other must restart with a code, but `{name}` is {ours:?} and `{sibling}` {theirs:?}"
            ),
        }
    }
    Ok(members / 2)
}

fn all_projects() -> Result<BTreeMap<String, Scenario>> {
    let mut projects = BTreeMap::new();
    for entry in fs::read_dir(projects_dir()).context("cannot list the test projects")? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .context("a folder without a name")?;
        let source = fs::read_to_string(file_with_directives(&folder)?)
            .with_context(|| format!("cannot read the directives of `{name}`"))?;
        let scenario =
            Scenario::parse(&source).with_context(|| format!("bad directives in `{name}`"))?;
        projects.insert(name, scenario);
    }
    Ok(projects)
}

/// That all pairs are pairs, that there are many, and that what is none is found.
pub(crate) fn trials() -> Vec<Trial> {
    /// How many pairs they are, or what is wrong with them.
    type Wanted = Result<usize, &'static str>;
    /// Its name, its sibling, and its steps.
    type Project = (&'static str, &'static str, &'static str);
    const PATCH: &str = "//@ delete a.rs\n//@ expect: patched\n";
    const RESTART: &str = "//@ delete a.rs\n//@ expect: restarted\n//@ code: HP0101\n";
    let mut trials = vec![trial("pairs::all_are_pairs", || {
        let count = pairs(&all_projects()?)?;
        println!("{count} pairs of test projects");
        ensure!(
            count >= FLOOR,
            "{count} pairs, and there were {FLOOR} already"
        );
        Ok(())
    })];
    let cases: [(&str, &[Project], Wanted); 8] = [
        (
            "two_that_name_each_other_are_one",
            &[("a", "b", PATCH), ("b", "a", RESTART), ("c", "", PATCH)],
            Ok(1),
        ),
        (
            "a_sibling_that_is_missing_is_found",
            &[("a", "b", PATCH)],
            Err("does not exist"),
        ),
        (
            "a_sibling_that_names_none_is_found",
            &[("a", "b", PATCH), ("b", "", RESTART)],
            Err("names none"),
        ),
        (
            "a_sibling_of_another_is_found",
            &[("a", "b", PATCH), ("b", "c", RESTART), ("c", "b", PATCH)],
            Err("the sibling of that one is `c`"),
        ),
        (
            "two_that_patch_are_found",
            &[("a", "b", PATCH), ("b", "a", PATCH)],
            Err("`a` is Patch and `b` Patch"),
        ),
        (
            "two_that_restart_are_found",
            &[("a", "b", RESTART), ("b", "a", RESTART)],
            Err("`a` is Restart and `b` Restart"),
        ),
        (
            "a_restart_without_code_is_found",
            &[
                ("a", "b", PATCH),
                ("b", "a", "//@ delete a.rs\n//@ expect: restarted\n"),
            ],
            Err("`b` Open"),
        ),
        (
            "an_open_outcome_is_found",
            &[
                (
                    "a",
                    "b",
                    "//@ delete a.rs\n//@ expect: patched or restarted\n//@ code: HP0101\n",
                ),
                ("b", "a", RESTART),
            ],
            Err("`a` is Open"),
        ),
    ];
    for (name, projects, wanted) in cases {
        let read: Result<BTreeMap<String, Scenario>> = projects
            .iter()
            .map(|(name, sibling, steps)| {
                let line = if sibling.is_empty() {
                    String::new()
                } else {
                    format!("//@ pair: {sibling}\n")
                };
                Ok((
                    (*name).to_owned(),
                    Scenario::parse(&format!("{line}{steps}"))?,
                ))
            })
            .collect();
        trials.push(trial(format!("pairs::{name}"), move || {
            match (pairs(&read?), wanted) {
                (Ok(count), Ok(wanted)) if count == wanted => Ok(()),
                (Err(error), Err(wanted)) if format!("{error:#}").contains(wanted) => Ok(()),
                (found, wanted) => bail!("wanted {wanted:?}, found {found:?}"),
            }
        }));
    }
    trials
}
