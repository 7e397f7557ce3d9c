//! What cargo builds, and when it has to: its freshness goes by time, the session's by content.

use std::fs;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::{Event, Running};
use crate::support::{build_deadline, deadline, output_of, send_signal, trial};

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
        trial("builds::cargo_makes_the_same", cargo_makes_the_same),
        trial("builds::cargo_makes_another", cargo_makes_another),
        trial(
            "builds::a_script_reads_the_sources",
            a_script_reads_the_sources,
        ),
        trial("builds::what_the_program_writes", what_the_program_writes),
        trial(
            "builds::what_the_program_writes_for_a_script_of_moods",
            what_the_program_writes_for_a_script_of_moods,
        ),
        trial("builds::what_git_ignores", what_git_ignores),
        trial("builds::a_native_archive", a_native_archive),
        trial("builds::what_is_cleaned_away", what_is_cleaned_away),
        trial(
            "builds::a_crate_of_others_between",
            a_crate_of_others_between,
        ),
        trial("builds::a_new_file_for_a_script", a_new_file_for_a_script),
        trial("builds::what_the_build_writes", what_the_build_writes),
        trial(
            "builds::a_newer_save_during_a_build",
            a_newer_save_during_a_build,
        ),
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

/// One save in place and its outcome.
fn save(
    project: &Project,
    session: &mut Running,
    (file, from, to): (&str, &str, &str),
    outcome: &str,
    code: &str,
) -> Result<Event> {
    let mark = session.mark();
    project.replace(file, from, to)?;
    let found = session.wait_for_outcome(mark)?;
    ensure!(
        found.outcome() == outcome && found.code() == code,
        "{file}, {from:?} to {to:?}: expected {outcome} {code}, got {found}"
    );
    if outcome == "restarted" {
        session.continue_from(mark);
        session.wait_for_line("ready")?;
    }
    Ok(found)
}

const TOP: &str = "[package]\n";

fn cargo_makes_the_same() -> Result<()> {
    let project = project()?;
    fs::create_dir_all(project.path("unbuilt/src"))?;
    fs::write(project.path("unbuilt/src/lib.rs"), "pub fn unbuilt() {}\n")?;
    let unbuilt = "[package]\nname = \"unbuilt\"\nedition = \"2024\"\n";
    fs::write(project.path("unbuilt/Cargo.toml"), unbuilt)?;
    project.replace("Cargo.toml", "[\"lower\"]", "[\"lower\", \"unbuilt\"]")?;
    session(&project, |project, session| {
        session.expect_answer("a", "a 1 lower-1 word-1 main-1 text-1")?;
        for (file, from, to) in [
            ("Cargo.toml", TOP, "# A comment.\n[package]\n"),
            ("Cargo.toml", TOP, "[package]\ndescription = \"Builds\"\n"),
            ("lower/Cargo.toml", TOP, "# A comment.\n[package]\n"),
            ("unbuilt/Cargo.toml", "2024", "2021"),
            (
                "Cargo.toml",
                "[workspace]",
                "[lints.rust]\nunused_mut = \"warn\"\n\n[workspace]",
            ),
            ("words.txt", "word-1", " word-1"),
            ("build.rs", "fn main", "// A comment.\nfn main"),
        ] {
            save(project, session, (file, from, to), "unchanged", "")?;
        }
        session.expect_answer("a", "a 2 lower-1 word-1 main-1 text-1")?;
        // Whatever cargo has left there, patches go on.
        for body in [
            (MAIN, "main-1", "main-2"),
            ("lower/src/lib.rs", "lower-1", "lower-2"),
        ] {
            save(project, session, body, "patched", "")?;
        }
        session.expect_answer("a", "a 3 lower-2 word-1 main-2 text-1")?;
        let words = ("words.txt", " word-1", "word-1 ");
        save(project, session, words, "unchanged", "")?;
        // The compiler's environment is of before; what is compiled with it has to be of now.
        let reads = (
            MAIN,
            "include_str!(\"text.txt\").trim();",
            "[env!(\"CARGO_PKG_DESCRIPTION\"), include_str!(\"text.txt\").trim()].concat();",
        );
        save(project, session, reads, "restarted", "HP0601")?;
        session.expect_answer("a", "a 1 lower-2 word-1 main-2 Buildstext-1")
    })
}

