//! Sessions start for every crate type that cargo builds, and the program finds what it finds under `cargo run`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::{Mark, Running};
use crate::support::{deadline, output_of, scrubbed_command, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("starts::a_plain_build_between", a_plain_build_between),
        trial(
            "starts::beneath_a_dynamic_library",
            beneath_a_dynamic_library,
        ),
        trial("starts::as_under_cargo_run", || as_under_cargo_run(&[])),
        trial("starts::an_example_as_under_cargo_run", || {
            as_under_cargo_run(&["--example", "shows"])
        }),
        trial("starts::beside_the_executable", beside_the_executable),
        trial("starts::by_a_runner", by_a_runner),
        trial("starts::by_a_runner_that_stays", by_a_runner_that_stays),
    ];
    for (name, types) in [
        ("cdylib", r#"["cdylib", "rlib"]"#),
        ("staticlib", r#"["staticlib", "rlib"]"#),
        ("all_of_tauri", r#"["staticlib", "cdylib", "rlib"]"#),
        ("dylib", r#"["dylib", "rlib"]"#),
        ("lib_and_cdylib", r#"["lib", "cdylib"]"#),
    ] {
        trials.push(trial(format!("starts::library_types::{name}"), move || {
            library_types(types)
        }));
    }
    trials
}

/// A manifest with what is common to all of these, and `rest` behind it.
fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
}

/// A program that answers each line with what `answer` says.
fn answering(answer: &str) -> String {
    format!(
        "fn main() {{\n    println!(\"ready\");\n    for line in std::io::stdin().lines() {{\n        \
         answer(&line.expect(\"text\"));\n    }}\n}}\n\nfn answer(line: &str) {{\n    {answer}\n}}\n"
    )
}

fn library_with_types(types: &str) -> Result<Project> {
    let library = format!("[lib]\nname = \"words\"\ncrate-type = {types}\n[workspace]\n");
    Project::with_files(
        "library-types",
        &[
            ("Cargo.toml", &manifest("app", &library)),
            (
                "src/lib.rs",
                "pub fn word() -> &'static str {\n    \"one\"\n}\n\n\
                 #[unsafe(no_mangle)]\npub extern \"C\" fn words_number() -> i32 {\n    1\n}\n",
            ),
            (
                "src/main.rs",
                &answering(r#"println!("{line} {} {}", words::word(), words::words_number());"#),
            ),
        ],
    )
}

/// One save that must be patched, and what the program answers after it.
fn patched(
    project: &Project,
    session: &mut Running,
    (file, from, to): (&str, &str, &str),
    answer: &str,
) -> Result<()> {
    let mark = session.mark();
    project.replace(file, from, to)?;
    let outcome = session.wait_for_outcome(mark)?;
    ensure!(outcome.outcome() == "patched", "{outcome}");
    session.expect_answer("x", answer)
}

fn library_types(types: &str) -> Result<()> {
    let project = library_with_types(types)?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x one 1")?;
        let word = ("src/lib.rs", "\"one\"", "\"two\"");
        patched(&project, session, word, "x two 1")?;
        let number = ("src/lib.rs", "    1\n", "    2\n");
        patched(&project, session, number, "x two 2")?;
        // A new interface, which the program is compiled against.
        let new = (
            "src/lib.rs",
            "pub fn word()",
            "pub fn more(_: u8) -> u8 {\n    7\n}\n\npub fn word()",
        );
        let mark = session.mark();
        project.replace(new.0, new.1, new.2)?;
        session.wait_for_outcome(mark)?;
        let call = ("src/main.rs", "words::words_number()", "words::more(1)");
        patched(&project, session, call, "x two 7")
    })
}

/// Files of such libraries have no hash in their names: a plain build writes over them, and cargo calls them fresh.
fn a_plain_build_between() -> Result<()> {
    let project = library_with_types(r#"["cdylib", "rlib"]"#)?;
    let session = |from: &str, to: &str| {
        Running::session(&project, &[], &[], &[])?.with_report(|session| {
            session.wait_for_start()?;
            session.wait_for_line("ready")?;
            session.expect_answer("x", &format!("x {from} 1"))?;
            let (from, to_text) = (format!("\"{from}\""), format!("\"{to}\""));
            let edit = ("src/lib.rs", from.as_str(), to_text.as_str());
            patched(&project, session, edit, &format!("x {to} 1"))
        })
    };
    session("one", "two")?;
    for (profile, from, to) in [("dev", "two", "three"), ("release", "three", "four")] {
        let (status, _, stderr) = output_of(project.cargo().args(["build", "--profile", profile]))?;
        ensure!(status.success(), "{stderr}");
        session(from, to)?;
    }
    Ok(())
}

/// Edits of what is in a dynamic library restart; those of the program beside it are patched; none is a compile error.
fn beneath_a_dynamic_library() -> Result<()> {
    let project = Project::with_files(
        "beneath-a-dynamic-library",
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"base\", \"middle\", \"app\"]\nresolver = \"2\"\n",
            ),
            ("base/Cargo.toml", &manifest("base", "")),
            (
                "base/src/lib.rs",
                "pub fn base() -> u32 {\n    1\n}\n\npub fn shown<T: std::fmt::Debug>(t: T) -> String {\n    format!(\"{t:?}\")\n}\n",
            ),
            (
                "middle/Cargo.toml",
                &manifest(
                    "middle",
                    "[lib]\ncrate-type = [\"dylib\"]\n[dependencies]\nbase = { path = \"../base\" }\n",
                ),
            ),
            (
                "middle/src/lib.rs",
                "pub fn middle() -> u32 {\n    base::base() + 10\n}\n",
            ),
            (
                "app/Cargo.toml",
                &manifest(
                    "app",
                    "[dependencies]\nbase = { path = \"../base\" }\nmiddle = { path = \"../middle\" }\n",
                ),
            ),
            (
                "app/src/main.rs",
                &answering(
                    r#"println!("{line} {} {} {}", middle::middle(), base::base(), base::shown(0));"#,
                ),
            ),
        ],
    )?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x 11 1 0")?;
        let own = ("app/src/main.rs", "base::shown(0)", "base::shown(5)");
        patched(&project, session, own, "x 11 1 5")?;
        for (file, from, to, answer) in [
            ("base/src/lib.rs", "    1\n", "    2\n", "x 12 2 5"),
            ("middle/src/lib.rs", "+ 10", "+ 20", "x 22 2 5"),
        ] {
            let mark = session.mark();
            session.continue_from(mark);
            project.replace(file, from, to)?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(
                outcome.outcome() == "restarted" && outcome.code() == "HP0604",
                "{outcome}"
            );
            session.wait_for_line("ready")?;
            session.expect_answer("x", answer)?;
        }
        let own = ("app/src/main.rs", "base::shown(5)", "base::shown(6)");
        patched(&project, session, own, "x 22 2 6")
    })
}

