//! `cargo hotpatch bench`: what a patch takes, beside `cargo check` and a restart, after the same edits, in one run.
//!
//! It drives the very command that a user would start ([`measure`]), on generated projects ([`generate`]), on copies of
//! published ones ([`registry`]) or on a copy of the user's own ([`own`]); other tools that do the same thing are measured
//! beside it, where they are installed ([`peers`]). A number counts only if the program's answer showed the new code. What
//! it comes to is one object ([`result`]), as JSON, as a table or as a picture.

pub mod calls;
pub mod generate;
pub mod machine;
pub mod measure;
pub mod own;
pub mod peers;
pub mod picture;
pub mod project;
pub mod registry;
pub mod result;
pub mod statistics;
pub mod table;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::demo::session;
use crate::options::{BenchOptions, exit_code};
use crate::report::text::{self, Style};
use machine::{BUSY, LOOK, LOOKS, Machine, Work};
use measure::Plan;
use project::Project;
use result::{Failure, Measurement, Results, Series};

/// What can be named with `--project`: the generated projects, and behind them those of the registry.
pub const NAMES: [&str; generate::NAMES.len() + registry::NAMES.len()] = {
    let [hello, modules, derives, large, workspace] = generate::NAMES;
    let [rhai, miniserve] = registry::NAMES;
    [hello, modules, derives, large, workspace, rhai, miniserve]
};

/// Measures and reports. Returns the exit code.
#[must_use]
pub fn main(options: &BenchOptions) -> u8 {
    let teller = Teller {
        style: Style {
            color: options.color,
        },
        on_terminal: std::io::stderr().is_terminal(),
    };
    match run(options, &teller) {
        Ok(code) => code,
        Err(_) if session::interrupted() => exit_code::INTERRUPTED,
        Err(error) => {
            text::print_error(&error, options.color);
            exit_code::FAILURE
        }
    }
}

fn run(options: &BenchOptions, teller: &Teller) -> Result<u8> {
    session::listen_for_interrupts()?;
    let machine = Machine::here(&options.cargo);
    let remarks = machine.remarks();
    for remark in &remarks {
        teller.warn(remark);
    }
    let looks = if options.even_if_noisy { 1 } else { LOOKS };
    let busy = others_keep_busy(looks, others_now, || {
        teller.warn("other processes keep this machine busy: it is looked whether that goes on");
    });
    if let Some(others) = busy {
        let fact = format!(
            "other processes use {:.0} % of this machine's processors: numbers from here would say more about them",
            others * 100.0
        );
        if !options.even_if_noisy {
            teller.warn(&format!(
                "{fact}. Nothing was measured; wait until they have ended, or say --even-if-noisy"
            ));
            return Ok(exit_code::NOISY);
        }
        teller.warn(&fact);
    }
    let room = room(options)?;
    let directory = room.path().to_owned();
    let mut results = Results {
        version: result::VERSION,
        machine,
        noisy: busy.is_some(),
        remarks,
        projects: Vec::new(),
        series: None,
        calls: Vec::new(),
        failed: Vec::new(),
    };
    let measured = all(options, teller, &directory, &mut results);
    teller.clear();
    if options.keep {
        eprintln!("The projects stay in {}", room.keep().display());
    }
    measured?;
    results.noisy |= results.projects.iter().any(|project| project.noisy);
    if results.noisy && busy.is_none() {
        teller.warn(
            "other processes kept this machine busy meanwhile: these numbers are worth little",
        );
    }
    print(options, &results)?;
    Ok(if results.failed.is_empty() {
        exit_code::OK
    } else {
        exit_code::FAILURE
    })
}

/// Looks up to so many times whether others are busy, and returns how much, if they are each time: a build that is about
/// to end is no reason to refuse. `tell` is called before the second look.
fn others_keep_busy(
    looks: usize,
    mut others_now: impl FnMut() -> Option<f64>,
    tell: impl FnOnce(),
) -> Option<f64> {
    let mut tell = Some(tell);
    let mut busy = None;
    for look in 0..looks {
        if look > 0
            && let Some(tell) = tell.take()
        {
            tell();
        }
        busy = Some(others_now().filter(|others| *others > BUSY)?);
    }
    busy
}

/// The share of the processors that others use now.
fn others_now() -> Option<f64> {
    let before = Work::up_to_now(&[])?;
    std::thread::sleep(LOOK);
    before.of_others_until(Work::up_to_now(&[])?)
}

/// Where the copies are: of the user's own project beside its builds, so that its configuration and toolchain are found
/// and the disk is the same; of others, in the directory for temporary files.
fn room(options: &BenchOptions) -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("hotpatch-bench-");
    match &options.manifest {
        Some(manifest) => {
            let target = own::target_directory(options, manifest)?;
            std::fs::create_dir_all(&target)
                .with_context(|| format!("cannot create `{}`", target.display()))?;
            builder.tempdir_in(target)
        }
        None => builder.tempdir(),
    }
    .context("cannot make a directory for the copies")
}

