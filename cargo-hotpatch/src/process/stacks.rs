//! Which functions have a frame on some thread's stack, found from outside and without stopping anything.
//!
//! The stacks are unwound by the tables that exceptions and debuggers use (`unwind`): exact, whatever else lies on a stack.
//!
//! - **A thread that waits** has its stack pointer and program counter in `/proc/<pid>/task/<tid>/syscall`. Its stack is
//!   followed in the process's memory, and if by then it has not run (the kernel counts its waits), what was read is of one
//!   moment; else it is asked again. Of its other registers nothing is known; what a frame needs of them is found on the
//!   stack or worked out from the function's code (`depth`).
//! - **A thread that runs** has no registers to be read. It is asked again some times over a few milliseconds, and if it
//!   never waits, the whole of the stacks that belong to no other thread is searched for words that point just behind a call.
//!
//! **Where that ends.** If the frame of code without unwind tables is come to, or a register is needed that cannot be known, the rest
//! of that stack is searched in the same way. What is found by a search is marked as not certain: the word may be left from a
//! call that has returned. Nothing is missed by a search, but the innermost function of a thread that runs.
//!
//! ```text
//!   stack pointer ──► | locals of callee | return address ──► just behind `call callee` in F: F has a frame
//!                     | locals of F      | return address ──► ...
//!   end of mapping ─► | thread's start   |
//! ```

mod calls;
mod depth;
mod memory;
mod threads;
mod unwind;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use calls::is_behind_call;
pub(crate) use memory::Words;
pub use memory::read_bytes;
use memory::{Maps, read_words};
use threads::{Doing, Thread, Waiting};
use unwind::{Frame, Tables};

/// A function with a frame on a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StillRunning {
    /// As given with its range.
    pub function: String,
    /// The thread's name; if several threads may be meant, all of them.
    pub thread: String,
    /// False if it was found by a search, so that the frame may be one that has returned.
    pub certain: bool,
    /// Where it goes on, run addresses: its program counter, or what its calls return to.
    pub places: BTreeSet<u64>,
}

/// How often a thread that can't be looked at is asked, and how long it is left alone in between.
const ATTEMPTS: usize = 8;
const BETWEEN_ATTEMPTS: Duration = Duration::from_micros(300);
/// No more of one stack is searched: the innermost 64 MiB.
const LARGEST_STACK: u64 = 64 << 20;
/// Stacks of threads that could not be looked at are searched from their outer end, and no more than this.
const LARGEST_UNCLAIMED: u64 = 8 << 20;
/// No more frames of one stack are followed: the rest is searched.
const MOST_FRAMES: usize = 1 << 20;

/// The stacks of one process. Clones share what they remember: unwind tables are read when they are first needed, and once.
#[derive(Debug, Clone)]
pub struct Stacks {
    process: u32,
    tables: Arc<Mutex<Tables>>,
}

/// Where a frame goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// An address inside of the instruction at which it stands.
    inside: u64,
    /// Its program counter, or what its call returns to.
    next: u64,
}

/// All stacks of a process, each at one moment.
#[derive(Debug)]
pub struct Look {
    process: u32,
    stacks: Vec<Stack>,
    /// Every thread could be followed, or at least begun with: nobody's innermost function is missing.
    is_whole: bool,
}

#[derive(Debug)]
struct Stack {
    /// Whose it is, as in [`StillRunning::thread`].
    thread: String,
    /// Of frames that were followed.
    frames: BTreeSet<Place>,
    /// Words of what could not be followed, if they lead into code.
    words: BTreeSet<u64>,
}

/// A thread was asked.
enum Asked {
    Has(Stack),
    Missed,
    Ended,
}

impl Stacks {
    /// The stacks of a process, which is not looked at yet. Process ids are used again: this is to be dropped with the process.
    #[must_use]
    pub fn of(process: u32) -> Self {
        Self {
            process,
            tables: Arc::new(Mutex::new(Tables::of(process))),
        }
    }