/// Prints all that a program can see of how it was started.
const SHOWS: &str = r#"fn main() {
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.sort();
    for (name, value) in variables {
        println!("{name:?}={value:?}");
    }
    println!("arguments {:?}", std::env::args_os());
    println!("directory {:?}", std::env::current_dir().unwrap());
    println!("beside {:?}", std::env::current_exe().unwrap().parent().unwrap());
    println!("name {:?}", std::fs::read_to_string("/proc/self/comm").unwrap());
    println!("library {}", unsafe { answer_of_the_library() });
}

#[link(name = "answer", kind = "dylib")]
unsafe extern "C" { fn answer_of_the_library() -> i32; }
"#;

/// Builds a dynamic library into `OUT_DIR`, and says all that a build script can say about running programs.
const SCRIPT: &str = r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let library = format!("{out}/libanswer.so");
    std::fs::write(format!("{out}/answer.c"), "int answer_of_the_library(void) { return 42; }").unwrap();
    let status = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o", &library, &format!("{out}/answer.c")])
        .status();
    assert!(status.unwrap().success());
    std::fs::create_dir_all(format!("{out}/also")).unwrap();
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-search={out}/also");
    println!("cargo::rustc-link-search=/usr/lib");
    println!("cargo::rustc-env=FROM_THE_SCRIPT=the script's");
    println!("cargo::rerun-if-changed=build.rs");
}
"#;

const CONFIGURATION: &str = r#"[env]
PLAIN = "from the configuration"
RELATIVE = { value = "data", relative = true }
OURS_STAYS = "not this"
OURS_GOES = { value = "forced", force = true }
FROM_THE_SCRIPT = { value = "the configuration's", force = true }
[build]
rustflags = ["-Cprefer-dynamic"]
"#;

/// The same program under `cargo run` and under `cargo hotpatch run`, both as a shell starts them.
fn as_under_cargo_run(which: &[&str]) -> Result<()> {
    let described = "description = \"of the package\"\nauthors = [\"A\", \"B\"]\nbuild = \"build.rs\"\n[workspace]\n";
    let project = Project::with_files(
        "as-under-cargo-run",
        &[
            ("Cargo.toml", &manifest("shown", described)),
            ("build.rs", SCRIPT),
            ("src/main.rs", SHOWS),
            ("examples/shows.rs", SHOWS),
            (".cargo/config.toml", CONFIGURATION),
            ("below/file", ""),
        ],
    )?;
    let cargo = |words: &[&str], directory: &str| {
        let mut command = scrubbed_command("cargo", &project.path(directory));
        let mut path = tool()
            .parent()
            .unwrap_or(Path::new("/"))
            .as_os_str()
            .to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command
            .env("PATH", path)
            .env("OURS_STAYS", "ours")
            .env("OURS_GOES", "ours");
        command
            .args(words)
            .args(which)
            .args(["--", "one", "two words"]);
        command
    };
    for directory in ["", "below"] {
        let (status, plain, stderr) = output_of(&mut cargo(&["run"], directory))?;
        ensure!(status.success(), "{stderr}");
        let (status, ours, stderr) =
            output_of(&mut cargo(&["hotpatch", "run", "--once"], directory))?;
        ensure!(status.success(), "{stderr}");
        // Cargo names the directory of the script's output by a hash over its compiler's wrappers, and ours is one.
        let (plain, ours) = (without_hashes(&plain), without_hashes(&ours));
        ensure!(plain.contains("library 42"), "{plain}");
        ensure!(
            plain == ours,
            "under `cargo run` in `{directory}`:\n{plain}\nunder the tool:\n{ours}"
        );
    }
    Ok(())
}