fn cargo_makes_another() -> Result<()> {
    let project = project()?;
    project.replace(
        "Cargo.toml",
        "[workspace]",
        "[features]\ndefault = []\nloud = []\n\n[workspace]",
    )?;
    project.replace(
        MAIN,
        "fn main() {",
        "fn main() {\n    println!(\"loud {}\", cfg!(feature = \"loud\"));",
    )?;
    session(&project, |project, session| {
        for (file, from, to) in [
            ("Cargo.toml", "default = []", "default = [\"loud\"]"),
            (
                "Cargo.toml",
                "[workspace]",
                "[profile.dev]\noverflow-checks = false\n\n[workspace]",
            ),
            (
                "Cargo.toml",
                "edition = \"2024\"",
                "version = \"0.2.0\"\nedition = \"2024\"",
            ),
            (
                "lower/Cargo.toml",
                "edition = \"2024\"",
                "version = \"0.2.0\"\nedition = \"2024\"",
            ),
        ] {
            save(project, session, (file, from, to), "restarted", "HP0601")?;
            session.expect_answer("a", "a 1 lower-1 word-1 main-1 text-1")?;
        }
        let words = ("words.txt", "word-1", "word-2");
        save(project, session, words, "restarted", "HP0602")?;
        session.expect_answer("a", "a 1 lower-1 word-2 main-1 text-1")
    })?;
    Running::session(&project, &["--no-restart".to_owned()], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let comment = ("Cargo.toml", TOP, "# A comment.\n[package]\n");
        save(&project, session, comment, "unchanged", "")?;
        let words = ("words.txt", "word-2", "word-3");
        save(&project, session, words, "refused", "HP0602")?;
        session.expect_answer("a", "a 1 lower-1 word-2 main-1 text-1")?;
        let back = ("words.txt", "word-3", "word-2");
        save(&project, session, back, "unchanged", "")?;
        session.check_one_outcome_per_save()
    })
}

/// Every edit runs the script again. What comes out as before is no reason to restart.
fn a_script_reads_the_sources() -> Result<()> {
    let project = project()?;
    project.replace("build.rs", "changed=words.txt", "changed=src")?;
    session(&project, |project, session| {
        for (from, to) in [("main-1", "main-2"), ("main-2", "main-3")] {
            save(project, session, (MAIN, from, to), "patched", "")?;
        }
        session.expect_answer("a", "a 1 lower-1 word-1 main-3 text-1")?;
        let text = ("src/text.txt", "text-1", "text-2");
        save(project, session, text, "patched", "")?;
        session.expect_answer("a", "a 2 lower-1 word-1 main-3 text-2")?;
        fs::write(project.path("words.txt"), "word-2\n")?;
        let body = (MAIN, "main-3", "main-4");
        save(project, session, body, "restarted", "HP0602")?;
        session.expect_answer("a", "a 1 lower-1 word-2 main-4 text-2")
    })
}

/// A program that writes into its own package, whose build script names no input.
const LOGGER: &str = r#"use std::io::Write;

fn main() {
    let mut log = std::fs::File::options().append(true).create(true).open("app/log.txt").unwrap();
    println!("ready");
    for round in 0.. {
        writeln!(log, "{round}").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(10));
        if round % 50 == 0 {
            println!("{}", text(round));
        }
    }
}

fn text(round: u32) -> String {
    format!("v1 round {round} {}", env!("MADE"))
}
"#;

