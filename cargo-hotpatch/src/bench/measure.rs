//! The measurement of one project: three copies of it, and each edit made in all of them, in turn.
//!
//! - *patch*: under `cargo hotpatch run`, from the beginning of the save to the program's answer with the new code in it.
//! - *check*: from the beginning of the save to the end of `cargo check`.
//! - *restart*: from the beginning of the save through `cargo build`, ending the old program and starting the new one, to
//!   its answer with the new code in it.
//! - *peers*, where there are any: under each, from the beginning of the save to the patched program's answer.
//!
//! All by one clock, this process's. What does not show the new code is an error, not a sample.

pub(super) mod page;
mod patched;
mod peer;
mod plain;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::machine::Work;
use super::peers::{self, Peer};
use super::project::{self, Project, Site};
use crate::cli::Fast;
use patched::PatchLane;
use peer::PeerLane;
use plain::CargoLane;
pub use plain::lock;

/// The stages of a patch, as its event names them.
pub const STAGES: [&str; 7] = ["watch", "plan", "compile", "diff", "judge", "link", "apply"];
/// No build may take longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(900);
/// A program that runs has to show an edit in this time.
const ANSWER: Duration = Duration::from_secs(20);
/// Edits of each kind before the first that counts.
const WARM_UP: usize = 2;
/// Of places that may be in functions that the program does not have, so many good ones are enough.
const ENOUGH_SITES: usize = 4;

/// What all projects have in common.
#[derive(Debug, Clone)]
pub struct Plan {
    /// This very command.
    pub tool: PathBuf,
    /// The `cargo` that is measured.
    pub cargo: PathBuf,
    /// `--fast` of the session.
    pub fast: Option<Fast>,
    /// How many edits are made and measured.
    pub edits: usize,
    /// How many patches in a row are made after that, of the same program.
    pub series: usize,
    /// A part of a line that says that the program has started, for programs that answer no questions.
    pub ready: Option<String>,
    /// What is measured beside it.
    pub peers: Vec<Peer>,
    /// A directory in which peers may leave what they can use again for the next project.
    pub peers_room: PathBuf,
}

/// What one edit took.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Whether it is the first in its function.
    pub first: bool,
    /// The patch.
    pub patch: Patch,
    /// Milliseconds.
    pub check: f64,
    /// Milliseconds.
    pub restart: f64,
}

/// What came of one edit under `cargo hotpatch run`.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// `patched`, or what else the outcome was.
    pub outcome: String,
    /// The reason's code, if there was a reason.
    pub code: Option<String>,
    /// From the beginning of the save to the answer; without an answer, to the outcome.
    pub until_answer: f64,
    /// From the file's change to the acknowledgement, as the tool says.
    pub acknowledged: f64,
    /// As the tool says, in the order of [`STAGES`].
    pub stages: [f64; STAGES.len()],
    /// Which way the compiler took, if the tool says.
    pub way: Option<String>,
    /// Why it did not take the fast way, if the tool says.
    pub full_because: Option<String>,
    /// What the whole crate said of a patch that came the fast way.
    pub confirmation: Option<Confirmation>,
}

/// The whole crate, compiled behind a patch that came the fast way.
#[derive(Debug, Clone, Copy)]
pub struct Confirmation {
    /// From the beginning of the save.
    pub until: f64,
    /// The program had what the whole crate says.
    pub agrees: bool,
}

impl Patch {
    /// Everything but the compiler: from the beginning of the save to the answer, without the time in `compile`.
    #[must_use]
    pub fn around(&self) -> f64 {
        let compile = STAGES
            .iter()
            .zip(self.stages)
            .filter(|(stage, _)| **stage == "compile")
            .map(|(_, time)| time)
            .sum::<f64>();
        (self.until_answer - compile).max(0.0)
    }

    /// Whether it is a sample of what a patch takes.
    #[must_use]
    pub fn is_patched(&self) -> bool {
        self.outcome == "patched"
    }
}

