//! The program tells: which patched functions were called since their patch, to whom that is said, and what is said of those that
//! were not.

use std::thread::JoinHandle;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::{Edit, Project, SaveMode};
use crate::running::{Event, Mark, Running};
use crate::support::{build_deadline, output_of, scrubbed_command, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("reached::a_call_after_the_patch_is_told", a_call),
        trial("reached::what_is_not_called_is_told", no_call),
        trial("reached::a_save_waits_for_the_call", a_save_waits),
        trial("reached::marks_outlast_the_confirmation", confirmed),
        trial("reached::the_fast_way_sees_that_nothing_calls", no_effect),
        trial("reached::all_functions_of_a_panic_are_told", unwinding),
    ]
}

const MAIN: &str = "src/main.rs";

fn begin(session: &mut Running) -> Result<()> {
    session.wait_for_start()?;
    session.wait_for_line("ready")?;
    Ok(())
}

fn begin_warm(session: &mut Running) -> Result<()> {
    begin(session)?;
    let warmed = |event: &Event| event.kind() == "warmed";
    session.wait_for_event(
        Mark::default(),
        "end of the warm-up",
        build_deadline(),
        warmed,
    )?;
    Ok(())
}

/// The next event of this kind behind `mark`.
fn event(session: &Running, mark: Mark, kind: &'static str) -> Result<Event> {
    session.wait_for_event(mark, kind, build_deadline(), |event| event.kind() == kind)
}

/// The names that a `reached` or `not-reached` event lists.
fn names(event: &Event) -> Vec<&str> {
    event
        .functions()
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

/// Two edits in one save.
fn replace_both(project: &Project, edits: [(&str, &str); 2]) -> Result<()> {
    let edits = edits.map(|(from, to)| Edit::replace(MAIN, from, to));
    project.save(&edits, SaveMode::default())
}

fn a_call() -> Result<()> {
    let project = Project::copy_of("reached")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        begin(session)?;
        let mark = session.mark();
        project.replace(MAIN, "tick one", "tick two")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("tick", "tick two")?;
        let reached = event(session, mark, "reached")?;
        ensure!(
            names(&reached) == ["reached::tick"]
                && reached.number("of") == outcome.number("patch")
                && reached.number("left") == Some(0),
            "{reached}"
        );
        session.wait_for_stderr(mark, "reached::tick: called after ")
    })
}

fn no_call() -> Result<()> {
    let project = Project::copy_of("reached")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        begin(session)?;
        let mark = session.mark();
        replace_both(
            &project,
            [("tick one", "tick two"), ("set up once", "set up again")],
        )?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "patched"
                && outcome
                    .notes()
                    .iter()
                    .any(|note| note.contains("`reached::set_up` was called for the last time")),
            "{outcome}"
        );
        session.expect_answer("tick", "tick two")?;
        let missing = event(session, mark, "not-reached")?;
        ensure!(
            names(&missing) == ["reached::set_up"]
                && missing.number("reached") == Some(1)
                && missing
                    .to_string()
                    .contains("`reached::main` calls it, which has passed that place"),
            "{missing}"
        );
        session.wait_for_stderr(mark, "reached::set_up: not called yet: ")?;

        // What comes late is told all the same.
        let mark = session.mark();
        project.replace(MAIN, "rare one", "rare two")?;
        session.wait_for_outcome(mark)?;
        let missing = event(session, mark, "not-reached")?;
        ensure!(
            names(&missing) == ["reached::rare"]
                && missing
                    .to_string()
                    .contains("which runs and may come to it"),
            "{missing}"
        );
        session.expect_answer("rare", "rare two")?;
        let reached = event(session, mark, "reached")?;
        ensure!(names(&reached) == ["reached::rare"], "{reached}");
        Ok(())
    })
}

/// `cargo hotpatch save` with these arguments; its exit code and standard error.
fn save(project: &Project, arguments: &[&str]) -> JoinHandle<Result<(Option<i32>, String)>> {
    let mut command = scrubbed_command(tool(), project.root());
    command.args(["hotpatch", "save"]).args(arguments);
    std::thread::spawn(move || {
        let (status, _, stderr) = output_of(&mut command)?;
        Ok((status.code(), stderr))
    })
}

fn a_save_waits() -> Result<()> {
    let project = Project::copy_of("reached")?;
    Running::session(&project, &["--manual".to_owned()], &[], &[])?.with_report(|session| {
        begin(session)?;
        let mark = session.mark();
        project.replace(MAIN, "tick one", "tick two")?;
        let asked = save(&project, &["--reached", "--within", "300"]);
        session.wait_for_outcome(mark)?;
        session.expect_answer("tick", "tick two")?;
        let (code, text) = asked.join().ok().context("the thread panicked")??;
        ensure!(
            code == Some(0) && text.contains("reached::tick: called after "),
            "{code:?}: {text}"
        );

        project.replace(MAIN, "rare one", "rare two")?;
        let asked = save(&project, &["--reached", "--within", "1"]);
        let (code, text) = asked.join().ok().context("the thread panicked")??;
        ensure!(
            code == Some(14) && text.contains("reached::rare: not called yet: "),
            "{code:?}: {text}"
        );
        Ok(())
    })
}

fn confirmed() -> Result<()> {
    let project = Project::copy_of("reached")?;
    let fast = ["--fast=always".to_owned()];
    Running::session(&project, &fast, &[], &[])?.with_report(|session| {
        begin_warm(session)?;
        let mark = session.mark();
        project.replace(MAIN, "tick one", "tick two")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "patched" && outcome.text("way") == "fast",
            "{outcome}"
        );
        let confirmation = event(session, mark, "confirmation")?;
        ensure!(confirmation.flag("agrees") == Some(true), "{confirmation}");
        session.expect_answer("tick", "tick two")?;
        let reached = event(session, mark, "reached")?;
        ensure!(
            names(&reached) == ["reached::tick"] && reached.number("of") == outcome.number("patch"),
            "{reached}"
        );
        Ok(())
    })
}

fn no_effect() -> Result<()> {
    let project = Project::copy_of("reached")?;
    let fast = ["--fast=always".to_owned()];
    Running::session(&project, &fast, &[], &[])?.with_report(|session| {
        begin_warm(session)?;
        for (from, to, function) in [
            ("set up once", "set up again", "set_up"),
            ("serving {name}", "serving as {name}", "serve"),
        ] {
            let mark = session.mark();
            project.replace(MAIN, from, to)?;
            let outcome = session.wait_for_outcome(mark)?;
            // Nothing but the shadow was compiled before cargo was.
            ensure!(
                outcome.outcome() == "restarted"
                    && outcome.code() == "HP0902"
                    && outcome.reason().contains(function)
                    && outcome.text("full_because").is_empty(),
                "{outcome}"
            );
            session.continue_from(mark);
            session.wait_for_line("ready")?;
            event(session, mark, "warmed")?;
        }
        session.expect_answer("who", "serving as set up again")
    })
}

fn unwinding() -> Result<()> {
    let project = Project::copy_of("reached")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        begin(session)?;
        let mark = session.mark();
        replace_both(
            &project,
            [("thrown one", "thrown two"), ("caught one", "caught two")],
        )?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("panic", "caught two: thrown two")?;
        session.wait_for_stderr(mark, "reached::throws")?;
        let reached = session.wait_for_event(mark, "all reached", build_deadline(), |event| {
            event.kind() == "reached" && event.number("left") == Some(0)
        })?;
        ensure!(!names(&reached).is_empty(), "{reached}");
        Ok(())
    })
}