/// Runs the program for a while; `made` is what the script sets. Returns starts and outcomes.
fn logger(
    made: &str,
    prepare: impl FnOnce(&Project) -> Result<()>,
) -> Result<(usize, Vec<String>)> {
    let script =
        format!("fn main() {{\n    println!(\"cargo::rustc-env=MADE={{}}\", {made});\n}}\n");
    let manifest = "[package]\nname = \"logger\"\nedition = \"2024\"\n\n[workspace]\n";
    let project = Project::with_files(
        "logger",
        &[
            ("app/Cargo.toml", manifest),
            ("app/src/main.rs", LOGGER),
            ("app/build.rs", &script),
            ("app/log.txt", "begun\n"),
        ],
    )?;
    prepare(&project)?;
    let manifest = ["--manifest-path".to_owned(), "app/Cargo.toml".to_owned()];
    let mut found = (0, Vec::new());
    Running::session(&project, &manifest, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        // Some seconds of its own time.
        let late = |seen: &crate::running::Seen| {
            let mut lines = seen.stdout.iter();
            Ok(lines
                .any(|(_, line)| line.contains("round 400"))
                .then_some(()))
        };
        session.wait_until("line of round 400", deadline(), late)?;
        let mark = session.mark();
        project.replace("app/src/main.rs", "v1 round", "v2 round")?;
        session.wait_for_event(mark, "the patch", build_deadline(), |event| {
            event.kind() == "outcome" && event.outcome() == "patched"
        })?;
        let new = |seen: &crate::running::Seen| {
            let mut lines = seen.stdout.iter();
            Ok(lines
                .any(|(_, line)| line.contains("v2 round"))
                .then_some(()))
        };
        session.wait_until("line of the patch", deadline(), new)?;
        let starts = session.look(|seen| {
            let events = seen.events.iter().map(|(_, event)| event);
            events.filter(|event| event.kind() == "started").count()
        });
        found = (starts, session.outcomes());
        Ok(())
    })?;
    Ok(found)
}

fn what_the_program_writes() -> Result<()> {
    let (starts, outcomes) = logger("1", |_| Ok(()))?;
    ensure!(starts == 1, "{starts} starts: {outcomes:?}");
    ensure!(outcomes.len() < 12, "too many: {outcomes:?}");
    Ok(())
}

/// A script that prints something else each time, so that each run of it makes another program.
fn what_the_program_writes_for_a_script_of_moods() -> Result<()> {
    let now = "std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()";
    let (starts, outcomes) = logger(now, |_| Ok(()))?;
    ensure!(starts <= 4, "{starts} starts: {outcomes:?}");
    Ok(())
}

/// What git ignores is no input for cargo, and none here.
fn what_git_ignores() -> Result<()> {
    let (starts, outcomes) = logger("1", |project| {
        fs::write(project.path("app/.gitignore"), "log.txt\ntarget\n")?;
        let mut git = crate::support::scrubbed_command("git", &project.path("app"));
        let (status, ..) = crate::support::output_of(git.args(["init", "--quiet"]))?;
        ensure!(status.success(), "git init");
        Ok(())
    })?;
    ensure!(
        starts == 1 && outcomes == ["patched"],
        "{starts} starts: {outcomes:?}"
    );
    Ok(())
}

/// Also in a directory that comes later.
fn a_new_file_for_a_script() -> Result<()> {
    let project = project()?;
    project.replace("build.rs", "changed=words.txt", "changed=words")?;
    project.replace(
        "build.rs",
        "std::fs::read_to_string(\"words.txt\").unwrap()",
        "std::fs::read_dir(\"words\").unwrap().count()",
    )?;
    project.replace("build.rs", "word.trim()", "word")?;
    fs::create_dir_all(project.path("words"))?;
    fs::write(project.path("words/a"), "a")?;
    session(&project, |project, session| {
        session.expect_answer("a", "a 1 lower-1 1 main-1 text-1")?;
        for (name, count) in [("words/b", 2), ("words/new/c", 3)] {
            let mark = session.mark();
            let path = project.path(name);
            fs::create_dir_all(path.parent().context("a parent")?)?;
            fs::write(path, "new")?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(
                outcome.outcome() == "restarted" && outcome.code() == "HP0602",
                "{name}: {outcome}"
            );
            session.continue_from(mark);
            session.wait_for_line("ready")?;
            session.expect_answer("a", &format!("a 1 lower-1 {count} main-1 text-1"))?;
        }
        Ok(())
    })
}

/// `ar` writes over the archive that it finds, which then has the same size.
const ARCHIVER: &str = r#"use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=number.c");
    let out = std::env::var("OUT_DIR").unwrap();
    let (object, archive) = (format!("{out}/number.o"), format!("{out}/libnumber.a"));
    for (program, words) in [
        ("cc", vec!["-c", "-fPIC", "number.c", "-o", &object]),
        ("ar", vec!["crs", &archive, &object]),
    ] {
        assert!(Command::new(program).args(words).status().unwrap().success());
    }
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=static=number");
}
"#;

