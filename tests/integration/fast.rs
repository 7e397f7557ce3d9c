//! The fast way: an edit of a plain body is in the program before its whole crate is compiled, and what the whole crate says
//! afterwards holds.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use libtest_mimic::Trial;

use crate::project::{Edit, Project, SaveMode};
use crate::running::{Event, Mark, Running};
use crate::support::{build_deadline, scrubbed_command, tool, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("fast::plain_bodies_go_the_fast_way", plain_bodies),
        trial("fast::everything_else_goes_the_full_way", everything_else),
        trial(
            "fast::what_the_compiler_rejects_is_undone",
            what_the_compiler_rejects,
        ),
        trial("fast::a_disagreement_is_corrected", a_disagreement),
        trial("fast::statics_outlast_what_is_undone", statics_stay),
        trial("fast::a_slice_has_what_it_needs", slices),
        trial(
            "fast::a_method_that_was_never_called_is_called",
            a_method_never_called,
        ),
        trial(
            "fast::a_reader_of_another_type_goes_the_full_way",
            a_reader_of_another_type,
        ),
        trial("fast::sessions_keep_their_shadows_apart", two_sessions),
        trial("fast::derives_are_left_out", derives),
        trial("fast::derives_of_others_stay", derives_of_others),
        trial(
            "fast::saves_need_not_wait_for_the_full_way",
            saves_in_succession,
        ),
    ]
}

const MAIN: &str = "src/main.rs";
const LENGTH: &str = "src/length.rs";
const SHAPES: &str = "src/shapes.rs";

/// A session whose crates have all been compiled in advance.
fn session(project: &Project) -> Result<Running> {
    Running::session(project, &["--fast=always".to_owned()], &[], &[])
}

fn begin(session: &mut Running) -> Result<()> {
    session.wait_for_start()?;
    session.wait_for_line("ready")?;
    session.wait_for_event(
        Mark::default(),
        "end of the warm-up",
        build_deadline(),
        |event| event.kind() == "warmed",
    )?;
    Ok(())
}

fn save(session: &Running, project: &Project, edit: (&str, &str, &str)) -> Result<(Mark, Event)> {
    let mark = session.mark();
    let (file, from, to) = edit;
    project.replace(file, from, to)?;
    let outcome = session.wait_for_outcome(mark)?;
    Ok((mark, outcome))
}

fn confirmation(session: &Running, mark: Mark) -> Result<Event> {
    session.wait_for_event(mark, "confirmation", build_deadline(), |event| {
        event.kind() == "confirmation"
    })
}

fn ensure_fast(outcome: &Event) -> Result<()> {
    ensure!(
        outcome.outcome() == "patched" && outcome.text("way") == "fast",
        "not patched the fast way: {outcome}"
    );
    Ok(())
}

/// The program has no code of a method that nothing calls, and the shadow has left its body out.
fn a_method_never_called() -> Result<()> {
    let project = Project::copy_of("fast-new-method")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let added = "fn taken(&self) -> u32 {\n        self.count\n    }\n\n    fn left(&self) -> u32 {\n        self.all - self.count\n    }";
        let taken = "fn taken(&self) -> u32 {\n        self.count\n    }";
        save(session, &project, (MAIN, taken, added))?;
        let call = ("stock.taken().to_string()", "stock.left().to_string()");
        let (_, outcome) = save(session, &project, (MAIN, call.0, call.1))?;
        ensure!(outcome.outcome() == "patched", "not patched: {outcome}");
        ensure!(
            !outcome.to_string().contains("__hotpatch"),
            "it tells what the tool's own code is called: {outcome}"
        );
        session.expect_answer("x", "97")
    })
}

/// Confined to a body without a cast, it takes memory for another type all the same.
fn a_reader_of_another_type() -> Result<()> {
    let project = Project::copy_of("reader-of-same")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let edit = (MAIN, "view::<Counter>().count", "view::<Tally>().count");
        let (_, outcome) = save(session, &project, edit)?;
        ensure!(
            outcome.outcome() == "restarted" && outcome.code() == "HP0103",
            "not restarted at once: {outcome}"
        );
        Ok(())
    })
}