    /// The process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Waits until every thread of the process waits in a system call, for at most so long. False if that moment did not come, or
    /// if the process cannot be asked.
    #[must_use]
    pub fn wait_until_still(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            let Ok(all) = threads::all(self.process) else {
                return false;
            };
            let is_still = |thread: &Thread| match threads::doing(self.process, thread.id) {
                Doing::Runs => false,
                Doing::Ended => true,
                Doing::Waits(waiting) => waiting.is_in_call,
            };
            if all.iter().all(is_still) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Looks at all threads. See the module's documentation for what this can and can't know.
    ///
    /// # Errors
    /// When the process is gone or does not let itself be looked at (another user's, or it made itself undumpable).
    pub fn look(&self) -> Result<Look> {
        // What is remembered is added to piece by piece, each of them whole.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = threads::all(self.process)?;
        let mut maps = Maps::of(self.process)?;
        let mut stacks = Vec::new();
        let mut claimed = Vec::new();
        tables.forget_all_but(&maps);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(BETWEEN_ATTEMPTS);
                // What a thread could not be followed into may have been mapped meanwhile.
                maps = Maps::of(self.process)?;
            }
            left.retain(|thread| match self.ask(thread, &maps, &mut tables) {
                (_, Asked::Missed) => true,
                (_, Asked::Ended) => false,
                (stack_pointer, Asked::Has(stack)) => {
                    claimed.push(stack_pointer);
                    stacks.push(stack);
                    false
                }
            });
            if left.is_empty() {
                break;
            }
        }
        let is_whole = left.is_empty();
        stacks.extend(search_unclaimed(self.process, &maps, &claimed, &left));
        Ok(Look {
            process: self.process,
            stacks,
            is_whole,
        })
    }

    /// The thread's stack pointer, and what there is.
    fn ask(&self, thread: &Thread, maps: &Maps, tables: &mut Tables) -> (u64, Asked) {
        let doing = threads::doing(self.process, thread.id);
        let waiting = match doing {
            Doing::Runs => return (0, Asked::Missed),
            Doing::Ended => return (0, Asked::Ended),
            Doing::Waits(waiting) => waiting,
        };
        let stack = match waiting.stack_pointer {
            // A main thread that has ended before the others.
            0 => Some(Stack {
                thread: thread.name.clone(),
                frames: BTreeSet::new(),
                words: BTreeSet::new(),
            }),
            _ => self.follow(thread, waiting, maps, tables),
        };
        match stack {
            Some(stack) if threads::doing(self.process, thread.id) == doing => {
                (waiting.stack_pointer, Asked::Has(stack))
            }
            _ => (waiting.stack_pointer, Asked::Missed),
        }
    }

    /// `None` if the stack is not where mappings are known.
    fn follow(
        &self,
        thread: &Thread,
        waiting: Waiting,
        maps: &Maps,
        tables: &mut Tables,
    ) -> Option<Stack> {
        let words = Words::of(self.process);
        let mut frame = Frame::innermost(waiting.program_counter, waiting.stack_pointer);
        let mut stack = Stack {
            thread: thread.name.clone(),
            frames: BTreeSet::new(),
            words: BTreeSet::new(),
        };
        for _ in 0..MOST_FRAMES {
            stack.frames.insert(Place {
                inside: frame.inside(),
                next: frame.place(),
            });
            match tables.caller(maps, &frame, &|address| words.at(address)) {
                Ok(Some(caller)) => frame = caller,
                Ok(None) => return Some(stack),
                Err(_) => break,
            }
        }
        let begin = frame.stack_pointer() & !7;
        let end = maps.at(begin)?.range.end;
        let end = end.min(begin.saturating_add(LARGEST_STACK));
        let rest = read_words(self.process, begin..end).ok()?;
        stack.words = leading_into_code(maps, &rest);
        Some(stack)
    }
}

fn leading_into_code(maps: &Maps, words: &[u64]) -> BTreeSet<u64> {
    let code: Vec<&Range<u64>> = maps
        .all()
        .iter()
        .filter(|map| map.is_executable)
        .map(|map| &map.range)
        .collect();
    // A return address may be the function's end, if the call never returns: it belongs to the byte before.
    let leads = |word: &u64| {
        let before = word.wrapping_sub(1);
        let after = code.partition_point(|range| range.start <= before);
        after
            .checked_sub(1)
            .is_some_and(|index| code[index].contains(&before))
    };
    words.iter().copied().filter(leads).collect()
}