/// Everything that was measured of one project.
#[derive(Debug, Clone)]
pub struct Measured {
    /// In the order in which they were made.
    pub edits: Vec<Edit>,
    /// The patches in a row.
    pub series: Vec<Patch>,
    /// How many functions the program has that can be patched.
    pub slots: Option<u64>,
    /// Whether the program itself showed each edit. Otherwise what is known of the patches is what the tool says.
    pub observed: bool,
    /// The share of all processors that others used meanwhile, from 0 to 1.
    pub others: Option<f64>,
    /// The functions that were edited, by their names without paths.
    pub functions: Vec<String>,
    /// What the peers took for the same edits.
    pub peers: Vec<peers::Measured>,
}

/// Measures `project`. `room` is an empty directory that may be filled; `tell` is told how far it is.
///
/// # Errors
/// When a build fails, an edit does not show where it has to, or Ctrl-C is pressed.
pub fn measure(
    project: &Project,
    plan: &Plan,
    room: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Measured> {
    tell("first build under `cargo hotpatch run`");
    let patched = room.join("patched");
    project::copy(project, &patched)?;
    let mut lane = PatchLane::start(project, plan, &patched)?;
    let result = with_session(project, plan, room, &mut lane, tell);
    lane.session.end();
    result.map_err(|error| match tail(&lane.messages) {
        messages if messages.is_empty() => error,
        messages => error.context(format!("the last lines of the session:\n{messages}")),
    })
}

fn with_session(
    project: &Project,
    plan: &Plan,
    room: &Path,
    lane: &mut PatchLane<'_>,
    tell: &mut dyn FnMut(&str),
) -> Result<Measured> {
    let mut source = Source::new(&project.sites);
    let sites = if project.must_be_tried {
        tell("looking for functions that the program executes");
        sites_that_can_be_patched(lane, &mut source)?
    } else {
        (0..project.sites.len()).collect()
    };
    let (warm_up, sites) = match sites.as_slice() {
        [] => bail!("no function was found whose edit can be patched"),
        [only] => (*only, vec![*only]),
        [some @ .., last] => (*last, some.to_vec()),
    };

    let mut check = CargoLane::new(project, plan, lane.directory, &room.join("checked"))?;
    let mut restart = CargoLane::new(project, plan, lane.directory, &room.join("restarted"))?;
    tell("first `cargo check`");
    check.cargo("check")?;
    tell("first `cargo build`");
    restart.build_and_start(None)?;
    let mut peers = Vec::with_capacity(plan.peers.len());
    for peer in &plan.peers {
        let name = peer.name();
        tell(&format!("first build under {name}"));
        let common = plan.peers_room.join(name);
        peers.push(PeerLane::start(peer, project, &room.join(name), &common)?);
    }
    tell("what the session compiles in advance");
    lane.session.wait_until_warm()?;

    let mut edit = |site: usize,
                    lane: &mut PatchLane<'_>,
                    peers: &mut [PeerLane<'_>],
                    source: &mut Source<'_>|
     -> Result<Edit> {
        let change = source.next(site);
        let patch = lane.edit(&change)?;
        let check = check.check(&change)?;
        let restart = restart.restart(&change)?;
        for peer in peers {
            peer.edit(&change)?;
        }
        let first = source.placed(change);
        Ok(Edit {
            first,
            patch,
            check,
            restart,
        })
    };

    tell("warming up");
    for _ in 0..WARM_UP {
        edit(warm_up, lane, &mut peers, &mut source)?;
    }
    for peer in &mut peers {
        peer.forget();
    }
    let others_before = work(lane, &peers);
    let mut edits = Vec::with_capacity(plan.edits);
    for number in 0..plan.edits {
        tell(&format!("edit {} of {}", number + 1, plan.edits));
        // Each place twice: then half of the edits are of a function that was edited just before.
        let site = sites[number / 2 % sites.len()];
        edits.push(edit(site, lane, &mut peers, &mut source)?);
    }
    restart.stop();
    for peer in &mut peers {
        peer.stop();
    }
    let mut series = Vec::with_capacity(plan.series);
    for number in 0..plan.series {
        if number % 10 == 0 {
            tell(&format!("patch {} of {}", number + 1, plan.series));
        }
        let change = source.next(sites[number % sites.len()]);
        series.push(lane.edit(&change)?);
        source.placed(change);
    }
    let others = others_before
        .zip(work(lane, &peers))
        .and_then(|(before, after)| before.of_others_until(after));

    ensure!(
        plan.edits == 0 || edits.iter().any(|edit| edit.patch.is_patched()),
        "no edit was patched, but {}",
        edits
            .first()
            .map(|edit| format!(
                "{} {}",
                edit.patch.outcome,
                edit.patch.code.as_deref().unwrap_or_default()
            ))
            .unwrap_or_default()
    );
    let mut functions: Vec<String> = sites
        .iter()
        .map(|site| project.sites[*site].function.clone())
        .collect();
    functions.sort();
    functions.dedup();
    Ok(Measured {
        edits,
        series,
        slots: lane.slots,
        observed: sites
            .iter()
            .all(|site| project.sites[*site].expect.is_some()),
        others,
        functions,
        peers: peers.into_iter().map(PeerLane::measured).collect(),
    })
}

/// How much the processors have done, with what is ours.
fn work(lane: &PatchLane<'_>, peers: &[PeerLane<'_>]) -> Option<Work> {
    let children: Vec<u32> = lane
        .processes()
        .chain(peers.iter().flat_map(PeerLane::processes))
        .collect();
    Work::up_to_now(&children)
}

/// Tries sites until there are enough whose functions the program has.
fn sites_that_can_be_patched(
    lane: &mut PatchLane<'_>,
    source: &mut Source<'_>,
) -> Result<Vec<usize>> {
    let mut good = Vec::new();
    for site in 0..source.sites.len() {
        let change = source.next(site);
        // An edit that patched other functions, or nothing, is no mistake here.
        let patch = lane.save(&change)?;
        if patch.outcome == "compile-error" {
            lane.save(&change.back())?;
            continue;
        }
        if patch.is_patched() && lane.last_names_the_function {
            good.push(site);
        }
        source.placed(change);
        if good.len() == ENOUGH_SITES {
            break;
        }
    }
    Ok(good)
}

/// One edit, that can be made in any copy.
#[derive(Debug, Clone)]
struct Change<'a> {
    site: &'a Site,
    index: usize,
    number: u64,
    old: String,
    new: String,
}