fn all(options: &BenchOptions, teller: &Teller, room: &Path, results: &mut Results) -> Result<()> {
    let names: Vec<&str> = match &options.manifest {
        Some(_) => vec!["own"],
        None => options.projects.iter().map(String::as_str).collect(),
    };
    // What a peer needs would have to be written into the program, be it the user's own or a published one.
    let is_generated = |name: &str| options.manifest.is_none() && generate::NAMES.contains(&name);
    let peers = if options.peers && names.iter().any(|name| is_generated(name)) {
        peers::installed()
    } else {
        Vec::new()
    };
    if names.contains(&generate::NAMES[0]) && options.manifest.is_none() {
        teller.tell("calls", "what a call of a patched function costs");
        let tool = std::env::current_exe().context("cannot tell where this command is")?;
        match calls::measure(&tool, room) {
            Ok(calls) => results.calls = calls,
            Err(error) => fail(options, teller, results, ("calls", error))?,
        }
    }
    for (index, name) in names.into_iter().enumerate() {
        let plan = Plan {
            tool: std::env::current_exe().context("cannot tell where this command is")?,
            cargo: options.cargo.clone(),
            fast: options.fast,
            edits: options.edits,
            series: if index == 0 { options.patches } else { 0 },
            ready: options.ready.clone(),
            peers: if is_generated(name) {
                peers.clone()
            } else {
                Vec::new()
            },
            peers_room: room.join("peers"),
        };
        let directory = room.join(name);
        match one(options, &plan, name, &directory, teller) {
            Ok((measurement, series)) => {
                results.projects.push(measurement);
                results.series = results.series.take().or(series);
            }
            Err(error) => fail(options, teller, results, (name, error))?,
        }
        if !options.keep {
            // All projects, built three times each, would fill a small disk.
            let _ = std::fs::remove_dir_all(&directory);
        }
    }
    Ok(())
}

/// Takes note of what could not be measured. Ctrl-C ends all of it.
fn fail(
    options: &BenchOptions,
    teller: &Teller,
    results: &mut Results,
    (name, error): (&str, anyhow::Error),
) -> Result<()> {
    if session::interrupted() {
        return Err(error);
    }
    teller.clear();
    let error = error.context(format!("`{name}` could not be measured"));
    text::print_error(&error, options.color);
    let why: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    results.failed.push(Failure {
        name: name.to_owned(),
        why: why.join(": "),
    });
    Ok(())
}

fn one(
    options: &BenchOptions,
    plan: &Plan,
    name: &str,
    directory: &Path,
    teller: &Teller,
) -> Result<(Measurement, Option<Series>)> {
    let project = prepare(options, name, &directory.join("original"))?;
    let shown = project.name.clone();
    let measured = measure::measure(&project, plan, directory, &mut |what| {
        teller.tell(&shown, what);
    })?;
    Ok((
        Measurement::new(&project, &measured),
        Series::new(&project, &measured),
    ))
}

fn prepare(options: &BenchOptions, name: &str, root: &Path) -> Result<Project> {
    if let Some(manifest) = &options.manifest {
        return own::prepare(options, manifest, root);
    }
    if let Some(published) = registry::by_name(name) {
        return published.prepare(&options.cargo, root);
    }
    let Some(generated) = generate::by_name(name) else {
        bail!("there is no project `{name}`");
    };
    let mut project = generated.write(root)?;
    measure::lock(&options.cargo, root)?;
    project.files.push(PathBuf::from("Cargo.lock"));
    Ok(project)
}

fn print(options: &BenchOptions, results: &Results) -> Result<()> {
    if let Some(path) = &options.svg {
        project::write(path, &picture::render(results))?;
    }
    let text = if options.json {
        serde_json::to_string_pretty(results).context("the results cannot be written")? + "\n"
    } else {
        table::render(results)
    };
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("cannot print the results")
}

/// Says on stderr how far it is.
struct Teller {
    style: Style,
    on_terminal: bool,
}

impl Teller {
    fn tell(&self, project: &str, what: &str) {
        let mut to = std::io::stderr().lock();
        let line = format!("   {} {project}: {what}", self.style.cyan("Measuring"));
        // Nobody being there to read it is no error.
        let _ = if self.on_terminal {
            write!(to, "\r\x1b[K{line}").and_then(|()| to.flush())
        } else if what.starts_with("edit ") || what.starts_with("patch ") {
            // A log gets the large steps only.
            Ok(())
        } else {
            writeln!(to, "{line}")
        };
    }

    fn clear(&self) {
        if self.on_terminal {
            let mut to = std::io::stderr().lock();
            let _ = write!(to, "\r\x1b[K").and_then(|()| to.flush());
        }
    }

    fn warn(&self, what: &str) {
        self.clear();
        let _ = writeln!(
            std::io::stderr().lock(),
            "{}: {what}",
            self.style.yellow("warning")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_becomes_quiet_is_not_refused() {
        let look = |shares: &[f64], looks| {
            let (mut told, mut shares) = (0, shares.iter());
            let busy = others_keep_busy(looks, || shares.next().copied(), || told += 1);
            (busy, told, shares.len())
        };
        assert_eq!(look(&[0.01, 0.9], 5), (None, 0, 1));
        assert_eq!(look(&[0.9, 0.8, 0.01, 0.9], 5), (None, 1, 1));
        assert_eq!(look(&[0.9, 0.8, 0.7], 3), (Some(0.7), 1, 0));
        assert_eq!(look(&[0.9, 0.8], 1), (Some(0.9), 0, 1));
        assert_eq!(look(&[], 5), (None, 0, 0), "where nothing is known");
    }
}
