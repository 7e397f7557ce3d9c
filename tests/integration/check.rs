//! `cargo hotpatch check`: what a save would come to, with a running session, with a buffer, and without a session.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::project::{Edit, Project, SaveMode};
use crate::running::{Mark, Running};
use crate::support::{deadline, output_of, scrubbed_command, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("check::of_a_running_session", of_a_running_session),
        trial("check::of_unsaved_content", of_unsaved_content),
        trial("check::of_several_crates", of_several_crates),
        trial("check::of_the_last_build", of_the_last_build),
        trial("check::beside_saves", beside_saves),
        trial("check::of_a_refused_edit", of_a_refused_edit),
        trial("check::of_an_ended_program", of_an_ended_program),
        trial("check::manual_saves_wait", manual_saves_wait),
        trial("check::functions_are_explained", functions_are_explained),
        trial(
            "check::what_restarts_without_a_judge_is_explained",
            what_restarts_without_a_judge_is_explained,
        ),
    ]
}

/// A program whose `visit` can be patched, and whose `Page` cannot grow.
const PROJECT: &str = "restart-field-grown";
const SOURCE: &str = "src/main.rs";

/// Exit code, standard output, standard error.
pub(crate) fn check(
    project: &Project,
    args: &[&str],
    input: Option<&str>,
) -> Result<(i32, String, String)> {
    let mut command = scrubbed_command(tool(), project.root());
    command
        .args(["hotpatch", "check"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start the check")?;
    let mut stdin = child.stdin.take().context("it has a standard input")?;
    stdin.write_all(input.unwrap_or_default().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    ensure!(!stderr.contains("panicked at"), "it panicked:\n{stderr}");
    let code = output.status.code().context("it ended by a signal")?;
    Ok((code, stdout, stderr))
}

/// The check must end like this and say these things, in words.
fn expect(project: &Project, wanted: i32, parts: &[&str]) -> Result<()> {
    let (code, stdout, stderr) = check(project, &[], None)?;
    ensure!(
        code == wanted && parts.iter().all(|part| stderr.contains(part)),
        "the check ends with {code} instead of {wanted}, or does not say {parts:?}:\n{stdout}{stderr}"
    );
    Ok(())
}

fn json(project: &Project, wanted: i32, args: &[&str], input: Option<&str>) -> Result<Value> {
    let args: Vec<&str> = ["--json"].iter().chain(args).copied().collect();
    let (code, stdout, stderr) = check(project, &args, input)?;
    ensure!(
        code == wanted,
        "the check ends with {code} instead of {wanted}:\n{stdout}{stderr}"
    );
    ensure!(stdout.lines().count() == 1, "not one line:\n{stdout}");
    serde_json::from_str(&stdout).with_context(|| format!("not JSON: {stdout}"))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn manual() -> [String; 1] {
    ["--manual".to_owned()]
}

fn save(project: &Project, wanted: i32) -> Result<()> {
    let status = scrubbed_command(tool(), project.root())
        .args(["hotpatch", "save", "--quiet"])
        .status()?;
    ensure!(
        status.code() == Some(wanted),
        "save ends with {status} instead of {wanted}"
    );
    Ok(())
}

fn of_a_running_session() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    Running::session(&project, &manual(), &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "1")?;
        let pid = session.program_pid()?;
        let mark = session.mark();

        expect(&project, 0, &["Unchanged"])?;
        project.replace(SOURCE, "hits += 1", "hits += 10")?;
        expect(&project, 0, &["Would patch 1 function", "visit"])?;
        let found = json(&project, 0, &[], None)?;
        ensure!(
            text(&found, "/check") == "patch"
                && text(&found, "/against") == "program"
                && text(&found, "/files/0") == SOURCE
                && text(&found, "/functions/0/kind") == "patched"
                && text(&found, "/functions/0/name").ends_with("::visit")
                && found["pid"] == pid
                && found["functions"].as_array().map(Vec::len) == Some(1),
            "{found}"
        );
        project.replace(SOURCE, "hits: u32", "hits: u64")?;
        expect(&project, 10, &["Would restart", "hits", "[HP0101]"])?;
        let found = json(&project, 10, &[], None)?;
        ensure!(
            text(&found, "/check") == "restart" && text(&found, "/reasons/0/code") == "HP0101",
            "{found}"
        );
        project.replace(SOURCE, "hits: u64", "hits: u32 + ")?;
        expect(&project, 12, &["error", "does not compile"])?;
        project.replace(SOURCE, "hits: u32 + ", "hits: u32")?;
        // All that was found out has left no trace: it is still the first patch, of one function.
        expect(&project, 0, &["Would patch 1 function", "visit"])?;
        session.expect_answer("x", "2")?;
        said_nothing_since(session, mark)?;

        let mark = session.mark();
        save(&project, 0)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "patched"
                && outcome.number("patch") == Some(1)
                && outcome.functions().len() == 1,
            "{outcome}"
        );
        session.expect_answer("x", "12")?;
        ensure!(session.program_pid()? == pid, "the program was restarted");
        expect(&project, 0, &["Unchanged"])?;
        // What only cargo can follow is said without trying.
        let manifest = project.read("Cargo.toml")?;
        std::fs::write(project.path("Cargo.toml"), format!("{manifest}\n# new\n"))?;
        expect(&project, 10, &["[HP0601]", "only cargo can tell"])?;
        session.check_one_outcome_per_save()
    })
}

