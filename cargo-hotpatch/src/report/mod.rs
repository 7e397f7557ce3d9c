//! What is said, and to whom: the engine emits events, and these listeners turn them into words.
//!
//! Invariant: nothing in here decides anything, and nothing in here can fail in a way that the engine sees.

pub mod bounds;
pub mod check;
pub mod explain;
pub mod json;
mod stream;
pub mod terminal;
pub mod text;

use std::path::Path;

use anyhow::Result;

use crate::codes::Reason;
use crate::event::{Event, Listener};
use crate::guard;

/// Hands each event to several listeners, in order.
#[derive(Default)]
pub struct FanOut {
    listeners: Vec<Box<dyn Listener>>,
    /// How often one of them panicked.
    panics: u32,
}

/// So many panics of listeners are told. (Each is told to the listeners.)
const TOLD_PANICS: u32 = 3;

impl std::fmt::Debug for FanOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FanOut")
            .field("listeners", &self.listeners.len())
            .finish()
    }
}

impl FanOut {
    /// The listeners of `cargo hotpatch run`: the terminal unless `quiet`, and the lines of `--events`.
    ///
    /// # Errors
    /// When the events file cannot be opened.
    pub fn for_run(color: bool, quiet: bool, events: Option<&Path>) -> Result<Self> {
        let mut all = Self::default();
        // Lines for machines first: they are read by programs that measure.
        if let Some(path) = events {
            all.add(json::JsonLines::open(path)?);
        }
        if !quiet {
            all.add(terminal::Terminal::stderr(color));
        }
        Ok(all)
    }

    /// One more listener, after the others.
    pub fn add(&mut self, listener: impl Listener + 'static) {
        self.listeners.push(Box::new(listener));
    }
}

impl Listener for FanOut {
    fn event(&mut self, event: &Event) {
        let mut panicked = None;
        for listener in &mut self.listeners {
            let told = guard::catch("events", || {
                guard::trial("events");
                listener.event(event);
            });
            panicked = told.err().or(panicked);
        }
        let troubles: Vec<Reason> = self
            .listeners
            .iter_mut()
            .filter_map(|listener| listener.trouble())
            .collect();
        for reason in troubles {
            guard::warn(reason);
        }
        // The next event finds it as it left itself; the session goes on in any case.
        if let Some(panicked) = panicked {
            self.panics += 1;
            if self.panics <= TOLD_PANICS {
                guard::report(&panicked);
            }
        }
    }
}
