//! What cargo builds, and when it has to: its freshness goes by time, the session's by content.

use std::fs;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::{Event, Running};
use crate::support::trial;

const MAIN: &str = "src/main.rs";

const MANIFEST: &str = r#"[package]
name = "builds"
edition = "2024"

[dependencies]
lower = { path = "lower" }

[workspace]
members = ["lower"]
"#;

const SOURCE: &str = r#"struct State {
    sum: u64,
}

fn main() {
    let mut state = State { sum: 0 };
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&mut state, line.trim()));
    }
}

fn answer(state: &mut State, line: &str) -> String {
    state.sum += 1;
    let text = include_str!("text.txt").trim();
    format!("{line} {} {} {} main-1 {text}", state.sum, lower::word(), env!("WORD"))
}
"#;

const SCRIPT: &str = r#"fn main() {
    println!("cargo::rerun-if-changed=words.txt");
    let word = std::fs::read_to_string("words.txt").unwrap();
    println!("cargo::rustc-env=WORD={}", word.trim());
}
"#;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("builds::older_source_restarts", older_source_restarts),
        trial("builds::older_body_is_kept", older_body_is_kept),
        trial("builds::older_input_of_a_script", older_input_of_a_script),
        trial(
            "builds::older_than_the_first_build",
            older_than_the_first_build,
        ),
        trial("builds::newer_than_now", newer_than_now),
    ]
}

fn project() -> Result<Project> {
    Project::with_files(
        "builds",
        &[
            ("Cargo.toml", MANIFEST),
            (MAIN, SOURCE),
            ("src/text.txt", "text-1\n"),
            ("build.rs", SCRIPT),
            ("words.txt", "word-1\n"),
            (
                "lower/Cargo.toml",
                "[package]\nname = \"lower\"\nedition = \"2024\"\n",
            ),
            (
                "lower/src/lib.rs",
                "pub fn word() -> &'static str {\n    \"lower-1\"\n}\n",
            ),
        ],
    )
}

fn start(project: &Project) -> Result<Running> {
    let session = Running::session(project, &[], &[], &[])?;
    session.wait_for_start()?;
    Ok(session)
}

fn session(
    project: &Project,
    steps: impl FnOnce(&Project, &mut Running) -> Result<()>,
) -> Result<()> {
    start(project)?.with_report(|session| {
        session.wait_for_line("ready")?;
        steps(project, session)?;
        session.check_one_outcome_per_save()
    })
}

/// As `mv` does it with a file of another time: one replacement in a file that was last written `age` ago, or, where `age` is
/// `None`, a day from now.
fn move_in(
    project: &Project,
    file: &str,
    from: &str,
    to: &str,
    age: Option<Duration>,
) -> Result<()> {
    let text = project.read(file)?;
    ensure!(text.matches(from).count() == 1, "`{from}` once in {file}");
    let aside = project.path("aside");
    fs::create_dir_all(&aside).context("cannot make a directory")?;
    let path = aside.join("moved");
    fs::write(&path, text.replace(from, to)).context("cannot write")?;
    let day = Duration::from_secs(86_400);
    let time = match age {
        Some(age) => SystemTime::now() - age,
        None => SystemTime::now() + day,
    };
    let moved = fs::File::options().write(true).open(&path)?;
    moved.set_modified(time).context("cannot set the time")?;
    fs::rename(&path, project.path(file)).context("cannot move")
}

const HOUR: Duration = Duration::from_secs(3_600);

/// One such save and its outcome.
fn older(
    project: &Project,
    session: &mut Running,
    (file, from, to): (&str, &str, &str),
    outcome: &str,
    code: &str,
) -> Result<Event> {
    let mark = session.mark();
    move_in(project, file, from, to, Some(HOUR))?;
    let found = session.wait_for_outcome(mark)?;
    ensure!(
        found.outcome() == outcome && found.code() == code,
        "expected {outcome} {code}, got {found}"
    );
    if outcome == "restarted" {
        session.continue_from(mark);
        session.wait_for_line("ready")?;
    }
    Ok(found)
}

