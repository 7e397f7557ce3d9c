//! What is compiled before anybody asks for it: on a thread of its own, whenever nothing else is compiled.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{Compiler, Shared, next_generation, remove_directory};
use crate::capture::child::CancelFlag;
use crate::capture::replay::{Job, ReplayError, is_warm};
use crate::guard::{self, Panicked};

/// How often a wait for a compilation in advance looks whether it was cancelled.
const WAIT: Duration = Duration::from_millis(20);

/// Something that was never compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cold {
    /// A unit.
    Unit(usize),
    /// A unit's shadow.
    Shadow(usize),
    /// Slices of it.
    Slices(usize),
}

impl Cold {
    /// The unit's index.
    fn unit(self) -> usize {
        match self {
            Self::Unit(index) | Self::Shadow(index) | Self::Slices(index) => index,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Warm {
    /// Units that were never replayed; the next one is last.
    cold: Vec<Cold>,
    running: Option<(Cold, CancelFlag)>,
    /// How many real replays and builds are under way.
    pauses: usize,
    ended: bool,
}

impl Compiler {
    /// Begins to replay, in the background and with low priority, units that were never replayed, so that the first
    /// edit of each finds an incremental directory. (Cargo's own cannot be taken: what rustc is to emit, and where, is
    /// part of what it compares, and it throws away everything that was made for other outputs.)
    ///
    /// `done` is called when there is none left.
    pub fn warm_up(&mut self, done: impl FnOnce() + Send + 'static) {
        if self.warm_up.is_some() {
            return;
        }
        // The last one, the executable, first: that is where most edits are.
        let shared = &self.shared;
        let indices = 0..shared.units.len();
        let shadows = indices
            .clone()
            .filter(|index| shared.fast.is_some() && shared.units[*index].opt_level == "0")
            .flat_map(|index| [Cold::Slices(index), Cold::Shadow(index)]);
        let units = indices
            .filter(|index| !is_warm(&shared.replay_dir(*index)))
            .map(Cold::Unit);
        shared.lock().cold = shadows.chain(units).collect();
        let shared = Arc::clone(&self.shared);
        // Without a thread, nothing is compiled in advance: the first edits take longer.
        self.warm_up = guard::spawn("compile in advance", move || {
            // What was worth a shadow before can have slices at once. What cannot be read now is read, or said, later.
            for index in (0..shared.units.len()).rev() {
                let read = guard::catch("read the sources", || shared.read_shadow(index));
                if let Err(panicked) = read {
                    shared.lose_shadow(index, &panicked);
                }
            }
            if shared.warm_up() {
                done();
            }
        })
        .ok();
    }

    /// Compiles nothing in advance until the result is dropped: cargo builds, and nobody may ever ask for what is compiled in advance.
    #[must_use]
    pub fn pause_warm_up(&self) -> Paused {
        self.shared.pause()
    }

    /// How many units are still to be compiled in advance.
    #[must_use]
    pub fn cold_units(&self) -> usize {
        let warm = self.shared.lock();
        warm.cold.len() + usize::from(warm.running.is_some())
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        {
            let mut warm = self.shared.lock();
            warm.ended = true;
            if let Some((_, flag)) = &warm.running {
                flag.cancel();
            }
        }
        self.shared.changed.notify_all();
        if let Some(thread) = self.warm_up.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The thread that compiles in advance. False if it was told to end before it was through.
    fn warm_up(&self) -> bool {
        loop {
            let mut warm = self.lock();
            while warm.pauses > 0 && !warm.ended {
                warm = self
                    .changed
                    .wait(warm)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if warm.ended {
                return false;
            }
            let Some(cold) = warm.cold.pop() else {
                drop(warm);
                // The first edit is most often one of the executable.
                if self.waiting().is_empty() {
                    self.stand_by(&[self.units.len().saturating_sub(1)]);
                }
                return true;
            };
            let flag = CancelFlag::new();
            warm.running = Some((cold, flag.clone()));
            drop(warm);

            // Whether it worked does not matter: then the first replay takes longer. Its source may just be edited.
            let result = guard::catch("compile in advance", || {
                guard::trial("advance");
                match cold {
                    Cold::Unit(index) => self.warm_unit(index, &flag),
                    Cold::Shadow(index) => self.warm_shadow(index, &flag),
                    Cold::Slices(index) => self.warm_slices(index, &flag),
                }
            });
            let mut warm = self.lock();
            // A save may wait for this, so it happens whatever became of the work.
            warm.running = None;
            if matches!(result, Ok(Err(ReplayError::Cancelled))) {
                warm.cold.insert(0, cold);
            }
            drop(warm);
            self.changed.notify_all();
            if let Err(panicked) = result {
                self.lose_shadow(cold.unit(), &panicked);
            }
        }
    }

    pub(super) fn warm_unit(&self, index: usize, cancel: &CancelFlag) -> Result<(), ReplayError> {
        let out_dir = self.out_dir(index, next_generation());
        let job = Job {
            unit: &self.units[index],
            out_dir: &out_dir,
            directory: &self.replay_dir(index),
            color: false,
            background: true,
            overlay: None,
            mirror: None,
        };
        let result = self.replay(&job, None, cancel, &CancelFlag::new());
        remove_directory(Some(&out_dir));
        result.map(|_| ())
    }

    /// After a panic a unit has no shadow: what is known of it may be half of it. Its edits go the full way.
    fn lose_shadow(&self, index: usize, panicked: &Panicked) {
        self.remove_shadow(index);
        self.lock().cold.retain(|cold| match cold {
            Cold::Unit(_) => true,
            Cold::Shadow(_) | Cold::Slices(_) => cold.unit() != index,
        });
        guard::report(panicked);
    }

    fn pause(self: &Arc<Self>) -> Paused {
        let mut warm = self.lock();
        warm.pauses += 1;
        if let Some((_, flag)) = &warm.running {
            flag.cancel();
        }
        Paused {
            shared: Arc::clone(self),
        }
    }

    /// As [`Self::pause`], but what compiles a unit that is wanted now is waited for: it is ahead of a new one.
    pub(super) fn pause_for(
        self: &Arc<Self>,
        wanted: &BTreeMap<usize, bool>,
        cancel: &CancelFlag,
    ) -> Paused {
        let mut warm = self.lock();
        warm.pauses += 1;
        let is_wanted =
            |cold: &Cold| matches!(cold, Cold::Unit(index) if wanted.contains_key(index));
        warm.cold.retain(|cold| !is_wanted(cold));
        if let Some((cold, flag)) = &warm.running
            && !is_wanted(cold)
        {
            flag.cancel();
        }
        while warm.running.is_some() && !cancel.is_cancelled() {
            let waited = self
                .changed
                .wait_timeout(warm, WAIT)
                .unwrap_or_else(PoisonError::into_inner);
            warm = waited.0;
        }
        Paused {
            shared: Arc::clone(self),
        }
    }
}

/// Lets the compilation in advance go on when dropped.
#[derive(Debug)]
pub struct Paused {
    shared: Arc<Shared>,
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.shared.lock().pauses -= 1;
        self.shared.changed.notify_all();
    }
}
