//! Words in cargo's style: the parts that the terminal, `save` and `explain` have in common. Strings in, strings out.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::codes::{Reason, Span};
use crate::event::{
    Event, FunctionKind, FunctionReport, Outcome, OutcomeKind, ReachedFunction, Timings,
    UnreachedFunction,
};
use crate::process::signals;

/// How the text is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
}

impl Style {
    fn dress(self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Emphasised.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.dress("1", text)
    }

    /// As cargo's verbs.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.dress("1;32", text)
    }

    /// As cargo's warnings.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.dress("1;33", text)
    }

    /// As cargo's errors.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.dress("1;31", text)
    }

    /// As cargo's progress.
    #[must_use]
    pub fn cyan(self, text: &str) -> String {
        self.dress("1;36", text)
    }
}

/// The width of cargo's verbs.
const VERB: usize = 12;
/// How many functions are named before "and N more".
const NAMED: usize = 3;

pub(super) fn verb(dress: impl Fn(&str) -> String, word: &str, rest: &str) -> String {
    // Padded before it is dressed, since colours have no width.
    let padding = " ".repeat(VERB.saturating_sub(word.len()));
    format!("{padding}{} {rest}\n", dress(word))
}

pub(super) fn below(text: &str) -> String {
    format!("{:VERB$} {text}\n", "")
}

/// What is said about an event; empty for what is not said in words (progress).
#[must_use]
pub fn event(event: &Event, style: Style) -> String {
    match event {
        Event::Building { reason: None } | Event::Progress { .. } => String::new(),
        Event::Building {
            reason: Some(reason),
        } => {
            let because = format!("because {}", reason_text(reason));
            let mut text = verb(|word| style.cyan(word), "Restarting", &because);
            text.push_str(&place_and_hint(reason));
            text
        }
        // After a restart, the outcome says it.
        Event::Started { restart: true, .. } => String::new(),
        Event::Started {
            pid,
            slots,
            without_slot,
            ..
        } => {
            let mut text = format!(
                "process {pid}: {} can be patched",
                count(*slots, "function")
            );
            if *without_slot > 0 {
                let _ = write!(text, ", {without_slot} cannot");
            }
            verb(|word| style.green(word), "Started", &text)
        }
        Event::Saved { .. } | Event::SavedToo { .. } => String::new(),
        Event::Diagnostics { rendered } => diagnostics(rendered, style),
        Event::Outcome(found) => outcome(found, style),
        Event::Confirmation {
            of,
            agrees,
            outcome: found,
        } => confirmation(*of, *agrees, found, style),
        Event::Reached { functions, .. } => reached(functions, style),
        Event::NotReached {
            functions, reached, ..
        } => not_reached(functions, *reached, style),
        Event::Warmed | Event::Ended(_) => String::new(),
        Event::Exited {
            pid,
            status,
            signal,
        } => exited(*pid, *status, *signal, style),
        Event::Warning { reason } => {
            let mut text = format!("{}: {}\n", style.yellow("warning"), reason_text(reason));
            text.push_str(&place_and_hint(reason));
            text
        }
    }
}

/// One line for functions that were called; empty for none. The last of them tells the time.
#[must_use]
pub fn reached(functions: &[ReachedFunction], style: Style) -> String {
    let Some(last) = functions.iter().map(|one| one.after_ms).reduce(f64::max) else {
        return String::new();
    };
    let names: Vec<String> = functions.iter().map(|one| clean(&one.name)).collect();
    let what = format!("{}: called after {}", some_of(&names), duration(last));
    verb(|word| style.green(word), "Reached", &what)
}

/// One line for functions that were not called yet; empty for none. `reached` others were.
#[must_use]
pub fn not_reached(functions: &[UnreachedFunction], reached: usize, style: Style) -> String {
    if functions.is_empty() {
        return String::new();
    }
    let names: Vec<String> = functions.iter().map(|one| clean(&one.name)).collect();
    let mut what = format!("{}: not called yet", some_of(&names));
    // What is known of the first that something is known of.
    if let Some(why) = functions.iter().find_map(|one| one.why.as_ref()) {
        let _ = write!(what, ": {}", clean(why));
    }
    if reached > 0 {
        let were = if reached == 1 { "was" } else { "were" };
        let _ = write!(what, " ({reached} of the patch {were})");
    }
    verb(|word| style.yellow(word), "Unreached", &what)
}

