//! Could anybody ever see the edit? A function that runs goes on in its old code, and one that was called for the last time has no
//! call left that would reach its new code. An edit of nothing else would be reported as done and change nothing.
//!
//! A function may be entered again if its address is kept somewhere, if a frame may still come to a call of it, or if something
//! calls it that may itself be entered again. Only what is certain not to be entered again counts: what cannot be told is taken to
//! have an effect, and the program's marks tell ([`super::marks`]).
//!
//! The calls are those of the objects as they will be ([`super::calls`], [`super::search`]); what the frames may still call is read from the code that
//! they are in ([`super::frames`]), which may call what the new code does not.

use std::collections::HashMap;

use anyhow::Result;

use super::decide::{Environment, Replacement};
use super::gates::{Passed, only_through};
use super::search::{Calls, RunningCode, RunningSide, Search};
use crate::codes::{self, Reason};
use crate::link::plan::pretty;
use crate::link::{Live, OldNames};
use crate::process::stacks::Stacks;

/// What is known of an edit's effect.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// Why it would have none, if that is certain.
    pub(super) none: Option<Reason>,
    /// Which part of it has none, and which may have none.
    pub(super) notes: Vec<String>,
    /// By symbol, who calls each edited function.
    pub(super) callers: HashMap<String, Callers>,
}

/// Who calls a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callers {
    /// Symbols of functions that call it, in order.
    pub functions: Vec<String>,
    /// Its address is kept somewhere.
    pub is_taken: bool,
}

/// No more callers of one function are remembered.
const MOST_CALLERS: usize = 8;
/// Of no more functions is it remembered who calls them.
const MOST_FUNCTIONS: usize = 32;

/// What the edit would change, as far as that is certain: see the module's documentation.
///
/// # Errors
/// When the program or an object cannot be read.
pub(super) fn effect(
    live: &Live,
    stacks: &Stacks,
    decided: &Replacement<'_>,
    context: &Environment<'_>,
) -> Result<Effect> {
    let mut roots: Vec<&str> = decided
        .replacements
        .iter()
        .map(|(_, new)| new.key.name.as_str())
        .filter(|name| !decided.refreshed.contains(*name))
        .collect();
    roots.sort_unstable();
    roots.dedup();
    if roots.is_empty() {
        return Ok(Effect::default());
    }
    let main = format!("{}::main", context.executable);
    let is_main = |symbol: &str| symbol.contains("4main") && pretty(symbol) == main;
    let program = RunningSide::new(live, stacks, &decided.names);
    let mut calls = Calls::known(&decided.build);
    let mut left = without_a_way(&roots, &calls, &is_main, None)?;
    if !left.is_empty() {
        if !calls.is_whole {
            calls = Calls::all(&decided.build)?;
        }
        left = without_a_way(&left, &calls, &is_main, Some(&program))?;
    }
    let open: Vec<&str> = roots
        .iter()
        .copied()
        .filter(|function| !left.contains(function))
        .collect();
    let mut gated = gated(&open, &calls, &is_main, &program)?;
    // Some calls are more ways into a function than none.
    if !gated.is_empty() && !calls.is_whole {
        calls = Calls::all(&decided.build)?;
        gated = self::gated(&open, &calls, &is_main, &program)?;
    }
    let mut effect = Effect {
        callers: callers(&roots, &calls),
        ..Effect::default()
    };
    let passed: HashMap<&str, String> = gated
        .iter()
        .filter_map(|(function, passed)| Some((*function, passed.by.clone()?)))
        .collect();
    left.extend(passed.keys());
    left.sort_unstable();
    let seen = Seen {
        calls: &calls,
        program: &program,
        passed: &passed,
    };
    // Whatever reads it sees the new value of a static that keeps its place, in old frames too.
    if left.len() == roots.len() && decided.difference.rewritten.is_empty() {
        effect.none = Some(no_effect(&left, &seen, decided)?);
        return Ok(effect);
    }
    for function in &left {
        // That an old frame goes on is said of it anyway.
        if !program.runs(function)? {
            let why = why_not_entered(function, &seen)?;
            effect.notes.push(format!(
                "{why}; what was edited in it has no effect before a restart"
            ));
        }
    }
    let doubtful = gated.into_iter().filter(|(_, passed)| passed.by.is_none());
    effect.notes.extend(doubtful.map(|(_, passed)| passed.note));
    Ok(effect)
}

