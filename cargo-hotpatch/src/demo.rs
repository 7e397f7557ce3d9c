//! `cargo hotpatch demo`: the whole thing on a small project of its own, in under a minute.
//!
//! It starts the very command that a user would start, edits the file as an editor would, and believes nothing but the
//! program's own output and the session's events. A step that does not end as it has to makes the demo fail.

mod project;
pub(crate) mod session;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::event::OutcomeKind;
use crate::options::{DemoOptions, exit_code};
use crate::report::text::{self, Style};
use project::{STEPS, Step};
use session::{Session, Start};

/// Nothing may take longer than this: not the first build, not a step.
const PATIENCE: Duration = Duration::from_secs(50);

/// Shows it. Returns the exit code.
#[must_use]
pub fn main(options: &DemoOptions) -> u8 {
    let listening = session::listen_for_interrupts();
    let style = Style {
        color: options.color,
    };
    let result = listening
        .and_then(|()| std::env::current_exe().context("cannot tell where this command is"))
        .and_then(|tool| {
            let cargo =
                std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
            let room = tempfile::Builder::new()
                .prefix("hotpatch-demo-")
                .tempdir()
                .context("cannot make a temporary directory for the demo")?;
            let shown = Show {
                style,
                quiet: false,
                tool,
                cargo,
            }
            .all(room.path());
            if options.keep {
                println!("\nThe project stays in {}", room.keep().display());
            }
            shown
        });
    match result {
        Ok(()) => exit_code::OK,
        Err(_) if session::interrupted() => exit_code::INTERRUPTED,
        Err(error) => {
            text::print_error(&error, options.color);
            exit_code::FAILURE
        }
    }
}

struct Show {
    style: Style,
    /// For tests.
    quiet: bool,
    /// This very command.
    tool: PathBuf,
    cargo: PathBuf,
}

impl Show {
    fn all(&self, directory: &Path) -> Result<()> {
        project::write(directory)?;
        self.title("A program that counts, built and started as ever");
        for line in project::SOURCE.lines().skip(3).take(7) {
            self.say(&format!("    {line}"));
        }
        let plain = self.measure_plain_restart(directory)?;
        self.say(&format!(
            "After an edit, `cargo build` and a start take {plain:.0} ms, and the count is lost."
        ));

        self.title("The same program under `cargo hotpatch run`");
        let mut session = Session::start(start(&self.tool, directory))?;
        let result = self.steps(&mut session, directory);
        session.end();
        let latencies = result?;

        self.title("How long it took");
        self.say(&format!(
            "cargo build + start    {plain:>6.0} ms, state lost"
        ));
        for latency in latencies {
            self.say(&format!(
                "saved to patched       {latency:>6.0} ms, state kept"
            ));
        }
        self.say("\nTry it on your own program: cargo hotpatch run");
        Ok(())
    }

    /// Makes the edits. Returns the milliseconds from the save to the patch, of each patch.
    fn steps(&self, session: &mut Session, directory: &Path) -> Result<Vec<f64>> {
        session
            .next_event("started")
            .context("the program did not start")?;
        let mut number = session.line_after("counted ", |number| number >= 3)?;
        self.say(&format!("The program: counted {number}"));
        let mut latencies = Vec::new();
        for step in STEPS {
            self.title(step.title);
            self.say(&format!("- {}", step.replace));
            self.say(&format!("+ {}", step.with));
            project::edit(directory, step.replace, step.with)?;
            let outcome = session
                .next_event("outcome")
                .with_context(|| format!("`{}` had no outcome", step.title))?;
            check(step, &outcome)?;
            let before = number;
            number = match step.outcome {
                OutcomeKind::Restarted => session.line_after(step.prefix, |number| number < before),
                _ => session.line_after(step.prefix, |number| number > before),
            }
            .with_context(|| {
                format!(
                    "after `{}` the program did not do what it had to",
                    step.title
                )
            })?;
            self.say(&format!("The program: {}{number}", step.prefix));
            self.say(step.conclusion);
            let total = outcome["timings_ms"]["total"].as_f64().unwrap_or_default();
            if step.outcome == OutcomeKind::Patched {
                latencies.push(total);
            }
        }
        Ok(latencies)
    }

    fn title(&self, title: &str) {
        self.say(&format!("\n{}", self.style.bold(title)));
    }

    fn say(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }

