//! The copies for plain cargo, and the program that is restarted.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::super::project::{self, Project};
use super::page::{self, Page};
use super::patched::first_page;
use super::{Change, Plan, milliseconds};
use crate::demo::session;
use crate::process::end_with_this_process;

/// A program that was just started has to show an edit in this time.
const START: Duration = Duration::from_secs(120);

/// A copy for plain cargo, and the program that runs from it.
pub(super) struct CargoLane<'a> {
    project: &'a Project,
    plan: &'a Plan,
    directory: PathBuf,
    running: Option<Program>,
}

/// A program that was started without the tool.
struct Program {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl<'a> CargoLane<'a> {
    /// The sources are copied from where edits were tried already.
    pub(super) fn new(
        project: &'a Project,
        plan: &'a Plan,
        from: &Path,
        directory: &Path,
    ) -> Result<Self> {
        let as_it_is_now = Project {
            root: from.to_owned(),
            ..project.clone()
        };
        project::copy(&as_it_is_now, directory)?;
        Ok(Self {
            project,
            plan,
            directory: directory.to_owned(),
            running: None,
        })
    }

    fn save(&self, change: &Change<'_>) -> Result<()> {
        project::replace(&self.directory, &change.site.file, &change.old, &change.new)
    }

    /// Runs `cargo check` or `cargo build` as a user would, and returns what it said.
    pub(super) fn cargo(&self, command: &str) -> Result<(String, String)> {
        let package = self.directory.join(&self.project.package);
        let mut cargo = Command::new(&self.plan.cargo);
        cargo
            .arg(command)
            .args(&self.project.cargo_arguments)
            .args(["--color", "never"])
            .arg("--target-dir")
            .arg(package.join("target"))
            .current_dir(&package)
            .stdin(Stdio::null());
        if command == "build" {
            // Rendered messages go to standard error as ever; standard output tells where the program is.
            cargo.args(["--message-format", "json-render-diagnostics"]);
        }
        end_with_this_process(&mut cargo);
        let output = cargo
            .output()
            .with_context(|| format!("cannot run `{}`", self.plan.cargo.display()))?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!session::interrupted(), "interrupted");
        ensure!(
            output.status.success(),
            "`cargo {command}` failed ({}):\n{messages}",
            output.status
        );
        Ok((
            String::from_utf8_lossy(&output.stdout).into_owned(),
            messages,
        ))
    }

    /// Milliseconds from the save to the end of `cargo check`.
    pub(super) fn check(&mut self, change: &Change<'_>) -> Result<f64> {
        let begin = Instant::now();
        self.save(change)?;
        let (_, messages) = self.cargo("check")?;
        let took = milliseconds(begin);
        ensure!(
            messages.contains("Checking "),
            "`cargo check` did not see the edit:\n{messages}"
        );
        Ok(took)
    }

    /// Milliseconds from the save to the new program's answer.
    pub(super) fn restart(&mut self, change: &Change<'_>) -> Result<f64> {
        let begin = Instant::now();
        self.save(change)?;
        let messages = self.build_and_start(Some(change))?;
        let took = milliseconds(begin);
        ensure!(
            messages.contains("Compiling "),
            "`cargo build` did not see the edit:\n{messages}"
        );
        Ok(took)
    }

    /// Builds, ends the program that runs, starts the new one, and waits until it shows the change.
    pub(super) fn build_and_start(&mut self, change: Option<&Change<'_>>) -> Result<String> {
        let (artifacts, messages) = self.cargo("build")?;
        let executable = executable_of(&artifacts)?;
        self.stop();
        // Not that of the old program, whose connections the kernel may not have forgotten yet.
        let port = page::port_for(self.project)?;
        let mut command = Command::new(&executable);
        command
            .args(self.project.arguments_with(port))
            .current_dir(self.directory.join(&self.project.package))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        end_with_this_process(&mut command);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", executable.display()))?;
        let input = child.stdin.take().context("the program has no input")?;
        let output = child.stdout.take().context("the program has no output")?;
        let program = self.running.insert(Program {
            child,
            input,
            lines: session::lines_of(output),
        });
        let deadline = Instant::now() + START;
        let expected = change.and_then(|change| change.site.expected(change.number));
        let page = match change.and_then(|change| change.site.ask.as_deref()) {
            Some(ask) if page::is_page(ask) => Some(Page::new(ask, port)?),
            Some(ask) => {
                writeln!(program.input, "{ask}").context("cannot ask the program")?;
                None
            }
            None if expected.is_none() => first_page(self.project, port)?,
            None => None,
        };
        if let Some(page) = page {
            page.wait_for(expected.as_deref(), false, deadline)
                .context("the restarted program does not show it")?;
        } else if let Some(wanted) = expected.or_else(|| self.plan.ready.clone()) {
            let mut line = String::new();
            while !line.contains(&wanted) {
                line = session::next_line(&program.lines, deadline).with_context(|| {
                    format!("the restarted program did not say {wanted:?}; its last line: {line:?}")
                })?;
            }
        }
        Ok(messages)
    }

    pub(super) fn stop(&mut self) {
        if let Some(mut program) = self.running.take() {
            let _ = program.child.kill();
            let _ = program.child.wait();
        }
    }
}

impl Drop for CargoLane<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The one executable that `cargo build` says it has made.
fn executable_of(artifacts: &str) -> Result<PathBuf> {
    let mut executables: BTreeMap<String, PathBuf> = BTreeMap::new();
    for line in artifacts.lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        if let (Some(path), Some(name)) = (
            message["executable"].as_str(),
            message["target"]["name"].as_str(),
        ) {
            executables.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    match executables.len() {
        0 => bail!("`cargo build` made no program"),
        1 => Ok(executables.into_values().next().unwrap_or_default()),
        _ => {
            let names: Vec<&String> = executables.keys().collect();
            bail!("there are several programs, {names:?}: choose one with --bin")
        }
    }
}

/// Writes the lock file that all copies have in common.
///
/// # Errors
/// When the dependencies are not to be had.
pub fn lock(cargo: &Path, root: &Path) -> Result<()> {
    let generate = |arguments: &[&OsStr]| -> Result<std::process::Output> {
        Command::new(cargo)
            .arg("generate-lockfile")
            .args(arguments)
            .current_dir(root)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run `{}`", cargo.display()))
    };
    // What was downloaded once is good enough, and needs no network.
    if generate(&["--offline".as_ref()])?.status.success() {
        return Ok(());
    }
    let output = generate(&[])?;
    ensure!(
        output.status.success(),
        "the dependencies are not to be had:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_and_two_are_an_error() {
        let line = |name: &str| {
            format!("{{\"target\":{{\"name\":\"{name}\"}},\"executable\":\"/t/{name}\"}}\n")
        };
        let library = "{\"target\":{\"name\":\"l\"},\"executable\":null}\n";
        let one = executable_of(&format!("{library}{}not json\n", line("a"))).expect("one");
        assert_eq!(one, Path::new("/t/a"));
        assert!(executable_of(library).is_err());
        let two = executable_of(&(line("a") + &line("b"))).expect_err("two");
        assert!(format!("{two:#}").contains("--bin"));
    }
}
