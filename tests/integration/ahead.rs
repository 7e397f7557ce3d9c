//! Edits of which the source says that they restart: cargo builds before they are judged.

use std::fs::File;

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use rustix::fs::FlockOperation;

use crate::project::{Edit, Project, SaveMode};
use crate::running::{Mark, Running};
use crate::support::{send_signal, trial};

const MAIN: &str = "src/main.rs";

const MANIFEST: &str = "[package]\nname = \"ahead\"\nedition = \"2024\"\n\n[workspace]\n";

/// `slow(N)` keeps the compiler busy. A field of type `Number` is one of type `u64`.
const SOURCE: &str = r#"#![allow(long_running_const_eval)]

type Number = u64;

#[derive(Default)]
struct State {
    sum: u64,
}

const fn slow(mut rounds: u64) -> u64 {
    while rounds > 1 {
        rounds -= 1;
    }
    rounds
}

const _: u64 = slow(1);

fn main() {
    let mut state = State::default();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", add(&mut state, line.trim().parse().unwrap_or(0)));
    }
}

fn add(state: &mut State, number: Number) -> String {
    state.sum += number;
    format!("v1 {}", state.sum)
}
"#;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ahead::a_restart", a_restart),
        trial("ahead::what_does_not_compile", what_does_not_compile),
        trial("ahead::a_patch_after_all", a_patch_after_all),
        trial("ahead::a_newer_save_wins", a_newer_save_wins),
        trial("ahead::the_program_ends", the_program_ends),
        trial("ahead::another_cargo_is_at_work", another_cargo_is_at_work),
    ]
}

fn session(args: &[&str], steps: impl FnOnce(&Project, &mut Running) -> Result<()>) -> Result<()> {
    let project = Project::with_files("ahead", &[("Cargo.toml", MANIFEST), (MAIN, SOURCE)])?;
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    Running::session(&project, &args, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("3", "v1 3")?;
        steps(&project, session)
    })
}

fn change(from: &str, to: &str) -> Edit {
    Edit::replace(MAIN, from, to)
}

/// Saves, and expects an outcome, with a code if it restarts.
fn expect(
    project: &Project,
    session: &mut Running,
    edits: &[Edit],
    outcome: &str,
    code: &str,
) -> Result<Mark> {
    let mark = session.mark();
    project.save(edits, SaveMode::InPlace)?;
    let found = session.wait_for_outcome(mark)?;
    ensure!(
        found.outcome() == outcome && found.code() == code,
        "expected {outcome} {code}, got {found}"
    );
    if outcome == "restarted" {
        session.continue_from(mark);
        session.wait_for_line("ready")?;
    }
    Ok(mark)
}

/// The compiler said `text`, and said it once.
fn expect_said_once(session: &Running, mark: Mark, text: &str) -> Result<()> {
    session.wait_for_stderr(mark, text)?;
    let times = session.look(|seen| {
        let lines = seen.stderr.iter().skip(mark.stderr);
        lines.filter(|(_, line)| line.contains(text)).count()
    });
    ensure!(times == 1, "`{text}` was said {times} times");
    Ok(())
}

fn a_restart() -> Result<()> {
    session(&[], |project, session| {
        let grown = [change(
            "    sum: u64,",
            "    sum: u64,\n    last: Option<u64>,",
        )];
        let mark = expect(project, session, &grown, "restarted", "HP0101")?;
        session.expect_answer("4", "v1 4")?;
        expect_said_once(session, mark, "field `last` is never read")?;
        // All goes on from the build that was judged.
        let body = [change("\"v1 {}\"", "\"v2 {}\"")];
        expect(project, session, &body, "patched", "")?;
        session.expect_answer("4", "v2 8")?;
        let shrunk = [change("    last: Option<u64>,\n", "")];
        expect(project, session, &shrunk, "restarted", "HP0101")?;
        session.expect_answer("5", "v2 5")?;
        session.check_one_outcome_per_save()
    })?;
    session(&["--no-restart"], |project, session| {
        let grown = [change("    sum: u64,", "    sum: u128,")];
        let body = [
            change("sum += number", "sum += u128::from(number)"),
            grown[0].clone(),
        ];
        expect(project, session, &body, "refused", "HP0101")?;
        session.expect_answer("4", "v1 7")
    })
}

