//! What would come of compiled objects: everything that [`super::engine`] does, but for sending the patch. Nothing changes.

use std::ops::Range;
use std::time::Instant;

use anyhow::Result;

use super::decide::{Edit, Environment, decide, milliseconds};
use super::effect::effect;
use super::engine::{
    Applied, Taken, link, not_needed, old_bodies, patched_functions, refusal, replacement,
    still_running,
};
use super::objects::Files;
use super::running::table_with;
use crate::event::Timings;
use crate::explain::Observed;
use crate::guard;
use crate::link::{Live, ProgramSide};
use crate::object::address::RunAddr;
use crate::process::stacks::Stacks;

/// A program, running or not, for which something is rehearsed.
pub struct Stage<'s> {
    /// What is known of it.
    pub live: &'s Live,
    /// Who is asked for the rest. What it says of free places must not take them.
    pub program: &'s mut dyn ProgramSide,
    /// Where patches go.
    pub arena: Range<RunAddr>,
    /// Where its threads are, if it runs.
    pub stacks: Option<Stacks>,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage")
            .field("arena", &self.arena)
            .field("stacks", &self.stacks)
            .finish_non_exhaustive()
    }
}

/// What [`super::engine::apply`] would come to.
///
/// # Errors
/// What is broken, as opposed to what is refused.
pub fn rehearse(
    stage: Stage<'_>,
    edit: &Edit<'_>,
    files: &mut Files,
    context: &Environment<'_>,
    timings: &mut Timings,
    observed: &mut Observed,
) -> Result<Applied> {
    let live = stage.live;
    let decision = guard::catch("judge", || {
        guard::trial("check-judge");
        decide(live, edit, files, context, timings, observed, &|_| false)
    });
    let decision = decision.map_err(|panicked| panicked.reason())??;
    let mut decided = match replacement(decision) {
        Ok(decided) => decided,
        Err(applied) => return Ok(applied),
    };
    if decided.is_empty() {
        return Ok(not_needed(&decided.difference));
    }
    let started = Instant::now();
    if let Some(stacks) = &stage.stacks {
        let effect = effect(live, stacks, &decided, context)?;
        if let Some(reason) = effect.none {
            return Ok(Applied::Restart {
                reasons: vec![reason],
            });
        }
        decided.notes.extend(effect.notes);
    }
    let old_bodies = old_bodies(live, &decided);
    let linked = link(
        &mut decided,
        live,
        context.policy,
        stage.arena,
        stage.program,
    );
    let patch = match linked.and_then(|patch| table_with(live, &patch).map(|_| patch)) {
        Ok(patch) => patch,
        Err(error) => return refusal(error),
    };
    timings.link += milliseconds(started);
    let mut functions = patched_functions(&decided, &patch);
    let is_patched = !decided.is_only_lines();
    if let Some(stacks) = &stage.stacks
        && is_patched
    {
        functions.extend(still_running(stacks, &old_bodies));
    }
    Ok(Applied::Taken(Taken {
        is_patched,
        functions,
        notes: decided.notes,
        ..Taken::default()
    }))
}