fn plain_bodies() -> Result<()> {
    let project = Project::copy_of("fast-way")?;
    let column = |line: &str| {
        line.find("std::panic::Location::caller")
            .map_or(0, |at| at + 1)
    };
    session(&project)?.with_report(|session| {
        begin(session)?;
        let edits = [
            ((MAIN, "plain one", "plain two"), "plain", "plain two 2"),
            // A callee of one that was edited before, and the reverse.
            ((MAIN, "number + 1", "number + 5"), "plain", "plain two 6"),
            ((MAIN, "plain two", "plain three"), "plain", "plain three 6"),
            // In a closure, around it, and in both of two.
            ((MAIN, "(add(it) * 1)", "(add(it) * 2)"), "closure", "6 8"),
            (
                (MAIN, "all.join(\" \")", "all.join(\"-\")"),
                "closure",
                "6-8",
            ),
            // Methods, and those of traits.
            (
                (SHAPES, "self.side * self.side", "self.side + self.side"),
                "area",
                "6",
            ),
            (
                (SHAPES, "square one", "square two"),
                "shown",
                "square two 3",
            ),
            // What unwinds, and passes through what was not edited.
            (
                (
                    MAIN,
                    "nothing[helper(0) as usize]",
                    "nothing[helper(1) as usize]",
                ),
                "caught",
                "caught one",
            ),
            ((MAIN, "caught one", "caught two"), "caught", "caught two"),
            // What is derived has a number in its symbol, behind those of the other `impl`s.
            (
                (MAIN, "derived one", "derived two"),
                "derived",
                "derived two 4",
            ),
            // Together with something that nobody calls: it is in the shadow, and nowhere else.
            (
                (
                    MAIN,
                    "\"used one\".to_owned()\n}\n\n#[allow(dead_code)]\nfn unused() -> String {\n    \"unused one\"",
                    "\"used two\".to_owned()\n}\n\n#[allow(dead_code)]\nfn unused() -> String {\n    \"unused two\"",
                ),
                "used",
                "used two",
            ),
        ];
        for (edit, request, answer) in edits {
            let (mark, outcome) = save(session, &project, edit)?;
            ensure_fast(&outcome)?;
            session.expect_answer(request, answer)?;
            let confirmed = confirmation(session, mark)?;
            ensure!(
                confirmed.flag("agrees") == Some(true)
                    && confirmed.outcome() == "unchanged"
                    && confirmed.number("of") == outcome.number("patch"),
                "{confirmed}"
            );
            session.expect_answer(request, answer)?;
        }
        // Lines and columns are those of the source, behind a body that was left out as well.
        let edit = (
            MAIN,
            "    let here = std::panic::Location::caller();",
            "    // one line more\n    let _ = (); let here = std::panic::Location::caller();",
        );
        let (mark, outcome) = save(session, &project, edit)?;
        // The code is the same: only the line of the place is another.
        ensure!(
            outcome.outcome() == "unchanged" && outcome.text("way") == "fast",
            "{outcome}"
        );
        let text = project.read(MAIN)?;
        let (number, line) = text
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains("Location::caller"))
            .unwrap_or_default();
        let place = format!("src/main.rs:{}:{}", number + 1, column(line));
        session.expect_answer("place", &place)?;
        // Functions below have other lines now: the full way brings them.
        let confirmed = confirmation(session, mark)?;
        ensure!(
            confirmed.flag("agrees") == Some(true) && confirmed.outcome() == "unchanged",
            "{confirmed}"
        );
        ensure!(
            confirmed
                .functions()
                .iter()
                .any(|(_, kind)| *kind == "refreshed"),
            "no lines were refreshed: {confirmed}"
        );
        session.expect_answer("place", &place)?;
        session.check_one_outcome_per_save()
    })
}

