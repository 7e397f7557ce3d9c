//! The program tells: which patched functions were called since their patch ([`crate::link::plan::marks`]).
//!
//! The marks lie in the program's memory and are read from outside, soon after the patch and then ever more rarely, until all
//! functions were called or the next patch replaces them. Who waits for that (`cargo hotpatch save --reached`) is answered here.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Session;
use super::effect::{Callers, who_calls};
use super::engine::Taken;
use crate::event::{Event, ReachedFunction, UnreachedFunction};
use crate::link::plan::pretty;
use crate::process::stacks;
use crate::save::{ReachedReply, SaveReply, SaveRequest};

/// When it is said that functions were not called yet.
const SOON: Duration = Duration::from_secs(2);
/// Between a patch and the first look at its marks.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// Marks are read at least this often.
const RAREST: Duration = Duration::from_secs(10);
/// A look comes after a further quarter of the time that has passed since the patch.
const GROWTH: u32 = 4;

/// How one function tells that it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// A byte in the program's memory that is 1 once it was.
    pub address: u64,
    /// The function.
    pub symbol: String,
    /// Who calls it.
    pub callers: Callers,
}

/// The marks of one patch.
#[derive(Debug)]
struct Published {
    patch: u64,
    at: Instant,
    next: Instant,
    /// That some were not called yet was said.
    is_said: bool,
    reached: usize,
    left: Vec<Mark>,
}

/// Somebody waits until functions are called.
#[derive(Debug)]
struct Waiting {
    reply: std::sync::mpsc::Sender<SaveReply>,
    answer: SaveReply,
    until: Instant,
    left: HashSet<u64>,
    called: Vec<ReachedFunction>,
    /// Functions that were replaced again or taken back before they were called.
    lost: Vec<UnreachedFunction>,
}

/// All marks that were not seen set yet.
#[derive(Debug, Default)]
pub(super) struct Marks {
    patches: Vec<Published>,
    waiting: Vec<Waiting>,
}

impl Marks {
    /// When to look again, if anything is waited for.
    pub(super) fn due(&self) -> Option<Instant> {
        let looks = self.patches.iter().map(|published| published.next);
        looks
            .chain(self.waiting.iter().map(|waiting| waiting.until))
            .min()
    }

    /// Takes note of a new patch. Functions that it replaces are not waited for any more.
    fn add(&mut self, patch: u64, at: Instant, marks: Vec<Mark>) {
        let replaced: HashSet<&str> = marks.iter().map(|mark| mark.symbol.as_str()).collect();
        self.lose("a newer patch replaced it", |mark| {
            replaced.contains(mark.symbol.as_str())
        });
        if !marks.is_empty() {
            self.patches.push(Published {
                patch,
                at,
                next: at + FIRST_LOOK,
                is_said: false,
                reached: 0,
                left: marks,
            });
        }
    }

    /// Those marks will never be set.
    fn lose(&mut self, why: &str, is_lost: impl Fn(&Mark) -> bool) {
        for published in &mut self.patches {
            for mark in published.left.extract_if(.., |mark| is_lost(mark)) {
                for waiting in &mut self.waiting {
                    if waiting.left.remove(&mark.address) {
                        waiting.lost.push(UnreachedFunction {
                            name: pretty(&mark.symbol),
                            why: Some(why.to_owned()),
                        });
                    }
                }
            }
        }
        self.patches.retain(|published| !published.left.is_empty());
    }

    /// The functions of a patch that were called since the last look, read by `is_set`; `None`: there are none.
    fn look(
        published: &mut Published,
        waiting: &mut [Waiting],
        now: Instant,
        is_set: &dyn Fn(u64) -> bool,
    ) -> Option<Event> {
        let since = now.saturating_duration_since(published.at);
        published.next = now + (since / GROWTH).clamp(FIRST_LOOK, RAREST);
        let mut functions = Vec::new();
        for mark in published.left.extract_if(.., |mark| is_set(mark.address)) {
            let function = ReachedFunction {
                name: pretty(&mark.symbol),
                after_ms: since.as_secs_f64() * 1000.0,
            };
            for waiting in waiting.iter_mut() {
                if waiting.left.remove(&mark.address) {
                    waiting.called.push(function.clone());
                }
            }
            functions.push(function);
        }
        published.reached += functions.len();
        (!functions.is_empty()).then_some(Event::Reached {
            of: published.patch,
            functions,
            left: published.left.len(),
        })
    }
}

impl Session {
    /// From now on, what the program was given is looked at.
    pub(super) fn watch_marks(&mut self, taken: &mut Taken) {
        let Some(running) = &mut self.running else {
            return;
        };
        if running.take_undone() {
            self.marks.lose("the patch was taken back", |_| true);
        }
        if let Some(at) = taken.acknowledged {
            let marks = std::mem::take(&mut taken.marks);
            self.marks.add(running.patches, at, marks);
        }
    }

    /// The program has ended, or its patches were taken back.
    pub(super) fn lose_marks(&mut self, why: &str) {
        self.marks.lose(why, |_| true);
        self.answer_waiting();
    }

    /// Reads the marks that are due.
    pub(super) fn look_at_marks(&mut self) {
        let now = Instant::now();
        let Some(process) = self.running.as_ref().map(|running| running.program.pid()) else {
            self.lose_marks("the program has ended");
            return;
        };
        let is_set =
            |address| matches!(stacks::read_bytes(process, address, 1).as_deref(), Ok([1]));
        let mut events = Vec::new();
        let Marks { patches, waiting } = &mut self.marks;
        for published in patches.iter_mut() {
            if published.next <= now {
                events.extend(Marks::look(published, waiting, now, &is_set));
            }
        }
        patches.retain(|published| !published.left.is_empty());
        for event in &events {
            self.say(event);
        }
        self.say_what_was_not_called(now);
        self.answer_waiting();
    }