fn of_unsaved_content() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "1")?;
        let mark = session.mark();
        let saved = project.read(SOURCE)?;
        let unsaved = |from: &str, to: &str| saved.replacen(from, to, 1);
        let file = ["--stdin-file", SOURCE];

        let patch = unsaved("hits += 1", "hits += 10");
        let found = json(&project, 0, &file, Some(&patch))?;
        ensure!(
            text(&found, "/check") == "patch"
                && text(&found, "/functions/0/name").ends_with("::visit"),
            "{found}"
        );
        let found = json(
            &project,
            10,
            &file,
            Some(&unsaved("hits: u32,", "hits: u64,")),
        )?;
        ensure!(text(&found, "/reasons/0/code") == "HP0101", "{found}");
        let found = json(
            &project,
            12,
            &file,
            Some(&unsaved("hits: u32,", "hits: no,")),
        )?;
        ensure!(
            text(&found, "/check") == "compile-error"
                && text(&found, "/diagnostics/0").contains(&format!("{SOURCE}:")),
            "{found}"
        );
        let found = json(&project, 0, &file, Some(&saved))?;
        ensure!(text(&found, "/check") == "unchanged", "{found}");

        ensure!(project.read(SOURCE)? == saved, "the file was touched");
        session.expect_answer("x", "2")?;
        said_nothing_since(session, mark)?;
        let mark = session.mark();
        project.replace(SOURCE, "hits += 1", "hits += 100")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("x", "102")
    })
}

/// A check is no event of the session. (That everything is compiled in advance may be said at any time.)
fn said_nothing_since(session: &Running, mark: Mark) -> Result<()> {
    session.look(|seen| {
        let new: Vec<_> = seen.events[mark.events..]
            .iter()
            .filter(|(_, event)| event.kind() != "warmed")
            .collect();
        ensure!(new.is_empty(), "the session said something: {new:?}");
        Ok(())
    })
}

/// Metadata that a check publishes among its own compilers is not what later replays read.
fn of_several_crates() -> Result<()> {
    let project = Project::copy_of("two-crates")?;
    Running::session(&project, &manual(), &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("4", "40")?;
        let (price, app) = ("price/src/lib.rs", "app/src/main.rs");
        project.replace(
            price,
            "count: u32) -> u32 {\n    count * 10",
            "count: u32, less: u32) -> u32 {\n    count * 10 - less",
        )?;
        expect(&project, 12, &["error[E0061]"])?;
        project.replace(app, "price::of(count)", "price::of(count, 7)")?;
        expect(&project, 0, &["Would patch", "price::of", "answer"])?;
        // Back in both: were the new metadata still there, this would not compile.
        project.replace(price, "count: u32, less: u32", "count: u32")?;
        project.replace(price, "count * 10 - less", "count * 10")?;
        project.replace(app, "price::of(count, 7)", "(price::of(count) + 1)")?;
        expect(&project, 0, &["Would patch 1 function", "answer"])?;
        let mark = session.mark();
        save(&project, 0)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("4", "41")
    })
}