fn slices() -> Result<()> {
    const MADE: &str = "src/made.rs";
    const TEXTS: &str = "src/texts.rs";
    const WORDS: &str = "src/words.rs";
    let project = Project::copy_of("fast-slice")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let edits = [
            // Symbols of derived `impl`s, and of those that stand in the source, have numbers.
            (
                (SHAPES, "derived one", "derived two"),
                ("derived", "derived two Seen { tag: Small } true"),
                "fast",
            ),
            (
                (SHAPES, "named one", "named two"),
                ("named", "named two seen Large(7)"),
                "fast",
            ),
            (
                (TEXTS, "renamed one", "renamed two"),
                ("renamed", "renamed two seen Small"),
                "fast",
            ),
            // So have those that macros write.
            (
                (MADE, "made one", "made two"),
                ("made", "made two 10 Tens(10)"),
                "fast",
            ),
            // The name of what this calls stands nowhere.
            (
                (MADE, "hidden one", "hidden two"),
                ("hidden", "hidden two 42"),
                "fast",
            ),
            // An instance that the program does not have: by what the function calls, and by what that calls.
            (
                (TEXTS, "wrap(1_u8)", "wrap(1_u8) + &wrap(2_u16)"),
                ("wrapped", "wrapped one [1][2]"),
                "fast",
            ),
            (
                (TEXTS, "converted one", "converted two"),
                ("converted", "converted two <c>"),
                "fast",
            ),
            // One that nobody calls by its name: its body is not in the slice.
            (
                (TEXTS, "'c'.into()", "\"word\".into()"),
                ("converted", "converted two <word>"),
                "full",
            ),
            (
                (WORDS, "inner one", "inner two"),
                ("inner", "inner two 4 4 4"),
                "fast",
            ),
            // Other crates could have compiled it for themselves: none has, and one has.
            (
                (TEXTS, "a + b", "a + b + 1"),
                ("inlined", "inlined one 4"),
                "fast",
            ),
            (
                (WORDS, "shared one", "shared two"),
                ("shared", "shared two shared two"),
                "full",
            ),
            // Other crates could have the lines of what stands below.
            (
                (
                    WORDS,
                    "    let failed",
                    "    let index = index % 2;\n    let failed",
                ),
                ("failed", "failed one false"),
                "fast",
            ),
        ];
        for (edit, (request, answer), way) in edits {
            let (mark, outcome) = save(session, &project, edit)?;
            ensure!(
                outcome.outcome() == "patched" && outcome.text("way") == way,
                "not patched the {way} way: {outcome}"
            );
            session.expect_answer(request, answer)?;
            if way == "fast" {
                let confirmed = confirmation(session, mark)?;
                ensure!(confirmed.flag("agrees") == Some(true), "{confirmed}");
                session.expect_answer(request, answer)?;
            }
        }
        let mut slices = Vec::new();
        mirrored(
            &project.path("target"),
            ("/slice/mirror/", "src/unrelated.rs"),
            &mut slices,
        )?;
        ensure!(!slices.is_empty(), "no slice was written");
        for slice in slices {
            let text = std::fs::read_to_string(&slice)?;
            ensure!(!text.contains("longest_name"), "not left out:\n{text}");
        }
        session.check_one_outcome_per_save()
    })
}

/// Both see every save. What the one has edited since it was confirmed need not be what the other has.
fn two_sessions() -> Result<()> {
    let project = Project::copy_of("fast-slice")?;
    session(&project)?.with_report(|first| {
        begin(first)?;
        let events = project.path("other-events.jsonl");
        let mut command = scrubbed_command(tool(), project.root());
        command.args(["hotpatch", "run", "--fast=always", "--events"]);
        command.arg(&events);
        Running::start(command, &project, Some(events))?.with_report(|second| {
            begin(second)?;
            for (file, name, from, to) in [
                ("src/words.rs", "inner", "inner one", "inner two"),
                ("src/texts.rs", "renamed", "renamed one", "renamed two"),
                (SHAPES, "named", "named one", "named two"),
            ] {
                let marks = (first.mark(), second.mark());
                project.replace(file, from, to)?;
                for (session, mark) in [(&mut *first, marks.0), (&mut *second, marks.1)] {
                    ensure_fast(&session.wait_for_outcome(mark)?)?;
                    let answer = session.ask(name)?;
                    ensure!(answer.starts_with(to), "not the new code: {answer}");
                    let confirmed = confirmation(session, mark)?;
                    ensure!(confirmed.flag("agrees") == Some(true), "{confirmed}");
                }
            }
            Ok(())
        })
    })
}

