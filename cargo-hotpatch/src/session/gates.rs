//! Ways into a function that may have been closed for good, which the calls alone do not tell: what the standard library calls
//! once, and `async` bodies that nobody can begin anew.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use anyhow::Result;

use super::search::{Calls, RunningCode, Search};
use crate::link::plan::pretty;

/// What symbols of functions that call another once have in them, and what they are of.
const ONCE: &[(&str, &str)] = &[
    ("9once_lock", "OnceLock"),
    ("4cell4once", "OnceCell"),
    ("4sync4once", "Once"),
    ("9lazy_lock", "LazyLock"),
    ("4cell4lazy", "LazyCell"),
];

/// What a way leads through.
#[derive(Debug, Clone)]
enum Gate {
    Once(&'static str),
    /// The symbol of the body.
    Async(String),
}

/// What is to be said of a function if every way into it leads through something that may be closed.
///
/// # Errors
/// When the program cannot be read.
pub(super) fn only_through(
    function: &str,
    calls: &Calls,
    is_main: &dyn Fn(&str) -> bool,
    program: &dyn RunningCode,
) -> Result<Option<String>> {
    let gates = Gates {
        calls,
        is_main,
        program,
        bodies: RefCell::default(),
    };
    let passed = RefCell::new(None);
    let failed = Cell::new(None);
    let is_closed = |name: &str| {
        if name == function {
            return false;
        }
        match gates.gate(name) {
            Ok(Some(gate)) => {
                passed.replace(Some(gate));
                true
            }
            Ok(None) => false,
            Err(error) => {
                failed.set(Some(error));
                false
            }
        }
    };
    let search = |program| Search {
        calls,
        is_main,
        program,
        is_closed: &is_closed,
    };
    // Most searches end before they ask for a frame.
    let may_be_entered = search(None).may_be_entered(function)?
        || passed.borrow().is_none()
        || search(Some(program)).may_be_entered(function)?;
    if let Some(error) = failed.take() {
        return Err(error);
    }
    Ok(passed
        .take()
        .filter(|_| !may_be_entered)
        .map(|gate| said(function, &gate)))
}

fn said(function: &str, gate: &Gate) -> String {
    let name = pretty(function);
    match gate {
        Gate::Once(of) => format!(
            "`{name}` is called only through `{of}`, which calls a function once: it may have been called for the last time"
        ),
        Gate::Async(body) => format!(
            "`{name}` is called only from `{}`, which seems to go on where it waits, and may have passed that place",
            pretty(body)
        ),
    }
}

struct Gates<'g> {
    calls: &'g Calls,
    is_main: &'g dyn Fn(&str) -> bool,
    program: &'g dyn RunningCode,
    /// Whether these bodies go on and are not begun anew.
    bodies: RefCell<HashMap<String, bool>>,
}

impl Gates<'_> {
    fn gate(&self, name: &str) -> Result<Option<Gate>> {
        if let Some((_, of)) = ONCE.iter().find(|(part, _)| name.contains(part)) {
            return Ok(Some(Gate::Once(of)));
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

    /// Whether the function that makes the body may be called again.
    fn may_be_begun(&self, maker: &str) -> Result<bool> {
        let search = Search {
            calls: self.calls,
            is_main: self.is_main,
            program: Some(self.program),
            is_closed: &|name| name != maker && matches!(self.gate(name), Ok(Some(_))),
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
