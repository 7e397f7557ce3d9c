//! The answer of `cargo hotpatch check` in words.

use crate::check::{Against, CheckKind, CheckReport};
use crate::event::FunctionKind;

use super::text::{
    Style, below, clean, count, diagnostics, place_and_hint, reason_text, times, verb,
};

/// What the compiler said, what would happen, and every function or reason on a line of its own.
#[must_use]
pub fn report(report: &CheckReport, style: Style) -> String {
    let mut text: String = report
        .diagnostics
        .iter()
        .map(|rendered| diagnostics(rendered, style))
        .collect();
    let times = match times(&report.timings_ms) {
        times if times.is_empty() => times,
        times => format!(" ({times})"),
    };
    let with = match report.against {
        Against::Program => "",
        Against::LastBuild => ", compared with the last build",
    };
    let changed = report
        .functions
        .iter()
        .filter(|function| matches!(function.kind, FunctionKind::Patched | FunctionKind::New))
        .count();
    let statics = report
        .functions
        .iter()
        .filter(|function| function.kind == FunctionKind::Static)
        .count();
    let refreshed = report
        .functions
        .iter()
        .filter(|function| function.kind == FunctionKind::Refreshed)
        .count();
    match report.check {
        CheckKind::Patch => {
            let mut what = count(changed, "function");
            if statics > 0 {
                what = format!("{what} and {}", count(statics, "static"));
            }
            let what = format!("{what}{with}{times}");
            text.push_str(&verb(|word| style.green(word), "Would patch", &what));
        }
        CheckKind::Unchanged => {
            let what = match refreshed {
                0 => "the program would do what it does".to_owned(),
                _ => format!("but for line numbers, in {}", count(refreshed, "function")),
            };
            let what = format!("{what}{with}{times}");
            text.push_str(&verb(|word| style.green(word), "Unchanged", &what));
        }
        CheckKind::CompileError => {
            let what = format!("the source does not compile{times}");
            text.push_str(&verb(|word| style.red(word), "Error", &what));
        }
        CheckKind::Restart => {
            for (index, reason) in report.reasons.iter().enumerate() {
                let mut what = reason_text(reason);
                if index == 0 {
                    what.push_str(with);
                    what.push_str(&times);
                }
                text.push_str(&verb(|word| style.yellow(word), "Would restart", &what));
                text.push_str(&place_and_hint(reason));
            }
        }
    }
    for function in &report.functions {
        let name = clean(&function.name);
        let line = match (function.kind, &function.thread) {
            (FunctionKind::Patched, _) => name,
            (FunctionKind::New, _) => format!("{name} (new)"),
            (FunctionKind::Static, _) => format!("{name} (static)"),
            // Everything below an edit has new line numbers.
            (FunctionKind::Refreshed, _) => continue,
            (FunctionKind::StillRunning, thread) => format!(
                "{name} {} running{}, and would go on with its old code until it returns",
                if function.certain == Some(false) {
                    "may be"
                } else {
                    "is"
                },
                thread
                    .as_ref()
                    .map(|thread| format!(" (thread {})", clean(thread)))
                    .unwrap_or_default()
            ),
        };
        text.push_str(&below(&line));
    }
    for note in &report.notes {
        text.push_str(&below(&format!("note: {}", clean(note))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{self, Reason, Span};
    use crate::event::FunctionReport;

    const PLAIN: Style = Style { color: false };

    #[test]
    fn a_patch_names_its_functions() {
        let function = |name: &str, kind, thread: Option<&str>| FunctionReport {
            name: name.into(),
            kind,
            thread: thread.map(Into::into),
            certain: thread.map(|thread| thread == "main"),
        };
        let mut found = CheckReport::new(CheckKind::Patch, Against::Program);
        found.functions = vec![
            function("app::a", FunctionKind::Patched, None),
            function("app::b", FunctionKind::New, None),
            function("app::c", FunctionKind::Refreshed, None),
            function("app::a", FunctionKind::StillRunning, Some("main")),
            function("app::b", FunctionKind::StillRunning, Some("busy")),
        ];
        found.timings_ms.total = 84.0;
        assert_eq!(
            report(&found, PLAIN),
            " Would patch 2 functions (in 84 ms)\n             app::a\n             app::b (new)\n             \
             app::a is running (thread main), and would go on with its old code until it returns\n             \
             app::b may be running (thread busy), and would go on with its old code until it returns\n"
        );
    }

    #[test]
    fn each_reason_has_a_line_of_its_own() {
        let reasons = vec![
            Reason::new(&codes::TYPE_LAYOUT, "layout of `S` changed").at(Some(Span {
                file: "src/main.rs".into(),
                line: 3,
                column: 1,
            })),
            Reason::new(&codes::VTABLE, "the methods of `T` changed"),
        ];
        assert_eq!(
            report(&CheckReport::restart(reasons, Against::LastBuild), PLAIN),
            "Would restart layout of `S` changed [HP0101], compared with the last build\n             \
             --> src/main.rs:3:1\n             hint: cargo hotpatch explain HP0101\n\
             Would restart the methods of `T` changed [HP0401]\n             hint: cargo hotpatch explain HP0401\n"
        );
    }

    #[test]
    fn what_does_not_compile_and_what_is_the_same() {
        let mut found = CheckReport::new(CheckKind::CompileError, Against::Program);
        found.diagnostics = vec!["error: no".into()];
        assert_eq!(
            report(&found, PLAIN),
            "error: no\n       Error the source does not compile\n"
        );
        let found = CheckReport::new(CheckKind::Unchanged, Against::Program);
        assert_eq!(
            report(&found, PLAIN),
            "   Unchanged the program would do what it does\n"
        );
    }
}
