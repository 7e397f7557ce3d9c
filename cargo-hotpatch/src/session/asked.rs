//! What only cargo can tell: whether it would make another program.
//!
//! A manifest, an input of a build script or a crate that was not captured has changed. Most of what may change there makes
//! no other program: a comment, a description, a script that prints what it printed before. So cargo builds with a gate at
//! its link, as in [`super::ahead`], and what it came to is compared with what runs:
//!
//! | cargo | then |
//! |---|---|
//! | calls the program fresh, and the edit has no source | `unchanged` |
//! | links the same objects and libraries | `unchanged` |
//! | gave the compiler the same commands and the linker the same libraries | the edit's sources, and those that a script has written, go the way of a patch |
//! | anything else | restart, for the reason that cargo was asked for |
//!
//! A build that is not a restart replaces nothing of the last link.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ahead::State;
use super::engine::Applied;
use super::outcomes::add_reasons;
use super::restarts::is_timeout;
use super::saves::only_plain_bodies;
use super::{Session, build_options};
use crate::capture::cargo::Built;
use crate::capture::gate::WaitingLink;
use crate::capture::record::UnitRecord;
use crate::codes::{self, Reason};
use crate::event::OutcomeKind;
use crate::plan::{PlannedUnit, plan_of_sources};

/// What a linker is given beside objects and libraries: made by the compiler for each link.
const MADE_FOR_THE_LINK: &str = "symbols.o";

/// What the comparison has shown.
enum Verdict {
    Same,
    Patch,
    Restart,
    /// The program does not answer.
    Unknown,
}

impl Session {
    /// Only cargo can follow. It is asked whether the program has to, or, where that cannot be compared, told to build.
    pub(super) fn ask_cargo(&mut self, reason: Reason) {
        let Some(job) = &self.job else { return };
        let changed: Vec<PathBuf> = job
            .sources
            .iter()
            .map(|source| source.path.clone())
            .collect();
        // What of it concerns the program's own surroundings is in no object.
        if changed.iter().any(|path| is_surroundings(path)) {
            self.rebuild(vec![reason]);
            return;
        }
        let units = self.units_of_sources();
        let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
        let options = (!changed.iter().all(is_rust)).then(|| build_options(&self.options));
        let why = Some(reason.clone());
        if self.begin_ahead(units, why, options).is_err() {
            self.rebuild(vec![reason]);
        }
    }

    /// Cargo would link now.
    pub(super) fn compare_link(&mut self, link: WaitingLink) {
        let verdict = self.verdict_of(&link);
        let Some(job) = &mut self.job else { return };
        let Some(ahead) = &mut job.ahead else { return };
        match verdict {
            Verdict::Same => ahead.state = State::Same,
            Verdict::Patch => ahead.state = State::GivenUp,
            Verdict::Unknown => ahead.state = State::Refused,
            Verdict::Restart if self.options.no_restart => ahead.state = State::Refused,
            Verdict::Restart => {
                let reasons: Vec<Reason> = ahead.why.iter().cloned().collect();
                self.allow_link(link, reasons);
                return;
            }
        }
        job.cancel.cancel();
    }

    fn verdict_of(&mut self, link: &WaitingLink) -> Verdict {
        if !self.links_the_same(link) {
            return Verdict::Restart;
        }
        self.take_in_generated();
        let units = self.units_of_sources();
        if self.records_are_the_same() && !units.is_empty() {
            if let Some(ahead) = self.job.as_mut().and_then(|job| job.ahead.as_mut()) {
                ahead.units = units;
            }
            return Verdict::Patch;
        }
        let Some(job) = &mut self.job else {
            return Verdict::Unknown;
        };
        let sources = std::mem::take(&mut job.sources);
        let mut timings = job.timings;
        let rehearsed = self.rehearse_units(
            &super::ahead::units_of(&link.objects),
            &sources,
            &mut timings,
        );
        self.files.keep_only(&self.reference);
        if let Some(job) = &mut self.job {
            job.sources = sources;
        }
        match rehearsed {
            Some((Ok(Applied::Taken(taken)), _))
                if !taken.is_patched && taken.functions.is_empty() =>
            {
                Verdict::Same
            }
            Some((Ok(Applied::Restart { reasons }), _)) if is_timeout(&reasons) => Verdict::Unknown,
            _ => Verdict::Restart,
        }
    }

