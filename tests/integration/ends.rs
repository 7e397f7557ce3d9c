//! What ends with a program and with a session, what goes on, and that it is said.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::{Event, Running};
use crate::support::{deadline, is_alive, output_of, scrubbed_command, send_signal, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ends::children_end_with_a_restart", children_end),
        trial("ends::a_killed_tool_leaves_the_program", a_killed_tool),
        trial("ends::a_save_starts_what_has_ended", a_save_starts),
        trial("ends::the_grace_is_told_and_set", the_grace),
        trial("ends::another_signal_cuts_the_grace_short", cut_short),
        trial("ends::another_signal_asks_it_to_end", another_signal),
        trial("ends::copies_have_no_patch", copies),
        trial("ends::an_exec_is_said_at_once", an_exec),
        trial("ends::what_the_program_loads_itself", a_plugin),
    ]
}

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";

/// Answers with a word that can be edited, starts what it is told to, and has a type that can be made to restart.
const PROGRAM: &str = r#"use std::os::unix::process::CommandExt as _;
use std::process::Command;

pub struct Kept { pub number: u32 }

unsafe extern "C" { fn signal(number: i32, handler: usize) -> usize; }

fn main() {
    let kept = Kept { number: 1 };
    if std::env::args().any(|argument| argument == "child") {
        loop { std::thread::park(); }
    }
    println!("ready");
    for line in std::io::stdin().lines() {
        answer(&line.expect("text"), &kept);
    }
}

fn answer(line: &str, kept: &Kept) {
    match line {
        "child" => {
            let child = Command::new("setsid").args(["sleep", "1000"]).spawn();
            println!("{}", child.expect("started").id());
        }
        "orphan" => {
            let script = "sleep 1000 >/dev/null 2>&1 & echo $!";
            let output = Command::new("sh").args(["-c", script]).output().expect("started");
            print!("{}", String::from_utf8_lossy(&output.stdout));
        }
        "copy" => {
            let own = std::env::current_exe().expect("a path");
            println!("{}", Command::new(own).arg("child").spawn().expect("started").id());
        }
        "exec" => {
            let own = std::env::current_exe().expect("a path");
            println!("{}", Command::new(own).arg("again").exec());
        }
        "deaf" => {
            unsafe { signal(15, 1) };
            println!("deaf");
        }
        "end" => std::process::exit(0),
        _ => println!("{line} {} {}", word(), kept.number),
    }
}

fn word() -> &'static str {
    "one"
}
"#;

const MAIN: &str = "src/main.rs";
const RESTARTS: (&str, &str) = ("number: u32", "number: u64");

fn session(args: &[&str], steps: impl FnOnce(&Project, &mut Running) -> Result<()>) -> Result<()> {
    let project = Project::with_files("ends", &[("Cargo.toml", MANIFEST), (MAIN, PROGRAM)])?;
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    Running::session(&project, &args, &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x one 1")?;
        steps(&project, session)
    })
}

fn saved(project: &Project, session: &mut Running, (from, to): (&str, &str)) -> Result<Event> {
    let mark = session.mark();
    session.continue_from(mark);
    project.replace(MAIN, from, to)?;
    session.wait_for_outcome(mark)
}

fn restarted(project: &Project, session: &mut Running) -> Result<()> {
    let outcome = saved(project, session, RESTARTS)?;
    ensure!(outcome.outcome() == "restarted", "{outcome}");
    session.wait_for_line("ready")?;
    Ok(())
}

fn number(answer: &str) -> Result<i64> {
    answer.trim().parse().context("a process id is wanted")
}

fn wait_for_end(pid: i64) -> Result<()> {
    let end = Instant::now() + deadline();
    while is_alive(pid) {
        ensure!(Instant::now() < end, "process {pid} lives on");
        std::thread::yield_now();
    }
    Ok(())
}

fn warning(session: &Running, code: &str) -> Result<Event> {
    session.wait_for_event(
        crate::running::Mark::default(),
        &format!("warning {code}"),
        deadline(),
        |event| event.kind() == "warning" && event.code() == code,
    )
}

