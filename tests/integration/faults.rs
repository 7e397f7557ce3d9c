//! Bad input and faults: each ends in a clear message, and never in a dead or wrong program or session.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::{Change, Edit, Project, SaveMode};
use crate::running::{Event, Running};
use crate::support::{deadline, is_alive, send_signal, trial};

const MAIN: &str = "src/main.rs";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "faults::a_crash_is_said_and_the_next_save_starts_again",
            a_crash,
        ),
        trial(
            "faults::an_exit_is_said_and_the_next_save_starts_again",
            an_exit,
        ),
        trial("faults::once_returns_the_status", || once("exit 7", 7)),
        trial("faults::once_returns_zero", || once("exit 0", 0)),
        trial("faults::once_returns_128_and_the_signal", || {
            once("abort", 128 + libc::SIGABRT)
        }),
        trial("faults::control_c_ends_both", || interrupted(libc::SIGINT)),
        trial("faults::hang_up_ends_both", || interrupted(libc::SIGHUP)),
        trial("faults::terminated_ends_both", || {
            interrupted(libc::SIGTERM)
        }),
        trial("faults::a_newer_save_wins", a_newer_save_wins),
        trial("faults::a_burst_of_saves", a_burst_of_saves),
        trial("faults::files_of_one_save", files_of_one_save),
        trial(
            "faults::a_save_that_changes_nothing",
            a_save_that_changes_nothing,
        ),
        trial("faults::other_files_are_nobodys_business", other_files),
        trial("faults::a_file_vanishes", a_file_vanishes),
        trial("faults::a_half_written_file", a_half_written_file),
        trial("faults::a_file_that_is_not_text", a_file_that_is_not_text),
        trial("faults::a_fork", a_fork),
        trial("faults::a_daemon", a_daemon),
        trial("faults::an_exec", an_exec),
        trial("faults::all_descriptors_closed", all_descriptors_closed),
        trial("faults::a_stopped_program", a_stopped_program),
        trial("faults::a_foreign_peer", a_foreign_peer),
        trial("faults::two_sessions", two_sessions),
        trial("faults::a_waiting_compiler_dies", a_waiting_compiler_dies),
    ]
}

/// A session of the `faults` project, up and answering.
fn session(args: &[&str], steps: impl FnOnce(&Project, &mut Running) -> Result<()>) -> Result<()> {
    let project = Project::copy_of("faults")?;
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    Running::session(&project, &args, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "v1 1 x")?;
        steps(&project, session)
    })
}

/// Saves another version of the program, and returns the outcome.
fn save_version(project: &Project, session: &Running, from: &str, to: &str) -> Result<Event> {
    let mark = session.mark();
    project.replace(MAIN, &format!("\"{from}\""), &format!("\"{to}\""))?;
    session.wait_for_outcome(mark)
}

/// The session is as good as new: the next save is patched into the running program.
fn works_on(
    project: &Project,
    session: &mut Running,
    from: &str,
    to: &str,
    calls: u32,
) -> Result<()> {
    let outcome = save_version(project, session, from, to)?;
    ensure!(
        outcome.outcome() == "patched",
        "the session must work on: {outcome}"
    );
    session.expect_answer("x", &format!("{to} {calls} x"))?;
    session.check_one_outcome_per_save()
}

fn wait_for_program_exit(session: &Running) -> Result<Event> {
    let pid = session.program_pid()?;
    session.wait_until("the program's end", deadline(), |seen| {
        let exit = |event: &&Event| event.kind() == "exited" && event.pid() == Some(pid);
        Ok(seen
            .events
            .iter()
            .map(|(_, event)| event)
            .find(exit)
            .cloned())
    })
}

/// The program is gone; a save starts it again, with the new code.
fn starts_again(project: &Project, session: &mut Running) -> Result<()> {
    let old_pid = session.program_pid()?;
    let mark = session.mark();
    session.continue_from(mark);
    let outcome = save_version(project, session, "v1", "v2")?;
    ensure!(
        outcome.outcome() == "restarted",
        "a save must start the program again: {outcome}"
    );
    ensure!(session.program_pid()? != old_pid, "no new process");
    session.wait_for_line("ready")?;
    session.expect_answer("x", "v2 1 x")?;
    works_on(project, session, "v2", "v3", 2)
}

