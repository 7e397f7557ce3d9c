//! A program and its keeper, without a session: what is told of its end, what ends with it, and what it survives.

use std::fs;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cargo_hotpatch::process::{Launch, Program, Stop};
use libtest_mimic::Trial;

use crate::support::{deadline, is_alive, send_signal, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("program::its_end_is_told", its_end_is_told),
        trial("program::its_name_is_cargos", its_name_is_cargos),
        trial("program::what_cannot_be_started_is_named", cannot_start),
        trial(
            "program::it_ends_in_good_order_or_is_killed",
            ends_or_is_killed,
        ),
        trial("program::a_stopped_program_ends_too", stopped),
        trial("program::its_children_end_with_it", children_end),
        trial("program::what_it_leaves_is_found", what_it_leaves),
        trial("program::without_its_keeper", without_its_keeper),
    ]
}

fn shell(script: &str) -> Launch {
    Launch {
        keeper: tool(),
        image: "/bin/sh".into(),
        argument_zero: "target/debug/shown".into(),
        arguments: vec!["-c".into(), script.into()],
        environment: vec![("HOTPATCH_TEST".into(), "given".into())],
        working_directory: "/".into(),
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + deadline();
    while !holds() {
        ensure!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn pid(program: &Program) -> Result<i64> {
    Ok(program.pid().into())
}

/// Whether the process has a child: then a script's traps are set.
fn has_child(pid: i64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .is_ok_and(|text| !text.is_empty())
}

fn its_end_is_told() -> Result<()> {
    let (sender, ends) = channel();
    let script = "test $HOTPATCH_TEST = given && test $PWD = / && exit 7";
    let program = Program::spawn(&shell(script), move |status| {
        let _ = sender.send(status);
    })?;
    let status = ends.recv_timeout(deadline()).context("it never ended")?;
    ensure!(status.code() == Some(7), "{status}");
    ensure!(program.ended().and_then(|status| status.code()) == Some(7));
    ensure!(!program.signal(libc::SIGTERM), "nobody is there");
    ensure!(program.children().is_empty());
    let ending = program.terminate(Stop::default())?;
    ensure!(
        ending.status.code() == Some(7) && !ending.was_killed,
        "{ending:?}"
    );
    Ok(())
}

fn its_name_is_cargos() -> Result<()> {
    let program = Program::spawn(&shell("sleep 100; true"), |_| {})?;
    wait_until("the name", || {
        let line = fs::read(format!("/proc/{}/cmdline", program.pid())).unwrap_or_default();
        line.starts_with(b"target/debug/shown\0")
    })
}

fn cannot_start() -> Result<()> {
    let launch = Launch {
        image: "/nowhere/program".into(),
        ..shell("")
    };
    let error = Program::spawn(&launch, |_| {}).expect_err("it cannot start");
    let text = format!("{error:#}");
    ensure!(
        text.contains("/nowhere/program") && text.contains("No such file"),
        "{text}"
    );
    Ok(())
}

fn ends_or_is_killed() -> Result<()> {
    let script = "trap 'exit 3' TERM; while :; do sleep 0.01; done";
    let polite = Program::spawn(&shell(script), |_| {})?;
    wait_until("the loop", || has_child(polite.pid().into()))?;
    let ending = polite.terminate(Stop {
        grace: deadline(),
        ..Stop::default()
    })?;
    ensure!(
        ending.status.code() == Some(3) && !ending.was_killed,
        "{ending:?}"
    );

    let script = "trap '' TERM; trap 'exit 4' INT; while :; do sleep 0.01; done";
    let by_another = Program::spawn(&shell(script), |_| {})?;
    wait_until("the loop", || has_child(by_another.pid().into()))?;
    let ending = by_another.terminate(Stop {
        signal: libc::SIGINT,
        grace: deadline(),
    })?;
    ensure!(ending.status.code() == Some(4), "{ending:?}");

    let stubborn = Program::spawn(&shell("trap '' TERM; while :; do sleep 0.01; done"), |_| {})?;
    wait_until("the loop", || has_child(stubborn.pid().into()))?;
    let ending = stubborn.terminate(Stop {
        grace: Duration::from_millis(50),
        ..Stop::default()
    })?;
    ensure!(ending.was_killed, "{ending:?}");
    Ok(())
}

fn stopped() -> Result<()> {
    let program = Program::spawn(&shell("while :; do sleep 0.01; done"), |_| {})?;
    ensure!(program.signal(libc::SIGSTOP));
    let ending = program.terminate(Stop {
        grace: deadline(),
        ..Stop::default()
    })?;
    ensure!(!ending.was_killed, "{ending:?}");
    Ok(())
}

/// Children in the program's group, in a session of their own, and with a parent that has ended; one takes no notice.
fn children_end() -> Result<()> {
    let script = "sleep 1001 & setsid sleep 1002 & (setsid sleep 1003 &) ; \
                  (trap '' TERM; while :; do sleep 0.01; done) & wait";
    let before = Program::spawn(&shell(script), |_| {})?;
    let seen = |program: &Program| program.children();
    wait_until("the children", || {
        let names = seen(&before);
        names
            .iter()
            .filter(|process| process.name == "sleep")
            .count()
            >= 3
            && names.len() >= 5
    })?;
    let children = before.children();
    let ending = before.terminate(Stop {
        grace: Duration::from_millis(500),
        ..Stop::default()
    })?;
    ensure!(!ending.was_killed, "{ending:?}");
    ensure!(!ending.killed.is_empty(), "one takes no notice: {ending:?}");
    for child in children {
        wait_until("the end of a child", || !is_alive(child.pid.into()))?;
    }

    let dropped = Program::spawn(&shell(script), |_| {})?;
    wait_until("the children", || dropped.children().len() >= 5)?;
    let (own, children) = (pid(&dropped)?, dropped.children());
    drop(dropped);
    ensure!(!is_alive(own), "the program outlives its owner");
    for child in children {
        wait_until("the end of a child", || !is_alive(child.pid.into()))?;
    }
    Ok(())
}

fn what_it_leaves() -> Result<()> {
    let program = Program::spawn(&shell("(setsid sleep 1004 &) ; exit 0"), |_| {})?;
    ensure!(program.wait_for_end(deadline()).is_some());
    wait_until("what is left", || {
        program
            .children()
            .iter()
            .any(|process| process.name == "sleep")
    })?;
    let left = program.children();
    let ending = program.terminate(Stop::default())?;
    ensure!(
        ending.status.success() && ending.killed.is_empty(),
        "{ending:?}"
    );
    for process in left {
        ensure!(!is_alive(process.pid.into()), "{process} lives on");
    }
    Ok(())
}

/// Somebody kills the process between the tool and the program.
fn without_its_keeper() -> Result<()> {
    let (sender, ends) = channel();
    let program = Program::spawn(&shell("exec sleep 1005"), move |status| {
        let _ = sender.send(status);
    })?;
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.pid()))?;
    let parent = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_whitespace().nth(1));
    let parent: libc::pid_t = parent.context("a parent")?.parse()?;
    send_signal(parent, libc::SIGKILL)?;
    wait_until("the keeper's end", || !is_alive(parent.into()))?;
    ensure!(program.ended().is_none() && is_alive(pid(&program)?));
    let ending = program.terminate(Stop::default())?;
    ensure!(!ending.was_killed, "{ending:?}");
    ends.recv_timeout(deadline())
        .context("its end was not told")?;
    Ok(())
}
