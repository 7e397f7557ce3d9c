//! What a call of a patched function costs more while it tells that it was called: in the program's own time, in a loop that does
//! nothing but call it. That is the worst case.
//!
//! The same function, patched twice in turn: with another body, which is marked, and with other lines alone, which is not.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use super::measure::PATIENCE;
use super::project::write;
use super::statistics::{Summary, median};
use crate::demo::session::{Session, Start};

/// How often the function gets another body.
const ROUNDS: u32 = 6;
/// How often the program is asked after each patch.
const ASKED: usize = 3;

const SOURCE: &str = r#"use std::hint::black_box;
use std::time::Instant;

fn main() {
    for _ in std::io::stdin().lines() {
        println!("{}{}", "picoseconds ", measure(black_box(20_000_000)));
    }
}

#[inline(never)]
fn measure(calls: u32) -> u128 {
    let (start, mut number, mut made) = (Instant::now(), 0, 0);
    while made < calls {
        number = called(number);
        made += 1;
    }
    black_box(number);
    start.elapsed().as_nanos() * 1_000 / u128::from(calls)
}

#[inline(never)]
fn called(number: u32) -> u32 {
    black_box(number ^ 1)
}
"#;
const ANSWER: &str = "picoseconds ";

/// At one opt-level. Times are in nanoseconds a call.
#[derive(Debug, Clone, Serialize)]
pub struct Calls {
    /// Of the program.
    pub opt_level: u8,
    /// Of a function that was never patched.
    pub unpatched_ns: Summary,
    /// Of a patched function that tells nothing.
    pub patched_ns: Summary,
    /// Of a patched function that has told that it was called.
    pub marked_ns: Summary,
    /// The last two, by their medians.
    pub ratio: f64,
}

/// Measures it with the program optimised and not.
///
/// # Errors
/// When a session does not do what it is for.
pub fn measure(tool: &Path, directory: &Path) -> Result<Vec<Calls>> {
    [0, 2]
        .into_iter()
        .map(|opt_level| {
            at(
                tool,
                &directory.join(format!("calls-{opt_level}")),
                opt_level,
            )
        })
        .collect()
}

fn at(tool: &Path, directory: &Path, opt_level: u8) -> Result<Calls> {
    let manifest = format!(
        "[package]\nname = \"calls\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.dev]\nopt-level = {opt_level}\n"
    );
    write(&directory.join("Cargo.toml"), &manifest)?;
    write(&directory.join("src/main.rs"), SOURCE)?;
    let messages = directory.join("session.log");
    let log = std::fs::File::create(&messages)
        .with_context(|| format!("cannot create `{}`", messages.display()))?;
    let mut session = Session::start(Start {
        tool,
        directory,
        arguments: ["--fast=never", "--color=never"].map(OsString::from).into(),
        messages: Some(log),
        patience: PATIENCE,
    })?;
    let measured = in_session(&mut session, directory, opt_level);
    session.end();
    measured
}

fn in_session(session: &mut Session, directory: &Path, opt_level: u8) -> Result<Calls> {
    session.wait_until_warm()?;
    let (mut unpatched, mut patched, mut marked) = (Vec::new(), Vec::new(), Vec::new());
    ask(session, &mut unpatched)?;
    ask(session, &mut unpatched)?;
    let mut source = SOURCE.to_owned();
    for round in 1..=ROUNDS {
        let (before, after) = (
            format!("number ^ {round}"),
            format!("number ^ {}", round + 1),
        );
        source = source.replace(&before, &after);
        save(session, directory, &source, "patched")?;
        ask(session, &mut marked)?;
        let (start, end) = source.split_at(source.rfind("#[inline(never)]").unwrap_or(0));
        source = format!("{start}// One line further down.\n{end}");
        save(session, directory, &source, "unchanged")?;
        ask(session, &mut patched)?;
    }
    let summary = |samples: &[f64]| Summary::of(samples).context("there are no samples");
    let ratio = median(&marked).zip(median(&patched));
    Ok(Calls {
        opt_level,
        unpatched_ns: summary(&unpatched)?,
        patched_ns: summary(&patched)?,
        marked_ns: summary(&marked)?,
        ratio: ratio.map_or(f64::NAN, |(marked, patched)| {
            (marked / patched * 1000.0).round() / 1000.0
        }),
    })
}

/// Saves the source; `outcome` shows that the function is marked (`patched`), or patched and not marked (`unchanged`).
fn save(session: &mut Session, directory: &Path, source: &str, outcome: &str) -> Result<()> {
    write(&directory.join("src/main.rs"), source)?;
    let event = session.next_event("outcome")?;
    let kind = match outcome {
        "patched" => "patched",
        _ => "refreshed",
    };
    let has_function = event["functions"].as_array().is_some_and(|functions| {
        let mut functions = functions.iter();
        functions.any(|one| one["name"] == "calls::called" && one["kind"] == kind)
    });
    ensure!(
        event["outcome"] == outcome && has_function,
        "the outcome of an edit was {event}"
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a call takes no hours")]
fn ask(session: &mut Session, samples: &mut Vec<f64>) -> Result<()> {
    for _ in 0..ASKED {
        session.send("how long?")?;
        let picoseconds = session.line_after(ANSWER, |_| true)?;
        samples.push(picoseconds as f64 / 1000.0);
    }
    Ok(())
}