fn a_crash() -> Result<()> {
    session(&[], |project, session| {
        let mark = session.mark();
        session.send("abort")?;
        let exited = wait_for_program_exit(session)?;
        ensure!(
            exited.number("signal") == Some(i64::from(libc::SIGABRT)),
            "{exited}"
        );
        // For people, too: what happened is said in words.
        session.wait_for_stderr(mark, "SIGABRT")?;
        starts_again(project, session)
    })
}

fn an_exit() -> Result<()> {
    session(&[], |project, session| {
        session.send("exit 7")?;
        let exited = wait_for_program_exit(session)?;
        ensure!(exited.number("status") == Some(7), "{exited}");
        starts_again(project, session)
    })
}

fn once(request: &'static str, code: i32) -> Result<()> {
    session(&["--once"], move |_, session| {
        session.send(request)?;
        let status = session.wait_for_exit()?;
        ensure!(
            status.code() == Some(code),
            "the tool must end with {code}: {status}"
        );
        Ok(())
    })
}

fn interrupted(signal: libc::c_int) -> Result<()> {
    session(&[], |_, session| {
        let program = session.program_pid()?;
        if signal == libc::SIGINT {
            session.signal_group(signal)?;
        } else {
            // Only the tool gets it; the program must not be left behind.
            send_signal(libc::pid_t::try_from(session.pid())?, signal)?;
        }
        let status = session.wait_for_exit()?;
        if signal == libc::SIGINT {
            ensure!(
                status.code() == Some(130),
                "an interrupted session ends with 130: {status}"
            );
        }
        // The program was the tool's child, so the tool has waited for it.
        ensure!(!is_alive(program), "the program lives on");
        Ok(())
    })
}

fn a_newer_save_wins() -> Result<()> {
    session(&[], |project, session| {
        let mark = session.mark();
        let change = |from: &str, to: &str| Edit::replace(MAIN, from, to);
        // The compiler works on this one for seconds.
        let slow = [
            change("\"v1\"", "\"v2\""),
            change("slow(1)", "slow(60_000_000)"),
        ];
        project.begin_save(session, &slow)?;
        let quick = [
            change("\"v2\"", "\"v3\""),
            change("slow(60_000_000)", "slow(2)"),
        ];
        project.save(&quick, SaveMode::InPlace)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("x", "v3 2 x")?;
        session.check_one_outcome_per_save()?;
        let outcomes = session.outcomes();
        ensure!(
            outcomes == ["superseded", "patched"],
            "the outcomes are {outcomes:?}"
        );
        works_on(project, session, "v3", "v4", 3)
    })
}

fn a_burst_of_saves() -> Result<()> {
    session(&[], |project, session| {
        let mark = session.mark();
        for number in 1..40 {
            project.replace(
                MAIN,
                &format!("\"v{number}\""),
                &format!("\"v{}\"", number + 1),
            )?;
        }
        // The last one that is patched must be the last one that was saved, however they were taken together.
        session.wait_until("outcome of the last save", deadline(), |seen| {
            let events = seen.events.iter().skip(mark.events).map(|(_, event)| event);
            let (saves, outcomes) =
                events.fold((0, 0), |(saves, outcomes), event| match event.kind() {
                    "saved" => (saves + 1, outcomes),
                    "outcome" => (saves, outcomes + 1),
                    _ => (saves, outcomes),
                });
            Ok((saves > 0 && saves == outcomes).then_some(()))
        })?;
        works_on(project, session, "v40", "v41", 2)
    })
}

/// A save of two files is one, although it is begun with the first of them. The machine may be too slow for that: then there are
/// two saves, and the first one is superseded or has an outcome of its own. In the end the program has both.
fn files_of_one_save() -> Result<()> {
    session(&[], |project, session| {
        let mut taken_in = false;
        for (number, (from, to)) in [
            ("v1", "v2"),
            ("v2", "v3"),
            ("v3", "v4"),
            ("v4", "v5"),
            ("v5", "v6"),
        ]
        .into_iter()
        .enumerate()
        {
            let mark = session.mark();
            let (main, extra) = (project.path(MAIN), project.path("src/extra.rs"));
            let main_text =
                fs::read_to_string(&main)?.replace(&format!("\"{from}\""), &format!("\"{to}\""));
            let extra_text = format!(
                "{}\npub(crate) fn unused_{number}() {{}}\n",
                fs::read_to_string(&extra)?
            );
            fs::write(&extra, extra_text)?;
            fs::write(&main, main_text)?;
            let patched = |event: &Event| event.kind() == "outcome" && event.outcome() == "patched";
            session.wait_for_event(mark, "the patch", deadline(), patched)?;
            session.expect_answer("x", &format!("{to} {} x", number + 2))?;
            session.check_one_outcome_per_save()?;
            taken_in |= session
                .wait_for_event(mark, "a file taken in", Duration::ZERO, |event| {
                    event.kind() == "saved-too"
                })
                .is_ok();
        }
        ensure!(
            taken_in,
            "no file was taken into the save of another one, in five attempts"
        );
        Ok(())
    })
}