/// `…/build/shown-0123456789abcdef/out` to `…/build/shown-HASH/out`.
fn without_hashes(text: &str) -> String {
    let mut parts = text.split("/build/shown-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("/build/shown-HASH");
        out.push_str(part.get(16..).unwrap_or(part));
    }
    out
}

/// Whatever a program looks for beside `current_exe()`: another executable, what a build script put there, `deps`.
fn beside_the_executable() -> Result<()> {
    let script = r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let profile = std::path::Path::new(&out).ancestors().nth(3).unwrap();
    std::fs::write(profile.join("data.txt"), "the script's data").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
"#;
    let answer = r#"let own = std::env::current_exe().unwrap();
    let beside = own.parent().unwrap();
    let data = std::fs::read_to_string(beside.join("data.txt")).unwrap();
    let helper = std::process::Command::new(beside.join("helper")).output().unwrap();
    let helper = String::from_utf8(helper.stdout).unwrap();
    let above = beside.join("../../Cargo.toml").exists();
    let again = std::process::Command::new(&own).stdin(std::process::Stdio::null()).output().unwrap();
    println!("{line} {data} {} {above} {} {:?}", helper.trim(), beside.join("deps").is_dir(), String::from_utf8(again.stdout));"#;
    let project = Project::with_files(
        "beside-the-executable",
        &[
            (
                "Cargo.toml",
                &manifest("app", "default-run = \"app\"\n[workspace]\n"),
            ),
            ("build.rs", script),
            ("src/main.rs", &answering(answer)),
            (
                "src/bin/helper.rs",
                "fn main() {\n    println!(\"helped\");\n}\n",
            ),
        ],
    )?;
    let (status, _, stderr) = output_of(project.cargo().arg("build"))?;
    ensure!(status.success(), "{stderr}");
    let users = project.path("target/debug/app");
    let before = fs::read(&users).context("the user's executable")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let expected = |word: &str| format!("x {word} helped true true Ok(\"ready\\n\")");
        session.expect_answer("x", &expected("the script's data"))?;
        // The program is the same, and the script has run.
        let mark = session.mark();
        project.replace("build.rs", "the script's data", "new data")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "unchanged", "{outcome}");
        session.expect_answer("x", &expected("new data"))?;
        // After a restart as well.
        let mark = session.mark();
        session.continue_from(mark);
        project.replace("Cargo.toml", "0.1.0", "0.2.0")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "restarted", "{outcome}");
        session.wait_for_line("ready")?;
        session.expect_answer("x", &expected("new data"))
    })?;
    ensure!(
        fs::read(&users).context("the user's executable")? == before,
        "the user's executable is not what it was"
    );
    let run = Command::new(&users).stdin(Stdio::null()).output()?;
    ensure!(run.stdout == b"ready\n", "{run:?}");
    Ok(())
}

fn with_runner(runner: &str) -> Result<Project> {
    let configuration = format!("[target.x86_64-unknown-linux-gnu]\nrunner = {runner}\n");
    Project::with_files(
        "runner",
        &[
            ("Cargo.toml", &manifest("app", "[workspace]\n")),
            (".cargo/config.toml", &configuration),
            (
                "src/main.rs",
                &answering(r#"println!("{line} one {:?}", std::env::var("RUNNER"));"#),
            ),
        ],
    )
}

/// What cargo's configuration has programs started by.
fn by_a_runner() -> Result<()> {
    let project = with_runner("\"env RUNNER=ran\"")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x one Ok(\"ran\")")?;
        let edit = ("src/main.rs", "one", "two");
        patched(&project, session, edit, "x two Ok(\"ran\")")
    })
}

/// Such a program cannot be patched: that is said at once, and each save restarts it.
fn by_a_runner_that_stays() -> Result<()> {
    let project = with_runner(r#"["sh", "-c", "RUNNER=ran \"$@\"; true", "sh"]"#)?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let warning = session.wait_for_event(Mark::default(), "words", deadline(), |event| {
            event.kind() == "warning" && event.code() == "HP0803"
        })?;
        ensure!(warning.reason().contains("keeps the program"), "{warning}");
        session.expect_answer("x", "x one Ok(\"ran\")")?;
        let mark = session.mark();
        session.continue_from(mark);
        project.replace("src/main.rs", "one", "two")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "restarted" && outcome.code() == "HP0803",
            "{outcome}"
        );
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x two Ok(\"ran\")")
    })
}