impl Change<'_> {
    /// The edit that takes this one back.
    fn back(&self) -> Self {
        Self {
            old: self.new.clone(),
            new: self.old.clone(),
            ..self.clone()
        }
    }
}

/// What stands at the sites of all copies.
#[derive(Debug)]
struct Source<'a> {
    sites: &'a [Site],
    standing: Vec<String>,
    edited: Vec<bool>,
    number: u64,
}

impl<'a> Source<'a> {
    fn new(sites: &'a [Site]) -> Self {
        Self {
            sites,
            standing: sites.iter().map(|site| site.initially.clone()).collect(),
            edited: vec![false; sites.len()],
            // Two digits from the first edit on.
            number: 10,
        }
    }

    fn next(&mut self, index: usize) -> Change<'a> {
        self.number += 1;
        let site = &self.sites[index];
        Change {
            site,
            index,
            number: self.number,
            old: self.standing[index].clone(),
            new: site.shape.text(self.number),
        }
    }

    /// It was made in all copies. Returns whether it was the first at its site.
    fn placed(&mut self, change: Change<'_>) -> bool {
        self.standing[change.index] = change.new;
        !std::mem::replace(&mut self.edited[change.index], true)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The last lines of a file, for people.
fn tail(path: &Path) -> String {
    /// More is not read by anybody.
    const LINES: usize = 12;
    let text = std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::project::Shape;

    #[test]
    fn an_edit_follows_what_stands_there() {
        let sites = [Site {
            file: "a.rs".into(),
            function: "f".into(),
            initially: "x".into(),
            shape: Shape::Text("y({n})".into()),
            ask: None,
            expect: Some("y{n}!".into()),
        }];
        let mut source = Source::new(&sites);
        let one = source.next(0);
        assert_eq!((one.old.as_str(), one.new.as_str()), ("x", "y(11)"));
        assert_eq!(one.site.expected(one.number).as_deref(), Some("y11!"));
        assert!(source.placed(one));
        let two = source.next(0);
        assert_eq!((two.old.as_str(), two.new.as_str()), ("y(11)", "y(12)"));
        assert!(!source.placed(two));
    }
}
