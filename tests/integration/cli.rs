//! The command line as a user meets it: help, usage errors, `explain`, `save`, exit codes.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::Running;
use crate::support::{output_of, scrubbed_command, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("cli::help", help),
        trial("cli::wrong_usage_is_2", wrong_usage),
        trial("cli::explain", explain),
        trial(
            "cli::cargo_finds_the_subcommand",
            cargo_finds_the_subcommand,
        ),
        trial("cli::the_clones_alias", the_clones_alias),
        trial("cli::no_project_is_an_error", no_project),
        trial("cli::a_first_build_that_fails_is_101", first_build_fails),
        trial(
            "cli::an_event_log_that_cannot_be_written_is_an_error",
            unwritable_events,
        ),
        trial("cli::save_without_session_is_20", save_without_session),
        trial(
            "cli::save_waits_for_the_outcome",
            save_waits_for_the_outcome,
        ),
        trial(
            "cli::the_event_log_is_appended_to",
            the_event_log_is_appended_to,
        ),
        trial("cli::a_library_cannot_be_run", a_library_cannot_be_run),
    ]
}

/// Exit code, standard output, standard error.
fn call(dir: &Path, args: &[&str]) -> Result<(i32, String, String)> {
    let (status, stdout, stderr) = output_of(scrubbed_command(tool(), dir).args(args))?;
    let code = status
        .code()
        .with_context(|| format!("{args:?} ended by a signal: {status}\n{stderr}"))?;
    ensure!(
        !stderr.contains("panicked at"),
        "{args:?} panicked:\n{stderr}"
    );
    Ok((code, stdout, stderr))
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo warns of an alias that hides an installed subcommand, and a first build that prints nothing looks like a hang.
fn the_clones_alias() -> Result<()> {
    let clone = here().parent().context("the workspace")?;
    let text = std::fs::read_to_string(clone.join(".cargo/config.toml"))?;
    let configuration: toml::Table = text.parse().context("it is TOML")?;
    let aliases = configuration
        .get("alias")
        .and_then(toml::Value::as_table)
        .context("there is an alias")?;
    for (name, words) in aliases {
        let words = words.as_str().context("it is a text")?;
        let mut words = words.split_whitespace();
        ensure!(name != "hotpatch", "it hides the installed subcommand");
        ensure!(
            words.all(|word| !matches!(word, "--quiet" | "-q")),
            "`cargo {name}` says nothing while it builds"
        );
    }
    let (status, stdout, stderr) =
        output_of(scrubbed_command("cargo", clone).args(["hp", "--help"]))?;
    ensure!(
        status.success() && stdout.contains("cargo hotpatch <COMMAND>"),
        "{stdout}{stderr}"
    );
    ensure!(!stderr.contains("shadowing"), "{stderr}");
    Ok(())
}

fn help() -> Result<()> {
    for args in [&["--help"][..], &["hotpatch", "--help"], &["help"]] {
        let (code, stdout, _) = call(here(), args)?;
        ensure!(code == 0, "{args:?} ends with {code}");
        for word in [
            "run",
            "save",
            "check",
            "demo",
            "bench",
            "explain",
            "Usage: cargo hotpatch",
        ] {
            ensure!(
                stdout.contains(word),
                "{args:?} does not tell of `{word}`:\n{stdout}"
            );
        }
    }
    let (code, stdout, _) = call(here(), &["hotpatch", "run", "--help"])?;
    ensure!(
        code == 0 && stdout.contains("--events") && stdout.contains("Exit codes"),
        "{code}:\n{stdout}"
    );
    let (code, stdout, _) = call(here(), &["hotpatch", "--version"])?;
    ensure!(
        code == 0 && stdout.contains(env!("CARGO_PKG_VERSION")),
        "{code}:\n{stdout}"
    );
    Ok(())
}

fn wrong_usage() -> Result<()> {
    for (args, word) in [
        (&["hotpatch", "nonsense"][..], "nonsense"),
        (&["hotpatch", "run", "--nonsense"], "--nonsense"),
        (
            &["hotpatch", "run", "--bin", "a", "--example", "b"],
            "--example",
        ),
        (&["hotpatch", "run", "--color", "pink"], "pink"),
        (&["hotpatch", "run", "--events"], "--events"),
    ] {
        let (code, _, stderr) = call(here(), args)?;
        ensure!(code == 2, "{args:?} ends with {code}:\n{stderr}");
        ensure!(
            stderr.contains("error:") && stderr.contains(word),
            "{args:?} does not name `{word}`:\n{stderr}"
        );
    }
    Ok(())
}

fn explain() -> Result<()> {
    for code in cargo_hotpatch::codes::ALL {
        let (status, stdout, _) = call(here(), &["hotpatch", "explain", code.id])?;
        ensure!(
            status == 0 && stdout.contains(code.id),
            "explain {} ends with {status}:\n{stdout}",
            code.id
        );
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(
            words(&stdout).contains(&words(code.title)),
            "the title of {} is missing:\n{stdout}",
            code.id
        );
    }
    let (status, lower, _) = call(here(), &["hotpatch", "explain", "hp0101"])?;
    ensure!(
        status == 0 && lower.contains("HP0101"),
        "lower case ends with {status}"
    );
    let (status, all, _) = call(here(), &["hotpatch", "explain"])?;
    ensure!(
        status == 0
            && cargo_hotpatch::codes::ALL
                .iter()
                .all(|code| all.contains(code.id)),
        "not all are listed"
    );
    let (status, _, stderr) = call(here(), &["hotpatch", "explain", "HP9999"])?;
    ensure!(
        status != 0 && stderr.contains("HP9999"),
        "an unknown code ends with {status}:\n{stderr}"
    );
    Ok(())
}

/// As a user types it: cargo looks the subcommand up in PATH and passes the rest on.
fn cargo_finds_the_subcommand() -> Result<()> {
    let tool = tool();
    let directory = tool.parent().context("the tool is in a directory")?;
    let mut path = directory.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = scrubbed_command("cargo", &std::env::temp_dir());
    let (status, stdout, stderr) = output_of(
        command
            .env("PATH", path)
            .args(["hotpatch", "explain", "HP0101"]),
    )?;
    ensure!(
        status.success() && stdout.contains("HP0101"),
        "{status}\n{stdout}{stderr}"
    );
    Ok(())
}

fn no_project() -> Result<()> {
    let empty = tempfile::tempdir()?;
    let (code, _, stderr) = call(empty.path(), &["hotpatch", "run"])?;
    ensure!(
        code != 0 && stderr.contains("Cargo.toml"),
        "ends with {code}:\n{stderr}"
    );
    let (code, _, stderr) = call(
        empty.path(),
        &["hotpatch", "run", "--manifest-path", "no/Cargo.toml"],
    )?;
    ensure!(
        code != 0 && stderr.contains("no/Cargo.toml"),
        "ends with {code}:\n{stderr}"
    );
    Ok(())
}

fn first_build_fails() -> Result<()> {
    let project = Project::copy_of("hello")?;
    project.replace(
        "src/main.rs",
        "format!(\"hello, {name}\")",
        "format!(\"hello, {nobody}\")",
    )?;
    let (code, stdout, stderr) = call(project.root(), &["hotpatch", "run"])?;
    ensure!(code == 101, "ends with {code}:\n{stderr}");
    ensure!(
        stderr.contains("error[E0425]"),
        "the compiler's message is missing:\n{stderr}"
    );
    ensure!(
        stdout.is_empty(),
        "standard output belongs to the program:\n{stdout}"
    );
    Ok(())
}

fn unwritable_events() -> Result<()> {
    let project = Project::copy_of("hello")?;
    let (code, _, stderr) = call(
        project.root(),
        &["hotpatch", "run", "--events", "no/such/folder/events.jsonl"],
    )?;
    ensure!(
        code != 0 && stderr.contains("no/such/folder"),
        "ends with {code}:\n{stderr}"
    );
    Ok(())
}

fn a_library_cannot_be_run() -> Result<()> {
    let project = Project::copy_of("two-crates")?;
    let (code, _, stderr) = call(project.root(), &["hotpatch", "run", "-p", "price"])?;
    ensure!(
        code != 0 && stderr.contains("bin"),
        "ends with {code}:\n{stderr}"
    );
    Ok(())
}

fn save_without_session() -> Result<()> {
    let project = Project::copy_of("hello")?;
    let (code, _, stderr) = call(project.root(), &["hotpatch", "save"])?;
    ensure!(code == 20, "ends with {code}:\n{stderr}");
    Ok(())
}

fn save_waits_for_the_outcome() -> Result<()> {
    let project = Project::copy_of("hello")?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        for (from, to, wanted) in [
            ("\"hello, {name}\"", "\"bye, {name}\"", 0),
            ("\"bye, {name}\"", "\"bye, {nobody}\"", 12),
            ("\"bye, {nobody}\"", "\"hi, {name}\"", 0),
        ] {
            project.replace("src/main.rs", from, to)?;
            let (code, stdout, stderr) =
                call(project.root(), &["hotpatch", "save", "src/main.rs"])?;
            ensure!(
                code == wanted,
                "save ends with {code} instead of {wanted}:\n{stdout}{stderr}"
            );
        }
        // What `save` has waited for is there now.
        session.expect_answer("you", "hi, you (1)")?;
        // Nothing was saved since.
        let (code, stdout, stderr) = call(project.root(), &["hotpatch", "save"])?;
        ensure!(
            code == 0,
            "save without a change ends with {code}:\n{stdout}{stderr}"
        );
        session.check_one_outcome_per_save()
    })
}

fn the_event_log_is_appended_to() -> Result<()> {
    let project = Project::copy_of("hello")?;
    let earlier = "{\"event\":\"earlier\"}\n";
    std::fs::write(project.path("hotpatch-events.jsonl"), earlier)?;
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        let started = session.wait_for_start()?;
        ensure!(started.number("version").is_some(), "no version: {started}");
        ensure!(
            started.number("slots").is_some_and(|slots| slots > 0),
            "no count of slots: {started}"
        );
        let text = project.read("hotpatch-events.jsonl")?;
        ensure!(
            text.starts_with(earlier),
            "the earlier lines are gone:\n{text}"
        );
        Ok(())
    })
}