/// The stacks that belong to no other thread, for the threads that could not be looked at.
fn search_unclaimed(process: u32, maps: &Maps, claimed: &[u64], busy: &[Thread]) -> Vec<Stack> {
    let mut found = Vec::new();
    if busy.is_empty() {
        return found;
    }
    let main = busy.iter().find(|thread| thread.id == process);
    let others: Vec<&str> = busy
        .iter()
        .filter(|thread| thread.id != process)
        .map(|thread| thread.name.as_str())
        .collect();
    for (index, map) in maps.all().iter().enumerate() {
        let is_main = map.name == "[stack]";
        // What pthread_create makes: anonymous, readable and writable, with a guard below.
        let is_pthread = map.name.is_empty()
            && map.is_writable
            && index
                .checked_sub(1)
                .and_then(|below| maps.all().get(below))
                .is_some_and(|below| {
                    below.range.end == map.range.start
                        && !below.is_readable
                        && below.name.is_empty()
                });
        let thread = match main {
            Some(main) if is_main => main.name.clone(),
            _ if is_pthread && !others.is_empty() => others.join(" or "),
            _ => continue,
        };
        if claimed.iter().any(|pointer| map.range.contains(pointer)) {
            continue;
        }
        let begin = map
            .range
            .start
            .max(map.range.end.saturating_sub(LARGEST_UNCLAIMED));
        // A stack may be unmapped while we look; then its thread has ended.
        let Ok(words) = read_words(process, begin..map.range.end) else {
            continue;
        };
        found.push(Stack {
            thread,
            frames: BTreeSet::new(),
            words: leading_into_code(maps, &words),
        });
    }
    found
}

impl Look {
    /// False if a thread ran all the time: then its innermost function is not known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Where all frames go on, those that may have returned included: an address inside of the instruction at which each stands, and
    /// the address of the next one.
    #[must_use]
    pub fn places(&self) -> BTreeSet<(u64, u64)> {
        let mut places = BTreeSet::new();
        for stack in &self.stacks {
            places.extend(stack.frames.iter().map(|place| (place.inside, place.next)));
            let words = stack
                .words
                .iter()
                .filter(|word| is_behind_call(self.process, **word));
            places.extend(words.map(|word| (word.wrapping_sub(1), *word)));
        }
        places
    }

    /// For each stack, where those of its frames go on that were followed for certain, as [`Self::places`] has them.
    pub fn followed(&self) -> impl Iterator<Item = Vec<(u64, u64)>> {
        let stacks = self.stacks.iter();
        stacks.map(|stack| {
            let frames = stack.frames.iter();
            frames.map(|place| (place.inside, place.next)).collect()
        })
    }

    /// The functions among `ranges` (run addresses of their code, in any order; several may have the same name) that have a
    /// frame, sorted, each once a stack.
    #[must_use]
    pub fn still_running(&self, ranges: &[(Range<u64>, String)]) -> Vec<StillRunning> {
        let mut sorted: Vec<&(Range<u64>, String)> = ranges.iter().collect();
        sorted.sort_by_key(|(range, _)| range.start);
        let function_at = |address: u64| {
            let after = sorted.partition_point(|(range, _)| range.start <= address);
            let (range, name) = sorted.get(after.checked_sub(1)?)?;
            range.contains(&address).then_some(name.as_str())
        };
        let mut found = Vec::new();
        for stack in &self.stacks {
            let mut functions: BTreeMap<&str, (bool, BTreeSet<u64>)> = BTreeMap::new();
            for place in &stack.frames {
                if let Some(function) = function_at(place.inside) {
                    let (certain, places) = functions.entry(function).or_default();
                    *certain = true;
                    places.insert(place.next);
                }
            }
            for word in &stack.words {
                if let Some(function) = function_at(word.wrapping_sub(1))
                    && is_behind_call(self.process, *word)
                {
                    functions.entry(function).or_default().1.insert(*word);
                }
            }
            found.extend(
                functions
                    .into_iter()
                    .map(|(function, (certain, places))| StillRunning {
                        function: function.to_owned(),
                        thread: stack.thread.clone(),
                        certain,
                        places,
                    }),
            );
        }
        found.sort();
        found
    }
}

#[cfg(test)]
mod tests;