    /// Whether the link is of the same units, and of the same libraries with the same content.
    fn links_the_same(&self, link: &WaitingLink) -> bool {
        let units = |objects: &[crate::capture::record::ObjectRef]| -> BTreeSet<String> {
            objects.iter().map(|object| object.unit.clone()).collect()
        };
        if units(&link.objects) != units(&self.built.link.objects)
            || link.shared != self.built.link.shared
        {
            return false;
        }
        let is_kept = |path: &&PathBuf| !path.ends_with(MADE_FOR_THE_LINK) && path.is_file();
        let now: BTreeSet<&Path> = link
            .libraries
            .iter()
            .filter(is_kept)
            .map(PathBuf::as_path)
            .collect();
        let before = self
            .libraries
            .iter()
            .filter(|library| !library.path().ends_with(MADE_FOR_THE_LINK));
        let mut count = 0;
        for library in before {
            count += 1;
            if !(now.contains(library.path()) && library.is_unchanged()) {
                return false;
            }
        }
        count == now.len()
    }

    /// Whether the compiler was given the same commands in the same environment.
    fn records_are_the_same(&self) -> bool {
        let is_same = |unit: &UnitRecord| matches!(self.directory.read_unit(&unit.key), Ok(Some(now)) if now == *unit);
        self.built.units.iter().all(is_same)
    }

    /// What the sources of the job ask for, if nothing else came out differently.
    fn units_of_sources(&self) -> Vec<PlannedUnit> {
        let Some(job) = &self.job else {
            return Vec::new();
        };
        let changed: Vec<PathBuf> = job
            .sources
            .iter()
            .map(|source| source.path.clone())
            .collect();
        let plain = |path: &Path| only_plain_bodies(&job.sources, path);
        plan_of_sources(&changed, &self.built, &plain).unwrap_or_default()
    }

    /// Cargo calls everything fresh. True if that is so of the program that runs; then it has been acted on.
    pub(super) fn is_fresh(&mut self, built: &Built, units: Vec<PlannedUnit>) -> bool {
        if built.link != self.built.link {
            return false;
        }
        self.built.inputs = built.inputs.clone();
        self.watch_again(None);
        if units.is_empty() {
            self.cargo_makes_the_same();
        } else {
            self.compile(units);
        }
        true
    }

    /// It would restart, and may not, or the program does not answer.
    pub(super) fn refuse(&mut self, reasons: Vec<Reason>) {
        let mut outcome = self.outcome_of_job(OutcomeKind::Refused);
        add_reasons(&mut outcome, reasons);
        self.finish(outcome);
    }

    pub(super) fn cargo_makes_the_same(&mut self) {
        let outcome = self.outcome_of_job(OutcomeKind::Unchanged);
        let is_manifest = self.job.as_ref().is_some_and(|job| {
            let mut sources = job.sources.iter();
            sources.any(|source| source.path.ends_with("Cargo.toml"))
        });
        self.note_asked(false);
        self.has_older_environment |= is_manifest || !self.records_are_the_same();
        self.take_baseline_of_job();
        self.finish(outcome);
    }

    /// A source begins to read what the compiler's environment says of a package, which a manifest that changed without an effect
    /// may have changed. Replays have the older environment.
    pub(super) fn reads_older_environment(&self) -> Option<Reason> {
        let job = self.job.as_ref().filter(|_| self.has_older_environment)?;
        let source = job.sources.iter().find(|source| {
            let old = variables(source.old.as_deref());
            !variables(source.new.as_deref()).is_subset(&old)
        })?;
        Some(Reason::new(
            &codes::MANIFEST,
            format!(
                "`{}` reads the compiler's environment, which a manifest may have changed since the program was built",
                source.path.display()
            ),
        ))
    }
}

/// What stands behind each `env!` of a text.
fn variables(text: Option<&[u8]>) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let behind = text.split("env!").skip(1);
    behind
        .map(|rest| {
            rest.split([')', ']', '}'])
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

/// Cargo's configuration and the toolchain file: part of the program's environment is in them.
fn is_surroundings(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_configuration = ["config.toml", "config"].iter().any(|known| name == *known)
        && path
            .parent()
            .is_some_and(|parent| parent.ends_with(".cargo"));
    is_configuration || name == "rust-toolchain.toml" || name == "rust-toolchain"
}
