//! Each check of the version cut is needed: with the check switched off, the project that must restart is patched, and the
//! program then takes an old value for a new one.

use anyhow::{Result, bail, ensure};
use libtest_mimic::Trial;

use crate::project::Project;
use crate::running::Running;
use crate::support::trial;

/// A project whose first edit must restart, and what happens to the program without the check that sees to that.
struct Case {
    project: &'static str,
    /// As `HOTPATCH_WITHOUT_CHECK` takes them.
    without: &'static str,
    /// Sent before the edit; each has one line of answer.
    before: &'static [&'static str],
    /// Text that the edit replaces in `src/main.rs`.
    edit: (&'static str, &'static str),
    /// Sent after it.
    after: &'static str,
    /// What a program that was not torn would answer: its old values are whole.
    whole: &'static str,
}

const CASES: &[Case] = &[
    Case {
        project: "restart-cut-any",
        without: "any",
        before: &["keep"],
        edit: MORE_IN_JOB,
        after: "resume",
        whole: "whole",
    },
    Case {
        project: "restart-cut-unsafe",
        without: "unsafe",
        before: &["make"],
        edit: (
            "let found = number + base;",
            "let found = number + base + factor;",
        ),
        after: "call",
        whole: "105 whole",
    },
    Case {
        project: "restart-cut-unsafe-macro",
        without: "unsafe",
        before: &["make"],
        edit: (
            "let found = number + base;",
            "let found = number + base + factor;",
        ),
        after: "call",
        whole: "105 whole",
    },
    Case {
        project: "restart-cut-raw-pointer",
        without: "raw-pointers",
        before: &["make"],
        edit: (
            "let found = number + base;",
            "let found = number + base + factor;",
        ),
        after: "call",
        whole: "105 whole",
    },
    Case {
        project: "restart-handler-state",
        without: "state",
        before: &["call"],
        edit: MORE_IN_JOB,
        after: "call",
        whole: "whole",
    },
    Case {
        project: "restart-handler-erased",
        // The program's own `unsafe` is found by two checks, that of a dependency by the second alone.
        without: "unsafe,makers",
        before: &["call"],
        edit: MORE_IN_JOB,
        after: "call",
        whole: "whole",
    },
];

/// The future of `job` gets another layout.
const MORE_IN_JOB: (&str, &str) = (
    "let mark = 0x600d_u64;",
    "let more = [3_u64; 8];\n    let mark = 0x600d_u64;\n    Yield(false).await;\n    drop(more);",
);

pub(crate) fn trials() -> Vec<Trial> {
    CASES
        .iter()
        .map(|case| trial(format!("crossings::{}", case.project), move || torn(case)))
        .collect()
}

fn torn(case: &Case) -> Result<()> {
    let project = Project::copy_of(case.project)?;
    let without = [("HOTPATCH_WITHOUT_CHECK".to_owned(), case.without.to_owned())];
    Running::session(&project, &[], &[], &without)?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        for request in case.before {
            session.ask(request)?;
        }
        let mark = session.mark();
        project.replace("src/main.rs", case.edit.0, case.edit.1)?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(
            outcome.outcome() == "patched",
            "without the check: {outcome}"
        );
        match session.ask(case.after) {
            // It crashed, or it hangs.
            Err(_) => Ok(()),
            Ok(answer) if answer != case.whole => Ok(()),
            Ok(answer) => bail!("the program answered `{answer}`: the check was not needed"),
        }
    })
}