fn duration(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1000.0)
    }
}

/// What is said when the full way of a fast patch is done: nothing, if the program has what it was said to have.
fn confirmation(patch: u64, agrees: Option<bool>, found: &Outcome, style: Style) -> String {
    match (agrees, found.outcome) {
        (None, _) | (Some(true), OutcomeKind::Unchanged) => String::new(),
        (Some(true), _) => outcome(found, style),
        (Some(false), _) => {
            let what = format!("patch {patch}: the whole crate does not agree with the fast way");
            verb(|word| style.yellow(word), "Corrected", &what) + &outcome(found, style)
        }
    }
}

/// What the compiler said, ended by a line's end; its colours are taken out where there are none.
#[must_use]
pub fn diagnostics(rendered: &str, style: Style) -> String {
    let mut text = if style.color {
        rendered.to_owned()
    } else {
        without_colors(rendered)
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The line of an outcome, and what belongs below it.
#[must_use]
pub fn outcome(outcome: &Outcome, style: Style) -> String {
    let times = times(&outcome.timings_ms);
    let why = outcome.reason.as_ref().map(reason_text);
    let with_times = |text: &str| {
        if times.is_empty() {
            text.to_owned()
        } else {
            format!("{text} {times}")
        }
    };
    let mut text = match outcome.outcome {
        OutcomeKind::Patched => verb(
            |word| style.green(word),
            "Patched",
            &with_times(&functions(&outcome.functions)),
        ),
        OutcomeKind::Unchanged => {
            let refreshed = outcome
                .functions
                .iter()
                .filter(|function| function.kind == FunctionKind::Refreshed)
                .count();
            let what = match refreshed {
                0 => why.unwrap_or_else(|| "the program does what it did".to_owned()),
                _ => format!("but for line numbers, in {}", count(refreshed, "function")),
            };
            verb(|word| style.green(word), "Unchanged", &with_times(&what))
        }
        OutcomeKind::Restarted => verb(
            |word| style.yellow(word),
            "Restarted",
            &with_times(&why.unwrap_or_else(|| "the program".to_owned())),
        ),
        OutcomeKind::Refused => verb(
            |word| style.red(word),
            "Refused",
            &with_times(&why.unwrap_or_else(|| "the edit".to_owned())),
        ),
        OutcomeKind::CompileError => {
            let is_said = outcome.diagnostics.is_some();
            // What the compiler said stands above.
            let why = why.filter(|_| !is_said);
            let what = why.unwrap_or_else(|| "the source does not compile".to_owned());
            let times = match times.as_str() {
                "" => String::new(),
                times => format!(" ({times})"),
            };
            let what = format!("{what}{times}; the program runs on");
            verb(|word| style.red(word), "Error", &what)
        }
        OutcomeKind::Superseded => verb(
            |word| style.yellow(word),
            "Superseded",
            &why.unwrap_or_else(|| "by a newer save".to_owned()),
        ),
    };
    for (is_certain, what) in [(true, "still running"), (false, "may still run")] {
        let old: Vec<String> = outcome
            .functions
            .iter()
            .filter(|function| function.kind == FunctionKind::StillRunning)
            .filter(|function| function.certain.unwrap_or(true) == is_certain)
            .map(|function| match &function.thread {
                Some(thread) => format!("{} (thread {})", clean(&function.name), clean(thread)),
                None => clean(&function.name),
            })
            .collect();
        if !old.is_empty() {
            text.push_str(&below(&format!("{what} old code: {}", some_of(&old))));
        }
    }
    if let Some(reason) = &outcome.reason
        && outcome.diagnostics.is_none()
    {
        text.push_str(&place_and_hint(reason));
    }
    text.push_str(&notes(outcome));
    text
}

fn notes(outcome: &Outcome) -> String {
    let notes = outcome.notes.iter();
    notes
        .map(|note| below(&format!("note: {}", clean(note))))
        .collect()
}

fn exited(pid: u32, status: Option<i32>, signal: Option<i32>, style: Style) -> String {
    let (good, how) = match (status, signal) {
        (Some(0), _) => (true, "in good order".to_owned()),
        (Some(status), _) => (false, format!("with status {status}")),
        (None, Some(signal)) => (
            false,
            format!("by signal {signal} ({})", signals::name(signal)),
        ),
        (None, None) => (false, "for an unknown reason".to_owned()),
    };
    let dress = |word: &str| {
        if good {
            style.green(word)
        } else {
            style.red(word)
        }
    };
    verb(dress, "Exited", &format!("process {pid} {how}"))
}

/// `app::a, app::b (new), app::c and 2 more`: what runs new code. Line numbers that were refreshed are only counted.
fn functions(all: &[FunctionReport]) -> String {
    let names: Vec<String> = all
        .iter()
        .filter_map(|function| match function.kind {
            FunctionKind::Patched => Some(clean(&function.name)),
            FunctionKind::New => Some(format!("{} (new)", clean(&function.name))),
            FunctionKind::Static => Some(format!("{} (static)", clean(&function.name))),
            FunctionKind::Refreshed | FunctionKind::StillRunning => None,
        })
        .collect();
    if names.is_empty() {
        count(all.len(), "function")
    } else {
        some_of(&names)
    }
}

fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `in 84 ms: compile 57, diff 3, link 4`: stages below half a millisecond are left out; empty if nothing was measured.
pub(super) fn times(timings: &Timings) -> String {
    if timings.total <= 0.0 {
        return String::new();
    }
    let stages = [
        ("watch", timings.watch),
        ("plan", timings.plan),
        ("compile", timings.compile),
        ("diff", timings.diff),
        ("judge", timings.judge),
        ("link", timings.link),
        ("apply", timings.apply),
    ];
    let shown: Vec<String> = stages
        .iter()
        .filter(|(_, milliseconds)| *milliseconds >= 0.5)
        .map(|(name, milliseconds)| format!("{name} {milliseconds:.0}"))
        .collect();
    let total = format!("in {}", duration(timings.total));
    if shown.is_empty() {
        total
    } else {
        format!("{total}: {}", shown.join(", "))
    }
}

pub(super) fn reason_text(reason: &Reason) -> String {
    format!("{} [{}]", clean(&reason.message), reason.code)
}

pub(super) fn place_and_hint(reason: &Reason) -> String {
    let mut text = String::new();
    if let Some(Span { file, line, column }) = &reason.span {
        text.push_str(&below(&format!("--> {}:{line}:{column}", clean(file))));
    }
    text.push_str(&below(&format!(
        "hint: cargo hotpatch explain {}",
        reason.code
    )));
    text
}

/// Names of functions, files and threads are other people's: what would move the cursor or change colours is shown as an
/// escape instead of being obeyed. Lines stay lines.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        // C0, C1, and the marks that turn the direction of text around.
        let is_dangerous = (character.is_control() && character != '\n')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_dangerous {
            cleaned.extend(character.escape_default());
        } else {
            cleaned.push(character);
        }
    }
    cleaned
}