fn a_native_archive() -> Result<()> {
    let main = r#"unsafe extern "C" { fn number() -> i32; }

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(line: &str) -> String {
    format!("{line} {}", unsafe { number() })
}
"#;
    let manifest = "[package]\nname = \"native\"\nedition = \"2024\"\n\n[workspace]\n";
    let project = Project::with_files(
        "native",
        &[
            ("Cargo.toml", manifest),
            (MAIN, main),
            ("build.rs", ARCHIVER),
            ("number.c", "int number(void) { return 1; }\n"),
        ],
    )?;
    session(&project, |project, session| {
        session.expect_answer("a", "a 1")?;
        let number = ("number.c", "return 1", "return 2");
        save(project, session, number, "restarted", "HP0602")?;
        session.expect_answer("a", "a 2")?;
        let comment = ("number.c", "int number", "/* A comment. */ int number");
        save(project, session, comment, "unchanged", "")?;
        save(
            project,
            session,
            (MAIN, "{line} ", "{line}, "),
            "patched",
            "",
        )?;
        session.expect_answer("a", "a, 2")
    })
}

/// `cargo clean`, and what else people remove: at most one restart follows, and patches after it.
fn what_is_cleaned_away() -> Result<()> {
    let clean = |project: &Project| {
        let (status, _, stderr) = output_of(project.cargo().arg("clean"))?;
        ensure!(status.success(), "{stderr}");
        Ok(())
    };
    session(&project()?, |project, session| {
        save(project, session, (MAIN, "main-1", "main-2"), "patched", "")?;
        clean(project)?;
        let body = (MAIN, "main-2", "main-3");
        save(project, session, body, "restarted", "HP0606")?;
        session.expect_answer("a", "a 1 lower-1 word-1 main-3 text-1")?;
        save(project, session, (MAIN, "main-3", "main-4"), "patched", "")?;
        let lower = ("lower/src/lib.rs", "lower-1", "lower-2");
        save(project, session, lower, "patched", "")?;
        session.expect_answer("a", "a 2 lower-2 word-1 main-4 text-1")?;
        // Only what the session made for itself: no fault of the source.
        for record in fs::read_dir(project.path("target/hotpatch"))?.flatten() {
            let _ = fs::remove_dir_all(record.path().join("replay"));
        }
        let body = (MAIN, "main-4", "main-5");
        save(project, session, body, "restarted", "HP0606")?;
        session.expect_answer("a", "a 1 lower-2 word-1 main-5 text-1")?;
        save(project, session, (MAIN, "main-5", "main-6"), "patched", "")?;
        clean(project)?;
        let words = ("words.txt", "word-1", "word-2");
        save(project, session, words, "restarted", "HP0606")?;
        session.expect_answer("a", "a 1 lower-2 word-2 main-6 text-1")
    })
}

/// A crate that is no member uses one that is, as crates of the registry do by `[patch]`. Bodies of the member's functions are none
/// of its business.
fn a_crate_of_others_between() -> Result<()> {
    let package = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n{rest}")
    };
    let top = package(
        "between",
        "[dependencies]\nothers = { path = \"others\" }\n\n[workspace]\nmembers = [\"lower\"]\nexclude = [\"others\"]\n",
    );
    let lower = "pub fn number() -> u32 {\n    1\n}\n\npub fn same<T>(of: T) -> T {\n    of\n}\n";
    let others = "pub fn number() -> u32 {\n    lower::number() * 10 + lower::same(1)\n}\n";
    let main = r#"fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(line: &str) -> String {
    format!("{line} {}", others::number())
}
"#;
    let project = Project::with_files(
        "between",
        &[
            ("Cargo.toml", &top),
            (MAIN, main),
            ("lower/Cargo.toml", &package("lower", "")),
            ("lower/src/lib.rs", lower),
            (
                "others/Cargo.toml",
                &package(
                    "others",
                    "[dependencies]\nlower = { path = \"../lower\" }\n",
                ),
            ),
            ("others/src/lib.rs", others),
        ],
    )?;
    session(&project, |project, session| {
        session.expect_answer("a", "a 11")?;
        let body = ("lower/src/lib.rs", "    1\n", "    2\n");
        save(project, session, body, "patched", "")?;
        session.expect_answer("a", "a 21")?;
        // Its own code is in there.
        let generic = ("lower/src/lib.rs", "    of\n", "    { of }\n");
        save(project, session, generic, "restarted", "HP0604")?;
        let own = ("others/src/lib.rs", "* 10", "* 100");
        save(project, session, own, "restarted", "HP0604")?;
        session.expect_answer("a", "a 201")?;
        let body = ("lower/src/lib.rs", "    2\n", "    3\n");
        save(project, session, body, "patched", "")?;
        session.expect_answer("a", "a 301")
    })
}