/// One in a session of its own, and one whose parent has ended.
fn children_end() -> Result<()> {
    session(&[], |project, session| {
        let children = [
            number(&session.ask("child")?)?,
            number(&session.ask("orphan")?)?,
        ];
        ensure!(children.into_iter().all(is_alive), "{children:?}");
        restarted(project, session)?;
        for child in children {
            ensure!(!is_alive(child), "process {child} outlives the restart");
        }
        let later = [
            number(&session.ask("child")?)?,
            number(&session.ask("orphan")?)?,
        ];
        send_signal(libc::pid_t::try_from(session.pid())?, libc::SIGTERM)?;
        session.wait_for_exit()?;
        for child in later {
            ensure!(!is_alive(child), "process {child} outlives the session");
        }
        Ok(())
    })
}

fn a_killed_tool() -> Result<()> {
    session(&[], |project, session| {
        let program = session.program_pid()?;
        let outcome = saved(project, session, ("\"one\"", "\"two\""))?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        send_signal(libc::pid_t::try_from(session.pid())?, libc::SIGKILL)?;
        session.wait_for_exit()?;
        let mark = session.mark();
        session.send("still here?")?;
        let end = Instant::now() + deadline();
        while !session
            .lines_since(mark)
            .iter()
            .any(|line| line == "still here? two 1")
        {
            ensure!(Instant::now() < end, "the program does not answer");
            std::thread::yield_now();
        }
        ensure!(is_alive(program));
        let another = Running::session(project, &[], &[], &[])?;
        another.with_report(|another| {
            another.wait_for_start()?;
            let said = warning(another, "HP0809")?;
            ensure!(
                said.reason().contains(&format!("process {program},")),
                "{said}"
            );
            Ok(())
        })?;
        Ok(())
    })
}

fn a_save_starts() -> Result<()> {
    session(&[], |project, session| {
        let mark = session.mark();
        session.send("end")?;
        session.wait_for_event(mark, "`waiting`", deadline(), |event| {
            event.kind() == "waiting"
        })?;
        session.wait_for_stderr(mark, "Waiting for a save")?;
        let mark = session.mark();
        session.continue_from(mark);
        let (status, _, stderr) =
            output_of(scrubbed_command(tool(), project.root()).args(["hotpatch", "save"]))?;
        ensure!(status.code() == Some(10), "{status}: {stderr}");
        ensure!(stderr.contains("Restarted"), "{stderr}");
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x one 1")?;
        // It runs: nothing is to be done.
        let (status, _, stderr) =
            output_of(scrubbed_command(tool(), project.root()).args(["hotpatch", "save"]))?;
        ensure!(matches!(status.code(), Some(0 | 10)), "{status}: {stderr}");
        session.check_one_outcome_per_save()
    })
}

fn the_grace() -> Result<()> {
    session(&["--grace", "0.2"], |project, session| {
        session.expect_answer("deaf", "deaf")?;
        restarted(project, session)?;
        let said = warning(session, "HP0808")?;
        ensure!(said.reason().contains("within 0.2 s of SIGTERM"), "{said}");
        session.expect_answer("x", "x one 1")
    })
}

/// Whoever asks twice does not want to wait.
fn cut_short() -> Result<()> {
    session(&["--grace", "3600"], |project, session| {
        session.expect_answer("deaf", "deaf")?;
        let tool = libc::pid_t::try_from(session.pid())?;
        let program = session.program_pid()?;
        // While a restart waits for the old program.
        let mark = session.mark();
        session.continue_from(mark);
        project.replace(MAIN, RESTARTS.0, RESTARTS.1)?;
        session.wait_for_stderr(mark, "Restarting")?;
        // On a slow machine, the first of them may be sooner than the wait, and ends the session.
        let end = Instant::now() + deadline();
        while is_alive(program) {
            ensure!(Instant::now() < end, "the grace is not cut short");
            std::thread::sleep(Duration::from_millis(500));
            if is_alive(program) {
                send_signal(tool, libc::SIGTERM)?;
            }
        }
        let said = warning(session, "HP0808")?;
        ensure!(said.reason().contains("was killed"), "{said}");
        Ok(())
    })?;
    session(&["--grace", "3600"], |_, session| {
        session.expect_answer("deaf", "deaf")?;
        let tool = libc::pid_t::try_from(session.pid())?;
        let program = session.program_pid()?;
        send_signal(tool, libc::SIGTERM)?;
        std::thread::sleep(Duration::from_millis(300));
        ensure!(is_alive(program), "it has time");
        send_signal(tool, libc::SIGTERM)?;
        session.wait_for_exit()?;
        ensure!(!is_alive(program), "the program lives on");
        Ok(())
    })
}

