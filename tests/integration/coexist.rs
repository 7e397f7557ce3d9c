//! `cargo build` and `cargo hotpatch run` side by side: neither makes the other rebuild, the plain program stays plain,
//! and what the user has set up (wrappers, flags, linkers) is honoured.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use object::{Object as _, ObjectSymbol as _};

use crate::project::Project;
use crate::running::Running;
use crate::support::{output_of, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "coexist::build_then_run_then_build",
            build_then_run_then_build,
        ),
        trial("coexist::run_then_build_then_run", run_then_build_then_run),
        trial("coexist::dependencies_are_shared", dependencies_are_shared),
        trial(
            "coexist::the_plain_program_stays_plain",
            the_plain_program_stays_plain,
        ),
        trial("coexist::rustflags_are_honoured", || {
            let flags = [("RUSTFLAGS".to_owned(), "--cfg special".to_owned())];
            patched_with("cfg!(special)", "true", &[], &flags)
        }),
        trial("coexist::the_users_wrapper_is_called", || {
            the_users_wrapper_is_called("RUSTC_WRAPPER")
        }),
        trial("coexist::the_users_workspace_wrapper_is_called", || {
            the_users_wrapper_is_called("RUSTC_WORKSPACE_WRAPPER")
        }),
        trial(
            "coexist::the_users_linker_is_called",
            the_users_linker_is_called,
        ),
        trial("coexist::gnu_ld", || linker("bfd")),
        trial("coexist::mold", || linker("mold")),
        trial("coexist::another_target_directory", || {
            patched_with("1 + 1 == 2", "true", &["--target-dir", "elsewhere"], &[])
        }),
        trial("coexist::an_explicit_target", || {
            patched_with(
                "1 + 1 == 2",
                "true",
                &["--target", "x86_64-unknown-linux-gnu"],
                &[],
            )
        }),
    ]
}

/// `cargo build -v` must find everything fresh.
fn build_finds_all_fresh(project: &Project) -> Result<()> {
    let (status, _, stderr) = output_of(project.cargo().args(["build", "-v"]))?;
    ensure!(status.success(), "cargo build failed:\n{stderr}");
    all_fresh(&stderr)
}

fn all_fresh(stderr: &str) -> Result<()> {
    let rebuilt = |line: &&str| {
        ["Compiling", "Dirty"]
            .iter()
            .any(|word| line.trim().starts_with(word))
    };
    let rebuilt: Vec<&str> = stderr.lines().filter(rebuilt).collect();
    ensure!(
        rebuilt.is_empty(),
        "something was built again: {rebuilt:#?}\nin:\n{stderr}"
    );
    ensure!(
        stderr.contains("Fresh"),
        "nothing is said to be fresh:\n{stderr}"
    );
    Ok(())
}

fn build(project: &Project) -> Result<()> {
    let (status, _, stderr) = output_of(project.cargo().arg("build"))?;
    ensure!(status.success(), "cargo build failed:\n{stderr}");
    Ok(())
}

/// Starts a session with `-v`, makes one patch (and takes it back), ends it, and returns what was said at the first build.
fn session(project: &Project) -> Result<String> {
    let mut said = String::new();
    Running::session(project, &["-v".to_owned()], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        said = session.look(|seen| {
            seen.stderr
                .iter()
                .map(|(_, line)| format!("{line}\n"))
                .collect()
        });
        session.expect_answer("4", "40")?;
        for (from, to, answer) in [
            ("count * 10", "count * 11", "44"),
            ("count * 11", "count * 10", "40"),
        ] {
            let mark = session.mark();
            project.replace("price/src/lib.rs", from, to)?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(outcome.outcome() == "patched", "{outcome}");
            session.expect_answer("4", answer)?;
        }
        session.signal_group(libc::SIGINT)?;
        session.wait_for_exit()?;
        Ok(())
    })?;
    Ok(said)
}

fn build_then_run_then_build() -> Result<()> {
    let project = Project::copy_of("two-crates")?;
    build(&project)?;
    let executable = project.path("target/debug/app");
    let before = fs::read(&executable).context("cannot read the plain program")?;
    // The session edits and takes the edit back; cargo goes by time stamps, so the file gets its old one.
    let source = project.path("price/src/lib.rs");
    let time = fs::metadata(&source)?.modified()?;
    session(&project)?;
    ensure!(
        fs::read(&executable)? == before,
        "the session has changed `{}`",
        executable.display()
    );
    fs::File::options()
        .write(true)
        .open(&source)?
        .set_modified(time)?;
    build_finds_all_fresh(&project)?;
    ensure!(
        fs::read(&executable)? == before,
        "`{}` changed",
        executable.display()
    );
    Ok(())
}