fn a_save_that_changes_nothing() -> Result<()> {
    session(&[], |project, session| {
        for mode in [SaveMode::InPlace, SaveMode::Atomic, SaveMode::Recreate] {
            let text = project.read(MAIN)?;
            project.save(
                &[Edit {
                    file: MAIN.to_owned(),
                    change: Change::Write(text),
                }],
                mode,
            )?;
        }
        works_on(project, session, "v1", "v2", 2)?;
        session.look(|seen| {
            let wrong = |event: &&Event| {
                event.kind() == "outcome"
                    && !matches!(event.outcome(), "patched" | "unchanged" | "superseded")
            };
            let wrong = seen.events.iter().map(|(_, event)| event).find(wrong);
            ensure!(
                wrong.is_none(),
                "the same text again is no change: {wrong:?}"
            );
            Ok(())
        })
    })
}

fn other_files() -> Result<()> {
    session(&[], |project, session| {
        for file in [
            "notes.txt",
            "src/.main.rs.swp",
            "src/4913",
            "src/main.rs~",
            "target/debug/junk",
            ".git/index",
        ] {
            let change = Change::Write("whatever\n".to_owned());
            project.save(
                &[Edit {
                    file: file.to_owned(),
                    change,
                }],
                SaveMode::InPlace,
            )?;
        }
        works_on(project, session, "v1", "v2", 2)?;
        session.look(|seen| {
            let saves = seen
                .events
                .iter()
                .filter(|(_, event)| event.kind() == "saved")
                .count();
            ensure!(saves == 1, "{saves} saves, though one source was saved");
            Ok(())
        })
    })
}

/// The file's text is replaced by `change`, which cannot compile, and put back.
fn broken_and_mended(file: &'static str, change: Change) -> Result<()> {
    session(&[], |project, session| {
        let text = project.read(file)?;
        let mark = session.mark();
        project.save(
            &[Edit {
                file: file.to_owned(),
                change,
            }],
            SaveMode::InPlace,
        )?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "compile-error", "{outcome}");
        session.expect_answer("x", "v1 2 x")?;
        let mark = session.mark();
        project.save(
            &[Edit {
                file: file.to_owned(),
                change: Change::Write(text),
            }],
            SaveMode::InPlace,
        )?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            matches!(outcome.outcome(), "unchanged" | "patched"),
            "{outcome}"
        );
        session.expect_answer("x", "v1 3 x")?;
        works_on(project, session, "v1", "v2", 4)
    })
}

fn a_file_vanishes() -> Result<()> {
    broken_and_mended("src/extra.rs", Change::Delete)
}

fn a_half_written_file() -> Result<()> {
    let text = fs::read_to_string(crate::support::projects_dir().join("faults/src/main.rs"))?;
    broken_and_mended(MAIN, Change::Write(text[..text.len() / 2].to_owned()))?;
    broken_and_mended(MAIN, Change::Write(String::new()))
}

fn a_file_that_is_not_text() -> Result<()> {
    broken_and_mended(MAIN, Change::Write("\u{0}\u{1}\u{2}".to_owned()))
}

