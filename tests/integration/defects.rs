//! Defects of the tool itself: a panic, or a text that nests deeper than a stack, ends in an outcome and in words, and the session works
//! on.
//!
//! Builds for development panic once at each place that the environment names.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::check::check;
use crate::project::Project;
use crate::running::{Event, Mark, Running};
use crate::support::{deadline, output_of, scrubbed_command, tool, trial};

const MAIN: &str = "src/main.rs";
const PANIC: &str = "CARGO_HOTPATCH_TRIAL_PANIC";
const INTERNAL: &str = "HP0904";

/// Where a panic is asked for, and what the save that meets it comes to.
struct Place {
    name: &'static str,
    /// Behind `cargo hotpatch run`.
    args: &'static [&'static str],
    outcome: &'static str,
    /// It is the outcome's reason; otherwise a warning says it.
    is_reason: bool,
}

const PLACES: &[Place] = &[
    place("advance", &["--fast=always"], "patched", false),
    place("fast", &["--fast=always"], "patched", false),
    place("fast-judge", &["--fast=always"], "patched", false),
    place("compile", &[], "restarted", true),
    place("judge", &[], "restarted", true),
    place("changed", &[], "restarted", true),
    place("compile", &["--no-restart"], "refused", true),
    place("judge", &["--no-restart"], "refused", true),
    place("watch", &[], "patched", false),
    place("events", &[], "patched", false),
];

const fn place(
    name: &'static str,
    args: &'static [&'static str],
    outcome: &'static str,
    is_reason: bool,
) -> Place {
    Place {
        name,
        args,
        outcome,
        is_reason,
    }
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = PLACES
        .iter()
        .map(|place| {
            let name = [&["defects::panic", place.name], place.args].concat();
            trial(name.join(" "), || panics_at(place))
        })
        .collect();
    trials.extend([
        trial("defects::panic_in_confirmation", panic_in_confirmation),
        trial("defects::panic_in_a_build_ahead", panic_in_a_build_ahead),
        trial("defects::panic_in_rebuild", panic_in_rebuild),
        trial("defects::panic_in_first_build", panic_in_first_build),
        trial("defects::panic_over_a_request", panic_over_a_request),
        trial("defects::panic_in_the_session", panic_in_the_session),
        trial("defects::panic_in_check", panic_in_check),
        trial("defects::a_module_for_tests", a_module_for_tests),
        trial("defects::deep_edit", deep_edit),
        trial("defects::deep_from_the_start", deep_from_the_start),
        trial("defects::deep_in_a_chain", deep_in_a_chain),
    ]);
    trials.extend(["gone", "killed", "full", "read-only"].map(|mode| {
        trial(
            format!("defects::a_build_that_cannot_run {mode}"),
            move || a_build_that_cannot_run(mode),
        )
    }));
    trials
}

/// A session of the `faults` project in which that place panics once.
fn session(
    place: &str,
    args: &[&str],
    steps: impl FnOnce(&Project, &mut Running) -> Result<()>,
) -> Result<()> {
    let project = Project::copy_of("faults")?;
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let environment = [(PANIC.to_owned(), place.to_owned())];
    Running::session(&project, &args, &[], &environment)?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "v1 1 x")?;
        steps(&project, session)
    })
}

/// Saves another version of the program, and returns the outcome.
fn save(project: &Project, session: &Running, from: &str, to: &str) -> Result<Event> {
    let mark = session.mark();
    project.replace(MAIN, &format!("\"{from}\""), &format!("\"{to}\""))?;
    session.wait_for_outcome(mark)
}

/// The next save is patched into the running program.
fn works_on(project: &Project, session: &mut Running, from: &str, to: &str) -> Result<()> {
    let mark = session.mark();
    session.continue_from(mark);
    let outcome = save(project, session, from, to)?;
    ensure!(
        outcome.outcome() == "patched",
        "the session must work on: {outcome}"
    );
    let answer = session.ask("y")?;
    ensure!(
        answer.starts_with(to),
        "{to} was patched, and it says {answer}"
    );
    session.check_one_outcome_per_save()
}

/// An event says what panicked, and asks for a report.
fn wait_for_words(session: &Running) -> Result<Event> {
    session.wait_until("words about the panic", deadline(), |seen| {
        let said = seen.events.iter().map(|(_, event)| event).find(|event| {
            event.code() == INTERNAL
                && event.reason().contains("a trial asked for it")
                && event.reason().contains("please report")
        });
        Ok(said.cloned())
    })
}

fn panics_at(place: &Place) -> Result<()> {
    session(place.name, place.args, |project, session| {
        if place.args.contains(&"--fast=always") {
            session.wait_for_event(
                Mark::default(),
                "everything compiled in advance",
                deadline(),
                |event| event.kind() == "warmed",
            )?;
        }
        let before = session.program_pid()?;
        let outcome = save(project, session, "v1", "v2")?;
        ensure!(outcome.outcome() == place.outcome, "{outcome}");
        ensure!(
            place.is_reason == (outcome.code() == INTERNAL),
            "the reason: {outcome}"
        );
        wait_for_words(session)?;
        let is_same = session.program_pid()? == before;
        ensure!(is_same == (place.outcome != "restarted"), "{outcome}");
        works_on(project, session, "v2", "v3")
    })
}

