//! Could anybody ever see the edit? A function that runs goes on in its old code, and one that was called for the last time has no
//! call left that would reach its new code. An edit of nothing else would be reported as done and change nothing.
//!
//! A function may be entered again if its address is kept somewhere, if a frame may still come to a call of it, or if something
//! calls it that may itself be entered again. Only what is certain not to be entered again counts: what cannot be told is taken to
//! have an effect, and the program's marks tell ([`super::marks`]).
//!
//! The calls are those of the objects as they will be ([`super::calls`]); what the frames may still call is read from the code that
//! they are in ([`super::frames`]), which may call what the new code does not.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;

use super::calls::{ENTRY, ObjectCalls};
use super::decide::{Build, Environment, Replacement};
use super::frames::Ahead;
use crate::codes::{self, Reason};
use crate::link::plan::pretty;
use crate::link::{Live, OldNames};
use crate::object::target::is_mangled;
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

/// What is asked of the running program.
trait RunningCode {
    /// False if it is certain that no frame comes to a call of the function.
    fn may_call(&self, function: &str) -> Result<bool>;
    /// The function has a frame, in any version.
    fn runs(&self, function: &str) -> Result<bool>;
}

/// The calls of some or all objects of the program as it will be.
struct Calls {
    objects: Vec<Arc<ObjectCalls>>,
    /// No object is missing.
    is_whole: bool,
}

impl Calls {
    /// Those of the objects that were read before.
    fn known(build: &Build<'_>) -> Self {
        let mut is_whole = true;
        let objects = build.objects().filter_map(|object| {
            let known = build.files.known_calls(object);
            is_whole &= known.is_some();
            known
        });
        let objects = objects.collect();
        Self { objects, is_whole }
    }

    /// Those of all objects.
    ///
    /// # Errors
    /// When an object cannot be read.
    fn all(build: &Build<'_>) -> Result<Self> {
        let objects = build.objects().map(|object| build.files.calls(object));
        Ok(Self {
            objects: objects.collect::<Result<_>>()?,
            is_whole: true,
        })
    }

    fn callers_of<'c>(&'c self, function: &'c str) -> impl Iterator<Item = &'c str> {
        self.objects
            .iter()
            .flat_map(move |object| object.callers_of(function))
    }

    fn is_taken(&self, function: &str) -> bool {
        self.objects
            .iter()
            .any(|object| object.takes_address_of(function))
    }

    fn is_called_at_start(&self, function: &str) -> bool {
        self.objects
            .iter()
            .any(|object| object.is_called_at_start(function))
    }
}

/// A search for a way into a function.
struct Search<'s> {
    calls: &'s Calls,
    /// The symbol of the program's `main`?
    is_main: &'s dyn Fn(&str) -> bool,
    /// `None`: no frame is asked for.
    program: Option<&'s dyn RunningCode>,
    /// Functions through which no way leads.
    is_closed: &'s dyn Fn(&str) -> bool,
}

impl Search<'_> {
    /// True if there is a way, or may be one. Where objects are missing, or no frame is asked for, false means nothing.
    fn may_be_entered(&self, function: &str) -> Result<bool> {
        let mut left = vec![function];
        let mut seen: HashSet<&str> = HashSet::from([function]);
        let mut by_frames = Vec::new();
        while let Some(one) = left.pop() {
            if (self.is_closed)(one) {
                continue;
            }
            if self.is_open(one) {
                return Ok(true);
            }
            by_frames.push(one);
            for caller in self.calls.callers_of(one) {
                if seen.insert(caller) {
                    left.push(caller);
                }
            }
        }
        let Some(program) = self.program else {
            return Ok(false);
        };
        for one in by_frames {
            if program.may_call(one)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True if it may be entered whoever runs.
    fn is_open(&self, function: &str) -> bool {
        // Nobody calls these two, once they were called.
        if function == ENTRY || (self.is_main)(function) {
            return self.calls.is_taken(function);
        }
        if !is_mangled(function) || self.calls.is_taken(function) {
            return true;
        }
        // Somebody must have called what nobody calls.
        self.calls.is_whole
            && self.calls.callers_of(function).next().is_none()
            && !self.calls.is_called_at_start(function)
    }
}

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
    let mut effect = Effect {
        callers: callers(&roots, &calls),
        ..Effect::default()
    };
    // Whatever reads it sees the new value of a static that keeps its place, in old frames too.
    if left.len() == roots.len() && decided.difference.rewritten.is_empty() {
        effect.none = Some(no_effect(&left, &calls, &program, decided)?);
        return Ok(effect);
    }
    for function in &left {
        // That an old frame goes on is said of it anyway.
        if !program.runs(function)? {
            let why = why_not_entered(function, &calls, &program)?;
            effect.notes.push(format!(
                "{why}; what was edited in it has no effect before a restart"
            ));
        }
    }
    for function in &roots {
        if !left.contains(function)
            && let Some(gate) = only_through(function, &calls, &is_main, &program)?
        {
            effect.notes.push(format!(
                "`{}` is called only through `{gate}`, which calls a function once: it may have been called for the last time",
                pretty(function)
            ));
        }
    }
    Ok(effect)
}

/// Those of `functions` into which no way leads.
fn without_a_way<'r>(
    functions: &[&'r str],
    calls: &Calls,
    is_main: &dyn Fn(&str) -> bool,
    program: Option<&dyn RunningCode>,
) -> Result<Vec<&'r str>> {
    let search = Search {
        calls,
        is_main,
        program,
        is_closed: &|_| false,
    };
    let mut left = Vec::new();
    for &function in functions {
        if !search.may_be_entered(function)? {
            left.push(function);
        }
    }
    Ok(left)
}

