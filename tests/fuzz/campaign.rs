//! A campaign: cases of consecutive seeds, until so many edits were made or the time is over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::edits::Generator;
use crate::live::{Class, Cold, Done, Finding, run};
use crate::model::{Case, Kind};
use crate::render;
use crate::shrink::shrink;

/// What to do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Ends after so many edits.
    pub(crate) edits: usize,
    /// Begins no case after this.
    pub(crate) time: Duration,
    /// Edits of one workspace.
    pub(crate) edits_per_case: usize,
    pub(crate) opt_level: u8,
    /// As for `--fast`; `mixed` takes turns.
    pub(crate) fast: String,
    pub(crate) kinds: Vec<Kind>,
    /// Sessions at a time.
    pub(crate) jobs: usize,
    /// How long one finding is made smaller.
    pub(crate) shrinking: Duration,
    /// Where findings are put; nowhere if there is none.
    pub(crate) out: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    pub(crate) cases: usize,
    pub(crate) done: Vec<Done>,
    /// One of each signature, and how often it was found.
    pub(crate) findings: BTreeMap<String, (Finding, Case, usize)>,
    next_seed: u64,
}

impl Summary {
    /// How many findings there are of a class, each counted as often as it was found.
    pub(crate) fn count(&self, class: Class) -> usize {
        self.findings
            .values()
            .filter(|(finding, _, _)| finding.class == class)
            .map(|(_, _, count)| count)
            .sum()
    }
}

/// The case of a seed.
pub(crate) fn case_of(plan: &Plan, seed: u64) -> Case {
    let mut generator = Generator::new(seed, &plan.kinds);
    let mut steps = vec![generator.first_step()];
    steps.extend((0..plan.edits_per_case).map(|_| generator.next_step()));
    let fast = match &*plan.fast {
        "mixed" if seed.is_multiple_of(2) => "always",
        "mixed" => "never",
        other => other,
    };
    Case {
        seed,
        opt_level: plan.opt_level,
        fast: fast.to_owned(),
        steps,
    }
}

/// Runs cases in several threads.
pub(crate) fn campaign(plan: &Plan) -> Result<Summary> {
    let summary = Mutex::new(Summary {
        next_seed: plan.seed,
        ..Summary::default()
    });
    let end = Instant::now() + plan.time;
    let work = tempfile::Builder::new()
        .prefix("hotpatch-fuzz-")
        .tempdir()?;
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs.max(1))
            .map(|number| {
                let folder = work.path().join(format!("cold-{number}"));
                let summary = &summary;
                scope.spawn(move || worker(plan, summary, end, folder))
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a worker of the fuzzer panicked")))
            })
            .collect()
    });
    results.into_iter().collect::<Result<Vec<()>>>()?;
    Ok(summary.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn worker(plan: &Plan, summary: &Mutex<Summary>, end: Instant, cold: PathBuf) -> Result<()> {
    let cold = Cold::in_folder(cold)?;
    let lock = || summary.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let seed = {
            let mut summary = lock();
            if summary.done.len() >= plan.edits || Instant::now() > end {
                return Ok(());
            }
            summary.next_seed += 1;
            summary.next_seed - 1
        };
        let case = case_of(plan, seed);
        let folder = tempfile::Builder::new()
            .prefix("hotpatch-fuzz-")
            .tempdir()?;
        let (done, finding) = match run(&case, folder.path(), &cold) {
            Ok(outcome) => (outcome.done, outcome.finding),
            Err(error) => (
                Vec::new(),
                Some(generator_fault(&case, &format!("{error:#}"))),
            ),
        };
        if let Some(out) = &plan.out {
            write_done(out, &done)?;
        }
        let is_new = {
            let mut summary = lock();
            summary.cases += 1;
            summary.done.extend(done);
            finding.as_ref().is_some_and(|finding| {
                let signature = finding.signature();
                let entry = summary
                    .findings
                    .entry(signature)
                    .or_insert_with(|| (finding.clone(), case.clone(), 0));
                entry.2 += 1;
                entry.2 == 1
            })
        };
        if let Some(finding) = finding.filter(|_| is_new) {
            println!(
                "seed {seed}, step {}: {}\n{}",
                finding.step,
                finding.signature(),
                finding.text
            );
            let (small, finding) = if finding.class == Class::Generator {
                (case, finding)
            } else {
                shrink(&case, &finding, &cold, plan.shrinking)?
            };
            if let Some(out) = &plan.out {
                let folder = keep(out, &small, &finding)?;
                println!("    {}", folder.display());
            }
            if let Some(entry) = lock().findings.get_mut(&finding.signature()) {
                entry.0 = finding;
                entry.1 = small;
            }
        }
    }
}

fn generator_fault(case: &Case, text: &str) -> Finding {
    Finding {
        class: Class::Generator,
        step: case.steps.len() - 1,
        label: "-".to_owned(),
        item: "-".to_owned(),
        id: 0,
        text: text.to_owned(),
        report: String::new(),
    }
}

