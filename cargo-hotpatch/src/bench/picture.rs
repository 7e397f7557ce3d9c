//! The results as a picture: an SVG that stands for itself, in light and in dark. Strings out, nothing else.

use std::fmt::Write as _;

use super::measure::STAGES;
use super::result::{Measurement, Results, Series};
use super::statistics::Summary;
use super::table::{grouped, machine, milliseconds};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 36.0;
/// Where the bars begin, and how long the longest may be.
const BARS: f64 = 280.0;
const LONGEST: f64 = 450.0;
const BAR: f64 = 16.0;
const BAR_STEP: f64 = 22.0;
const BLOCK: f64 = 96.0;
const CHART: f64 = 170.0;

/// Colours have names here and nowhere else. `prefers-color-scheme` works where the picture is an `<img>` as well.
const STYLE: &str = "\
text{font-family:-apple-system,'Segoe UI',Inter,Helvetica,Arial,sans-serif;font-size:13px;fill:#1f2937}
.title{font-size:21px;font-weight:650}
.head{font-size:15px;font-weight:600}
.dim{fill:#6b7280;font-size:12px}
.big{font-size:19px;font-weight:650;fill:#1d4ed8}
.card{fill:#ffffff;stroke:#e5e7eb}
.line{stroke:#e5e7eb;stroke-width:1}
.whisker{stroke:#4b5563;stroke-width:1.2}
.check{fill:#c3cad6}.restart{fill:#8e99ab}
.watch{fill:#a5b4fc}.plan{fill:#c084fc}.compile{fill:#2563eb}.diff{fill:#06b6d4}
.judge{fill:#10b981}.link{fill:#a3d635}.apply{fill:#f59e0b}.answer{fill:#fcd9a0}
.dot{fill:#2563eb;fill-opacity:.5}.median{stroke:#1d4ed8;stroke-width:1.5}.p95{stroke:#f59e0b;stroke-width:1.5;stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){
text{fill:#e5e7eb}.dim{fill:#9ca3af}.big{fill:#93c5fd}
.card{fill:#111827;stroke:#374151}.line{stroke:#374151}.whisker{stroke:#cbd5e1}
.check{fill:#4b5563}.restart{fill:#7c8798}.compile{fill:#3b82f6}
.dot{fill:#60a5fa}.median{stroke:#93c5fd}
}
";

/// The whole picture.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut body = String::new();
    let mut y = 62.0;
    text(
        &mut body,
        MARGIN,
        y,
        "title",
        "start",
        "From save to running code",
    );
    y += 24.0;
    text(
        &mut body,
        MARGIN,
        y,
        "dim",
        "start",
        "Patch beside cargo check and beside cargo build + restart, after the same edits. Medians; whiskers end at the p95; each project has its own scale.",
    );
    y += 34.0;
    legend(&mut body, y);
    y += 30.0;
    for project in &results.projects {
        block(&mut body, y, project);
        y += BLOCK;
    }
    if let Some(series) = &results.series
        && let Some(summary) = &series.patch_ms
    {
        y += 18.0;
        chart(&mut body, y, series, summary);
        y += CHART + 88.0;
    }
    text(&mut body, MARGIN, y, "dim", "start", &machine(results));
    if results.noisy {
        // A line of its own: behind the machine it would not fit into the picture.
        y += 18.0;
        let noisy = "noisy: other processes kept the machine busy";
        text(&mut body, MARGIN, y, "dim", "start", noisy);
    }
    let height = y + 30.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{}\">\n<style>\n{STYLE}</style>\n<rect class=\"card\" x=\"8\" y=\"8\" width=\"{}\" height=\"{:.0}\" rx=\"14\"/>\n{body}</svg>\n",
        escaped(&spoken(results)),
        WIDTH - 16.0,
        height - 16.0
    )
}

/// The picture in words, for those who cannot see it.
fn spoken(results: &Results) -> String {
    let median = |summary: &Option<Summary>| {
        summary
            .as_ref()
            .map_or_else(|| "not measured".to_owned(), |all| milliseconds(all.median))
    };
    results
        .projects
        .iter()
        .fold("Medians.".to_owned(), |text, project| {
            format!(
                "{text} {}: patch {}, check {}, restart {}.",
                project.name,
                median(&project.patch_ms),
                median(&project.check_ms),
                median(&project.restart_ms)
            )
        })
}

fn legend(body: &mut String, y: f64) {
    let mut x = BARS;
    text(body, BARS - 12.0, y, "dim", "end", "stages of a patch");
    for stage in STAGES.into_iter().chain(["answer"]) {
        rect(body, stage, x, y - 10.0, 11.0, 11.0, 3.0);
        text(body, x + 16.0, y, "dim", "start", stage);
        x += 38.0 + 6.4 * as_length(stage.len());
    }
}

fn block(body: &mut String, y: f64, project: &Measurement) {
    let _ = writeln!(
        body,
        "<path class=\"line\" d=\"M{MARGIN} {:.1}H{}\"/>",
        y - 8.0,
        WIDTH - MARGIN
    );
    text(body, MARGIN, y + 19.0, "head", "start", &project.name);
    let lines = grouped(project.lines);
    let mut facts = vec![format!("{lines} lines")];
    facts.extend((!project.about.is_empty()).then(|| project.about.clone()));
    for (index, fact) in facts.iter().enumerate() {
        text(
            body,
            MARGIN,
            y + 38.0 + 17.0 * as_length(index),
            "dim",
            "start",
            fact,
        );
    }
    let rows = [
        ("patch", &project.patch_ms),
        ("check", &project.check_ms),
        ("restart", &project.restart_ms),
    ];
    let largest = rows
        .iter()
        .filter_map(|(_, summary)| summary.as_ref())
        .map(|summary| summary.p95)
        .fold(f64::MIN_POSITIVE, f64::max);
    let scale = LONGEST / largest;
    for (row, (name, summary)) in rows.into_iter().enumerate() {
        let top = y + 4.0 + BAR_STEP * as_length(row);
        let Some(summary) = summary else { continue };
        text(body, BARS - 12.0, top + 12.5, "dim", "end", name);
        let length = summary.median * scale;
        if name == "patch" {
            stages(body, top, length, scale, project);
        } else {
            rect(body, name, BARS, top, length, BAR, 3.0);
        }
        let end = BARS + (summary.p95 * scale).max(length);
        let middle = top + BAR / 2.0;
        let _ = writeln!(
            body,
            "<path class=\"whisker\" d=\"M{:.1} {middle:.1}H{end:.1}M{end:.1} {:.1}v6\"/>",
            BARS + length,
            middle - 3.0
        );
        let label = milliseconds(summary.median);
        text(body, end + 8.0, top + 12.5, "", "start", &label);
    }
    let right = WIDTH - MARGIN;
    if let Some(ratio) = project.ratios.restart {
        text(body, right, y + 30.0, "big", "end", &format!("{ratio:.1}×"));
        text(body, right, y + 48.0, "dim", "end", "as fast as");
        text(body, right, y + 63.0, "dim", "end", "a restart");
    }
}

/// The patch's bar, of its stages. What is left behind them is the way to the program's answer.
fn stages(body: &mut String, top: f64, length: f64, scale: f64, project: &Measurement) {
    let times: Vec<(&str, f64)> = STAGES
        .into_iter()
        .map(|stage| (stage, project.stages_ms.get(stage).copied().unwrap_or(0.0)))
        .collect();
    // Medians of parts may come to a little more than the median of the whole.
    let sum: f64 = times.iter().map(|(_, time)| time * scale).sum();
    let shrink = if sum > length { length / sum } else { 1.0 };
    let mut x = BARS;
    for (stage, time) in times {
        let part = time * scale * shrink;
        rect(body, stage, x, top, part, BAR, 0.0);
        x += part;
    }
    rect(
        body,
        "answer",
        x,
        top,
        (BARS + length - x).max(0.0),
        BAR,
        0.0,
    );
}

fn chart(body: &mut String, top: f64, series: &Series, summary: &Summary) {
    let (left, right) = (MARGIN + 54.0, WIDTH - MARGIN - 104.0);
    let title = format!(
        "{} patches of {} in a row",
        grouped(summary.samples),
        series.project
    );
    text(body, MARGIN, top + 10.0, "head", "start", &title);
    let (high, bottom) = (top + 36.0, top + 36.0 + CHART);
    let ticks = ticks(summary.max);
    let limit = ticks.last().copied().unwrap_or(1.0);
    let at = |time: f64| bottom - time / limit * CHART;
    for tick in &ticks {
        let y = at(*tick);
        let _ = writeln!(body, "<path class=\"line\" d=\"M{left} {y:.1}H{right}\"/>");
        let label = if tick == &limit {
            format!("{tick:.0} ms")
        } else {
            format!("{tick:.0}")
        };
        text(body, left - 8.0, y + 4.0, "dim", "end", &label);
    }
    let step = (right - left) / as_length(summary.samples.max(2) - 1);
    body.push_str("<g class=\"dot\">\n");
    for (index, time) in summary.values.iter().enumerate() {
        let _ = writeln!(
            body,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.2\"/>",
            left + step * as_length(index),
            at(*time)
        );
    }
    body.push_str("</g>\n");
    let (median, p95) = (at(summary.median), at(summary.p95));
    for (class, y) in [("median", median), ("p95", p95)] {
        let _ = writeln!(
            body,
            "<path class=\"{class}\" d=\"M{left} {y:.1}H{right}\"/>"
        );
    }
    // Side by side they would cover each other.
    let apart = (18.0 - (median - p95)).max(0.0) / 2.0;
    for (name, y, time) in [
        ("median", median + apart, summary.median),
        ("p95", p95 - apart, summary.p95),
    ] {
        let label = format!("{name} {}", milliseconds(time));
        text(body, right + 8.0, y + 4.0, "", "start", &label);
    }
    text(body, left, bottom + 20.0, "dim", "start", "first patch");
    text(body, right, bottom + 20.0, "dim", "end", "last patch");
    debug_assert!(high < bottom);
}

/// Round values from 0 to above `largest`, four to six of them.
fn ticks(largest: f64) -> Vec<f64> {
    let rough = (largest / 4.0).max(1.0);
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(power * 10.0);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| *last < largest) {
        ticks.push(step * as_length(ticks.len()));
    }
    ticks
}

#[expect(
    clippy::cast_precision_loss,
    reason = "small numbers of things that are drawn"
)]
fn as_length(count: usize) -> f64 {
    count as f64
}

fn rect(body: &mut String, class: &str, x: f64, y: f64, width: f64, height: f64, round: f64) {
    // Thinner than this nothing is seen.
    if width >= 0.05 {
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height}\" rx=\"{round}\"/>"
        );
    }
}

fn text(body: &mut String, x: f64, y: f64, class: &str, anchor: &str, words: &str) {
    let _ = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .chars()
        .filter(|character| !character.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::result;
    use super::*;

    /// Whether each element is closed in order and no attribute is left open: enough for what is written here.
    fn assert_well_formed(svg: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = svg;
        while let Some(start) = rest.find('<') {
            assert!(!rest[..start].contains('>'), "{}", &rest[..start]);
            let tag = &rest[start + 1..];
            let end = tag.find('>').expect("it is closed");
            let (tag, behind) = (&tag[..end], &tag[end + 1..]);
            assert!(!tag.contains('<'), "{tag}");
            assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
            let name = tag.trim_start_matches('/');
            let name = name.split([' ', '/']).next().unwrap_or_default();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
            rest = behind;
        }
        assert_eq!(open, Vec::<&str>::new());
        for (at, _) in svg.match_indices('&') {
            let entity = &svg[at..(at + 6).min(svg.len())];
            let known = ["&amp;", "&lt;", "&gt;", "&quot;"];
            assert!(
                known.iter().any(|known| entity.starts_with(known)),
                "{entity}"
            );
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn it_is_well_formed_and_shows_every_project_and_patch() {
        let mut results = result::example();
        results.projects[0].name = "<&\"\u{1b}hello".to_owned();
        let svg = render(&results);
        assert_well_formed(&svg);
        assert!(svg.contains("&lt;&amp;&quot;hello"), "{svg}");
        for name in [
            "modules",
            "derives",
            "large",
            "workspace",
            "rhai",
            "miniserve",
        ] {
            assert!(svg.contains(&format!(">{name}</text>")), "{name}");
        }
        assert_eq!(svg.matches("<circle").count(), 500);
        for stage in STAGES {
            // In the legend and in the bar of each project.
            let drawn = svg.matches(&format!("<rect class=\"{stage}\"")).count();
            assert_eq!(drawn, 8, "{stage}");
        }
    }

    #[test]
    fn with_nothing_measured_it_is_well_formed_as_well() {
        let mut results = result::example();
        results.projects[0].patch_ms = None;
        results.projects[0].check_ms = None;
        results.projects[0].restart_ms = None;
        results.projects[0].stages_ms.clear();
        results.series = None;
        assert_well_formed(&render(&results));
    }

    #[test]
    fn ticks_are_round_and_reach_over_the_largest() {
        assert_eq!(ticks(93.0), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(ticks(0.0), [0.0]);
        for largest in [1.0, 7.0, 40.0, 41.0, 999.0, 12_345.0] {
            let ticks = ticks(largest);
            assert!(
                ticks.len() <= 6 && ticks.last() >= Some(&largest),
                "{ticks:?}"
            );
        }
    }
}
