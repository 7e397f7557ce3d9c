//! Where a session keeps its files, and what limits it meets: directories that cannot hold code, are too long, are not there, or are removed
//! while it runs; a file that may not grow; a peer that takes its time.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::Running;
use crate::support::{deadline, output_of, scrubbed_command, tool, trial};

const MAIN: &str = "src/main.rs";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("places::temporary_directory_is_long", || {
            with_temporary(&"d".repeat(120), true)
        }),
        trial("places::temporary_directory_is_missing", || {
            with_temporary("missing", false)
        }),
        trial("places::temporary_directory_is_noexec", mounted_noexec),
        trial("places::temporary_directory_fills_up", fills_up),
        trial("places::directory_is_removed", directory_is_removed),
        trial("places::events_reach_a_limit", events_reach_a_limit),
        trial("places::a_slow_request", a_slow_request),
        trial("places::descriptors_run_out", descriptors_run_out),
        trial("places::compile_error_in_events", compile_error_in_events),
    ]
}

/// A session of the `faults` project with these variables, up and answering.
fn session(
    project: &Project,
    environment: &[(String, String)],
    steps: impl FnOnce(&mut Running) -> Result<()>,
) -> Result<()> {
    Running::session(project, &[], &[], environment)?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "v1 1 x")?;
        steps(session)
    })
}

/// Saves another version of the program, which has to be patched.
fn patches(project: &Project, session: &mut Running, from: &str, to: &str) -> Result<()> {
    let mark = session.mark();
    session.continue_from(mark);
    project.replace(MAIN, &format!("\"{from}\""), &format!("\"{to}\""))?;
    let outcome = session.wait_for_outcome(mark)?;
    ensure!(outcome.outcome() == "patched", "{outcome}");
    let answer = session.ask("y")?;
    ensure!(
        answer.starts_with(to),
        "{to} was patched, and it says {answer}"
    );
    Ok(())
}

/// A field was added: only a restart follows it.
fn restarts(project: &Project, session: &mut Running, from: &str) -> Result<()> {
    let mark = session.mark();
    session.continue_from(mark);
    let manifest = project.read("Cargo.toml")?;
    fs::write(
        project.path("Cargo.toml"),
        format!("{manifest}\n[profile.dev]\noverflow-checks = false\n"),
    )
    .context("cannot edit the manifest")?;
    let outcome = session.wait_for_outcome(mark)?;
    ensure!(outcome.outcome() == "restarted", "{outcome}");
    session.wait_for_line("ready")?;
    session.expect_answer("x", &format!("{from} 1 x"))
}

fn with_temporary(name: &str, exists: bool) -> Result<()> {
    let project = Project::copy_of("faults")?;
    let room = tempfile::tempdir().context("cannot make a directory")?;
    let directory = room.path().join(name);
    if exists {
        fs::create_dir(&directory).context("cannot make the directory")?;
    }
    in_temporary(&project, directory)
}

fn in_temporary(project: &Project, directory: PathBuf) -> Result<()> {
    let environment = [("TMPDIR".to_owned(), directory.display().to_string())];
    session(project, &environment, |session| {
        patches(project, session, "v1", "v2")?;
        restarts(project, session, "v2")?;
        patches(project, session, "v2", "v3")
    })
}