/// What was left out of the shadow that was compiled last.
fn ensure_derives(project: &Project, are_left_out: bool) -> Result<()> {
    let mut shadows = Vec::new();
    mirrored(
        &project.path("target"),
        ("/shadow-0/mirror/", MAIN),
        &mut shadows,
    )?;
    ensure!(!shadows.is_empty(), "no shadow was written");
    for shadow in shadows {
        let text = std::fs::read_to_string(&shadow)?;
        ensure!(
            text.contains("impl ::serde::Serialize for Page{") == are_left_out,
            "derives in the shadow are not as expected:\n{text}"
        );
    }
    Ok(())
}

/// Adds the copies below `directory` that have this in their paths, and this at the end of them.
fn mirrored(directory: &Path, (inside, end): (&str, &str), found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            mirrored(&path, (inside, end), found)?;
        } else if path.ends_with(end) && path.to_str().is_some_and(|path| path.contains(inside)) {
            found.push(path);
        }
    }
    Ok(())
}

fn derives() -> Result<()> {
    let project = Project::copy_of("fast-derives")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        ensure_derives(&project, true)?;
        let page = r#"{"pageTitle":"one","kind":{"filled":{"amount":3}}}"#;
        let edits = [
            (
                (MAIN, "written one", "written two"),
                "written",
                format!("written two {page}"),
            ),
            (
                (MAIN, "read one", "read two"),
                "read",
                "read two x".to_owned(),
            ),
            // A call of what the derive writes, by its own symbol.
            (
                (MAIN, "direct one", "direct two"),
                "direct",
                "direct two true \"plain\"".to_owned(),
            ),
            (
                (MAIN, "shown one", "shown two"),
                "shown",
                "shown two Full { amount: 3 } true".to_owned(),
            ),
            // In a module with others of the form that derives write.
            (
                ("src/mixed.rs", "mixed one", "mixed two"),
                "mixed",
                "mixed two {\"number\":4} first second".to_owned(),
            ),
        ];
        for (edit, request, answer) in edits {
            let (mark, outcome) = save(session, &project, edit)?;
            ensure_fast(&outcome)?;
            session.expect_answer(request, &answer)?;
            let confirmed = confirmation(session, mark)?;
            ensure!(
                confirmed.flag("agrees") == Some(true) && confirmed.outcome() == "unchanged",
                "{confirmed}"
            );
            session.expect_answer(request, &answer)?;
        }
        // What nobody has used so far, the program does not have, and the shadow has its header only.
        let edit = (
            MAIN,
            "format!(\"other one {}\", other.number)",
            "serde_json::to_string(&other).unwrap_or_default()",
        );
        let (_, outcome) = save(session, &project, edit)?;
        ensure!(
            outcome.outcome() == "patched" && outcome.text("way") == "full",
            "not patched the full way: {outcome}"
        );
        session.expect_answer("other", "{\"number\":1}")?;
        session.check_one_outcome_per_save()
    })
}

fn derives_of_others() -> Result<()> {
    let project = Project::copy_of("fast-derives-lookalike")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        ensure_derives(&project, false)?;
        let (mark, outcome) = save(session, &project, (MAIN, "answer one", "answer two"))?;
        ensure_fast(&outcome)?;
        session.expect_answer("it", "answer two it page")?;
        let confirmed = confirmation(session, mark)?;
        ensure!(confirmed.flag("agrees") == Some(true), "{confirmed}");
        session.check_one_outcome_per_save()
    })
}

