//! Whether a function may be entered again: who calls it, from the objects, and what the frames that exist may still call.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use anyhow::Result;

use super::begun::{self, Asked};
use super::calls::{ENTRY, Name, ObjectCalls};
use super::decide::Build;
use super::frames::{Ahead, begins_where_it_was_left};
use crate::link::live::Callable;
use crate::link::{Live, OldNames};
use crate::object::target::is_mangled;
use crate::process::stacks::{self, Stacks, Words};

/// What is asked of the running program.
pub(super) trait RunningCode {
    /// False if it is certain that no frame comes to a call of the function.
    fn may_call(&self, function: &str) -> Result<bool>;
    /// The function has a frame, in any version.
    fn runs(&self, function: &str) -> Result<bool>;
    /// The function seems to go on where it was left, as an `async` body does.
    fn resumes(&self, function: &str) -> Result<bool>;
    /// True if it is certain that an `async` body has passed its calls: see [`super::begun`].
    fn has_passed(&self, _: &Passing<'_>) -> Result<bool> {
        Ok(false)
    }
}

/// An `async` body, and who leads to whom.
pub(super) struct Passing<'p> {
    pub(super) body: &'p str,
    /// The program's `main`, which makes the body.
    pub(super) main: &'p str,
    /// The functions that lead to the body, without `main`.
    pub(super) polling: &'p BTreeSet<&'p str>,
    /// The function in question, and those between the body and it.
    pub(super) inner: &'p BTreeSet<&'p str>,
}

/// The calls of some or all objects of the program as it will be.
pub(super) struct Calls<'b> {
    /// With the whole object.
    objects: Vec<(Arc<ObjectCalls>, &'b [u8])>,
    /// No object is missing.
    pub(super) is_whole: bool,
}

impl<'b> Calls<'b> {
    /// Those of the objects that were read before.
    pub(super) fn known(build: &'b Build<'_>) -> Self {
        let mut is_whole = true;
        let objects = build.objects().filter_map(|object| {
            let known = build.files.known_calls(object);
            is_whole &= known.is_some();
            Some((known?, build.files.bytes(object).ok()?))
        });
        let objects = objects.collect();
        Self { objects, is_whole }
    }

    /// Those of all objects.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub(super) fn all(build: &'b Build<'_>) -> Result<Self> {
        let objects = build
            .objects()
            .map(|object| Ok((build.files.calls(object)?, build.files.bytes(object)?)));
        Ok(Self {
            objects: objects.collect::<Result<_>>()?,
            is_whole: true,
        })
    }

    /// One object with these calls: see [`ObjectCalls::with`].
    #[cfg(test)]
    pub(super) fn with(pairs: &[(&str, &str)], taken: &[&str], at_start: &[&str]) -> Self {
        Self::of_object(ObjectCalls::with(pairs, taken, at_start))
    }

    #[cfg(test)]
    pub(super) fn of_object(object: ObjectCalls) -> Self {
        Self {
            objects: vec![(Arc::new(object), &[])],
            is_whole: true,
        }
    }

    /// A function, and all that lead to it without coming through `end`. `None` if there are many.
    pub(super) fn leading<'c>(&'c self, function: &'c str, end: &str) -> Option<BTreeSet<&'c str>> {
        const MANY: usize = 256;
        let mut found = BTreeSet::from([function]);
        let mut left = vec![function];
        while let Some(one) = left.pop() {
            for caller in self.of(one).callers {
                if caller != end && found.insert(caller) {
                    left.push(caller);
                }
            }
            if found.len() > MANY {
                return None;
            }
        }
        Some(found)
    }

    /// What the objects say of a function.
    pub(super) fn of<'c>(&'c self, function: &str) -> Function<'c> {
        let name = Name::of(function);
        let mut found = Function::default();
        for (calls, object) in &self.objects {
            let Some(said) = calls.of_function(name) else {
                continue;
            };
            found.callers.extend(said.callers());
            let holders = said.holders().map(|name| Holder { name, object });
            found.holders.extend(holders);
            found.is_taken |= said.is_taken();
            found.is_called_at_start |= said.is_called_at_start();
        }
        found
    }
}

/// What the objects say of a function.
#[derive(Default)]
pub(super) struct Function<'c> {
    /// Who calls it; one may come several times.
    pub(super) callers: Vec<&'c str>,
    /// Mutable statics that begin with its address.
    pub(super) holders: Vec<Holder<'c>>,
    /// Its address is taken elsewhere.
    pub(super) is_taken: bool,
    pub(super) is_called_at_start: bool,
}

/// A mutable static.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'c> {
    pub(super) name: &'c str,
    /// The whole object that has it.
    pub(super) object: &'c [u8],
}

