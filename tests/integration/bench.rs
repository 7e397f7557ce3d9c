//! `cargo hotpatch bench`: that it measures what it says, and that it leaves the user's project alone. How fast anything
//! is, is not looked at: this machine is busy with tests.

use std::path::Path;
use std::process::{Child, Command};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::project::Project;
use crate::support::{output_of, scrubbed_command, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("bench::hello", hello),
        trial("bench::own_project_as_told", own_project_as_told),
        trial("bench::own_project_untold", own_project_untold),
        trial("bench::own_server", own_server),
        trial("bench::a_page_needs_a_free_port", a_page_needs_a_free_port),
        trial(
            "bench::an_edit_that_does_not_show_is_no_sample",
            an_edit_that_does_not_show_is_no_sample,
        ),
        trial("bench::beside_a_peer", beside_a_peer),
        trial(
            "bench::a_peer_that_fails_is_a_remark",
            a_peer_that_fails_is_a_remark,
        ),
        trial(
            "bench::a_busy_machine_is_refused",
            a_busy_machine_is_refused,
        ),
    ]
}

/// Exit code, standard output, standard error. Commands in `bin` of the directory are found first.
fn bench(dir: &Path, args: &[&str]) -> Result<(i32, String, String)> {
    let mut command = scrubbed_command(tool(), dir);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(dir.join("bin")).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(path).context("PATH")?);
    let (status, stdout, stderr) = output_of(command.args(["hotpatch", "bench"]).args(args))?;
    let code = status
        .code()
        .with_context(|| format!("ended by a signal: {status}\n{stderr}"))?;
    Ok((code, stdout, stderr))
}

fn json(dir: &Path, args: &[&str], expected: i32) -> Result<Value> {
    let args: Vec<&str> = args
        .iter()
        .copied()
        .chain(["--json", "--even-if-noisy"])
        .collect();
    let (code, stdout, stderr) = bench(dir, &args)?;
    ensure!(
        code == expected,
        "{args:?} ends with {code}:\n{stdout}\n{stderr}"
    );
    serde_json::from_str(&stdout).with_context(|| format!("{stdout}\n{stderr}"))
}

fn has_samples(project: &Value, edits: u64) -> Result<()> {
    ensure!(project["edits"] == edits, "{project:#}");
    for time in ["patch_ms", "around_ms", "check_ms", "restart_ms"] {
        let time = &project[time];
        let positive = |value: &Value| value.as_f64().is_some_and(|number| number > 0.0);
        ensure!(
            time["samples"] == edits && positive(&time["median"]) && positive(&time["p95"]),
            "{project:#}"
        );
    }
    for stage in ["watch", "plan", "compile", "diff", "judge", "link", "apply"] {
        ensure!(project["stages_ms"][stage].is_f64(), "{stage}: {project:#}");
    }
    Ok(())
}

fn hello() -> Result<()> {
    let room = tempfile::tempdir().context("a directory")?;
    let result = json(
        room.path(),
        &[
            "--project",
            "hello",
            "--no-peers",
            "--edits",
            "2",
            "--patches",
            "3",
            "--svg",
            "bench.svg",
        ],
        0,
    )?;
    ensure!(result["machine"]["processors"].is_u64(), "{result:#}");
    let projects = result["projects"].as_array().context("a list")?;
    ensure!(projects.len() == 1, "{result:#}");
    let hello = &projects[0];
    ensure!(
        hello["name"] == "hello" && hello["observed"] == true && hello["lines"].is_u64(),
        "{hello:#}"
    );
    ensure!(hello.get("peers").is_none(), "{hello:#}");
    has_samples(hello, 2)?;
    ensure!(result["series"]["patch_ms"]["samples"] == 3, "{result:#}");
    let calls = result["calls"].as_array().context("a list")?;
    ensure!(calls.len() == 2, "{result:#}");
    for calls in calls {
        let median = |what: &str| calls[what]["median"].as_f64().unwrap_or(0.0);
        ensure!(
            median("patched_ns") > 0.0 && median("marked_ns") > 0.0,
            "{calls:#}"
        );
    }
    let svg = std::fs::read_to_string(room.path().join("bench.svg")).context("the picture")?;
    ensure!(
        svg.starts_with("<svg") && svg.matches("<circle").count() == 3,
        "{svg}"
    );
    Ok(())
}

