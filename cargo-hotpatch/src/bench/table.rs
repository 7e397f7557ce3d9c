//! The results as a table, for people at a terminal. Strings out, nothing else.

use std::fmt::Write as _;

use super::measure::STAGES;
use super::result::{Measurement, Results};
use super::statistics::Summary;

/// The whole report.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut text = format!("{}\n\n", machine(results));
    text.push_str(
        "milliseconds after a save       patch            cargo check      build + restart   patch is faster by\n\
         project           lines     median     p95     median     p95     median     p95     check   restart\n",
    );
    for project in &results.projects {
        let _ = writeln!(
            text,
            "{:<14}{:>9}  {}  {}  {}  {:>8}  {:>8}",
            name(project),
            project.lines,
            pair(&project.patch_ms),
            pair(&project.check_ms),
            pair(&project.restart_ms),
            times(project.ratios.check),
            times(project.ratios.restart),
        );
    }
    text.push_str(&peers(results));
    text.push_str("\nof a patch, medians  ");
    for stage in STAGES {
        let _ = write!(text, "{stage:>9}");
    }
    text.push_str("   around    first    again   ways\n");
    for project in &results.projects {
        let _ = write!(text, "{:<21}", name(project));
        for stage in STAGES {
            match project.stages_ms.get(stage) {
                Some(time) => {
                    let _ = write!(text, "{time:>9.1}");
                }
                None => text.push_str("        -"),
            }
        }
        let ways: Vec<String> = project
            .ways
            .iter()
            .map(|(way, summary)| format!("{way} {}", summary.samples))
            .collect();
        let _ = writeln!(
            text,
            "{:>9}{:>9}{:>9}   {}",
            median(&project.around_ms),
            median(&project.first_ms),
            median(&project.again_ms),
            if ways.is_empty() {
                "-".to_owned()
            } else {
                ways.join(", ")
            }
        );
    }
    text.push_str(
        "(stages as the tool says; around: all but compile, answer included, by the clock of this benchmark)\n",
    );
    if let Some(series) = &results.series
        && let Some(summary) = &series.patch_ms
    {
        let _ = writeln!(
            text,
            "\n{} patches of {} in a row: median {}, p95 {}, slowest {}",
            summary.samples,
            series.project,
            milliseconds(summary.median),
            milliseconds(summary.p95),
            milliseconds(summary.max)
        );
    }
    text.push_str(&calls(results));
    for remark in remarks(results) {
        let _ = write!(text, "\nNote: {remark}");
    }
    text.trim_end().to_owned() + "\n"
}

/// What it costs that a patched function tells when it is called.
fn calls(results: &Results) -> String {
    let mut text = String::new();
    for calls in &results.calls {
        let _ = writeln!(
            text,
            "opt-level {:<18}{:>9.2}{:>9.2}{:>9.2}{:>9.2} ns",
            calls.opt_level,
            calls.unpatched_ns.median,
            calls.patched_ns.median,
            calls.marked_ns.median,
            calls.marked_ns.median - calls.patched_ns.median,
        );
    }
    if text.is_empty() {
        return text;
    }
    format!("\na call in a loop of nothing  unpatched  patched, that tells it,  for that\n{text}")
}

/// What other tools took for the same edits, if there were any.
fn peers(results: &Results) -> String {
    let mut text = String::new();
    for project in &results.projects {
        for (peer, measured) in &project.peers {
            let _ = writeln!(
                text,
                "{:<14} {:<21}{}  {:>8}  {:>8}  {:>8}",
                name(project),
                format!("{peer} {}", measured.version),
                pair(&measured.patch_ms),
                measured.patch_ms.as_ref().map_or(0, |all| all.samples),
                measured.restarted,
                times(project.ratios.peers.get(peer).copied()),
            );
        }
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "\nunder other tools, in the same run     median     p95   patched  restarts  ours is faster by\n{text}"
    )
}

/// What the numbers are from, in one line.
#[must_use]
pub fn machine(results: &Results) -> String {
    let machine = &results.machine;
    let virtual_machine = if machine.virtual_machine {
        " (virtual)"
    } else {
        ""
    };
    let rustc: Vec<&str> = machine.rustc.split(' ').take(2).collect();
    format!(
        "{}{virtual_machine}, {} processors, {:.0} GiB, {}{}, {}, cargo-hotpatch {}",
        machine.processor,
        machine.processors,
        gibibytes(machine.memory_mib),
        machine
            .system
            .as_ref()
            .map_or_else(String::new, |system| format!("{system}, ")),
        machine.kernel,
        rustc.join(" "),
        machine.tool
    )
}

#[expect(clippy::cast_precision_loss, reason = "no memory is that large")]
fn gibibytes(mebibytes: u64) -> f64 {
    mebibytes as f64 / 1024.0
}