/// One source goes below the build directory, one beside the others.
const GENERATOR: &str = r#"fn main() {
    println!("cargo::rerun-if-changed=schema.txt");
    let schema = std::fs::read_to_string("schema.txt").unwrap();
    let text = format!("pub fn word() -> &'static str {{\n    {:?}\n}}\n", schema.trim());
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    std::fs::write(out.join("gen.rs"), &text).unwrap();
    std::fs::write("src/generated.rs", text).unwrap();
}
"#;

const GENERATED: &str = r#"mod generated;

mod gen_ {
    include!(concat!(env!("OUT_DIR"), "/gen.rs"));
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(line: &str) -> String {
    format!("{line} main-1 {} {}", gen_::word(), generated::word())
}
"#;

fn generating() -> Result<Project> {
    let manifest = "[package]\nname = \"generating\"\nedition = \"2024\"\n\n[workspace]\n";
    Project::with_files(
        "generating",
        &[
            ("Cargo.toml", manifest),
            (MAIN, GENERATED),
            ("build.rs", GENERATOR),
            ("schema.txt", "one\n"),
        ],
    )
}

fn what_the_build_writes() -> Result<()> {
    session(&generating()?, |project, session| {
        session.expect_answer("a", "a main-1 one one")?;
        for (from, to) in [("one", "two"), ("two", "three")] {
            save(project, session, ("schema.txt", from, to), "patched", "")?;
            session.expect_answer("a", &format!("a main-1 {to} {to}"))?;
        }
        save(project, session, (MAIN, "main-1", "main-2"), "patched", "")?;
        session.expect_answer("a", "a main-2 three three")?;
        // Written by hand: a save like any other.
        let mark = session.mark();
        let text = project
            .read("src/generated.rs")?
            .replace("three", "by hand");
        fs::write(project.path("src/generated.rs"), text)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("a", "a main-2 three by hand")?;
        // Cargo builds without having been asked, and the script writes.
        let program = libc::pid_t::try_from(session.program_pid()?)?;
        let mark = session.mark();
        send_signal(program, libc::SIGKILL)?;
        session.wait_for_event(mark, "end", deadline(), |event| event.kind() == "exited")?;
        let schema = ("schema.txt", "three", "four");
        save(project, session, schema, "restarted", "HP0807")?;
        session.expect_answer("a", "a main-2 four four")?;
        save(project, session, (MAIN, "main-2", "main-3"), "patched", "")?;
        session.expect_answer("a", "a main-3 four four")?;
        let outcomes = session.outcomes();
        ensure!(
            outcomes
                == [
                    "patched",
                    "patched",
                    "patched",
                    "patched",
                    "restarted",
                    "patched"
                ],
            "{outcomes:?}"
        );
        Ok(())
    })
}

fn a_newer_save_during_a_build() -> Result<()> {
    session(&generating()?, |project, session| {
        session.expect_answer("a", "a main-1 one one")?;
        let mark = session.mark();
        let schema = crate::project::Edit::replace("schema.txt", "one", "two");
        project.begin_save(session, &[schema])?;
        project.replace(MAIN, "main-1", "main-2")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("a", "a main-2 two two")?;
        let outcomes = session.outcomes();
        ensure!(
            outcomes == ["superseded", "patched"] || outcomes == ["patched"],
            "{outcomes:?}"
        );
        Ok(())
    })
}