/// What is measured of hello with a `cargo-hot` on `PATH` that is this script.
fn beside(script: &str) -> Result<Value> {
    use std::os::unix::fs::PermissionsExt as _;
    let room = tempfile::tempdir().context("a directory")?;
    std::fs::create_dir(room.path().join("bin")).context("bin")?;
    // As `cargo install` notes it.
    let note = "[v1]\n\"cargo-hot 0.0.1 (registry+https://fake)\" = [\"cargo-hot\"]\n";
    std::fs::write(room.path().join(".crates.toml"), note).context("a note")?;
    // The other peer is not there, even where it is installed.
    for (name, script) in [("cargo-hot", script), ("dx", "#!/bin/sh\n")] {
        let program = room.path().join("bin").join(name);
        std::fs::write(&program, script).context(name)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).context(name)?;
    }
    let result = json(
        room.path(),
        &["--project", "hello", "--edits", "2", "--patches", "0"],
        0,
    )?;
    has_samples(&result["projects"][0], 2)?;
    Ok(result["projects"][0].clone())
}

fn beside_a_peer() -> Result<()> {
    let hello = beside(include_str!("peer.sh"))?;
    let peer = &hello["peers"]["cargo-hot"];
    ensure!(
        peer["version"] == "0.0.1" && peer["samples"] == 2 && peer["restarted"] == 0,
        "{hello:#}"
    );
    ensure!(
        peer["median"].as_f64().is_some_and(|time| time > 0.0) && peer.get("failed").is_none(),
        "{hello:#}"
    );
    ensure!(hello["ratios"]["cargo-hot"].is_f64(), "{hello:#}");
    Ok(())
}

fn a_peer_that_fails_is_a_remark() -> Result<()> {
    let says = "Run a binary or example of the local package in hot reloading mode";
    let hello = beside(&format!("#!/bin/sh\necho {says}\necho no luck today >&2\n"))?;
    let why = hello["peers"]["cargo-hot"]["failed"]
        .as_str()
        .unwrap_or_default();
    ensure!(
        why.contains("did not start") && why.contains("no luck today"),
        "{hello:#}"
    );
    Ok(())
}

/// Every file of a project that is not built, with what is in it.
fn contents(project: &Project) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for file in ["Cargo.toml", "src/main.rs"] {
        let path = project.root().join(file);
        found.push((file.to_owned(), std::fs::read(path).context(file)?));
    }
    Ok(found)
}

/// Which edits of `hello` to make, and what the program has to `expect` then.
fn as_told(expect: &str) -> [&str; 15] {
    [
        ".",
        "--edits",
        "2",
        "--patches",
        "0",
        "--file",
        "src/main.rs",
        "--replace",
        "format!(\"hello, {name}\")",
        "--with",
        "format!(\"edit {n} for {name}\")",
        "--ask",
        "world",
        "--expect",
        expect,
    ]
}

fn own_project_as_told() -> Result<()> {
    let project = Project::copy_of("hello")?;
    let before = contents(&project)?;
    let result = json(project.root(), &as_told("edit {n} for world"), 0)?;
    let own = &result["projects"][0];
    has_samples(own, 2)?;
    ensure!(
        own["observed"] == true && own["functions"][0] == "greeting",
        "{own:#}"
    );
    ensure!(contents(&project)? == before, "the project was changed");
    Ok(())
}

fn own_project_untold() -> Result<()> {
    let project = Project::copy_of("nested-modules")?;
    let before = contents(&project)?;
    let result = json(
        Path::new("/"),
        &[
            &project.root().to_string_lossy(),
            "--edits",
            "2",
            "--patches",
            "0",
        ],
        0,
    )?;
    let own = &result["projects"][0];
    has_samples(own, 2)?;
    ensure!(own["observed"] == false, "{own:#}");
    ensure!(contents(&project)? == before, "the project was changed");
    let left: Vec<_> = std::fs::read_dir(project.root().join("target"))
        .context("the target directory")?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| name.to_string_lossy().starts_with("hotpatch-bench-"))
        .collect();
    ensure!(left.is_empty(), "it left {left:?} behind");
    Ok(())
}