/// The fast patch was in the program, and nobody knows whether it was right.
fn panic_in_confirmation() -> Result<()> {
    session("confirm", &["--fast=always"], |project, session| {
        session.wait_for_event(
            Mark::default(),
            "everything compiled in advance",
            deadline(),
            |event| event.kind() == "warmed",
        )?;
        let outcome = save(project, session, "v1", "v2")?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        wait_for_words(session)?;
        session.wait_for_event(Mark::default(), "the confirmation", deadline(), |event| {
            event.kind() == "confirmation"
        })?;
        works_on(project, session, "v2", "v3")
    })
}

fn edit_the_manifest(project: &Project) -> Result<()> {
    let manifest = project.read("Cargo.toml")?;
    let edited = format!("{manifest}\n[profile.dev]\noverflow-checks = false\n");
    std::fs::write(project.path("Cargo.toml"), edited).context("cannot write the manifest")
}

/// A build whose link waits for a verdict is begun once more, and counts.
fn panic_in_a_build_ahead() -> Result<()> {
    session("ahead", &[], |project, session| {
        let mark = session.mark();
        session.continue_from(mark);
        edit_the_manifest(project)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "restarted", "{outcome}");
        ensure!(outcome.code() == INTERNAL, "{outcome}");
        session.wait_for_line("ready")?;
        works_on(project, session, "v1", "v2")
    })
}

/// A restart that fails leaves the program as it is.
fn panic_in_rebuild() -> Result<()> {
    session("ahead,rebuild", &[], |project, session| {
        let before = session.program_pid()?;
        let mark = session.mark();
        edit_the_manifest(project)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "refused", "{outcome}");
        ensure!(outcome.code() == INTERNAL, "{outcome}");
        ensure!(session.program_pid()? == before, "the program has to live");
        session.expect_answer("x", "v1 2 x")?;
        // What was not built then is built now.
        let outcome = save(project, session, "v1", "v2")?;
        ensure!(outcome.outcome() == "restarted", "{outcome}");
        session.wait_for_line("ready")?;
        works_on(project, session, "v2", "v3")
    })
}

fn panic_in_first_build() -> Result<()> {
    let project = Project::copy_of("faults")?;
    let mut command = scrubbed_command(tool(), project.root());
    command.args(["hotpatch", "run"]).env(PANIC, "build");
    let (status, _, stderr) = output_of(&mut command)?;
    ensure!(!status.success(), "nothing was built");
    ensure!(
        stderr.contains(INTERNAL) && stderr.contains("please report"),
        "{stderr}"
    );
    Ok(())
}

fn asked(project: &Project, word: &str) -> Command {
    let mut command = scrubbed_command(tool(), project.root());
    command.args(["hotpatch", word]);
    command
}

fn panic_over_a_request() -> Result<()> {
    session("request", &[], |project, session| {
        let (status, _, _) = output_of(&mut asked(project, "save"))?;
        ensure!(!status.success(), "nobody answered");
        wait_for_words(session)?;
        let (status, _, stderr) = output_of(&mut asked(project, "save"))?;
        ensure!(status.success(), "{stderr}");
        works_on(project, session, "v1", "v2")
    })
}

/// What the session holds of the program may be half of it, so the next save restarts.
fn panic_in_the_session() -> Result<()> {
    session("session", &[], |project, session| {
        let (status, _, stderr) = output_of(&mut asked(project, "save"))?;
        ensure!(
            !status.success() && stderr.contains(INTERNAL),
            "the answer is what happened: {stderr}"
        );
        wait_for_words(session)?;
        let outcome = save(project, session, "v1", "v2")?;
        ensure!(outcome.outcome() == "restarted", "{outcome}");
        ensure!(outcome.code() == INTERNAL, "{outcome}");
        session.wait_for_line("ready")?;
        works_on(project, session, "v2", "v3")
    })
}

fn panic_in_check() -> Result<()> {
    for place in ["check", "check-judge"] {
        session(place, &[], |project, session| {
            let edited = project.read(MAIN)?.replace("\"v1\"", "\"v2\"");
            let (_, stdout, stderr) = check(project, &["--stdin-file", MAIN], Some(&edited))?;
            ensure!(
                format!("{stdout}{stderr}").contains(INTERNAL),
                "{stdout}{stderr}"
            );
            works_on(project, session, "v1", "v2")
        })?;
    }
    Ok(())
}

/// Functions in a module that is compiled for tests only are no functions of the program.
fn a_module_for_tests() -> Result<()> {
    let project = Project::copy_of("cfg-test-module")?;
    let args = ["--fast=always".to_owned()];
    Running::session(&project, &args, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_event(
            Mark::default(),
            "everything compiled in advance",
            deadline(),
            |event| event.kind() == "warmed",
        )?;
        session.expect_answer("x", "one")?;
        let mark = session.mark();
        project.replace("src/words.rs", "\"one\"", "\"two\"")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("x", "two")?;
        let mark = session.mark();
        project.replace("src/words.rs", "self.a\n", "self.a + 1\n")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "unchanged", "{outcome}");
        ensure!(
            session.look(|seen| seen
                .events
                .iter()
                .all(|(_, event)| event.code() != INTERNAL)),
            "nothing panics"
        );
        session.check_one_outcome_per_save()
    })
}

