//! Ways into a function that may have been closed for good, which the calls alone do not tell: what the standard library calls
//! once, and `async` bodies that nobody can begin anew.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use anyhow::Result;

use super::search::{Calls, Holder, Passing, RunningCode, Search};
use crate::judge::debug::DebugFacts;
use crate::link::plan::pretty;

/// What symbols of functions that call another once have in them, and what they are of.
const ONCE: &[(&str, &str)] = &[
    ("9once_lock", "OnceLock"),
    ("4cell4once", "OnceCell"),
    ("4sync4once", "Once"),
    ("9lazy_lock", "LazyLock"),
    ("4cell4lazy", "LazyCell"),
];
/// What `thread_local!` makes of an initial value that has to be computed, as symbols have it.
const OF_THREAD: &str = "__rust_std_internal_init_fn";
/// Types of statics that call a function once, as debug info spells them.
const LAZY: &[(&str, &str)] = &[
    ("std::sync::lazy_lock::LazyLock<", "LazyLock"),
    ("core::cell::lazy::LazyCell<", "LazyCell"),
];

/// What a way leads through.
#[derive(Debug, Clone)]
enum Gate {
    Once(&'static str),
    OnceInThread,
    /// The symbol of the body.
    Async(String),
}

/// All ways into a function may be closed.
#[derive(Debug)]
pub(super) struct Passed {
    /// What is to be said of that.
    pub(super) note: String,
    /// If it is certain that they are closed, the `async` body that has passed the function.
    pub(super) by: Option<String>,
}

/// Whether every way into a function leads through something that may be closed. The calls must be whole.
///
/// # Errors
/// When the program cannot be read.
pub(super) fn only_through(
    function: &str,
    calls: &Calls<'_>,
    is_main: &dyn Fn(&str) -> bool,
    program: &dyn RunningCode,
) -> Result<Option<Passed>> {
    let gates = Gates {
        calls,
        is_main,
        program,
        bodies: RefCell::default(),
        lazy: RefCell::default(),
    };
    let passed = RefCell::new(Vec::new());
    let failed = Cell::new(None);
    let is_closed = |name: &str| {
        if name == function {
            return false;
        }
        match gates.gate(name) {
            Ok(Some(gate)) => {
                passed.borrow_mut().push(gate);
                true
            }
            Ok(None) => false,
            Err(error) => {
                failed.set(Some(error));
                false
            }
        }
    };
    let is_done = |holder: Holder<'_>| {
        let of = gates.lazy(holder);
        if let Some(of) = of {
            passed.borrow_mut().push(Gate::Once(of));
        }
        of.is_some()
    };
    let search = |program| Search {
        calls,
        is_main,
        program,
        is_closed: &is_closed,
        is_done: &is_done,
    };
    // Most searches end before they ask for a frame.
    let may_be_entered = search(None).may_be_entered(function)?
        || passed.borrow().is_empty()
        || search(Some(program)).may_be_entered(function)?;
    if let Some(error) = failed.take() {
        return Err(error);
    }
    let passed = passed.take();
    let Some(gate) = passed.last().filter(|_| !may_be_entered) else {
        return Ok(None);
    };
    Ok(Some(Passed {
        note: said(function, gate),
        by: gates.passed_by(function, &passed)?,
    }))
}

fn said(function: &str, gate: &Gate) -> String {
    let name = pretty(function);
    match gate {
        Gate::Once(of) => format!(
            "`{name}` is called only through `{of}`, which calls a function once: it may have been called for the last time"
        ),
        Gate::OnceInThread => format!(
            "`{name}` is called only for the initial value of a thread-local, once in each thread: threads that have theirs keep it"
        ),
        Gate::Async(body) => format!(
            "`{name}` is called only from `{}`, which seems to go on where it waits, and may have passed that place",
            pretty(body)
        ),
    }
}

struct Gates<'g> {
    calls: &'g Calls<'g>,
    is_main: &'g dyn Fn(&str) -> bool,
    program: &'g dyn RunningCode,
    /// Whether these bodies go on and are not begun anew.
    bodies: RefCell<HashMap<String, bool>>,
    /// What these statics are.
    lazy: RefCell<HashMap<String, Option<&'static str>>>,
}