    /// Milliseconds from an edit to the first line of the new program, without us.
    fn measure_plain_restart(&self, directory: &Path) -> Result<f64> {
        self.plain_build(directory)?;
        project::edit(directory, "\"counted {}\"", "\"plain: counted {}\"")?;
        let begin = Instant::now();
        self.plain_build(directory)?;
        let program = directory.join("target/debug/counter");
        let mut child = Command::new(&program)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let mut line = String::new();
        let read = child
            .stdout
            .take()
            .map(|output| BufReader::new(output).read_line(&mut line));
        let took = begin.elapsed();
        let _ = child.kill();
        let _ = child.wait();
        ensure!(
            matches!(read, Some(Ok(_))) && line.starts_with("plain: counted 1"),
            "the program said {line:?}"
        );
        project::edit(directory, "\"plain: counted {}\"", "\"counted {}\"")?;
        Ok(took.as_secs_f64() * 1000.0)
    }

    fn plain_build(&self, directory: &Path) -> Result<()> {
        let output = Command::new(&self.cargo)
            .args(["build", "--quiet", "--offline", "--manifest-path"])
            .arg(directory.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(directory.join("target"))
            .output()
            .with_context(|| format!("cannot run `{}`", self.cargo.display()))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`cargo build` of the demo failed ({}):\n{complaint}",
            output.status
        );
        Ok(())
    }
}

fn start<'a>(tool: &'a Path, directory: &'a Path) -> Start<'a> {
    Start {
        tool,
        directory,
        arguments: vec!["--offline".into()],
        messages: None,
        patience: PATIENCE,
    }
}

fn check(step: &Step, outcome: &Value) -> Result<()> {
    let expected = serde_json::to_value(step.outcome).context("the outcome has no name")?;
    let reason = &outcome["reason"];
    if outcome["outcome"] != expected {
        bail!(
            "`{}` should have ended {expected}, but ended {}, with the reason {reason}",
            step.title,
            outcome["outcome"]
        );
    }
    if step.outcome == OutcomeKind::Restarted {
        let code = reason["code"].as_str().unwrap_or_default();
        ensure!(
            code.starts_with("HP01"),
            "the restart should have a type as its reason, but has {reason}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// Plays `cargo hotpatch run`: waits for each edit, then ends it with the next of the given outcomes.
    const FAKE: &str = r#"#!/bin/sh
for argument; do
    case $previous in --events) events=$argument ;; --manifest-path) manifest=$argument ;; esac
    previous=$argument
done
source=$(dirname "$manifest")/src/main.rs
echo '{"event":"started"}' >> "$events"
number=0
outcomes='@OUTCOMES@'
prefix="counted "
cp "$source" "$source.last"
while :; do
    number=$((number + 1))
    echo "$prefix$number"
    if ! cmp -s "$source" "$source.last"; then
        cp "$source" "$source.last"
        set -- $outcomes
        outcome=$1
        shift
        outcomes="$*"
        case $outcome in
            patched) prefix=$(sed -n 's/.*format!("\(.*\){}".*/\1/p' "$source") ;;
            restarted) number=0 ;;
        esac
        echo '{"event":"saved"}' >> "$events"
        echo '{"event":"outcome","outcome":"'$outcome'","reason":{"code":"HP0101"},"timings_ms":{"total":5}}' >> "$events"
    fi
    sleep 0.01
done
"#;

    fn show(outcomes: &str) -> Result<Vec<f64>> {
        let room = tempfile::tempdir().expect("a temporary directory");
        let tool = room.path().join("tool");
        std::fs::write(&tool, FAKE.replace("@OUTCOMES@", outcomes)).expect("written");
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
        project::write(room.path()).expect("written");
        let show = Show {
            style: Style { color: false },
            quiet: true,
            tool,
            cargo: "false".into(),
        };
        // The shell may still be open for writing in a process that another test forked: then it is "busy".
        let mut session = loop {
            match Session::start(start(&show.tool, room.path())) {
                Err(error) if format!("{error:#}").contains("busy") => {
                    std::thread::sleep(session::POLL);
                }
                other => break other?,
            }
        };
        let result = show.steps(&mut session, room.path());
        session.end();
        result
    }

    #[test]
    fn it_succeeds_when_each_step_ends_as_it_has_to() {
        assert_eq!(
            show("patched compile-error patched restarted").expect("all is well"),
            [5.0, 5.0]
        );
    }

    #[test]
    fn it_fails_when_a_step_ends_otherwise() {
        let error =
            show("patched compile-error restarted").expect_err("the third has to be patched");
        let text = format!("{error:#}");
        assert!(
            text.contains("corrected") && text.contains("patched") && text.contains("restarted"),
            "{text}"
        );
    }

    #[test]
    fn a_session_that_cannot_start_is_an_error() {
        let room = tempfile::tempdir().expect("a temporary directory");
        let mut session =
            Session::start(start(Path::new("/bin/false"), room.path())).expect("it starts");
        let error = session.next_event("started").expect_err("it ended");
        assert!(
            format!("{error:#}").contains("the session ended"),
            "{error:#}"
        );
    }
}