/// A function that nests as deep as the compiler can follow.
fn nested(depth: usize) -> String {
    format!("{}1{}", "(".repeat(depth), ")".repeat(depth))
}

const DEEP: usize = 1_000;

/// What is saved nests deep.
fn deep_edit() -> Result<()> {
    for fast in ["--fast=always", "--fast=never"] {
        session("", &[fast], |project, session| {
            let mark = session.mark();
            let function = format!(
                "fn version() -> &'static str {{\n    let n: u32 = {};\n    if n == 1 {{ \"v2\" }} else {{ \"v1\" }}\n}}\n",
                nested(DEEP)
            );
            replace_version(project, &function)?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(outcome.outcome() == "patched", "{outcome}");
            session.expect_answer("x", "v2 2 x")?;
            works_on(project, session, "v2", "v3")
        })?;
    }
    Ok(())
}

fn replace_version(project: &Project, function: &str) -> Result<()> {
    project.replace(
        MAIN,
        "fn version() -> &'static str {\n    \"v1\"\n}\n",
        function,
    )
}

/// Another file nests deep, and has from the start.
fn deep_from_the_start() -> Result<()> {
    let project = Project::copy_of("faults")?;
    let extra = project.read("src/extra.rs")?;
    std::fs::write(
        project.path("src/extra.rs"),
        format!(
            "{extra}\n#[allow(dead_code)]\npub fn deep() -> u32 {{\n    {}\n}}\n",
            nested(DEEP)
        ),
    )
    .context("cannot write the file")?;
    let args = ["--fast=always".to_owned()];
    Running::session(&project, &args, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        works_on(&project, session, "v1", "v2")
    })
}

/// Chains nest without brackets.
fn deep_in_a_chain() -> Result<()> {
    session("", &["--fast=always"], |project, session| {
        let calls = ".wrapping_add(1)".repeat(DEEP / 2);
        let sum = " + 1".repeat(DEEP);
        let turns: String = (0..DEEP)
            .map(|n| format!("if n == {} {{ {n} }} else ", n + 5_000))
            .collect();
        let function = format!(
            "fn version() -> &'static str {{\n    let n: u32 = 1_u32{calls};\n    let m: u32 = 1{sum};\n    let o: u32 = {turns}{{ 1 }};\n    if n + m + o == {} {{ \"v2\" }} else {{ \"v1\" }}\n}}\n",
            DEEP / 2 + 1 + DEEP + 1 + 1
        );
        let mark = session.mark();
        replace_version(project, &function)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("x", "v2 2 x")?;
        works_on(project, session, "v2", "v3")
    })
}

/// Cargo as it is, unless a file beside the script says how it fails.
const CARGO: &str = r#"#!/bin/sh
case "$1 $(cat "$0.mode" 2>/dev/null)" in
"build killed") kill -9 $$ ;;
"build full")
    echo '{"reason":"compiler-message","message":{"level":"error","message":"failed to write: No space left on device (os error 28)","rendered":"error: failed to write: No space left on device (os error 28)","spans":[],"code":null}}'
    exit 101
    ;;
"build read-only")
    echo 'error: failed to open: Read-only file system (os error 30)' >&2
    exit 101
    ;;
esac
exec cargo "$@"
"#;

/// A build that cannot run is not an error of the source. The program goes on, and once the cause is gone, a request to save is enough.
fn a_build_that_cannot_run(mode: &str) -> Result<()> {
    let project = Project::copy_of("faults")?;
    let cargo = project.path("cargo-of-trial");
    std::fs::write(&cargo, CARGO).context("cannot write the script")?;
    let executable = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&cargo, permissions).context("cannot set permissions")
    };
    executable(0o755)?;
    let environment = [("CARGO".to_owned(), cargo.display().to_string())];
    Running::session(&project, &[], &[], &environment)?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "v1 1 x")?;
        let before = session.program_pid()?;
        let mode_file = project.path("cargo-of-trial.mode");
        std::fs::write(&mode_file, mode).context("cannot write the mode")?;
        if mode == "gone" {
            executable(0o644)?;
        }
        let mark = session.mark();
        session.continue_from(mark);
        edit_the_manifest(&project)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "refused", "{outcome}");
        ensure!(outcome.code() == "HP0607", "{outcome}");
        ensure!(session.program_pid()? == before, "the program has to live");
        session.expect_answer("x", "v1 2 x")?;
        std::fs::remove_file(&mode_file).context("cannot remove the mode")?;
        executable(0o755)?;
        let mark = session.mark();
        let (status, _, stderr) = output_of(&mut asked(&project, "save"))?;
        ensure!(status.code() == Some(10), "it restarts now: {stderr}");
        session.wait_for_outcome(mark)?;
        session.wait_for_line("ready")?;
        works_on(&project, session, "v1", "v2")
    })
}