/// After something that the connection may not have survived: a save is patched, or restarts the program for that reason.
fn patched_or_restarted(
    project: &Project,
    session: &mut Running,
    answers: [&str; 2],
) -> Result<()> {
    let mark = session.mark();
    session.continue_from(mark);
    let outcome = save_version(project, session, "v1", "v2")?;
    match outcome.outcome() {
        "patched" => session.expect_answer("x", answers[0])?,
        "restarted" => {
            ensure!(
                outcome.code() == "HP0803",
                "the reason must be the lost connection: {outcome}"
            );
            session.wait_for_line("ready")?;
            session.expect_answer("x", answers[1])?;
        }
        _ => ensure!(false, "a save must be patched or restart: {outcome}"),
    }
    let outcome = save_version(project, session, "v2", "v3")?;
    ensure!(
        outcome.outcome() == "patched" || outcome.code() == "HP0803",
        "the session must work on: {outcome}"
    );
    session.check_one_outcome_per_save()
}

fn a_fork() -> Result<()> {
    session(&[], |project, session| {
        session.expect_answer("fork", "forked")?;
        // The parent is the program; that there is a child is no reason for anything.
        works_on(project, session, "v1", "v2", 3)?;
        works_on(project, session, "v2", "v3", 4)
    })
}

fn a_daemon() -> Result<()> {
    session(&[], |project, session| {
        session.send("daemon")?;
        session.wait_until("the child's answer", deadline(), |seen| {
            Ok(seen
                .stdout
                .iter()
                .any(|(_, line)| line == "in the child")
                .then_some(()))
        })?;
        // Whether the child is taken for the program or started anew: a save has one outcome, and the session goes on.
        let mark = session.mark();
        let outcome = save_version(project, session, "v1", "v2")?;
        ensure!(
            matches!(outcome.outcome(), "patched" | "restarted"),
            "{outcome}"
        );
        if outcome.outcome() == "restarted" {
            session.wait_until("the new program", deadline(), |seen| {
                Ok(seen
                    .stdout
                    .iter()
                    .skip(mark.stdout)
                    .any(|(_, line)| line == "ready")
                    .then_some(()))
            })?;
        }
        let outcome = save_version(project, session, "v2", "v3")?;
        ensure!(
            matches!(outcome.outcome(), "patched" | "restarted"),
            "{outcome}"
        );
        session.check_one_outcome_per_save()
    })
}

fn an_exec() -> Result<()> {
    session(&[], |project, session| {
        session.send("exec")?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "v1 1 x")?;
        patched_or_restarted(project, session, ["v2 2 x", "v2 1 x"])
    })
}

fn all_descriptors_closed() -> Result<()> {
    session(&[], |project, session| {
        session.expect_answer("close", "closed")?;
        session.expect_answer("x", "v1 3 x")?;
        patched_or_restarted(project, session, ["v2 4 x", "v2 1 x"])
    })
}

fn a_stopped_program() -> Result<()> {
    session(&[], |project, session| {
        let pid = libc::pid_t::try_from(session.program_pid()?)?;
        send_signal(pid, libc::SIGSTOP)?;
        let outcome = save_version(project, session, "v1", "v2")?;
        ensure!(
            outcome.code() == "HP0805" || matches!(outcome.outcome(), "patched" | "restarted"),
            "a program that does not answer is a reason with a code: {outcome}"
        );
        if outcome.outcome() != "restarted" {
            send_signal(pid, libc::SIGCONT)?;
        }
        let mark = session.mark();
        let outcome = save_version(project, session, "v2", "v3")?;
        ensure!(
            matches!(outcome.outcome(), "patched" | "restarted"),
            "{outcome}"
        );
        session.wait_until("a program that runs", deadline(), |seen| {
            Ok(seen.current_pid().is_some_and(is_alive).then_some(()))
        })?;
        if outcome.outcome() == "restarted" {
            session.wait_until("the new program", deadline(), |seen| {
                Ok(seen
                    .stdout
                    .iter()
                    .skip(mark.stdout)
                    .any(|(_, line)| line == "ready")
                    .then_some(()))
            })?;
        }
        let answer = session.ask("x")?;
        ensure!(
            answer.starts_with("v3 "),
            "the newest code must answer, not `{answer}`"
        );
        session.check_one_outcome_per_save()
    })
}