fn older_source_restarts() -> Result<()> {
    session(&project()?, |project, session| {
        session.expect_answer("a", "a 1 lower-1 word-1 main-1 text-1")?;
        let grown = (
            "src/main.rs",
            "    sum: u64,",
            "    sum: u64,\n    pub last: u8,",
        );
        let also = ("src/main.rs", "sum: 0 }", "sum: 40, last: 1 }");
        let mark = session.mark();
        move_in(project, grown.0, grown.1, grown.2, Some(HOUR))?;
        let broken = session.wait_for_outcome(mark)?;
        ensure!(broken.outcome() == "compile-error", "{broken}");
        older(project, session, also, "restarted", "HP0101")?;
        session.expect_answer("a", "a 41 lower-1 word-1 main-1 text-1")?;
        // What is patched in goes on from what runs.
        let body = (MAIN, "main-1", "main-2");
        older(project, session, body, "patched", "")?;
        session.expect_answer("a", "a 42 lower-1 word-1 main-2 text-1")
    })
}

/// A body was patched; the next restart does not lose it.
fn older_body_is_kept() -> Result<()> {
    session(&project()?, |project, session| {
        let bodies = [
            (MAIN, "main-1", "main-2"),
            ("lower/src/lib.rs", "lower-1", "lower-2"),
            ("src/text.txt", "text-1", "text-2"),
        ];
        for body in bodies {
            older(project, session, body, "patched", "")?;
        }
        session.expect_answer("a", "a 1 lower-2 word-1 main-2 text-2")?;
        let grown = (MAIN, "    sum: u64,", "    sum: u128,");
        older(project, session, grown, "restarted", "HP0101")?;
        session.expect_answer("a", "a 1 lower-2 word-1 main-2 text-2")?;
        // And back, which is what cargo built first.
        let back = ("lower/src/lib.rs", "lower-2", "lower-1");
        older(project, session, back, "patched", "")?;
        let shrunk = (MAIN, "    sum: u128,", "    sum: u64,");
        older(project, session, shrunk, "restarted", "HP0101")?;
        session.expect_answer("a", "a 1 lower-1 word-1 main-2 text-2")
    })
}

fn older_input_of_a_script() -> Result<()> {
    session(&project()?, |project, session| {
        for (old, new) in [("word-1", "word-2"), ("word-2", "word-1")] {
            let words = ("words.txt", old, new);
            older(project, session, words, "restarted", "HP0602")?;
            session.expect_answer("a", &format!("a 1 lower-1 {new} main-1 text-1"))?;
        }
        let script = ("build.rs", "=WORD={}", "=WORD=x-{}");
        older(project, session, script, "restarted", "HP0602")?;
        session.expect_answer("a", "a 1 lower-1 x-word-1 main-1 text-1")
    })
}

/// Of a session that has ended, cargo has what that one built.
fn older_than_the_first_build() -> Result<()> {
    let project = project()?;
    session(&project, |_, session| {
        session.expect_answer("a", "a 1 lower-1 word-1 main-1 text-1")
    })?;
    for (file, from, to) in [
        (MAIN, "main-1", "main-2"),
        ("lower/src/lib.rs", "lower-1", "lower-2"),
        ("src/text.txt", "text-1", "text-2"),
        ("words.txt", "word-1", "word-2"),
    ] {
        move_in(&project, file, from, to, Some(HOUR))?;
    }
    session(&project, |_, session| {
        session.expect_answer("a", "a 1 lower-2 word-2 main-2 text-2")
    })
}

/// A clock that is wrong makes cargo compile more than it has to, and nothing else.
fn newer_than_now() -> Result<()> {
    session(&project()?, |project, session| {
        let mark = session.mark();
        move_in(project, MAIN, "sum: u64", "sum: u128", None)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "restarted", "{outcome}");
        session.continue_from(mark);
        session.wait_for_line("ready")?;
        let body = (MAIN, "main-1", "main-2");
        older(project, session, body, "patched", "")?;
        session.expect_answer("a", "a 1 lower-1 word-1 main-2 text-1")?;
        let outcomes = session.outcomes();
        ensure!(outcomes == ["restarted", "patched"], "{outcomes:?}");
        Ok(())
    })
}