fn everything_else() -> Result<()> {
    let project = Project::copy_of("fast-way")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let edits = [
            (
                (MAIN, "generic one", "generic two"),
                "generic",
                "generic two 1",
            ),
            ((MAIN, "opaque one", "opaque two"), "opaque", "opaque two"),
            ((MAIN, "stated one", "stated two"), "stated", "stated two 0"),
            ((MAIN, "macro one", "macro two"), "macro", "macro two"),
            ((MAIN, "    10\n", "    11\n"), "constant", "limit 11"),
        ];
        for (edit, request, answer) in edits {
            let (_, outcome) = save(session, &project, edit)?;
            ensure!(
                outcome.outcome() == "patched" && outcome.text("way") == "full",
                "not patched the full way: {outcome}"
            );
            session.expect_answer(request, answer)?;
        }
        // A closure that exists counts on with what it has captured: another type of it is no fast patch either.
        session.expect_answer("kept", "1")?;
        let (_, outcome) = save(
            session,
            &project,
            (
                SHAPES,
                "let mut count = 0;",
                "let mut count = 0_u8;\n    let count = &mut count;",
            ),
        )?;
        ensure!(
            outcome.text("way") != "fast",
            "a closure with other captures was patched: {outcome}"
        );
        session.check_one_outcome_per_save()
    })
}

fn what_the_compiler_rejects() -> Result<()> {
    let project = Project::copy_of("fast-way")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        session.expect_answer("plain", "plain one 2")?;
        // A lint that the crate denies: no business of the shadow.
        let edit = (
            MAIN,
            "format!(\"plain one {helped}\")",
            "let unused = 1;\n    format!(\"plain two {helped}\")",
        );
        let (mark, outcome) = save(session, &project, edit)?;
        ensure_fast(&outcome)?;
        let confirmed = confirmation(session, mark)?;
        ensure!(
            confirmed.flag("agrees") == Some(false) && confirmed.outcome() == "compile-error",
            "{confirmed}"
        );
        session.wait_for_stderr(mark, "unused")?;
        session.expect_answer("plain", "plain one 2")?;
        let pid = session.program_pid()?;
        let (mark, outcome) = save(session, &project, (MAIN, "let unused = 1;\n    ", ""))?;
        ensure_fast(&outcome)?;
        session.expect_answer("plain", "plain two 2")?;
        let confirmed = confirmation(session, mark)?;
        ensure!(confirmed.flag("agrees") == Some(true), "{confirmed}");
        session.expect_answer("plain", "plain two 2")?;
        ensure!(session.program_pid()? == pid, "it was restarted");
        session.check_one_outcome_per_save()
    })
}

fn a_disagreement() -> Result<()> {
    let project = Project::copy_of("fast-way")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let (mark, outcome) = save(session, &project, (LENGTH, "length one", "length two"))?;
        ensure_fast(&outcome)?;
        let confirmed = confirmation(session, mark)?;
        ensure!(
            confirmed.flag("agrees") == Some(false) && confirmed.outcome() == "patched",
            "{confirmed}"
        );
        let length = project.read(LENGTH)?.len();
        session.expect_answer("length", &format!("length two {length}"))?;
        // Nothing is left over: another edit is right.
        let (mark, outcome) = save(session, &project, (MAIN, "plain one", "plain two"))?;
        ensure_fast(&outcome)?;
        session.expect_answer("plain", "plain two 2")?;
        confirmation(session, mark)?;
        session.expect_answer("plain", "plain two 2")?;
        session.expect_answer("length", &format!("length two {length}"))?;
        session.check_one_outcome_per_save()
    })
}