    fn say_what_was_not_called(&mut self, now: Instant) {
        let mut events = Vec::new();
        for index in 0..self.marks.patches.len() {
            let published = &self.marks.patches[index];
            if published.is_said || now.saturating_duration_since(published.at) < SOON {
                continue;
            }
            events.push(Event::NotReached {
                of: published.patch,
                functions: self.unreached(&published.left),
                reached: published.reached,
            });
            self.marks.patches[index].is_said = true;
        }
        for event in &events {
            self.say(event);
        }
    }

    /// What is known of functions that were not called yet.
    fn unreached(&self, marks: &[Mark]) -> Vec<UnreachedFunction> {
        let asked: Vec<(&str, &Callers)> = marks
            .iter()
            .map(|mark| (mark.symbol.as_str(), &mark.callers))
            .collect();
        let known: Result<Vec<Option<String>>> = match &self.running {
            Some(running) => who_calls(&running.live, &running.stacks, &asked),
            None => Ok(Vec::new()),
        };
        // A program that ends at this moment can't be asked.
        let mut known = known.unwrap_or_default().into_iter();
        let mut functions: Vec<UnreachedFunction> = marks
            .iter()
            .map(|mark| UnreachedFunction {
                name: pretty(&mark.symbol),
                why: known.next().flatten(),
            })
            .collect();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        functions
    }

    /// Answers `request` at once, or when the functions of the newest patch were called, if it waits for that.
    pub(super) fn answer(&mut self, request: SaveRequest, answer: SaveReply) {
        let newest = (self.marks.patches.iter())
            .find(|published| Some(published.patch) == answer.outcome.patch);
        let Some(deadline) = request.reached else {
            // Whoever asked may be gone.
            let _ = request.reply.send(answer);
            return;
        };
        self.marks.waiting.push(Waiting {
            left: newest
                .into_iter()
                .flat_map(|published| &published.left)
                .map(|mark| mark.address)
                .collect(),
            reply: request.reply,
            answer,
            until: Instant::now() + deadline,
            called: Vec::new(),
            lost: Vec::new(),
        });
        self.answer_waiting();
    }

    fn answer_waiting(&mut self) {
        let now = Instant::now();
        let done: Vec<Waiting> = (self.marks.waiting)
            .extract_if(.., |waiting| {
                waiting.left.is_empty() || waiting.until <= now
            })
            .collect();
        for waiting in done {
            let left: Vec<Mark> = (self.marks.patches.iter())
                .flat_map(|published| &published.left)
                .filter(|mark| waiting.left.contains(&mark.address))
                .cloned()
                .collect();
            let mut not_called = waiting.lost;
            if !left.is_empty() {
                not_called.extend(self.unreached(&left));
            }
            let mut answer = waiting.answer;
            answer.reached = Some(ReachedReply {
                called: waiting.called,
                not_called,
            });
            let _ = waiting.reply.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(symbol: &str, address: u64) -> Mark {
        Mark {
            address,
            symbol: symbol.to_owned(),
            callers: Callers::default(),
        }
    }

    fn reached(event: Option<Event>) -> (Vec<String>, usize) {
        match event {
            Some(Event::Reached {
                functions, left, ..
            }) => (functions.into_iter().map(|one| one.name).collect(), left),
            _ => (Vec::new(), 0),
        }
    }

    #[test]
    fn a_function_is_reached_once() {
        let now = Instant::now();
        let mut marks = Marks::default();
        marks.add(1, now, vec![mark("a", 1), mark("b", 2)]);
        let published = &mut marks.patches[0];
        let found = Marks::look(published, &mut [], now, &|address| address == 1);
        assert_eq!(reached(found), (vec!["a".to_owned()], 1));
        assert_eq!(Marks::look(published, &mut [], now, &|_| false), None);
        let found = Marks::look(published, &mut [], now, &|_| true);
        assert_eq!(reached(found), (vec!["b".to_owned()], 0));
    }

    #[test]
    fn looks_become_rarer() {
        let at = Instant::now();
        let mut marks = Marks::default();
        marks.add(1, at, vec![mark("a", 1)]);
        let (mut looks, mut now) = (0, at);
        while now < at + SOON {
            now = marks.due().expect("a look");
            Marks::look(&mut marks.patches[0], &mut [], now, &|_| false);
            looks += 1;
        }
        assert!((20..45).contains(&looks), "{looks} looks in two seconds");
        now = at + Duration::from_secs(1_000_000);
        Marks::look(&mut marks.patches[0], &mut [], now, &|_| false);
        assert_eq!(marks.due(), Some(now + RAREST));
    }

    #[test]
    fn what_is_replaced_is_not_waited_for() {
        let now = Instant::now();
        let mut marks = Marks::default();
        marks.add(1, now, vec![mark("a", 1), mark("b", 2)]);
        marks.add(2, now, vec![mark("a", 3)]);
        let left: Vec<u64> = (marks.patches.iter())
            .flat_map(|published| &published.left)
            .map(|mark| mark.address)
            .collect();
        assert_eq!(left, [2, 3]);
        marks.lose("it is over", |_| true);
        assert_eq!(marks.due(), None);
    }
}