fn another_signal() -> Result<()> {
    session(&["--stop-signal", "SIGUSR1"], |project, session| {
        let mark = session.mark();
        session.expect_answer("deaf", "deaf")?;
        restarted(project, session)?;
        let exited = session.wait_for_event(mark, "`exited`", deadline(), |event| {
            event.kind() == "exited"
        })?;
        ensure!(
            exited.number("signal") == Some(libc::SIGUSR1.into()),
            "{exited}"
        );
        Ok(())
    })
}

fn copies() -> Result<()> {
    session(&[], |project, session| {
        let copy = number(&session.ask("copy")?)?;
        let first = saved(project, session, ("\"one\"", "\"two\""))?;
        ensure!(first.outcome() == "patched", "{first}");
        let note = format!("process {copy} (app");
        let says = |event: &Event| event.notes().iter().any(|text| text.contains(&note));
        ensure!(says(&first), "{first}");
        let second = saved(project, session, ("\"two\"", "\"three\""))?;
        ensure!(second.outcome() == "patched" && !says(&second), "{second}");
        session.signal_group(libc::SIGTERM)?;
        session.wait_for_exit()?;
        wait_for_end(copy)
    })
}

fn an_exec() -> Result<()> {
    session(&[], |project, session| {
        let outcome = saved(project, session, ("\"one\"", "\"two\""))?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.send("exec")?;
        session.wait_for_line("ready")?;
        let said = warning(session, "HP0803")?;
        ensure!(said.reason().contains("without the patches"), "{said}");
        session.expect_answer("x", "x one 1")?;
        let outcome = saved(project, session, ("\"two\"", "\"three\""))?;
        ensure!(outcome.outcome() == "restarted", "{outcome}");
        session.wait_for_line("ready")?;
        session.expect_answer("x", "x three 1")
    })
}

/// A member that the program loads with `dlopen`, before and after it has.
fn a_plugin() -> Result<()> {
    let member = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
    };
    let main = r#"use std::ffi::{CStr, c_char, c_int, c_void};

unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

fn main() {
    println!("ready");
    for line in std::io::stdin().lines() {
        println!("{} {}", line.expect("text"), plugin(c"target/debug/libplug_in.so"));
    }
}

fn plugin(file: &CStr) -> i32 {
    unsafe {
        let function = dlsym(dlopen(file.as_ptr(), 2), c"plugin_number".as_ptr());
        std::mem::transmute::<*mut c_void, extern "C" fn() -> i32>(function)()
    }
}
"#;
    let project = Project::with_files(
        "plugin",
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"app\", \"plug-in\"]\nresolver = \"2\"\n",
            ),
            ("app/Cargo.toml", &member("app", "")),
            ("app/src/main.rs", main),
            (
                "plug-in/Cargo.toml",
                &member("plug-in", "[lib]\ncrate-type = [\"cdylib\"]\n"),
            ),
            (
                "plug-in/src/lib.rs",
                "#[unsafe(no_mangle)]\npub extern \"C\" fn plugin_number() -> i32 {\n    1\n}\n",
            ),
        ],
    )?;
    let (status, _, stderr) = output_of(project.cargo().args(["build", "-p", "plug-in"]))?;
    ensure!(status.success(), "{stderr}");
    Running::session(&project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let save = |session: &Running, from: &str, to: &str, note: &str| {
            let mark = session.mark();
            project.replace("plug-in/src/lib.rs", from, to)?;
            let outcome = session.wait_for_outcome(mark)?;
            let has_note = outcome.notes().iter().any(|text| text.contains(note));
            ensure!(outcome.outcome() == "unchanged" && has_note, "{outcome}");
            Ok(())
        };
        save(
            session,
            "    1\n",
            "    2\n",
            "was not built from this file of `plug-in`",
        )?;
        session.expect_answer("x", "x 1")?;
        save(
            session,
            "    2\n",
            "    3\n",
            "cargo build --package plug-in",
        )?;
        session.check_one_outcome_per_save()
    })
}