impl Gates<'_> {
    fn gate(&self, name: &str) -> Result<Option<Gate>> {
        if let Some((_, of)) = ONCE.iter().find(|(part, _)| name.contains(part)) {
            return Ok(Some(Gate::Once(of)));
        }
        if name.contains(OF_THREAD) {
            return Ok(Some(Gate::OnceInThread));
        }
        let Some(maker) = maker(name) else {
            return Ok(None);
        };
        let known = self.bodies.borrow().get(name).copied();
        let is_left = match known {
            Some(known) => known,
            None => {
                // Until it is known, it counts as one that nobody begins anew: a circle begins nothing.
                self.bodies.borrow_mut().insert(name.to_owned(), true);
                let is_left = self.program.resumes(name)? && !self.may_be_begun(&maker)?;
                self.bodies.borrow_mut().insert(name.to_owned(), is_left);
                is_left
            }
        };
        Ok(is_left.then(|| Gate::Async(name.to_owned())))
    }

    /// By what name a static is known that calls what it holds once.
    fn lazy(&self, holder: Holder<'_>) -> Option<&'static str> {
        if let Some(known) = self.lazy.borrow().get(holder.name) {
            return *known;
        }
        // Where debug info cannot be read, it may call it again.
        let facts = DebugFacts::read(&[holder.object]).ok();
        let type_name = facts.and_then(|mut facts| facts.statics.remove(holder.name));
        let found = type_name.and_then(|fact| {
            let is_that = |(begin, _): &&(&str, &str)| fact.type_name.starts_with(begin);
            LAZY.iter().find(is_that).map(|(_, of)| *of)
        });
        let mut lazy = self.lazy.borrow_mut();
        lazy.insert(holder.name.to_owned(), found);
        found
    }

    /// The only body through which all ways lead, if it has certainly passed the function.
    fn passed_by(&self, function: &str, passed: &[Gate]) -> Result<Option<String>> {
        let Some(Gate::Async(body)) = passed.first() else {
            return Ok(None);
        };
        let is_only = |gate: &Gate| matches!(gate, Gate::Async(other) if other == body);
        let Some(main) = maker(body).filter(|main| (self.is_main)(main)) else {
            return Ok(None);
        };
        let known = self.calls.of(body);
        let is_kept = known.is_taken || !known.holders.is_empty();
        let polling = self.calls.leading(body, &main);
        let inner = self.calls.leading(function, body);
        let (Some(polling), Some(inner)) = (polling, inner) else {
            return Ok(None);
        };
        let has_passed = passed.iter().all(is_only)
            && !is_kept
            && self.program.has_passed(&Passing {
                body,
                main: &main,
                polling: &polling,
                inner: &inner,
            })?;
        Ok(has_passed.then(|| body.clone()))
    }

    /// Whether the function that makes the body may be called again.
    fn may_be_begun(&self, maker: &str) -> Result<bool> {
        let search = Search {
            calls: self.calls,
            is_main: self.is_main,
            program: Some(self.program),
            is_closed: &|name| name != maker && matches!(self.gate(name), Ok(Some(_))),
            is_done: &|holder| self.lazy(holder).is_some(),
        };
        search.may_be_entered(maker)
    }
}

/// The symbol of the function whose body makes the closure or coroutine of this symbol, if that is told by the symbol: the function
/// is no closure itself, and no instance of a generic one.
fn maker(name: &str) -> Option<String> {
    let path = name.strip_prefix("_RNC")?;
    let path = match path.rsplit_once("0B") {
        // The crate that has the instance.
        Some((path, crate_of)) if is_number(crate_of) => path,
        _ => path.strip_suffix('0')?,
    };
    // Closures of one function are numbered from the second on.
    let path = match path.rsplit_once('s') {
        Some((path, number)) if is_number(number) => path,
        _ => path,
    };
    (path.starts_with("Nv") && !path.is_empty()).then(|| format!("_R{path}"))
}

/// A number as symbols write it: digits of base 62, and an underscore behind them.
fn is_number(text: &str) -> bool {
    text.strip_suffix('_')
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_around_a_body_is_told_by_its_symbol() {
        for (body, function) in [
            ("_RNCNvCs1a_3app5serve0B3_", Some("_RNvCs1a_3app5serve")),
            ("_RNCNvCs1a_3app5serves0_0B3_", Some("_RNvCs1a_3app5serve")),
            ("_RNCNvCs1a_3app5serve0", Some("_RNvCs1a_3app5serve")),
            ("_RNCNCNvCs1a_3app5serve00B5_", None),
            ("_RNvCs1a_3app5serve", None),
            ("serve", None),
        ] {
            assert_eq!(maker(body).as_deref(), function, "{body}");
        }
    }
}