/// A search for a way into a function.
pub(super) struct Search<'s> {
    pub(super) calls: &'s Calls<'s>,
    /// The symbol of the program's `main`?
    pub(super) is_main: &'s dyn Fn(&str) -> bool,
    /// `None`: no frame is asked for.
    pub(super) program: Option<&'s dyn RunningCode>,
    /// Functions through which no way leads.
    pub(super) is_closed: &'s dyn Fn(&str) -> bool,
    /// Statics that call nothing any more of what they hold.
    pub(super) is_done: &'s dyn Fn(Holder<'_>) -> bool,
}

impl Search<'_> {
    /// True if there is a way, or may be one. Where objects are missing, or no frame is asked for, false means nothing.
    pub(super) fn may_be_entered(&self, function: &str) -> Result<bool> {
        let mut left = vec![function];
        let mut seen: HashSet<&str> = HashSet::from([function]);
        let mut by_frames = Vec::new();
        while let Some(one) = left.pop() {
            if (self.is_closed)(one) {
                continue;
            }
            let known = self.calls.of(one);
            if self.is_open(one, &known) {
                return Ok(true);
            }
            by_frames.push(one);
            for caller in known.callers {
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
    fn is_open(&self, function: &str, known: &Function<'_>) -> bool {
        // Nobody calls these two, once they were called.
        if function == ENTRY || (self.is_main)(function) {
            return known.is_taken || !known.holders.is_empty();
        }
        if !is_mangled(function) || known.is_taken {
            return true;
        }
        if known.holders.iter().any(|holder| !(self.is_done)(*holder)) {
            return true;
        }
        // Somebody must have called what nobody calls.
        let is_called = !known.callers.is_empty() || !known.holders.is_empty();
        self.calls.is_whole && !is_called && !known.is_called_at_start
    }
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

    /// What a call of the function names; `None` if the program does not have it, or not for certain.
    fn callable(&self, function: &str) -> Option<Callable> {
        let (old, object) = self.names.old_function(function, None)?;
        let found = self.live.function(old, object.unwrap_or(""));
        found.ok().flatten()
    }

    /// The function as it is in memory.
    fn in_memory(&self, function: &str) -> Result<Option<begun::Function>> {
        let Some(callable) = self.callable(function) else {
            return Ok(None);
        };
        let code = match callable {
            Callable::Slot(slot) => self.live.body(slot),
            Callable::Direct(start) => self.live.code_at(start),
        };
        let Some(code) = code else {
            return Ok(None);
        };
        let length = usize::try_from(code.end.0 - code.start.0)?;
        Ok(Some(begun::Function {
            start: code.start.0,
            code: stacks::read_bytes(self.stacks.process(), code.start.0, length)?,
            address: callable.address().0,
        }))
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

    fn resumes(&self, function: &str) -> Result<bool> {
        let Some((old, object)) = self.names.old_function(function, None) else {
            return Ok(false);
        };
        let Ok(Some(callable)) = self.live.function(old, object.unwrap_or("")) else {
            return Ok(false);
        };
        let Some(body) = self.live.body(callable.address()) else {
            return Ok(false);
        };
        let length = usize::try_from(body.end.0 - body.start.0)?;
        let code = stacks::read_bytes(self.stacks.process(), body.start.0, length)?;
        Ok(begins_where_it_was_left(&code))
    }

    fn has_passed(&self, passing: &Passing<'_>) -> Result<bool> {
        let (Some(body), Some(main)) =
            (self.in_memory(passing.body)?, self.in_memory(passing.main)?)
        else {
            return Ok(false);
        };
        let mut polling = Vec::new();
        for function in passing.polling.iter().filter(|one| **one != passing.body) {
            polling.extend(self.in_memory(function)?);
        }
        let mut inner = HashSet::new();
        for function in passing.inner {
            let Some(callable) = self.callable(function) else {
                continue;
            };
            inner.insert(callable.address().0);
            inner.extend(self.in_memory(function)?.map(|function| function.start));
        }
        let end = main.start + main.code.len() as u64;
        let words = Words::of(self.stacks.process());
        let look = self.stacks.look()?;
        let is_passed = look
            .followed()
            .filter(|frames| {
                frames
                    .iter()
                    .any(|(inside, _)| (main.start..end).contains(inside))
            })
            .any(|frames| {
                begun::has_passed(&Asked {
                    body: &body,
                    main: &main,
                    polling: &polling,
                    inner: &inner,
                    frames: &frames,
                    word: &|address| words.at(address).ok(),
                })
            });
        Ok(is_passed)
    }
}