fn a_foreign_peer() -> Result<()> {
    session(&[], |project, session| {
        let sockets = listening_sockets_of(session.pid())?;
        ensure!(
            !sockets.is_empty(),
            "the tool listens on no socket that can be found"
        );
        for socket in &sockets {
            // Garbage, a message cut short, a length without end, and one that connects and says nothing.
            for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[1], &[0xff; 4096], &[]] {
                let mut peer = UnixStream::connect_addr(socket)
                    .with_context(|| format!("cannot connect to {socket:?}"))?;
                let _ = peer.write_all(bytes);
                let _ = peer.shutdown(std::net::Shutdown::Write);
                peer.set_read_timeout(Some(Duration::from_millis(300)))?;
                // The tool may answer, hang up or leave the peer waiting; what counts is that it goes on.
                let mut answer = [0; 64];
                let _ = peer.read(&mut answer);
            }
        }
        let silent: Vec<UnixStream> = sockets
            .iter()
            .map(UnixStream::connect_addr)
            .collect::<Result<_, _>>()
            .context("cannot connect")?;
        let program = session.program_pid()?;
        works_on(project, session, "v1", "v2", 2)?;
        drop(silent);
        works_on(project, session, "v2", "v3", 3)?;
        ensure!(
            session.program_pid()? == program,
            "the program was restarted"
        );
        Ok(())
    })
}

/// The Unix sockets on which a process listens, found as any other process could find them.
fn listening_sockets_of(pid: u32) -> Result<Vec<SocketAddr>> {
    let mut inodes = BTreeSet::new();
    for entry in
        fs::read_dir(format!("/proc/{pid}/fd")).context("cannot list the tool's descriptors")?
    {
        let Ok(target) = fs::read_link(entry?.path()) else {
            continue;
        };
        if let Some(inode) = target
            .to_str()
            .and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']'))
        {
            inodes.insert(inode.to_owned());
        }
    }
    let mut found = Vec::new();
    let table = fs::read_to_string("/proc/net/unix").context("cannot read /proc/net/unix")?;
    for line in table.lines().skip(1) {
        // Num RefCount Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, "00010000", _, _, inode, path] = &*fields else {
            continue;
        };
        if inodes.contains(*inode) {
            found.push(match path.strip_prefix('@') {
                Some(name) => {
                    SocketAddr::from_abstract_name(name).context("a bad abstract name")?
                }
                None => SocketAddr::from_pathname(path).context("a bad path")?,
            });
        }
    }
    Ok(found)
}

/// Two sessions of one project at a time are refused or work; they never get into each other's way.
fn two_sessions() -> Result<()> {
    session(&[], |project, session| {
        let second = Project::copy_of("faults")?;
        Running::session(&second, &[], &[], &[])?.with_report(|other| {
            other.wait_for_start()?;
            other.wait_for_line("ready")?;
            works_on(&second, other, "v1", "other", 1)
        })?;
        works_on(project, session, "v1", "v2", 2)?;
        // The other session's end has taken nothing of ours with it.
        std::thread::yield_now();
        let quiet = session.wait_for_event(
            session.mark(),
            "nothing",
            Duration::from_millis(200),
            |event| event.kind() == "outcome",
        );
        ensure!(quiet.is_err(), "an outcome without a save: {quiet:?}");
        works_on(project, session, "v2", "v3", 3)
    })
}

/// The compiler that the tool has started for the next edit.
fn waiting_compiler(session: &Running) -> Result<libc::pid_t> {
    let tool = session.pid().to_string();
    let find = || {
        fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let pid: libc::pid_t = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // Behind the name in parentheses: the state, then the parent.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
            let arguments = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            (parent == tool && arguments.ends_with("\0@/dev/stdin\0")).then_some(pid)
        })
    };
    session.wait_until("a compiler that waits", deadline(), |_| Ok(find()))
}

fn a_waiting_compiler_dies() -> Result<()> {
    session(&[], |project, session| {
        works_on(project, session, "v1", "v2", 2)?;
        let first = waiting_compiler(session)?;
        send_signal(first, libc::SIGKILL)?;
        works_on(project, session, "v2", "v3", 3)?;
        let second = waiting_compiler(session)?;
        works_on(project, session, "v3", "v4", 4)?;
        let third = waiting_compiler(session)?;
        ensure!(
            first != second && second != third,
            "each compiles one edit: {first}, {second}, {third}"
        );
        // It does not outlive a tool that has no time to end it.
        let tool = libc::pid_t::try_from(session.pid()).context("a process id")?;
        send_signal(tool, libc::SIGKILL)?;
        let end = Instant::now() + deadline();
        while is_alive(third.into()) {
            ensure!(
                Instant::now() < end,
                "the compiler that waits is still there"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    })
}