fn what_does_not_compile() -> Result<()> {
    session(&[], |project, session| {
        let broken = [change("    sum: u64,", "    sum: Unknown,")];
        let mark = expect(project, session, &broken, "compile-error", "HP0608")?;
        expect_said_once(session, mark, "cannot find type `Unknown`")?;
        session.expect_answer("4", "v1 7")?;
        // Now it is of the same type as before, only spelled otherwise.
        let mended = [
            change("Unknown", "Number"),
            change("\"v1 {}\"", "\"v2 {}\""),
        ];
        expect(project, session, &mended, "patched", "")?;
        session.expect_answer("4", "v2 11")?;
        session.check_one_outcome_per_save()
    })
}

fn a_patch_after_all() -> Result<()> {
    session(&[], |project, session| {
        let spelled = [
            change("    sum: u64,", "    sum: Number,"),
            change("    format!(\"v1 ", "    let idle = 1;\n    format!(\"v2 "),
        ];
        let mark = expect(project, session, &spelled, "patched", "")?;
        // Though it was compiled twice.
        expect_said_once(session, mark, "unused variable: `idle`")?;
        let builds = session.look(|seen| {
            let events = seen.events.iter().skip(mark.events).map(|(_, event)| event);
            events.filter(|event| event.kind() == "building").count()
        });
        ensure!(builds == 0, "what nobody needs is not said to be built");
        session.expect_answer("4", "v2 7")?;
        // What the build that was given up left behind does no harm: neither to a patch nor to a restart.
        let body = [change("\"v2 {}\"", "\"v3 {}\"")];
        expect(project, session, &body, "patched", "")?;
        session.expect_answer("1", "v3 8")?;
        let grown = [change(
            "    sum: Number,",
            "    sum: Number,\n    last: u8,",
        )];
        expect(project, session, &grown, "restarted", "HP0101")?;
        session.expect_answer("1", "v3 1")?;
        session.check_one_outcome_per_save()
    })
}

fn a_newer_save_wins() -> Result<()> {
    session(&[], |project, session| {
        let mark = session.mark();
        let slow = [
            change("    sum: u64,", "    sum: u64,\n    last: u8,"),
            change("slow(1)", "slow(60_000_000)"),
        ];
        project.begin_save(session, &slow)?;
        let back = [
            change("    last: u8,\n", ""),
            change("slow(60_000_000)", "slow(1)"),
            change("\"v1 {}\"", "\"v2 {}\""),
        ];
        project.save(&back, SaveMode::InPlace)?;
        session.wait_for_outcome(mark)?;
        let outcomes = session.outcomes();
        ensure!(
            outcomes == ["superseded", "patched"],
            "the outcomes are {outcomes:?}"
        );
        session.expect_answer("4", "v2 7")?;
        session.check_one_outcome_per_save()
    })
}

fn the_program_ends() -> Result<()> {
    session(&[], |project, session| {
        let mark = session.mark();
        let slow = [
            change("    sum: u64,", "    sum: u64,\n    last: u8,"),
            change("slow(1)", "slow(20_000_000)"),
        ];
        project.begin_save(session, &slow)?;
        let program = libc::pid_t::try_from(session.program_pid()?)?;
        send_signal(program, libc::SIGKILL)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "restarted" && outcome.code() == "HP0807",
            "{outcome}"
        );
        session.continue_from(mark);
        session.wait_for_line("ready")?;
        session.expect_answer("4", "v1 4")
    })
}

/// An editor's `cargo check`, say. What cargo has to say is held back, but not that it waits.
fn another_cargo_is_at_work() -> Result<()> {
    session(&[], |project, session| {
        let locks = ["target/debug/.cargo-lock", "target/debug/.cargo-build-lock"]
            .iter()
            .filter_map(|name| File::options().write(true).open(project.path(name)).ok())
            .collect::<Vec<_>>();
        ensure!(!locks.is_empty(), "cargo's lock is elsewhere");
        for lock in &locks {
            rustix::fs::flock(lock, FlockOperation::LockExclusive)?;
        }
        let mark = session.mark();
        let grown = [change("    sum: u64,", "    sum: u64,\n    last: u8,")];
        project.save(&grown, SaveMode::InPlace)?;
        session.wait_for_stderr(mark, "Blocking waiting for file lock")?;
        session.expect_answer("4", "v1 7")?;
        drop(locks);
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "restarted" && outcome.code() == "HP0101",
            "{outcome}"
        );
        session.continue_from(mark);
        session.wait_for_line("ready")?;
        session.expect_answer("4", "v1 4")
    })
}
