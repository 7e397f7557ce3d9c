//! Whether what the live program answers is right. Pure.

use anyhow::ensure;
use libtest_mimic::Trial;
use serde::Serialize;

use crate::support::trial;

/// One line that is sent to both programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// The answer shows a static that keeps its live value by design: where the session has said so (and only there), it may
    /// differ from that of a cold start.
    pub(crate) shows_kept_static: bool,
}

/// Reads requests: one a line, `#` begins a comment line, `~` a request that shows a static's live value.
pub(crate) fn parse_requests(text: &str) -> Vec<Request> {
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| match line.strip_prefix('~') {
            Some(line) => Request {
                line: line.trim().to_owned(),
                shows_kept_static: true,
            },
            None => Request {
                line: line.to_owned(),
                shows_kept_static: false,
            },
        })
        .collect()
}

/// Stands for an answer that did not come, as the process had ended or hung.
pub(crate) const NO_ANSWER: &str = "(no answer)";

/// What was said about a save, and what is true of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The outcome, as the event log names it; `None`: the session did not notice the save at all.
    pub(crate) outcome: Option<&'a str>,
    /// Whether plain cargo builds this state of the source.
    pub(crate) builds: bool,
    /// Whether the process is the one that ran before the save.
    pub(crate) same_process: bool,
    /// Whether the session has said, since this process started, that a static keeps its live value.
    pub(crate) keeps_a_static: bool,
}

/// A request that was answered in two ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) request: String,
    /// By the live program.
    pub(crate) warm: String,
    /// By a program that was just built and started.
    pub(crate) cold: String,
}

/// Whether a step is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// The live program answers as a cold start does.
    Right,
    /// It differs in a static of which the tool has said that it keeps its value.
    Kept,
    /// Anything else.
    Wrong,
}

/// Judges one step. `cold` are the answers of the newest version that builds. The text says what is wrong, if something is.
pub(crate) fn judge(
    facts: Facts<'_>,
    requests: &[Request],
    warm: &[String],
    cold: &[String],
) -> (Verdict, Option<String>, Vec<Difference>) {
    let complaint = match (facts.outcome, facts.builds) {
        (Some("patched" | "unchanged"), true) if !facts.same_process => {
            Some("another process, though it is not said to be restarted")
        }
        (Some("restarted"), true) if facts.same_process => {
            Some("the same process, though it is said to be restarted")
        }
        (Some("patched" | "unchanged" | "restarted") | None, true)
        | (Some("compile-error"), false) => None,
        (Some("compile-error"), true) => Some("cargo builds what is said not to compile"),
        (Some("patched" | "unchanged" | "restarted"), false) => {
            Some("cargo cannot build what is said to run")
        }
        (None, false) => Some("cargo cannot build it, and the session did not notice the save"),
        (Some(_), _) => Some("the outcome is none that a save may end with"),
    };
    let differences: Vec<(bool, Difference)> = requests
        .iter()
        .zip(warm.iter().zip(cold))
        .filter(|(_, (warm, cold))| warm != cold)
        .map(|(request, (warm, cold))| {
            let difference = Difference {
                request: request.line.clone(),
                warm: warm.clone(),
                cold: cold.clone(),
            };
            (request.shows_kept_static, difference)
        })
        .collect();
    let verdict = if complaint.is_some()
        || warm.len() != requests.len()
        || cold.len() != requests.len()
        || differences
            .iter()
            .any(|(shows_kept_static, _)| !(*shows_kept_static && facts.keeps_a_static))
    {
        Verdict::Wrong
    } else if differences.is_empty() {
        Verdict::Right
    } else {
        Verdict::Kept
    };
    let differences = differences.into_iter().map(|(_, difference)| difference);
    (
        verdict,
        complaint.map(ToOwned::to_owned),
        differences.collect(),
    )
}

/// Tests of this file.
pub(crate) fn trials() -> Vec<Trial> {
    let facts = Facts {
        outcome: Some("patched"),
        builds: true,
        same_process: true,
        keeps_a_static: false,
    };
    let verdict = |facts: Facts<'_>, warm: &[&str], cold: &[&str]| {
        let requests = parse_requests("# two requests\none\n~two\n");
        let texts = |answers: &[&str]| answers.iter().map(|text| (*text).to_owned()).collect();
        let (warm, cold): (Vec<String>, Vec<String>) = (texts(warm), texts(cold));
        judge(facts, &requests, &warm, &cold).0
    };
    vec![
        trial("compare::equal_answers_are_right", move || {
            ensure!(verdict(facts, &["1", "2"], &["1", "2"]) == Verdict::Right);
            Ok(())
        }),
        trial("compare::another_answer_is_wrong", move || {
            ensure!(verdict(facts, &["1", "2"], &["3", "2"]) == Verdict::Wrong);
            ensure!(verdict(facts, &["1", "2"], &["1", "3"]) == Verdict::Wrong);
            ensure!(verdict(facts, &["1", NO_ANSWER], &["1", "2"]) == Verdict::Wrong);
            ensure!(verdict(facts, &["1"], &["1"]) == Verdict::Wrong);
            Ok(())
        }),
        trial("compare::a_kept_static_has_to_be_said", move || {
            let said = Facts {
                keeps_a_static: true,
                ..facts
            };
            ensure!(verdict(said, &["1", "2"], &["1", "3"]) == Verdict::Kept);
            ensure!(verdict(said, &["1", "2"], &["3", "2"]) == Verdict::Wrong);
            ensure!(verdict(said, &["1", "2"], &["3", "3"]) == Verdict::Wrong);
            Ok(())
        }),
        trial("compare::an_outcome_has_to_be_true", move || {
            let answers = (&["1", "2"][..], &["1", "2"][..]);
            let with = |outcome, builds, same_process| {
                let facts = Facts {
                    outcome,
                    builds,
                    same_process,
                    keeps_a_static: false,
                };
                verdict(facts, answers.0, answers.1)
            };
            ensure!(with(Some("compile-error"), false, true) == Verdict::Right);
            ensure!(with(Some("compile-error"), true, true) == Verdict::Wrong);
            ensure!(with(Some("unchanged"), false, true) == Verdict::Wrong);
            ensure!(with(Some("patched"), true, false) == Verdict::Wrong);
            ensure!(with(Some("restarted"), true, false) == Verdict::Right);
            ensure!(with(Some("restarted"), true, true) == Verdict::Wrong);
            ensure!(with(None, true, true) == Verdict::Right);
            ensure!(with(None, false, true) == Verdict::Wrong);
            ensure!(with(Some("superseded"), true, true) == Verdict::Wrong);
            Ok(())
        }),
    ]
}
