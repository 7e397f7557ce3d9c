//! Build scripts: what they read, what they write, and what the program writes that they read.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::builds::{MAIN, project, save, session};
use crate::project::Project;
use crate::running::Running;
use crate::support::{build_deadline, deadline, send_signal, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "scripts::a_script_reads_the_sources",
            a_script_reads_the_sources,
        ),
        trial("scripts::what_the_program_writes", what_the_program_writes),
        trial(
            "scripts::what_the_program_writes_for_a_script_of_moods",
            what_the_program_writes_for_a_script_of_moods,
        ),
        trial("scripts::what_git_ignores", what_git_ignores),
        trial("scripts::a_native_archive", a_native_archive),
        trial("scripts::what_the_linker_is_told", what_the_linker_is_told),
        trial("scripts::a_new_file_for_a_script", a_new_file_for_a_script),
        trial("scripts::what_the_build_writes", what_the_build_writes),
        trial(
            "scripts::a_newer_save_during_a_build",
            a_newer_save_during_a_build,
        ),
    ]
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

/// An argument for the linker, and a linker script, are in no object.
fn what_the_linker_is_told() -> Result<()> {
    let script = r#"fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=symbols.ld");
    println!("cargo::rustc-link-arg=-Wl,--defsym=first_number=0x101");
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo::rustc-link-arg={here}/symbols.ld");
}
"#;
    let main = r#"unsafe extern "C" {
    static first_number: u8;
    static second_number: u8;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&line));
    }
}

fn answer(line: &str) -> String {
    let (first, second) = (&raw const first_number as usize, &raw const second_number as usize);
    format!("{line} {:x} {:x}", first & 0xfff, second & 0xfff)
}
"#;
    let manifest = "[package]\nname = \"told\"\nedition = \"2024\"\n\n[workspace]\n";
    let project = Project::with_files(
        "told",
        &[
            ("Cargo.toml", manifest),
            (MAIN, main),
            ("build.rs", script),
            ("symbols.ld", "second_number = 0x201;\n"),
        ],
    )?;
    session(&project, |project, session| {
        session.expect_answer("a", "a 101 201")?;
        let argument = ("build.rs", "0x101", "0x102");
        save(project, session, argument, "restarted", "HP0602")?;
        session.expect_answer("a", "a 102 201")?;
        let file = ("symbols.ld", "0x201", "0x202");
        save(project, session, file, "restarted", "HP0602")?;
        session.expect_answer("a", "a 102 202")?;
        let same = ("build.rs", "fn main", "// A comment.\nfn main");
        save(project, session, same, "unchanged", "")?;
        session.expect_answer("a", "a 102 202")
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