/// By what it is told why a function will not be entered again.
struct Seen<'s> {
    calls: &'s Calls<'s>,
    program: &'s dyn RunningCode,
    /// Functions that an `async` body has certainly passed, with the body.
    passed: &'s HashMap<&'s str, String>,
}

/// Those of `functions` into which all ways may have been closed.
fn gated<'r>(
    functions: &[&'r str],
    calls: &Calls<'_>,
    is_main: &dyn Fn(&str) -> bool,
    program: &dyn RunningCode,
) -> Result<Vec<(&'r str, Passed)>> {
    let mut found = Vec::new();
    for &function in functions {
        let passed = only_through(function, calls, is_main, program)?;
        found.extend(passed.map(|passed| (function, passed)));
    }
    Ok(found)
}

/// Those of `functions` into which no way leads.
fn without_a_way<'r>(
    functions: &[&'r str],
    calls: &Calls<'_>,
    is_main: &dyn Fn(&str) -> bool,
    program: Option<&dyn RunningCode>,
) -> Result<Vec<&'r str>> {
    let search = Search {
        calls,
        is_main,
        program,
        is_closed: &|_| false,
        is_done: &|_| false,
    };
    let mut left = Vec::new();
    for &function in functions {
        if !search.may_be_entered(function)? {
            left.push(function);
        }
    }
    Ok(left)
}

fn callers(functions: &[&str], calls: &Calls<'_>) -> HashMap<String, Callers> {
    functions
        .iter()
        .take(MOST_FUNCTIONS)
        .map(|function| {
            let mut known = calls.of(function);
            known.callers.sort_unstable();
            known.callers.dedup();
            known.callers.truncate(MOST_CALLERS);
            let callers = Callers {
                functions: known.callers.into_iter().map(str::to_owned).collect(),
                is_taken: known.is_taken || !known.holders.is_empty(),
            };
            ((*function).to_owned(), callers)
        })
        .collect()
}

/// The reason to restart for functions that will all not be entered again.
fn no_effect(functions: &[&str], seen: &Seen<'_>, decided: &Replacement<'_>) -> Result<Reason> {
    let mut leading: Vec<String> = functions
        .iter()
        .map(|name| format!("`{}`", pretty(name)))
        .collect();
    leading.sort();
    leading.dedup();
    let leading = leading.join(", ");
    let cut = decided.cut.is_some();
    let message = if let Some(renewed) = decided.renewed.first() {
        format!(
            "the signature of `{}` changed; only {leading} would lead to the new code, and nothing that runs will call it again",
            pretty(&renewed.key.name)
        )
    } else if cut {
        format!(
            "{}; only {leading} would lead to the new code, and nothing that runs will call it again",
            decided.notes.join("; ")
        )
    } else {
        let mut whys = Vec::new();
        for function in functions.iter().take(3) {
            whys.push(why_not_entered(function, seen)?);
        }
        if functions.len() > whys.len() {
            whys.push(format!("and {} more", functions.len() - whys.len()));
        }
        whys.join("; ")
    };
    Ok(Reason::new(&codes::NO_EFFECT, message))
}

/// What is known of who may still call each of these functions of the running program.
///
/// # Errors
/// When the program cannot be read.
pub(super) fn who_calls(
    live: &Live,
    stacks: &Stacks,
    functions: &[(&str, &Callers)],
) -> Result<Vec<Option<String>>> {
    let names = OldNames::default();
    let program = RunningSide::new(live, stacks, &names);
    functions
        .iter()
        .map(|(function, callers)| who_calls_one(function, callers, &program))
        .collect()
}