fn remarks(results: &Results) -> Vec<String> {
    let mut remarks = results.remarks.clone();
    for project in &results.projects {
        let other: Vec<String> = project
            .outcomes
            .iter()
            .filter(|(outcome, _)| *outcome != "patched")
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        if !other.is_empty() {
            remarks.push(format!(
                "{}: of {} edits {} (not among the patches)",
                project.name,
                project.edits,
                other.join(", ")
            ));
        }
        if let Some(confirmed) = &project.confirmed_ms {
            remarks.push(format!(
                "{}: the whole crate has confirmed {} of {} fast patches, {} ms after the save at the median",
                project.name,
                confirmed.samples - project.disagreed,
                confirmed.samples,
                milliseconds(confirmed.median)
            ));
        }
        for (why, count) in &project.full_because {
            remarks.push(format!(
                "{}: {count} the full way, because {why}",
                project.name
            ));
        }
        for (peer, measured) in &project.peers {
            if let Some(why) = &measured.failed {
                remarks.push(format!(
                    "{}: {peer} could not be measured {}: {why}",
                    project.name,
                    if measured.patch_ms.is_some() || measured.restarted > 0 {
                        "to the end"
                    } else {
                        "at all"
                    }
                ));
            }
        }
        if !project.observed {
            remarks.push(format!(
                "{}: the program was not asked; that its new code is in place is what the outcomes say, and the times end there",
                project.name
            ));
        }
    }
    for failure in &results.failed {
        remarks.push(format!(
            "{} could not be measured: {}",
            failure.name, failure.why
        ));
    }
    remarks
}

fn name(project: &Measurement) -> String {
    if project.noisy {
        format!("{} (noisy)", project.name)
    } else {
        project.name.clone()
    }
}

fn pair(summary: &Option<Summary>) -> String {
    match summary {
        Some(summary) => format!("{:>9.0} {:>7.0}", summary.median, summary.p95),
        None => format!("{:>9} {:>7}", "-", "-"),
    }
}

fn median(summary: &Option<Summary>) -> String {
    summary.as_ref().map_or_else(
        || "-".to_owned(),
        |summary| format!("{:.1}", summary.median),
    )
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}×"))
}

/// As many digits as are of use.
#[must_use]
pub fn milliseconds(time: f64) -> String {
    if time < 10.0 {
        format!("{time:.1} ms")
    } else if time < 10_000.0 {
        let whole = format!("{time:.0}");
        format!("{} ms", whole.parse().map_or(whole, grouped))
    } else {
        format!("{:.1} s", time / 1000.0)
    }
}

/// With a comma between groups of three digits.
#[must_use]
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::super::result;
    use super::*;

    #[test]
    fn each_project_has_its_row_and_what_is_odd_is_said() {
        let mut results = result::example();
        results.projects[1].noisy = true;
        results.projects[2].observed = false;
        let text = render(&results);
        for name in [
            "hello",
            "modules (noisy)",
            "derives",
            "large",
            "workspace",
            "rhai",
            "miniserve",
        ] {
            let rows = text.lines().filter(|line| line.starts_with(name)).count();
            assert_eq!(rows, 2, "{name}:\n{text}");
        }
        assert!(text.contains("500 patches of hello in a row"), "{text}");
        assert!(text.contains("1 restarted HP0101"), "{text}");
        assert!(
            text.contains("derives: the program was not asked"),
            "{text}"
        );
        assert!(text.contains("around"), "{text}");
        assert!(text.contains("     0.10 ns"), "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    }

    #[test]
    fn peers_have_their_rows_and_what_went_wrong_is_said() {
        let without = render(&result::example());
        let with = render(&result::example_with_peer());
        assert!(!without.contains("other tools"), "{without}");
        let rows: Vec<&str> = with
            .lines()
            .filter(|line| line.contains("dx 0.7"))
            .collect();
        assert_eq!(rows.len(), 2, "{with}");
        assert!(rows[0].starts_with("hello"), "{with}");
        assert!(rows[0].contains(" 300 "), "{with}");
        assert!(
            with.contains("modules: dx could not be measured at all: it ended"),
            "{with}"
        );
        assert!(with.lines().all(|line| line == line.trim_end()), "{with}");
        println!("{with}");
    }

    #[test]
    fn times_have_the_digits_that_are_of_use() {
        assert_eq!(milliseconds(4.25), "4.2 ms");
        assert_eq!(milliseconds(84.4), "84 ms");
        assert_eq!(milliseconds(1_999.6), "2,000 ms");
        assert_eq!(milliseconds(12_345.0), "12.3 s");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!((grouped(12).as_str(), grouped(0).as_str()), ("12", "0"));
    }
}
