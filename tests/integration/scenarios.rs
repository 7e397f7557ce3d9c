//! One test for each folder of `test-projects`, by the directives in it (see [`directives`](crate::directives)).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use libtest_mimic::Trial;

use crate::directives::{Check, Scenario, Step};
use crate::project::Project;
use crate::running::{Event, Mark, Running};
use crate::support::{build_deadline, is_alive, is_cold, is_fast, output_of, projects_dir, trial};

/// One trial for each project.
pub(crate) fn trials() -> Vec<Trial> {
    let mut names = Vec::new();
    if let Ok(entries) = fs::read_dir(projects_dir()) {
        for entry in entries.flatten() {
            if entry.path().is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    let mut trials = vec![trial("scenarios::there_are_projects", || {
        let count = fs::read_dir(projects_dir())
            .context("cannot list the test projects")?
            .count();
        ensure!(
            count > 1,
            "no test projects in `{}`",
            projects_dir().display()
        );
        Ok(())
    })];
    trials.extend(
        names
            .into_iter()
            .map(|name| trial(format!("scenarios::{name}"), move || run(&name))),
    );
    trials
}

fn run(name: &str) -> Result<()> {
    let folder = projects_dir().join(name);
    let file = file_with_directives(&folder)?;
    let source =
        fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let scenario = Scenario::parse(&source)
        .with_context(|| format!("bad directives in `{}`", file.display()))?;
    let project = Project::copy_of(name)?;
    if let Some(owner) = &scenario.driven_by {
        let owner = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tests/integration")
            .join(owner);
        ensure!(
            owner.is_file(),
            "the project is driven by `{}`, which does not exist",
            owner.display()
        );
    }
    if is_cold() {
        return run_cold(&project, &scenario);
    }
    if scenario.driven_by.is_some() {
        return Ok(());
    }
    let mut args: Vec<String> = scenario
        .tool_args
        .iter()
        .chain(&scenario.run_args)
        .cloned()
        .collect();
    if is_fast() {
        args.push("--fast=always".to_owned());
    }
    Running::session(&project, &args, &scenario.program_args, &scenario.env)?
        .with_report(|session| run_warm(session, &project, &scenario))
}

/// The one file whose first line is a directive.
pub(crate) fn file_with_directives(folder: &Path) -> Result<PathBuf> {
    fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
        for entry in
            fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    search(&path, found)?;
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read `{}`", path.display()))?;
                if text.starts_with("//@") {
                    found.push(path);
                }
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    search(folder, &mut found)?;
    ensure!(
        found.len() == 1,
        "one file must begin with directives, found {found:?}"
    );
    found.pop().context("one file was found")
}

fn run_warm(session: &mut Running, project: &Project, scenario: &Scenario) -> Result<()> {
    let beginning = Mark::default();
    session.wait_for_start()?;
    session.wait_for_line(&scenario.ready)?;
    if is_fast() {
        session.wait_for_event(beginning, "end of the warm-up", build_deadline(), |event| {
            event.kind() == "warmed"
        })?;
    }
    check_all(session, &scenario.opening, beginning).context("before the first step")?;
    for step in &scenario.steps {
        run_step(session, project, scenario, step)
            .with_context(|| format!("in the step of line {}", step.line))?;
    }
    finish(session, scenario)
}

fn run_step(
    session: &mut Running,
    project: &Project,
    scenario: &Scenario,
    step: &Step,
) -> Result<()> {
    let old_pid = session.program_pid()?;
    let mark = session.mark();
    session.continue_from(mark);
    project.save(&step.edits, step.save_mode)?;
    let outcome = session.wait_for_outcome(mark)?;
    check_outcome(&outcome, step).with_context(|| format!("the outcome was {outcome}"))?;
    if outcome.text("way") == "fast" {
        let checked =
            session.wait_for_event(mark, "full way of it", build_deadline(), |event| {
                event.kind() == "confirmation"
            })?;
        ensure!(
            checked.flag("agrees") == Some(true),
            "the fast way and the full way do not agree: {checked}"
        );
    }
    let new_pid = session.program_pid()?;
    if outcome.outcome() == "restarted" {
        ensure!(
            new_pid != old_pid,
            "restarted, but no `started` event names another process than {old_pid}"
        );
        session.wait_for_line(&scenario.ready)?;
        session.wait_until("end of the old process", build_deadline(), |_| {
            Ok((!is_alive(old_pid)).then_some(()))
        })?;
    } else {
        ensure!(
            new_pid == old_pid,
            "{}, but the process {old_pid} became {new_pid}",
            outcome.outcome()
        );
        ensure!(
            is_alive(old_pid),
            "{}, but the process {old_pid} is gone",
            outcome.outcome()
        );
    }
    ensure!(
        outcome.pid() == Some(new_pid),
        "the process is {new_pid}, the outcome names {:?}",
        outcome.pid()
    );
    check_all(session, &step.checks, mark)
}

fn check_outcome(outcome: &Event, step: &Step) -> Result<()> {
    let got = outcome.outcome();
    ensure!(
        step.expect.iter().any(|expected| expected == got),
        "expected {}",
        step.expect.join(" or ")
    );
    ensure!(
        outcome.milliseconds("total").is_some(),
        "the outcome has no total time"
    );
    if got == "patched" {
        ensure!(
            outcome.number("patch").is_some(),
            "a patch without its number"
        );
        ensure!(!outcome.functions().is_empty(), "a patch without functions");
    } else {
        let code = outcome.code();
        ensure!(
            step.codes.is_empty() || step.codes.iter().any(|expected| expected == code),
            "expected the code {}",
            step.codes.join(" or ")
        );
        for text in &step.reasons {
            ensure!(
                outcome.reason().contains(text),
                "expected `{text}` in the reason"
            );
        }
        if matches!(got, "restarted" | "refused") {
            ensure!(
                !code.is_empty() && !outcome.reason().is_empty(),
                "{got} without a reason"
            );
        }
    }
    for text in &step.notes {
        ensure!(
            outcome.notes().iter().any(|note| note.contains(text)),
            "expected `{text}` in a note"
        );
    }
    let functions = outcome.functions();
    let is_named = |(name, kind): &(&str, &str), (wanted, wanted_kind): &(String, String)| {
        kind == wanted_kind && (name == wanted || name.ends_with(&format!("::{wanted}")))
    };
    for wanted in &step.functions {
        ensure!(
            functions.iter().any(|function| is_named(function, wanted)),
            "expected the function `{}` as {}",
            wanted.0,
            wanted.1
        );
    }
    if let Some(only) = step.only.as_ref().filter(|_| got == "patched") {
        for wanted in only {
            ensure!(
                functions.iter().any(|found| is_named(found, wanted)),
                "expected `{}` as {}",
                wanted.0,
                wanted.1
            );
        }
        for found in functions.iter().filter(|(_, kind)| *kind != "refreshed") {
            ensure!(
                only.iter().any(|wanted| is_named(found, wanted)),
                "unexpected: `{}` as {}",
                found.0,
                found.1
            );
        }
    }
    Ok(())
}

fn check_all(running: &mut Running, checks: &[Check], since: Mark) -> Result<()> {
    let mut since_output = since;
    for check in checks {
        match check {
            Check::Ask(request, answer) => {
                since_output = running.mark();
                running.expect_answer(request, answer)?;
            }
            Check::AskPart(request, part) => {
                since_output = running.mark();
                let answer = running.ask(request)?;
                ensure!(
                    answer.contains(part),
                    "the answer to `{request}` must contain `{part}`, and is `{answer}`"
                );
            }
            Check::Send(line) => {
                since_output = running.mark();
                running.send(line)?;
            }
            Check::Line(text) => {
                running.wait_for_line(text)?;
            }
            Check::NotLine(text) => {
                let lines = running.lines_since(since_output);
                let found = lines.iter().find(|line| line.contains(text));
                ensure!(
                    found.is_none(),
                    "`{text}` must not be printed: `{}`",
                    found.map_or("", String::as_str)
                );
            }
            Check::Stderr(text) => running.wait_for_stderr(since, text)?,
            Check::Warning(code) => {
                running.wait_for_event(
                    since,
                    &format!("warning {code}"),
                    build_deadline(),
                    |event| event.kind() == "warning" && event.code() == code,
                )?;
            }
        }
    }
    Ok(())
}

/// The program lives, ends well when its input ends, and the log is in order.
fn finish(session: &mut Running, scenario: &Scenario) -> Result<()> {
    session.check_one_outcome_per_save()?;
    let pid = session.program_pid()?;
    ensure!(is_alive(pid), "the program has died behind the last step");
    let exits = session.look(|seen| {
        seen.events
            .iter()
            .filter(|(_, event)| event.kind() == "exited")
            .count()
    });
    let restarts = session.look(|seen| {
        seen.events
            .iter()
            .filter(|(_, event)| event.kind() == "started")
            .count()
    }) - 1;
    ensure!(
        exits <= restarts,
        "more `exited` events ({exits}) than restarts ({restarts})"
    );
    if !scenario.ends_by_kill {
        let mark = session.mark();
        session.close_stdin();
        let exited =
            session.wait_for_event(mark, "the program's end", build_deadline(), |event| {
                event.kind() == "exited" && event.pid() == Some(pid)
            })?;
        ensure!(
            exited.number("status") == Some(0),
            "the program must end with status 0: {exited}"
        );
    }
    session.signal_group(libc::SIGINT)?;
    session.wait_for_exit()?;
    Ok(())
}

/// Builds and starts each state of the source with plain cargo. Requests since the last restart are asked again, so
/// that state which depends on them is as it would be; then the step's checks must hold, unless it says `warm-only`.
fn run_cold(project: &Project, scenario: &Scenario) -> Result<()> {
    let mut executable = cold_build(project, scenario)?
        .map_err(|stderr| anyhow!("the first state does not compile:\n{stderr}"))?;
    if scenario.driven_by.is_some() {
        return Ok(());
    }
    let mut history: Vec<String> = Vec::new();
    cold_checks(
        project,
        scenario,
        &executable,
        &mut history,
        &scenario.opening,
        true,
    )
    .context("before the first step")?;
    for step in &scenario.steps {
        let place = || format!("in the step of line {}", step.line);
        project
            .save(&step.edits, step.save_mode)
            .with_context(place)?;
        let wants_error = step.expect.iter().any(|outcome| outcome == "compile-error");
        let refused = step.expect.iter().any(|outcome| outcome == "refused");
        match cold_build(project, scenario).with_context(place)? {
            Ok(new) => {
                ensure!(!wants_error, "{}: it compiles", place());
                executable = new;
            }
            Err(stderr) => {
                ensure!(wants_error, "{}: it does not compile:\n{stderr}", place());
                for check in &step.checks {
                    if let Check::Stderr(text) = check {
                        ensure!(
                            stderr.contains(text),
                            "{}: `{text}` is not in:\n{stderr}",
                            place()
                        );
                    }
                }
            }
        }
        if step.expect.iter().any(|outcome| outcome == "restarted") {
            history.clear();
        }
        let compare = !step.warm_only && !refused;
        cold_checks(
            project,
            scenario,
            &executable,
            &mut history,
            &step.checks,
            compare,
        )
        .with_context(place)?;
    }
    Ok(())
}

fn cold_checks(
    project: &Project,
    scenario: &Scenario,
    executable: &Path,
    history: &mut Vec<String>,
    checks: &[Check],
    compare: bool,
) -> Result<()> {
    let mut command = crate::support::scrubbed_command(executable, project.root());
    command
        .args(&scenario.program_args)
        .envs(scenario.env.iter().map(|(key, value)| (key, value)));
    Running::start(command, project, None)?.with_report(|running| {
        running.wait_for_line(&scenario.ready)?;
        for request in &*history {
            running.ask(request)?;
        }
        for check in checks {
            if let Check::Ask(request, _) | Check::AskPart(request, _) = check {
                history.push(request.clone());
            }
            let of_tool = matches!(check, Check::Stderr(_) | Check::Warning(_));
            match check {
                _ if of_tool => {}
                Check::Ask(request, _) | Check::AskPart(request, _) if !compare => {
                    running.ask(request)?;
                }
                Check::Line(_) | Check::NotLine(_) if !compare => {}
                check => check_all(
                    running,
                    std::slice::from_ref(check),
                    Mark {
                        stdout: usize::MAX,
                        ..running.mark()
                    },
                )?,
            }
        }
        if scenario.ends_by_kill {
            return Ok(());
        }
        running.close_stdin();
        let status = running.wait_for_exit()?;
        ensure!(
            status.success(),
            "the program must end with status 0, and ended with {status}"
        );
        Ok(())
    })
}

/// The executable, or what the compiler said.
fn cold_build(project: &Project, scenario: &Scenario) -> Result<Result<PathBuf, String>> {
    let mut command = project.cargo();
    command
        .arg("build")
        .arg("--message-format=json-render-diagnostics")
        .args(&scenario.run_args);
    command.envs(scenario.env.iter().map(|(key, value)| (key, value)));
    let (status, stdout, stderr) = output_of(&mut command)?;
    if !status.success() {
        return Ok(Err(stderr));
    }
    let mut executables: Vec<PathBuf> = Vec::new();
    for line in stdout.lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        if let Some(path) = message
            .get("executable")
            .and_then(serde_json::Value::as_str)
        {
            executables.push(PathBuf::from(path));
        }
    }
    match &*executables {
        [executable] => Ok(Ok(executable.clone())),
        _ => bail!("one executable is wanted, cargo made {executables:?}"),
    }
}
