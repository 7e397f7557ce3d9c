//! Makes a case smaller for as long as it shows the same fault.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::live::{Cold, Finding, run};
use crate::model::{Case, Save};

/// Returns the smallest case that was found, and its finding. `budget` is how long to try.
pub(crate) fn shrink(
    case: &Case,
    finding: &Finding,
    cold: &Cold,
    budget: Duration,
) -> Result<(Case, Finding)> {
    let mut shrinker = Shrinker {
        case: case.clone(),
        finding: finding.clone(),
        cold,
        end: Instant::now() + budget,
    };
    shrinker.case.steps.truncate(finding.step + 1);
    shrinker.drop_steps()?;
    shrinker.drop_items()?;
    shrinker.simplify()?;
    Ok((shrinker.case, shrinker.finding))
}

struct Shrinker<'a> {
    case: Case,
    finding: Finding,
    cold: &'a Cold,
    end: Instant,
}

impl Shrinker<'_> {
    /// Keeps the smaller case if it shows the same fault.
    fn try_case(&mut self, case: Case) -> Result<bool> {
        if Instant::now() > self.end || case == self.case || case.steps.len() < 2 {
            return Ok(false);
        }
        let folder = tempfile::Builder::new()
            .prefix("hotpatch-fuzz-")
            .tempdir()?;
        // A program that cargo does not build is no smaller case.
        let Ok(outcome) = run(&case, folder.path(), self.cold) else {
            return Ok(false);
        };
        let Some(finding) = outcome.finding else {
            return Ok(false);
        };
        if finding.class != self.finding.class || finding.item != self.finding.item {
            return Ok(false);
        }
        self.case = case;
        self.case.steps.truncate(finding.step + 1);
        self.finding = finding;
        Ok(true)
    }

    fn drop_steps(&mut self) -> Result<()> {
        let last = self.case.steps.len() - 1;
        for keep in [vec![last.saturating_sub(1), last], vec![0, last]] {
            let mut case = self.case.clone();
            case.steps = keep
                .iter()
                .map(|index| self.case.steps[*index].clone())
                .collect();
            if self.try_case(case)? {
                return Ok(());
            }
        }
        let mut index = 0;
        while index + 1 < self.case.steps.len() {
            let mut case = self.case.clone();
            case.steps.remove(index);
            if !self.try_case(case)? {
                index += 1;
            }
        }
        Ok(())
    }

    fn drop_items(&mut self) -> Result<()> {
        let mut ids: Vec<u32> = self
            .case
            .steps
            .iter()
            .flat_map(|step| step.program.items.keys().copied())
            .filter(|id| *id != self.finding.id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut size = ids.len();
        while size > 0 {
            for chunk in ids.clone().chunks(size) {
                let mut case = self.case.clone();
                for step in &mut case.steps {
                    for id in chunk {
                        step.program.remove(*id);
                    }
                }
                if self.try_case(case)? {
                    ids.retain(|id| !chunk.contains(id));
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        Ok(())
    }

    fn simplify(&mut self) -> Result<()> {
        let mut case = self.case.clone();
        for step in &mut case.steps {
            step.save = Save::InPlace;
            for module in &mut step.program.modules {
                module.comments = 0;
            }
        }
        self.try_case(case)?;
        let count = self.case.steps[0].program.modules.len();
        for index in (0..count).rev() {
            let mut case = self.case.clone();
            let is_empty = case
                .steps
                .iter()
                .all(|step| step.program.modules[index].pieces.is_empty());
            if is_empty
                && self
                    .case
                    .steps
                    .iter()
                    .all(|step| step.program.broken.is_none())
            {
                for step in &mut case.steps {
                    step.program.modules.remove(index);
                }
                self.try_case(case)?;
            }
        }
        let ids: Vec<u32> = self.case.steps[0].program.items.keys().copied().collect();
        for id in ids {
            let subs = self.case.steps[0].program.items[&id].subs.clone();
            for sub in subs {
                let mut case = self.case.clone();
                for step in &mut case.steps {
                    if let Some(item) = step.program.items.get_mut(&id) {
                        item.subs.retain(|other| other.id != sub.id);
                    }
                }
                self.try_case(case)?;
            }
        }
        Ok(())
    }
}