/// `text` without `ESC [ … letter` sequences.
pub(crate) fn without_colors(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\x1b[") {
        plain.push_str(&rest[..start]);
        let sequence = &rest[start + 2..];
        // Parameters and intermediates, up to the final byte.
        rest = sequence
            .find(|c: char| ('@'..='~').contains(&c))
            .map_or("", |end| &sequence[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

/// Breaks at spaces, indents each line, ends with a line's end.
#[must_use]
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column == 0 {
            let _ = write!(wrapped, "{:indent$}{word}", "");
            column = indent + length;
        } else if column + 1 + length > width {
            let _ = write!(wrapped, "\n{:indent$}{word}", "");
            column = indent + length;
        } else {
            let _ = write!(wrapped, " {word}");
            column += 1 + length;
        }
    }
    wrapped.push('\n');
    wrapped
}

/// The line of a restart whose reason was given when it began.
#[must_use]
pub fn restarted(outcome: &Outcome, style: Style) -> String {
    let process = outcome.pid.map(|pid| format!("as process {pid} "));
    let what = format!(
        "{}{}",
        process.unwrap_or_default(),
        times(&outcome.timings_ms)
    );
    let mut text = verb(|word| style.yellow(word), "Restarted", what.trim_end());
    text.push_str(&notes(outcome));
    text
}

/// The one printer of errors: the error, and below it what it came from.
#[must_use]
pub fn error(error: &anyhow::Error, style: Style) -> String {
    let mut text = format!("{}: {}\n", style.red("error"), clean(&error.to_string()));
    let causes: Vec<String> = error
        .chain()
        .skip(1)
        .map(|cause| clean(&cause.to_string()))
        .collect();
    if !causes.is_empty() {
        text.push_str("\nCaused by:\n");
        for cause in causes {
            let _ = writeln!(text, "  {}", cause.replace('\n', "\n  "));
        }
    }
    text
}

/// Prints it to stderr. Nobody being there to read it is not another error.
pub fn print_error(found: &anyhow::Error, color: bool) {
    let _ = std::io::stderr()
        .lock()
        .write_all(error(found, Style { color }).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    const PLAIN: Style = Style { color: false };

    fn report(name: &str, kind: FunctionKind, thread: Option<&str>) -> FunctionReport {
        FunctionReport {
            name: name.into(),
            kind,
            thread: thread.map(Into::into),
            certain: thread.map(|thread| thread == "main"),
        }
    }

    fn patched(functions: Vec<FunctionReport>) -> Outcome {
        Outcome {
            outcome: OutcomeKind::Patched,
            functions,
            reason: None,
            notes: Vec::new(),
            timings_ms: Timings {
                watch: 3.4,
                plan: 0.1,
                compile: 57.2,
                diff: 3.0,
                judge: 2.1,
                link: 4.4,
                apply: 1.0,
                total: 84.4,
            },
            patch: Some(1),
            pid: Some(7),
            way: None,
            full_because: None,
            diagnostics: None,
        }
    }

    #[test]
    fn a_patch_is_one_line_with_names_and_times() {
        let found = outcome(
            &patched(vec![
                report("app::render", FunctionKind::Patched, None),
                report("app::draw::<u8>", FunctionKind::Patched, None),
                report("app::helper", FunctionKind::New, None),
                report("app::a", FunctionKind::Patched, None),
                report("app::b", FunctionKind::Patched, None),
                report("app::c", FunctionKind::Refreshed, None),
                report("app::main", FunctionKind::StillRunning, Some("main")),
                report("app::work", FunctionKind::StillRunning, Some("busy")),
            ]),
            PLAIN,
        );
        let expected = "     \
     Patched app::render, app::draw::<u8>, app::helper (new) and 2 more in 84 ms: watch 3, compile 57, diff 3, judge 2, link 4, apply 1
             still running old code: app::main (thread main)
             may still run old code: app::work (thread busy)
";
        assert_eq!(found, expected);
    }

    #[test]
    fn a_restart_says_why_where_and_what_to_read() {
        let reason = Reason::new(
            &codes::TYPE_LAYOUT,
            "layout of `Counter` changed: field `hits` grew from 4 to 8 bytes",
        )
        .at(Some(Span {
            file: "src/main.rs".into(),
            line: 4,
            column: 5,
        }));
        let restarted = Outcome {
            outcome: OutcomeKind::Restarted,
            reason: Some(reason),
            notes: vec!["statics begin anew".into()],
            timings_ms: Timings {
                compile: 1010.0,
                apply: 20.0,
                total: 1234.0,
                ..Timings::default()
            },
            ..patched(Vec::new())
        };
        let expected = "   \
   Restarted layout of `Counter` changed: field `hits` grew from 4 to 8 bytes [HP0101] in 1.2 s: compile 1010, apply 20
             --> src/main.rs:4:5
             hint: cargo hotpatch explain HP0101
             note: statics begin anew
";
        assert_eq!(outcome(&restarted, PLAIN), expected);
        assert_eq!(
            super::restarted(&restarted, PLAIN),
            "   Restarted as process 7 in 1.2 s: compile 1010, apply 20
             note: statics begin anew
"
        );
        let refused = Outcome {
            outcome: OutcomeKind::Refused,
            ..restarted
        };
        assert!(outcome(&refused, PLAIN).starts_with("     Refused layout of"));
    }

    #[test]
    fn the_other_outcomes_are_one_line_each() {
        let of = |kind, functions| {
            outcome(
                &Outcome {
                    outcome: kind,
                    timings_ms: Timings::default(),
                    ..patched(functions)
                },
                PLAIN,
            )
        };
        assert_eq!(
            of(OutcomeKind::Unchanged, Vec::new()),
            "   Unchanged the program does what it did\n"
        );
        assert_eq!(
            of(
                OutcomeKind::Unchanged,
                vec![report("a", FunctionKind::Refreshed, None)]
            ),
            "   Unchanged but for line numbers, in 1 function\n"
        );
        assert_eq!(
            of(OutcomeKind::Superseded, Vec::new()),
            "  Superseded by a newer save\n"
        );
        assert_eq!(
            of(OutcomeKind::CompileError, Vec::new()),
            "       Error the source does not compile; the program runs on\n"
        );
        let error = Outcome {
            outcome: OutcomeKind::CompileError,
            ..patched(Vec::new())
        };
        assert_eq!(
            outcome(&error, PLAIN),
            "       Error the source does not compile (in 84 ms: watch 3, compile 57, diff 3, judge 2, link 4, apply 1); \
             the program runs on\n"
        );
    }

    #[test]
    fn starts_and_ends_are_told() {
        let started = Event::Started {
            version: 1,
            pid: 7,
            slots: 1234,
            without_slot: 2,
            image: "/t/debug/app".into(),
            restart: false,
        };
        assert_eq!(
            event(&started, PLAIN),
            "     Started process 7: 1234 functions can be patched, 2 cannot\n"
        );
        let end = |status, signal| {
            event(
                &Event::Exited {
                    pid: 7,
                    status,
                    signal,
                },
                PLAIN,
            )
        };
        assert_eq!(end(Some(0), None), "      Exited process 7 in good order\n");
        assert_eq!(end(Some(3), None), "      Exited process 7 with status 3\n");
        assert_eq!(
            end(None, Some(11)),
            "      Exited process 7 by signal 11 (SIGSEGV)\n"
        );
    }

    #[test]
    fn calls_of_new_code_are_told_in_a_line() {
        let called = |name: &str, after_ms| ReachedFunction {
            name: name.into(),
            after_ms,
        };
        assert_eq!(
            reached(&[called("app::a", 1.0), called("app::b", 12.4)], PLAIN),
            "     Reached app::a, app::b: called after 12 ms\n"
        );
        assert_eq!(reached(&[], PLAIN), "");
        let not_called = |why: Option<&str>| UnreachedFunction {
            name: "app::routes".into(),
            why: why.map(Into::into),
        };
        let why = "`app::main` calls it, which has passed that place";
        assert_eq!(
            not_reached(&[not_called(Some(why))], 0, PLAIN),
            format!("   Unreached app::routes: not called yet: {why}\n")
        );
        assert_eq!(
            not_reached(&[not_called(None)], 1, PLAIN),
            "   Unreached app::routes: not called yet (1 of the patch was)\n"
        );
    }

    #[test]
    fn a_warning_has_its_code() {
        let warning = Event::Warning {
            reason: Reason::new(&codes::PROFILE_LTO, "lto is off for this session"),
        };
        assert_eq!(
            event(&warning, PLAIN),
            "warning: lto is off for this session [HP0002]\n             hint: cargo hotpatch explain HP0002\n"
        );
    }

    #[test]
    fn colours_do_not_move_the_columns() {
        let colored = outcome(
            &patched(vec![report("a", FunctionKind::Patched, None)]),
            Style { color: true },
        );
        assert!(
            colored.starts_with("     \x1b[1;32mPatched\x1b[0m a in 84 ms"),
            "{colored:?}"
        );
        assert_eq!(
            without_colors(&colored),
            outcome(
                &patched(vec![report("a", FunctionKind::Patched, None)]),
                PLAIN
            )
        );
    }

    #[test]
    fn what_would_drive_the_terminal_is_shown_instead() {
        let evil = report("app::\x1b[2J\u{202e}x", FunctionKind::Patched, None);
        let found = outcome(&patched(vec![evil]), PLAIN);
        assert!(found.contains("app::\\u{1b}[2J\\u{202e}x"), "{found:?}");
        assert_eq!(clean("Größe<T>::läuft\n"), "Größe<T>::läuft\n");
    }

    #[test]
    fn diagnostics_lose_colours_where_there_are_none() {
        let rendered = "\x1b[0m\x1b[1m\x1b[38;5;9merror\x1b[0m: no";
        assert_eq!(diagnostics(rendered, PLAIN), "error: no\n");
        assert_eq!(
            diagnostics(rendered, Style { color: true }),
            format!("{rendered}\n")
        );
        assert_eq!(diagnostics("", PLAIN), "");
        assert_eq!(without_colors("cut \x1b[3"), "cut ");
    }

    #[test]
    fn errors_are_printed_with_their_causes() {
        let found = anyhow::anyhow!("no such file")
            .context("cannot open `x`")
            .context("cannot start");
        assert_eq!(
            error(&found, PLAIN),
            "error: cannot start\n\nCaused by:\n  cannot open `x`\n  no such file\n"
        );
    }
}