fn who_calls_one(
    function: &str,
    callers: &Callers,
    program: &dyn RunningCode,
) -> Result<Option<String>> {
    let mut known = Vec::new();
    if program.runs(function)? {
        known.push("it runs, in the code of before".to_owned());
    }
    for caller in &callers.functions {
        let doing = match (program.runs(caller)?, program.may_call(function)?) {
            (true, false) => "which has passed that place",
            (true, true) => "which runs and may come to it",
            (false, _) => "which does not run now",
        };
        known.push(format!("`{}` calls it, {doing}", pretty(caller)));
    }
    if callers.is_taken {
        known.push("it is called through a pointer or a trait object".to_owned());
    }
    Ok((!known.is_empty()).then(|| known.join("; ")))
}

/// Why a function will not be entered again.
fn why_not_entered(function: &str, seen: &Seen<'_>) -> Result<String> {
    let Seen { calls, program, .. } = *seen;
    let name = pretty(function);
    if program.runs(function)? {
        return Ok(format!(
            "`{name}` runs, in the code of before, and nothing will call it again"
        ));
    }
    let mut passed = Vec::new();
    if let Some(body) = seen.passed.get(function) {
        passed.push(format!("`{}`", pretty(body)));
    }
    let known = calls.of(function);
    for caller in known.callers {
        if program.runs(caller)? {
            passed.push(format!("`{}`", pretty(caller)));
        }
    }
    passed.sort();
    passed.dedup();
    passed.truncate(3);
    if !passed.is_empty() {
        return Ok(format!(
            "`{name}` was called for the last time: {} has passed its calls of it, and nothing else that runs will call it again",
            passed.join(" and ")
        ));
    }
    if known.is_called_at_start {
        return Ok(format!(
            "`{name}` was called before `main`, and nothing will call it again"
        ));
    }
    Ok(format!(
        "`{name}` was called for the last time: nothing that runs will call it again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::calls::ObjectCalls;

    /// Frames that may still call these, and functions that have a frame.
    #[derive(Default)]
    struct Program {
        ahead: &'static [&'static str],
        running: &'static [&'static str],
    }

    impl RunningCode for Program {
        fn may_call(&self, function: &str) -> Result<bool> {
            Ok(self.ahead.contains(&function))
        }
        fn runs(&self, function: &str) -> Result<bool> {
            Ok(self.running.contains(&function))
        }
        fn resumes(&self, function: &str) -> Result<bool> {
            Ok(function.starts_with("_RNC"))
        }
    }

    fn calls(pairs: &[(&str, &str)], taken: &[&str], at_start: &[&str]) -> Calls<'static> {
        Calls::with(pairs, taken, at_start)
    }

    fn enters_again(root: &str, calls: &Calls<'_>, program: &Program) -> bool {
        let left = without_a_way(&[root], calls, &|name| name == "_Rmain", Some(program));
        left.expect("an answer").is_empty()
    }

    #[test]
    fn a_call_that_lies_behind_is_not_made_again() {
        let (none, ahead) = (
            Program::default(),
            Program {
                ahead: &["_Rmake"],
                ..Program::default()
            },
        );
        let known = calls(&[("_Rmain", "_Rmake")], &[], &[]);
        assert!(!enters_again("_Rmake", &known, &none));
        assert!(enters_again("_Rmake", &known, &ahead));
        // `main` itself is not entered again, unless somebody calls it or may do so.
        assert!(!enters_again("_Rmain", &known, &ahead));
        let known = calls(&[("_Rmain", "_Rmake"), ("exported", "_Rmain")], &[], &[]);
        assert!(enters_again("_Rmain", &known, &none));
        let known = calls(&[("_Rmain", "_Rmake")], &["_Rmain"], &[]);
        assert!(enters_again("_Rmain", &known, &none));
    }

    #[test]
    fn callers_of_callers_count() {
        let known = calls(
            &[("_Rmain", "_Ra"), ("_Ra", "_Rmake"), ("_Rmake", "_Rmake")],
            &[],
            &[],
        );
        assert!(!enters_again("_Rmake", &known, &Program::default()));
        let ahead = Program {
            ahead: &["_Ra"],
            ..Program::default()
        };
        assert!(enters_again("_Rmake", &known, &ahead));
    }

    #[test]
    fn an_address_that_was_taken_may_be_called_by_anyone() {
        let known = calls(&[("_Rmain", "_Rmake")], &["_Rmake"], &[]);
        for function in ["_Rmake", "exported", "_Runknown"] {
            assert!(enters_again(function, &known, &Program::default()));
        }
    }

    #[test]
    fn what_the_loader_calls_is_called_once() {
        let known = calls(&[("_Rbefore", "_Rset")], &[], &["_Rbefore"]);
        assert!(!enters_again("_Rset", &known, &Program::default()));
        let known = calls(&[], &["_Rbefore"], &["_Rbefore"]);
        assert!(enters_again("_Rbefore", &known, &Program::default()));
    }

    #[test]
    fn objects_that_were_not_read_settle_nothing() {
        let mut known = calls(&[], &[], &[]);
        known.is_whole = false;
        assert!(!enters_again("_Runknown", &known, &Program::default()));
    }

    #[test]
    fn what_is_called_once_only_is_said() {
        let once = "_R9once_lock11get_or_init";
        let known = calls(
            &[(once, "_Rload"), ("_Rserve", once)],
            &["_Rserve", "_Rtick"],
            &[],
        );
        let through = |function, known| {
            only_through(
                function,
                known,
                &|name| name == "_Rmain",
                &Program::default(),
            )
            .expect("an answer")
            .map(|passed| passed.note)
        };
        let note = through("_Rload", &known).expect("a note");
        assert!(note.contains("only through `OnceLock`"), "{note}");
        assert_eq!(through("_Rtick", &known), None);
        let known = calls(
            &[(once, "_Rload"), ("_Rserve", once), ("_Rserve", "_Rload")],
            &["_Rserve"],
            &[],
        );
        assert_eq!(through("_Rload", &known), None);
    }

    #[test]
    fn what_a_static_calls_again_is_not_called_once() {
        let mut object = ObjectCalls::with(&[], &[], &[]);
        object.hold("_RHOOK", "_Rhook");
        let known = Calls::of_object(object);
        assert!(enters_again("_Rhook", &known, &Program::default()));
        let is_main = |name: &str| name == "_Rmain";
        let note = only_through("_Rhook", &known, &is_main, &Program::default());
        assert!(note.expect("an answer").is_none(), "its type is not known");
        let is_done = Search {
            calls: &known,
            is_main: &is_main,
            program: Some(&Program::default()),
            is_closed: &|_| false,
            is_done: &|_| true,
        };
        assert!(!is_done.may_be_entered("_Rhook").expect("an answer"));
    }

    #[test]
    fn what_an_async_body_may_have_passed_is_said() {
        let body = "_RNCNvC3app5serve0B2_";
        let known = calls(
            &[
                (body, "_Rroutes"),
                ("_Rpoll", body),
                ("_Rmain", "_RNvC3app5serve"),
            ],
            &["_Rpoll"],
            &[],
        );
        let is_main = |name: &str| name == "_Rmain";
        let note = only_through("_Rroutes", &known, &is_main, &Program::default());
        let note = note.expect("an answer").expect("a note").note;
        assert!(note.contains("may have passed"), "{note}");
        // Whoever can begin the body anew can call it again.
        let known = calls(
            &[(body, "_Rroutes"), ("_Rpoll", body)],
            &["_Rpoll", "_RNvC3app5serve"],
            &[],
        );
        let note = only_through("_Rroutes", &known, &is_main, &Program::default());
        assert!(note.expect("an answer").is_none());
    }

    #[test]
    fn the_reason_names_who_has_passed() {
        let known = calls(&[("_Rmain", "_Rmake"), ("_Rgone", "_Rmake")], &[], &[]);
        let program = Program {
            running: &["_Rmain"],
            ..Program::default()
        };
        let seen = Seen {
            calls: &known,
            program: &program,
            passed: &HashMap::new(),
        };
        let why = |function| why_not_entered(function, &seen).expect("an answer");
        assert_eq!(
            why("_Rmake"),
            "`_Rmake` was called for the last time: `_Rmain` has passed its calls of it, and nothing else that runs will call it again"
        );
        assert_eq!(
            why("_Rmain"),
            "`_Rmain` runs, in the code of before, and nothing will call it again"
        );
        assert_eq!(
            why("_Rgone"),
            "`_Rgone` was called for the last time: nothing that runs will call it again"
        );
    }
}
