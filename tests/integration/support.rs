//! What every test needs: names of things, deadlines, commands in a scrubbed environment, signals.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::{Failed, Trial};

/// A test with this name. What it returns as an error is the report of its failure.
pub(crate) fn trial(
    name: impl Into<String>,
    test: impl FnOnce() -> Result<()> + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        test().map_err(|error| Failed::from(format!("{error:#}")))
    })
}

/// Whether the scenarios are to run without the tool (see the crate's documentation).
pub(crate) fn is_cold() -> bool {
    std::env::var_os("HOTPATCH_COLD").is_some_and(|value| value != "0" && !value.is_empty())
}

/// The command under test.
pub(crate) fn tool() -> PathBuf {
    std::env::var_os("HOTPATCH_TEST_TOOL").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_cargo-hotpatch")),
        PathBuf::from,
    )
}

/// Where the test projects are.
pub(crate) fn projects_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-projects")
}

fn scaled(seconds: u64) -> Duration {
    let scale = std::env::var("HOTPATCH_TEST_DEADLINE_SCALE")
        .ok()
        .and_then(|scale| scale.parse::<f64>().ok())
        .filter(|scale| *scale > 0.0);
    Duration::from_secs(seconds).mul_f64(scale.unwrap_or(1.0))
}

/// The deadline of an ordinary wait.
pub(crate) fn deadline() -> Duration {
    scaled(60)
}

/// The deadline of a wait that includes a build.
pub(crate) fn build_deadline() -> Duration {
    scaled(180)
}

/// A command in `dir` that knows nothing of the cargo that started this test.
pub(crate) fn scrubbed_command(program: impl AsRef<OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).env_clear();
    for (key, value) in std::env::vars_os() {
        let name = key.to_string_lossy();
        let kept = matches!(
            &*name,
            "HOME"
                | "PATH"
                | "USER"
                | "LOGNAME"
                | "LANG"
                | "TMPDIR"
                | "TERM"
                | "CARGO_HOME"
                | "XDG_RUNTIME_DIR"
        ) || name.starts_with("RUSTUP_")
            || name.starts_with("LC_")
            || name.to_ascii_lowercase().ends_with("_proxy");
        if kept {
            command.env(key, value);
        }
    }
    command.env("CARGO_TERM_COLOR", "never");
    command
}

/// With `HOTPATCH_FAST=1`, scenarios and histories go the fast way where they can.
pub(crate) fn is_fast() -> bool {
    std::env::var_os("HOTPATCH_FAST").is_some_and(|value| value != "0" && value != "never")
}

/// `kill(2)`.
pub(crate) fn send_signal(pid: libc::pid_t, signal: libc::c_int) -> Result<()> {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    let result = unsafe { libc::kill(pid, signal) };
    ensure!(
        result == 0,
        "cannot send signal {signal} to {pid}: {}",
        std::io::Error::last_os_error()
    );
    Ok(())
}

/// Whether a process exists and is not merely waiting to be reaped.
pub(crate) fn is_alive(pid: i64) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The state is the first field behind the name, which is in parentheses and may hold anything.
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().next());
    !matches!(state, None | Some("Z" | "X"))
}

/// Runs a command to its end and returns its status, standard output and standard error.
pub(crate) fn output_of(command: &mut Command) -> Result<(ExitStatus, String, String)> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    Ok((
        output.status,
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}
