//! The result as a person reads it, in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::compare::Verdict;
use crate::replay::{Replay, Step};

/// How many steps ended how.
pub(crate) fn counts(steps: &[Step]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for step in steps {
        let name = match &*step.code {
            "" => step.outcome.clone(),
            code => format!("{} {code}", step.outcome),
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// How many steps have this verdict.
pub(crate) fn with_verdict(steps: &[Step], verdict: Verdict) -> usize {
    steps.iter().filter(|step| step.verdict == verdict).count()
}

/// One line for the terminal.
pub(crate) fn line(step: &Step) -> String {
    let verdict = match step.verdict {
        Verdict::Right => "right",
        Verdict::Kept => "kept",
        Verdict::Wrong => "WRONG",
    };
    let mut line = format!(
        "{:4}  {verdict:5}  {:13} {:6}  {}  {}",
        step.number, step.outcome, step.code, step.version, step.part
    );
    if !step.reason.is_empty() {
        let _ = write!(line, "  ({})", first_line(&step.reason));
    }
    if let Some(complaint) = &step.complaint {
        let _ = write!(line, "\n        {}", first_line(complaint));
    }
    for difference in step.differences.iter().take(5) {
        let _ = write!(
            line,
            "\n        `{}`: live `{}`, cold `{}`",
            difference.request, difference.warm, difference.cold
        );
    }
    line
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Summary, reasons, and all steps.
pub(crate) fn markdown(replay: &Replay) -> String {
    let mut text = String::new();
    let steps = &replay.steps;
    let _ = writeln!(
        text,
        "## {} {} to {}\n\n{} versions, {} steps, {} requests after each ({} different answers at first).\n",
        replay.package,
        replay.first,
        replay.last,
        replay.versions,
        steps.len(),
        replay.requests,
        replay.distinct_answers,
    );
    let _ = writeln!(
        text,
        "| outcome | steps | median ms | median ms of `cargo build` |\n|---|---|---|---|"
    );
    for (name, count) in counts(steps) {
        let of_this = || {
            steps
                .iter()
                .filter(|step| counts(std::slice::from_ref(*step)).contains_key(&name))
        };
        let _ = writeln!(
            text,
            "| {name} | {count} | {} | {} |",
            median(of_this().filter_map(|step| step.milliseconds)),
            median(of_this().map(|step| step.cargo_milliseconds)),
        );
    }
    let _ = writeln!(
        text,
        "\nKept: {}. **Wrong: {}.**\n",
        with_verdict(steps, Verdict::Kept),
        with_verdict(steps, Verdict::Wrong)
    );
    let fast = || steps.iter().filter(|step| step.way == "fast");
    if fast().next().is_some() {
        let of = |agrees| fast().filter(|step| step.agrees == Some(agrees)).count();
        let patched = |step: &&Step| step.outcome == "patched";
        let _ = writeln!(
            text,
            "The fast way: {} of {} patches; the whole crate agreed with {}, and not with {}.\n",
            fast().count(),
            steps.iter().filter(patched).count(),
            of(true),
            of(false)
        );
    }
    let _ = writeln!(
        text,
        "| # | version | save | outcome | ms | reason |\n|---|---|---|---|---|---|"
    );
    for step in steps {
        let verdict = match step.verdict {
            Verdict::Right => "",
            Verdict::Kept => ", kept",
            Verdict::Wrong => ", **wrong**",
        };
        let milliseconds = median(step.milliseconds.into_iter());
        let reason = first_line(&step.reason).replace('|', "\\|");
        let reason = match &*step.code {
            "" => reason,
            code => format!("{code} {reason}"),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}{verdict} | {milliseconds} | {reason} |",
            step.number, step.version, step.part, step.outcome
        );
    }
    text
}

fn median(numbers: impl Iterator<Item = f64>) -> String {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
        .get(numbers.len() / 2)
        .map_or_else(String::new, |number| format!("{number:.0}"))
}