/// A program that serves pages and answers no lines. It is not at its port at once.
const SERVER: &str = r#"
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() {
    let port = std::env::args().nth(1).expect("an argument");
    let port: u16 = port.strip_prefix("--port=").expect("a port").parse().expect("a number");
    std::thread::sleep(std::time::Duration::from_millis(50));
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("it is free");
    for stream in listener.incoming() {
        answer(stream.expect("a connection"));
    }
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 1024];
    let length = stream.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or("/");
    let body = page(path);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}

fn page(path: &str) -> String {
    format!("<h1>Welcome to {path}</h1>")
}
"#;

fn server() -> Result<Project> {
    let manifest =
        "[package]\nname = \"server\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    Project::with_files(
        "server",
        &[("Cargo.toml", manifest), ("src/main.rs", SERVER)],
    )
}

/// Which edits of the server to make, which page to `ask` for, and an `argument` for it.
fn of_server<'a>(ask: &'a str, argument: &'a str) -> [&'a str; 17] {
    [
        ".",
        "--edits",
        "2",
        "--patches",
        "2",
        "--file",
        "src/main.rs",
        "--replace",
        "<h1>Welcome to {path}",
        "--with",
        "<h1>{n} welcomes {path}",
        "--ask",
        ask,
        "--expect",
        "<h1>{n} welcomes /a?b</h1>",
        "--",
        argument,
    ]
}

/// As [`json`], but the arguments of the program have to be the last.
fn json_of_server(project: &Project, ask: &str, argument: &str, expected: i32) -> Result<Value> {
    let mut args = of_server(ask, argument).to_vec();
    args.splice(0..0, ["--json", "--even-if-noisy"]);
    let (code, stdout, stderr) = bench(project.root(), &args)?;
    ensure!(code == expected, "it ends with {code}:\n{stdout}\n{stderr}");
    serde_json::from_str(&stdout).with_context(|| format!("{stdout}\n{stderr}"))
}

fn own_server() -> Result<()> {
    let result = json_of_server(
        &server()?,
        "http://127.0.0.1:{port}/a?b",
        "--port={port}",
        0,
    )?;
    let own = &result["projects"][0];
    has_samples(own, 2)?;
    ensure!(
        own["observed"] == true && own["functions"][0] == "page",
        "{own:#}"
    );
    ensure!(result["series"]["patch_ms"]["samples"] == 2, "{result:#}");
    Ok(())
}

fn a_page_needs_a_free_port() -> Result<()> {
    let project = server()?;
    for (ask, argument) in [
        ("http://127.0.0.1:{port}/", "--port=8000"),
        ("http://127.0.0.1:8000/", "--port={port}"),
    ] {
        let result = json_of_server(&project, ask, argument, 1)?;
        let why = result["failed"][0]["why"].as_str().unwrap_or_default();
        ensure!(why.contains("{port}"), "{result:#}");
    }
    Ok(())
}

fn an_edit_that_does_not_show_is_no_sample() -> Result<()> {
    let project = Project::copy_of("hello")?;
    let result = json(project.root(), &as_told("edition {n}"), 1)?;
    ensure!(
        result["projects"].as_array().is_some_and(Vec::is_empty),
        "{result:#}"
    );
    let why = result["failed"][0]["why"].as_str().unwrap_or_default();
    ensure!(why.contains("the program does not show it"), "{result:#}");
    Ok(())
}

/// Ends what it holds.
struct Busy(Vec<Child>);

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn a_busy_machine_is_refused() -> Result<()> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut busy = Busy(Vec::new());
    for _ in 0..processors {
        let child = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .context("a shell")?;
        busy.0.push(child);
    }
    let room = tempfile::tempdir().context("a directory")?;
    let (code, stdout, stderr) = bench(room.path(), &["--project", "hello", "--edits", "1"])?;
    ensure!(code == 30, "it ends with {code}:\n{stdout}\n{stderr}");
    ensure!(
        stdout.is_empty() && stderr.contains("--even-if-noisy"),
        "{stdout}\n{stderr}"
    );
    Ok(())
}