/// Does `steps` with a directory that is mounted with these options. Where mounting is not allowed there is nothing to be seen.
fn mounted(options: &str, steps: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let room = tempfile::tempdir().context("cannot make a directory")?;
    let mount = |arguments: &[&str]| -> Result<bool> {
        let (status, ..) = output_of(
            Command::new(arguments[0])
                .args(&arguments[1..])
                .arg(room.path()),
        )?;
        Ok(status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", options, "tmpfs"])? {
        eprintln!(
            "NOT TRIED: this user may not mount, so no directory is mounted with `{options}`"
        );
        return Ok(());
    }
    let result = steps(room.path());
    ensure!(
        mount(&["umount", "--lazy"])?,
        "cannot unmount the directory"
    );
    result
}

/// Hardened machines mount `/tmp` so.
fn mounted_noexec() -> Result<()> {
    mounted("noexec,size=16m", |room| {
        in_temporary(&Project::copy_of("faults")?, room.to_owned())
    })
}

/// One restart, for which the session takes another directory.
fn fills_up() -> Result<()> {
    mounted("size=16m", |room| {
        let project = Project::copy_of("faults")?;
        let environment = [("TMPDIR".to_owned(), room.display().to_string())];
        session(&project, &environment, |session| {
            patches(&project, session, "v1", "v2")?;
            let mut filling = fs::File::create(room.join("filling"))?;
            let full = std::io::copy(&mut std::io::repeat(0), &mut filling);
            ensure!(full.is_err(), "there is no end of room");
            let mark = session.mark();
            session.continue_from(mark);
            project.replace(MAIN, "\"v2\"", "\"v3\"")?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(
                outcome.outcome() == "restarted" && outcome.code() == "HP0810",
                "{outcome}"
            );
            session.wait_for_line("ready")?;
            patches(&project, session, "v3", "v4")?;
            patches(&project, session, "v4", "v5")
        })
    })
}

/// The directory in which the session keeps patches: the only one in its temporary directory.
fn only_entry(directory: &Path) -> Result<PathBuf> {
    let mut entries = fs::read_dir(directory).context("cannot list the directory")?;
    let entry = entries.next().context("the session has no directory")??;
    Ok(entry.path())
}

/// A cleaner of old files does so.
fn directory_is_removed() -> Result<()> {
    let project = Project::copy_of("faults")?;
    let room = tempfile::tempdir().context("cannot make a directory")?;
    let environment = [("TMPDIR".to_owned(), room.path().display().to_string())];
    session(&project, &environment, |session| {
        patches(&project, session, "v1", "v2")?;
        let remove = || -> Result<()> {
            fs::remove_dir_all(only_entry(room.path())?).context("cannot remove it")
        };
        remove()?;
        patches(&project, session, "v2", "v3")?;
        remove()?;
        restarts(&project, session, "v3")?;
        patches(&project, session, "v3", "v4")?;
        // The temporary directory as a whole.
        fs::remove_dir_all(room.path()).context("cannot remove it")?;
        patches(&project, session, "v4", "v5")
    })
}

/// `ulimit -f` ends nobody.
fn events_reach_a_limit() -> Result<()> {
    let project = Project::copy_of("faults")?;
    let events = project.path("events");
    // A build writes larger files than that, so the file is large before.
    let limit: u64 = 64 << 20;
    fs::File::create(&events)
        .and_then(|file| file.set_len(limit - 200))
        .context("cannot make a large file")?;
    let mut command = scrubbed_command(tool(), project.root());
    command
        .args(["hotpatch", "run", "--fast=never", "--events"])
        .arg(&events);
    // SAFETY: between fork and exec only setrlimit is called, which is async-signal-safe and touches no memory of ours.
    unsafe {
        command.pre_exec(move || {
            let limits = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            match libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limits) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    Running::start(command, &project, None)?.with_report(|session| {
        session.wait_for_line("ready")?;
        let mark = session.mark();
        project.replace(MAIN, "\"v1\"", "\"v2\"")?;
        session.wait_for_stderr(mark, "Patched")?;
        session.expect_answer("x", "v2 1 x")
    })
}

/// A request has its time in all, not for each byte.
fn a_slow_request() -> Result<()> {
    let project = Project::copy_of("faults")?;
    let room = tempfile::tempdir().context("cannot make a directory")?;
    let environment = [(
        "XDG_RUNTIME_DIR".to_owned(),
        room.path().display().to_string(),
    )];
    session(&project, &environment, |session| {
        let socket = room
            .path()
            .join("cargo-hotpatch")
            .join(format!("{}.socket", session.pid()));
        let mut connection = UnixStream::connect(&socket).context("the session listens")?;
        connection.set_read_timeout(Some(Duration::from_millis(500)))?;
        let started = Instant::now();
        let mut answer = [0; 64];
        loop {
            ensure!(started.elapsed() < deadline(), "it listens for ever");
            // A byte each time that nothing is answered.
            if connection.write_all(b" ").is_err() {
                break;
            }
            match connection.read(&mut answer) {
                Ok(_) => break,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("cannot read the answer"),
            }
        }
        ensure!(
            started.elapsed() >= Duration::from_secs(4),
            "it has some time"
        );
        patches(&project, session, "v1", "v2")
    })
}

/// Without descriptors for a moment, nothing is lost: a save that could not be looked at is looked at once it can be.
fn descriptors_run_out() -> Result<()> {
    let project = Project::copy_of("faults")?;
    session(&project, &[], |session| {
        patches(&project, session, "v1", "v2")?;
        let pid = libc::pid_t::try_from(session.pid())?;
        let before = limit_descriptors(pid, 3)?;
        let mark = session.mark();
        project.replace(MAIN, "\"v2\"", "\"v3\"")?;
        let warning = session.wait_for_event(mark, "the trouble", deadline(), |event| {
            event.code() == "HP0903" && event.reason().contains("cannot look at")
        })?;
        ensure!(warning.reason().contains("src/main.rs"), "{warning}");
        limit_descriptors(pid, before)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        patches(&project, session, "v3", "v4")
    })
}

/// Sets how many descriptors a process may have, and returns how many it might before.
fn limit_descriptors(pid: libc::pid_t, number: u64) -> Result<u64> {
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the null pointer only asks, and `old` is valid for a write of one structure.
    let asked = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, std::ptr::null(), &raw mut old) };
    let new = libc::rlimit {
        rlim_cur: number,
        rlim_max: old.rlim_max,
    };
    // SAFETY: `new` is a whole structure that is only read, and a null `old` is not written.
    let set = unsafe {
        libc::prlimit(
            pid,
            libc::RLIMIT_NOFILE,
            &raw const new,
            std::ptr::null_mut(),
        )
    };
    ensure!(asked == 0 && set == 0, "the kernel does not set the limit");
    Ok(old.rlim_cur)
}

/// With `--quiet`, what the compiler says is in the events.
fn compile_error_in_events() -> Result<()> {
    let project = Project::copy_of("faults")?;
    let args = ["--quiet".to_owned()];
    Running::session(&project, &args, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let mark = session.mark();
        project.replace(MAIN, "    \"v1\"\n", "    \"v2\" + no\n")?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "compile-error", "{outcome}");
        ensure!(outcome.code() == "HP0608", "{outcome}");
        ensure!(outcome.reason().starts_with("error"), "{outcome}");
        let said = outcome.text("diagnostics");
        ensure!(
            said.contains("src/main.rs:62") && said.contains("error[E0425]"),
            "{said}"
        );
        let mark = session.mark();
        project.replace(MAIN, "    \"v2\" + no\n", "    \"v2\"\n")?;
        session.wait_for_outcome(mark)?;
        session.expect_answer("x", "v2 1 x")
    })
}