/// A static's new value is written over the old one, and the fast way takes none: undoing it brings no old value back.
fn statics_stay() -> Result<()> {
    let project = Project::copy_of("fast-undone")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let pid = session.program_pid()?;
        let (_, outcome) = save(session, &project, (MAIN, "level one", "level two"))?;
        ensure!(
            outcome.outcome() == "patched" && outcome.text("way") == "full",
            "{outcome}"
        );
        session.expect_answer("level", "level two level two")?;
        let edit = (MAIN, "let number = 1;", "let (number, unused) = (2, 1);");
        let (mark, outcome) = save(session, &project, edit)?;
        ensure_fast(&outcome)?;
        let confirmed = confirmation(session, mark)?;
        ensure!(confirmed.flag("agrees") == Some(false), "{confirmed}");
        session.expect_answer("plain", "plain one 1")?;
        session.expect_answer("level", "level two level two")?;

        // The static comes while a fast patch waits for the full way.
        let edit = (MAIN, "let (number, unused) = (2, 1);", "let number = 3;");
        let (_, outcome) = save(session, &project, edit)?;
        ensure_fast(&outcome)?;
        let (_, outcome) = save(session, &project, (MAIN, "level two", "level three"))?;
        ensure!(outcome.outcome() == "patched", "{outcome}");
        session.expect_answer("plain", "plain one 3")?;
        session.expect_answer("level", "level three level three")?;

        // With what the compiler rejects it does not come at all.
        let mark = session.mark();
        project.save(
            &[
                Edit::replace(MAIN, "level three", "level four"),
                Edit::replace(MAIN, "let number = 3;", "let (number, unused) = (4, 1);"),
            ],
            SaveMode::default(),
        )?;
        let outcome = session.wait_for_outcome(mark)?;
        ensure!(outcome.outcome() == "compile-error", "{outcome}");
        session.expect_answer("level", "level three level three")?;
        session.expect_answer("plain", "plain one 3")?;
        ensure!(session.program_pid()? == pid, "it was restarted");
        Ok(())
    })
}

fn saves_in_succession() -> Result<()> {
    let project = Project::copy_of("fast-way")?;
    session(&project)?.with_report(|session| {
        begin(session)?;
        let pid = session.program_pid()?;
        let edits = [
            ((MAIN, "plain one", "plain two"), "plain", "plain two 2"),
            ((MAIN, "number + 1", "number + 5"), "plain", "plain two 6"),
            (
                (SHAPES, "self.side * self.side", "self.side + self.side"),
                "area",
                "6",
            ),
            // Back to what the last full way has seen, if none came in between.
            ((MAIN, "plain two", "plain one"), "plain", "plain one 6"),
            ((MAIN, "(add(it) * 1)", "(add(it) * 2)"), "closure", "6 8"),
            ((MAIN, "number + 5", "number + 1"), "plain", "plain one 2"),
            // Not by the fast way: it has to bring what came before.
            (
                (MAIN, "generic one", "generic two"),
                "generic",
                "generic two 1",
            ),
            ((MAIN, "(add(it) * 2)", "(add(it) * 3)"), "closure", "9 12"),
        ];
        let mut mark = session.mark();
        let mut fast = 0;
        for (edit, request, answer) in edits {
            let outcome;
            (mark, outcome) = save(session, &project, edit)?;
            ensure!(outcome.outcome() == "patched", "{outcome}");
            fast += usize::from(outcome.text("way") == "fast");
            session.expect_answer(request, answer)?;
        }
        ensure!(fast == edits.len() - 1, "{fast} went the fast way");
        let confirmed =
            session.wait_for_event(mark, "confirmation", build_deadline(), |event| {
                event.kind() == "confirmation" && event.outcome() != "superseded"
            })?;
        ensure!(confirmed.flag("agrees") == Some(true), "{confirmed}");
        for (request, answer) in [
            ("plain", "plain one 2"),
            ("closure", "9 12"),
            ("area", "6"),
            ("generic", "generic two 1"),
        ] {
            session.expect_answer(request, answer)?;
        }
        ensure!(session.program_pid()? == pid, "it was restarted");
        session.check_one_outcome_per_save()
    })
}