/// What the standard library has for calling something once, if every way into the function leads through it.
fn only_through(
    function: &str,
    calls: &Calls,
    is_main: &dyn Fn(&str) -> bool,
    program: &dyn RunningCode,
) -> Result<Option<&'static str>> {
    const ONCE: &[(&str, &str)] = &[
        ("9once_lock", "OnceLock"),
        ("4cell4once", "OnceCell"),
        ("4sync4once", "Once"),
        ("9lazy_lock", "LazyLock"),
        ("4cell4lazy", "LazyCell"),
    ];
    let gate = |name: &str| ONCE.iter().find(|(part, _)| name.contains(part));
    let passed = std::cell::Cell::new(None);
    let is_closed = |name: &str| match gate(name) {
        Some((_, gate)) if name != function => {
            passed.set(Some(*gate));
            true
        }
        _ => false,
    };
    let search = Search {
        calls,
        is_main,
        program: Some(program),
        is_closed: &is_closed,
    };
    // Few ways lead through one: most searches end before that, and then no frame has to be asked for.
    let without_frames = Search {
        program: None,
        ..search
    };
    if without_frames.may_be_entered(function)? || passed.get().is_none() {
        return Ok(None);
    }
    Ok((!search.may_be_entered(function)?)
        .then(|| passed.get())
        .flatten())
}

fn callers(functions: &[&str], calls: &Calls) -> HashMap<String, Callers> {
    functions
        .iter()
        .take(MOST_FUNCTIONS)
        .map(|function| {
            let mut found: Vec<String> = calls
                .callers_of(function)
                .take(MOST_CALLERS)
                .map(str::to_owned)
                .collect();
            found.sort();
            found.dedup();
            let callers = Callers {
                functions: found,
                is_taken: calls.is_taken(function),
            };
            ((*function).to_owned(), callers)
        })
        .collect()
}

/// The reason to restart for functions that will all not be entered again.
fn no_effect(
    functions: &[&str],
    calls: &Calls,
    program: &dyn RunningCode,
    decided: &Replacement<'_>,
) -> Result<Reason> {
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
            whys.push(why_not_entered(function, calls, program)?);
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
fn why_not_entered(function: &str, calls: &Calls, program: &dyn RunningCode) -> Result<String> {
    let name = pretty(function);
    if program.runs(function)? {
        return Ok(format!(
            "`{name}` runs, in the code of before, and nothing will call it again"
        ));
    }
    let mut passed = Vec::new();
    for caller in calls.callers_of(function) {
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
    if calls.is_called_at_start(function) {
        return Ok(format!(
            "`{name}` was called before `main`, and nothing will call it again"
        ));
    }
    Ok(format!(
        "`{name}` was called for the last time: nothing that runs will call it again"
    ))
}

/// The running program, as the search for an effect sees it.
pub(super) struct RunningSide<'r> {
    live: &'r Live,
    stacks: &'r Stacks,
    /// One for all functions that are asked for, made when the first one is.
    ahead: OnceCell<Ahead>,
    names: &'r OldNames,
}

impl<'r> RunningSide<'r> {
    /// `names` are those by which the program knows the functions that are asked for.
    pub(super) fn new(live: &'r Live, stacks: &'r Stacks, names: &'r OldNames) -> Self {
        Self {
            live,
            stacks,
            ahead: OnceCell::new(),
            names,
        }
    }

    fn ahead(&self) -> Result<&Ahead> {
        match self.ahead.get() {
            Some(ahead) => Ok(ahead),
            None => {
                let look = self.stacks.look()?;
                let ahead = Ahead::of(self.live, &look, self.stacks.process())?;
                Ok(self.ahead.get_or_init(|| ahead))
            }
        }
    }
}

impl RunningCode for RunningSide<'_> {
    fn may_call(&self, function: &str) -> Result<bool> {
        let Some((old, object)) = self.names.old_function(function, None) else {
            // No frame knows it.
            return Ok(false);
        };
        match self.live.function(old, object.unwrap_or("")) {
            Ok(Some(callable)) => Ok(self.ahead()?.may_call(callable.address().0)),
            Ok(None) => Ok(false),
            // Which of them a frame would call is not known.
            Err(_) => Ok(true),
        }
    }

    fn runs(&self, function: &str) -> Result<bool> {
        let Some((old, object)) = self.names.old_function(function, None) else {
            return Ok(false);
        };
        let Ok(Some(callable)) = self.live.function(old, object.unwrap_or("")) else {
            return Ok(false);
        };
        let ahead = self.ahead()?;
        let address = callable.address();
        let mut bodies = self.live.all_bodies(address);
        Ok(ahead.runs(address.0) || bodies.any(|body| ahead.runs(body.start.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    fn calls(pairs: &[(&str, &str)], taken: &[&str], at_start: &[&str]) -> Calls {
        Calls {
            objects: vec![Arc::new(ObjectCalls::with(pairs, taken, at_start))],
            is_whole: true,
        }
    }

    fn enters_again(root: &str, calls: &Calls, program: &Program) -> bool {
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
            only_through(function, known, &|_| false, &Program::default()).expect("an answer")
        };
        assert_eq!(through("_Rload", &known), Some("OnceLock"));
        assert_eq!(through("_Rtick", &known), None);
        let known = calls(
            &[(once, "_Rload"), ("_Rserve", once), ("_Rserve", "_Rload")],
            &["_Rserve"],
            &[],
        );
        assert_eq!(through("_Rload", &known), None);
    }

    #[test]
    fn the_reason_names_who_has_passed() {
        let known = calls(&[("_Rmain", "_Rmake"), ("_Rgone", "_Rmake")], &[], &[]);
        let program = Program {
            running: &["_Rmain"],
            ..Program::default()
        };
        let why = |function| why_not_entered(function, &known, &program).expect("an answer");
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