fn of_the_last_build() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    let (code, _, stderr) = check(&project, &[], None)?;
    ensure!(
        code == 20 && stderr.contains("cargo hotpatch run"),
        "without a build: {code}\n{stderr}"
    );
    Running::session(&project, &["--once".to_owned()], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.close_stdin();
        session.wait_for_exit().map(drop)
    })?;
    expect(&project, 0, &["Unchanged"])?;
    project.replace(SOURCE, "hits += 1", "hits += 10")?;
    expect(
        &project,
        0,
        &["Would patch 1 function", "visit", "last build"],
    )?;
    let found = json(&project, 0, &[], None)?;
    ensure!(
        text(&found, "/against") == "last-build" && found["pid"].is_null(),
        "{found}"
    );
    project.replace(SOURCE, "hits: u32", "hits: u64")?;
    expect(&project, 10, &["[HP0101]", "hits"])?;
    let saved = project.read(SOURCE)?;
    let unsaved = saved.replacen("hits: u64,", "hits: u32,", 1);
    let found = json(&project, 0, &["--stdin-file", SOURCE], Some(&unsaved))?;
    ensure!(text(&found, "/check") == "patch", "{found}");
    project.replace(SOURCE, "hits: u64", "hits: no")?;
    expect(&project, 12, &["error[E04"])?;
    // From another directory, by the manifest.
    let elsewhere = tempfile::tempdir()?;
    let status = scrubbed_command(tool(), elsewhere.path())
        .args(["hotpatch", "check", "--manifest-path"])
        .arg(project.path("Cargo.toml"))
        .output()?
        .status;
    ensure!(status.code() == Some(12), "by the manifest: {status}");
    Ok(())
}

/// Checks and saves at the same time: each gets its answer, and saves are not lost.
fn beside_saves() -> Result<()> {
    let project = Project::copy_of("hello")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let mut greeting = "hello, ".to_owned();
        for round in 1..=6 {
            let mark = session.mark();
            let unsaved = project
                .read(SOURCE)?
                .replacen(&greeting, "an unsaved greeting, ", 1);
            let next = format!("greeting {round}, ");
            std::thread::scope(|scope| {
                let checks: Vec<_> = (0..2)
                    .map(|_| {
                        scope.spawn(|| json(&project, 0, &["--stdin-file", SOURCE], Some(&unsaved)))
                    })
                    .collect();
                // At another moment of the check in each round.
                std::thread::sleep(std::time::Duration::from_millis(20 * round));
                project.replace(SOURCE, &greeting, &next)?;
                for check in checks {
                    let found = check.join().expect("no panic")?;
                    ensure!(text(&found, "/check") == "patch", "{found}");
                }
                Ok(())
            })?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(outcome.outcome() == "patched", "{outcome}");
            session.expect_answer("you", &format!("{next}you ({round})"))?;
            greeting = next;
        }
        session.check_one_outcome_per_save()
    })
}

fn of_a_refused_edit() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    Running::session(&project, &["--no-restart".to_owned()], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let mark = session.mark();
        project.replace(SOURCE, "hits: u32", "hits: u64")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "refused", "{outcome}");
        expect(&project, 10, &["[HP0101]", "--no-restart"])
    })
}

fn of_an_ended_program() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    Running::session(&project, &manual(), &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let mark = session.mark();
        session.close_stdin();
        session.wait_for_event(mark, "the program's end", deadline(), |event| {
            event.kind() == "exited"
        })?;
        expect(&project, 0, &["Unchanged"])?;
        project.replace(SOURCE, "hits += 1", "hits += 10")?;
        expect(&project, 10, &["Would restart", "[HP0807]"])
    })
}