/// Appends what came of each edit to `done.jsonl`, one line for each.
fn write_done(out: &Path, done: &[Done]) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make `{}`", out.display()))?;
    let path = out.join("done.jsonl");
    let mut text = String::new();
    for done in done {
        text.push_str(&serde_json::to_string(done)?);
        text.push('\n');
    }
    let mut file = fs::File::options().append(true).create(true).open(&path)?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// Writes a finding: the case, what was seen, and the source before and after the last edit.
pub(crate) fn keep(out: &Path, case: &Case, finding: &Finding) -> Result<PathBuf> {
    let name: String = finding
        .signature()
        .to_lowercase()
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .take(80)
        .collect();
    let folder = out.join(format!("{name}-{}", case.seed));
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    };
    write("case.json", &serde_json::to_string_pretty(case)?)?;
    let mut report = format!("{}\n\n{}\n\n", finding.signature(), finding.text);
    let mut before = render::Files::new();
    for (index, step) in case.steps.iter().enumerate().take(finding.step + 1) {
        let files = render::files(&step.program, case.opt_level);
        let _ = writeln!(report, "=== step {index}: {} ({:?})", step.label, step.save);
        if index > 0 {
            report.push_str(&difference(&before, &files));
        }
        before = files;
    }
    if let Some(step) = case.steps.first() {
        for (name, text) in render::files(&step.program, case.opt_level) {
            write(&format!("start/{name}"), &text)?;
            if !name.ends_with("toml") && !name.ends_with("rt.rs") {
                let _ = writeln!(report, "=== {name} at the start\n{text}");
            }
        }
    }
    report.push_str(&finding.report);
    write("report.txt", &report)?;
    Ok(folder)
}

fn difference(before: &render::Files, after: &render::Files) -> String {
    let mut text = String::new();
    for (name, new) in after {
        let old = before.get(name).map_or("", String::as_str);
        if old != new {
            let diff = similar::TextDiff::from_lines(old, new);
            let _ = writeln!(text, "{}", diff.unified_diff().header(name, name));
        }
    }
    text
}

/// The result, for people.
pub(crate) fn table(plan: &Plan, summary: &Summary) -> String {
    let mut text = String::new();
    let outcomes = |wanted: &str| {
        summary
            .done
            .iter()
            .filter(|done| done.outcome == wanted)
            .count()
    };
    let _ = writeln!(
        text,
        "{} edits in {} workspaces from seed {}, opt-level {}, fast {}: patched {}, unchanged {}, restarted {}, compile-error {}",
        summary.done.len(),
        summary.cases,
        plan.seed,
        plan.opt_level,
        plan.fast,
        outcomes("patched"),
        outcomes("unchanged"),
        outcomes("restarted"),
        outcomes("compile-error"),
    );
    let _ = writeln!(
        text,
        "wrong {}, without effect and unsaid {}, crash {}, session {}, the fuzzer's own {}",
        summary.count(Class::Wrong),
        summary.count(Class::WithoutEffect),
        summary.count(Class::Crash),
        summary.count(Class::Session),
        summary.count(Class::Generator),
    );
    let count =
        |test: &dyn Fn(&Done) -> bool| summary.done.iter().filter(|done| test(done)).count();
    let _ = writeln!(
        text,
        "fast {}, of which the whole crate disagreed with {}; not noticed without being asked {}",
        count(&|done| done.way == "fast"),
        count(&|done| done.disagreed),
        count(&|done| done.unnoticed),
    );
    let mut restarts: BTreeMap<(&str, bool), BTreeMap<&str, usize>> = BTreeMap::new();
    for done in summary
        .done
        .iter()
        .filter(|done| done.outcome == "restarted")
    {
        let key = (&*done.code, done.patchable);
        *restarts
            .entry(key)
            .or_default()
            .entry(&done.label)
            .or_default() += 1;
    }
    let mut rows: Vec<_> = restarts.into_iter().collect();
    rows.sort_by_key(|((_, needless), labels)| {
        (!needless, std::cmp::Reverse(labels.values().sum::<usize>()))
    });
    text.push_str("\n| code | needless | restarts | most often after |\n|---|---|---|---|\n");
    for ((code, needless), labels) in rows {
        let mut most: Vec<(&str, usize)> = labels.into_iter().collect();
        most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let total: usize = most.iter().map(|(_, count)| count).sum();
        let shown: Vec<String> = most
            .iter()
            .take(6)
            .map(|(label, count)| format!("{label} {count}"))
            .collect();
        let needless = if needless { "yes" } else { "no, or not known" };
        let _ = writeln!(
            text,
            "| {code} | {needless} | {total} | {} |",
            shown.join(", ")
        );
    }
    for (signature, (finding, case, count)) in &summary.findings {
        let _ = writeln!(
            text,
            "\n{count} times: {signature} (seed {})\n{}",
            case.seed, finding.text
        );
    }
    text
}
