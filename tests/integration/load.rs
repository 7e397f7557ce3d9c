//! Many patches to a program under load: eight threads call the patched functions all the time, directly, through a
//! function pointer, a trait object, a closure and a generic, and check each result.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::{Change, Edit, Project, SaveMode};
use crate::running::{Mark, Running};
use crate::support::{is_alive, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "load::many_patches_under_load",
        many_patches_under_load,
    )]
}

fn many_patches_under_load() -> Result<()> {
    let patches: usize = std::env::var("HOTPATCH_LOAD_PATCHES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(200);
    let project = Project::copy_of("load")?;
    let template = project.read("src/versions.rs")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let pid = session.program_pid()?;
        let mut totals = Vec::new();
        let mut calls = 0_u64;
        for patch in 1..=patches {
            let mark = session.mark();
            project.save(&[next_version(&template, patch)], SaveMode::InPlace)?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(outcome.outcome() == "patched", "patch {patch}: {outcome}");
            totals.push(
                outcome
                    .milliseconds("total")
                    .context("an outcome without its total time")?,
            );
            // Each thread goes on, and each call that starts now is new.
            session.expect_answer(&format!("seen {patch}"), &patch.to_string())?;
            session
                .expect_answer("error", "none")
                .with_context(|| format!("after patch {patch}"))?;
            let calls_now: u64 = session
                .ask("calls")?
                .parse()
                .context("`calls` is answered with a number")?;
            ensure!(
                calls_now > calls,
                "no calls between patches {} and {patch}",
                patch - 1
            );
            calls = calls_now;
            if matches!(patch, 1 | 10 | 100 | 200) {
                eprintln!(
                    "load: after {patch:3} patches: {} KiB resident, {calls} calls",
                    resident_kib(pid)?
                );
            }
        }
        ensure!(is_alive(pid), "the program has died");
        ensure!(session.program_pid()? == pid, "the program was restarted");
        session.check_one_outcome_per_save()?;
        let starts = session.look(|seen| {
            seen.events
                .iter()
                .filter(|(_, event)| event.kind() == "started")
                .count()
        });
        ensure!(starts == 1, "the program was started {starts} times");
        totals.sort_by(f64::total_cmp);
        let at = |part: usize| {
            totals
                .get(totals.len() * part / 100)
                .copied()
                .unwrap_or_default()
        };
        eprintln!(
            "load: save to acknowledgement: median {:.0} ms, 95th percentile {:.0} ms",
            at(50),
            at(95)
        );
        let mark = session.mark();
        session.close_stdin();
        let exited = session.wait_for_event(
            Mark {
                events: mark.events,
                ..Mark::default()
            },
            "the program's end",
            crate::support::deadline(),
            |event| event.kind() == "exited",
        )?;
        ensure!(
            exited.number("status") == Some(0),
            "the program must end with status 0: {exited}"
        );
        Ok(())
    })
}

/// The file with another number wherever its functions have theirs.
fn next_version(template: &str, version: usize) -> Edit {
    let text = template
        .replace("    0\n", &format!("    {version}\n"))
        .replace("(0 << 32)", &format!("({version} << 32)"));
    Edit {
        file: "src/versions.rs".to_owned(),
        change: Change::Write(text),
    }
}

fn resident_kib(pid: i64) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS in the status")?;
    line.trim()
        .trim_end_matches(" kB")
        .parse()
        .with_context(|| format!("`{line}` is not a size"))
}