fn run_then_build_then_run() -> Result<()> {
    let project = Project::copy_of("two-crates")?;
    let source = project.path("price/src/lib.rs");
    let time = fs::metadata(&source)?.modified()?;
    session(&project)?;
    fs::File::options()
        .write(true)
        .open(&source)?
        .set_modified(time)?;
    build(&project)?;
    let said = session(&project)?;
    all_fresh(&said).context("in the second session")?;
    fs::File::options()
        .write(true)
        .open(&source)?
        .set_modified(time)?;
    build_finds_all_fresh(&project)
}

fn dependencies_are_shared() -> Result<()> {
    let project = Project::copy_of("dependency-first-use")?;
    build(&project)?;
    let mut said = String::new();
    Running::session(&project, &["-v".to_owned()], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        said = session.look(|seen| {
            seen.stderr
                .iter()
                .map(|(_, line)| format!("{line}\n"))
                .collect()
        });
        Ok(())
    })?;
    ensure!(
        said.contains("Fresh tally"),
        "the dependency must be the one of the plain build:\n{said}"
    );
    Ok(())
}

fn the_plain_program_stays_plain() -> Result<()> {
    let project = Project::copy_of("two-crates")?;
    session(&project)?;
    let executable = project.path("target/debug/app");
    if executable.exists() {
        is_plain(&executable).context("behind the session")?;
    }
    build(&project)?;
    is_plain(&executable)
}

fn is_plain(executable: &Path) -> Result<()> {
    let data =
        fs::read(executable).with_context(|| format!("cannot read `{}`", executable.display()))?;
    let file = object::File::parse(&*data).context("the program is not an object file")?;
    for symbol in file.symbols().chain(file.dynamic_symbols()) {
        let name = symbol.name().unwrap_or_default();
        ensure!(
            !name.contains("hotpatch") && !name.contains(".hpb") && !name.contains(".hpt"),
            "`{}` holds `{name}`",
            executable.display()
        );
    }
    ensure!(
        file.section_by_name(".hp_thunks").is_none(),
        "`{}` holds thunks",
        executable.display()
    );
    Ok(())
}

/// `hello` under a session with these arguments and variables; the patch shows the value of an expression.
fn patched_with(
    expression: &str,
    value: &str,
    args: &[&str],
    env: &[(String, String)],
) -> Result<()> {
    let project = Project::copy_of("hello")?;
    patch_hello(&project, expression, value, args, env)
}

fn patch_hello(
    project: &Project,
    expression: &str,
    value: &str,
    args: &[&str],
    env: &[(String, String)],
) -> Result<()> {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    Running::session(project, &args, &[], env)?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        session.expect_answer("you", "hello, you (1)")?;
        let mark = session.mark();
        project.replace(
            "src/main.rs",
            "format!(\"hello, {name}\")",
            &format!("format!(\"{{name}} {{}}\", {expression})"),
        )?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("you", &format!("you {value} (2)"))
    })
}

/// A script in the project that notes its call and runs what it is given.
fn script(project: &Project, name: &str, runs: &str) -> Result<(String, std::path::PathBuf)> {
    let script = project.path(name);
    let log = project.path(&format!("{name}.log"));
    fs::write(
        &script,
        format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\nexec {runs}\"$@\"\n",
            log.display()
        ),
    )
    .with_context(|| format!("cannot write `{}`", script.display()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok((script.display().to_string(), log))
}

fn the_users_wrapper_is_called(variable: &str) -> Result<()> {
    let project = Project::copy_of("hello")?;
    let (script, log) = script(&project, "wrapper", "")?;
    patch_hello(&project, "1", "1", &[], &[(variable.to_owned(), script)])?;
    let calls = fs::read_to_string(&log).with_context(|| format!("{variable} was never called"))?;
    ensure!(
        calls.contains("--crate-name hello"),
        "{variable} was not called for the program:\n{calls}"
    );
    Ok(())
}

fn the_users_linker_is_called() -> Result<()> {
    let project = Project::copy_of("hello")?;
    let (script, log) = script(&project, "linker", "cc ")?;
    let env = [(
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER".to_owned(),
        script,
    )];
    patch_hello(&project, "1", "1", &[], &env)?;
    ensure!(log.exists(), "the linker was never called");
    Ok(())
}

fn linker(name: &str) -> Result<()> {
    let program = format!("ld.{name}");
    if std::process::Command::new(&program)
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("{program} is not installed, nothing to test");
        return Ok(());
    }
    // rustc asks for its own lld first; of several `-fuse-ld` the last one counts.
    let flags = format!("-Clink-arg=-fuse-ld={name}");
    patched_with("2", "2", &[], &[("RUSTFLAGS".to_owned(), flags)])
}