fn manual_saves_wait() -> Result<()> {
    let project = Project::copy_of("hello")?;
    Running::session(&project, &manual(), &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let mark = session.mark();
        project.replace(SOURCE, "hello, ", "bye, ")?;
        project.replace(SOURCE, "bye, ", "see you, ")?;
        // The answer comes after the watcher was asked, so nothing was on its way.
        expect(&project, 0, &["Would patch"])?;
        session.expect_answer("you", "hello, you (1)")?;
        said_nothing_since(session, mark)?;
        save(&project, 0)?;
        session.expect_answer("you", "see you, you (2)")?;
        // Nothing is left to be done.
        save(&project, 0)?;
        session.check_one_outcome_per_save()
    })
}

/// `explain FUNCTION`: exit code, and all that it printed.
fn explain(project: &Project, function: &str) -> Result<(i32, String)> {
    let (status, stdout, stderr) = output_of(
        scrubbed_command(tool(), project.root()).args(["hotpatch", "explain", function]),
    )?;
    ensure!(!stderr.contains("panicked at"), "it panicked:\n{stderr}");
    let code = status.code().context("it ended by a signal")?;
    Ok((code, stdout + &stderr))
}

fn expect_explained(project: &Project, function: &str, wanted: i32, parts: &[&str]) -> Result<()> {
    let (code, said) = explain(project, function)?;
    // Lines are broken where they are long.
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(
        code == wanted && parts.iter().all(|part| words.contains(part)),
        "explain {function} ends with {code} instead of {wanted}, or does not say {parts:?}:\n{said}"
    );
    Ok(())
}

fn functions_are_explained() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    let expect_explained = |function: &str, wanted: i32, parts: &[&str]| {
        expect_explained(&project, function, wanted, parts)
    };
    expect_explained("visit", 1, &["no save and no check"])?;
    Running::session(&project, &manual(), &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        project.replace(SOURCE, "hits += 1", "hits += 119")?;
        expect(&project, 0, &["Would patch"])?;
        expect_explained(
            "visit",
            0,
            &["the last check", "became", "0x77", "it would be patched"],
        )?;
        save(&project, 0)?;
        expect_explained(
            "restart_field_grown::visit",
            0,
            &[
                "the last save",
                "patched",
                "0x77",
                "every new call reaches it",
            ],
        )?;
        expect_explained("main", 0, &["it did not differ"])?;
        expect_explained(
            "vist",
            2,
            &["no function `vist`", "restart_field_grown::visit"],
        )?;
        expect_explained("drop_in_place", 2, &["one of several"])?;
        project.replace(SOURCE, "hits: u32", "hits: u64")?;
        expect(&project, 10, &["[HP0101]"])?;
        expect_explained(
            "visit",
            0,
            &[
                "a restart was needed",
                "became",
                "nothing would be patched",
                "[HP0101]",
            ],
        )
    })?;
    // It is still known when the session has ended.
    expect_explained("visit", 0, &["the last check", "[HP0101]"])
}

/// Another allocator restarts before the judge is asked anything. What differed is known all the same.
fn what_restarts_without_a_judge_is_explained() -> Result<()> {
    let project = Project::copy_of(PROJECT)?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let mark = session.mark();
        let edits = [
            ("hits += 1", "hits += 119"),
            (
                "fn visit(",
                "#[global_allocator]\nstatic HEAP: std::alloc::System = std::alloc::System;\n\nfn visit(",
            ),
        ];
        let edits = edits.map(|(from, to)| Edit::replace(SOURCE, from, to));
        project.save(&edits, SaveMode::InPlace)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "restarted" && outcome.reason().contains("global allocator"),
            "{outcome}"
        );
        expect_explained(
            &project,
            "visit",
            0,
            &["the last save", "became", "0x77", "a restart was needed", "global allocator"],
        )?;
        expect_explained(&project, "main", 0, &["it did not differ"])
    })
}
