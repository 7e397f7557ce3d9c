//! What has to be replaced although nobody edited it: functions that refer to something which is elsewhere now.
//!
//! That is a constant with another value, a function with a place of its own, or an instance of foreign code without a slot
//! ([`SlotPolicy::is_spared`]). Such an instance is only called, so that all who lead to it are functions; those of them that
//! have no slot either lead on to their callers.

use std::collections::{BTreeSet, HashSet};

use anyhow::Result;

use crate::diff::NewFunction;
use crate::diff::pairing::FunctionKey;
use crate::judge::CutNames;
use crate::link::live::{Ambiguous, Callable};
use crate::link::{Live, OldNames, Store};
use crate::object::target::names_behind;
use crate::table::policy::SlotPolicy;

/// Who is asked about users.
pub(super) struct Users<'u> {
    pub(super) live: &'u Live,
    pub(super) names: &'u OldNames,
    pub(super) policy: &'u SlotPolicy,
    /// What exposes it keeps its old version, whatever that refers to.
    pub(super) cut: Option<&'u CutNames>,
}

/// What has to be replaced and has no slot.
#[derive(Debug, Default)]
pub(super) struct Spared {
    /// They get a place of their own, to which their callers lead.
    pub(super) functions: Vec<NewFunction>,
    /// Those of them, and of the replacements, that are as before and only lead to others, by their new names.
    pub(super) led: HashSet<String>,
}

/// True if the program has this function, without a slot because it is only called.
pub(super) fn is_spared(live: &Live, policy: &SlotPolicy, name: &str, object: &str) -> bool {
    policy.is_spared(name)
        && matches!(
            live.function(name, object),
            Ok(Some(Callable::Direct(_))) | Err(Ambiguous)
        )
}

impl Users<'_> {
    /// Takes those `replacements` out that have no slot, and adds all that lead to them. What leads to nothing but functions in `refreshed`
    /// gets new line numbers and nothing else, and is added to them.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub(super) fn of_spared(
        &self,
        store: &mut Store<'_>,
        replacements: &mut Vec<(FunctionKey, NewFunction)>,
        renewed: &[NewFunction],
        refreshed: &mut HashSet<String>,
    ) -> Result<Spared> {
        let edited: HashSet<String> = replacements
            .iter()
            .map(|(_, new)| new.key.name.clone())
            .collect();
        let mut not_replaced = renewed.to_vec();
        loop {
            let mut touched = BTreeSet::new();
            replacements.retain(|(old, new)| {
                let is_spared = is_spared(
                    self.live,
                    self.policy,
                    &old.name,
                    old.object.as_deref().unwrap_or(""),
                );
                if is_spared {
                    touched.insert(new.key.name.clone());
                    not_replaced.push(new.clone());
                }
                !is_spared
            });
            if touched.is_empty() {
                break;
            }
            self.add(store, &touched, replacements, &not_replaced, refreshed)?;
        }
        let functions = not_replaced.split_off(renewed.len());
        let led = replacements
            .iter()
            .map(|(_, new)| new)
            .chain(&functions)
            .map(|function| &function.key.name)
            .filter(|name| !edited.contains(*name))
            .cloned()
            .collect();
        Ok(Spared { functions, led })
    }

    /// Adds the users of `touched` to `replacements`, unless they are there or among `others`. For `refreshed` see
    /// [`Self::of_spared`].
    ///
    /// # Errors
    /// When an object cannot be read.
    pub(super) fn add(
        &self,
        store: &mut Store<'_>,
        touched: &BTreeSet<String>,
        replacements: &mut Vec<(FunctionKey, NewFunction)>,
        others: &[NewFunction],
        refreshed: &mut HashSet<String>,
    ) -> Result<()> {
        if touched.is_empty() {
            return Ok(());
        }
        let mut known: HashSet<(usize, usize)> = replacements
            .iter()
            .map(|(_, new)| new)
            .chain(others)
            .map(|function| (function.object, function.symbol))
            .collect();
        store.read_workspace()?;
        for index in 0..store.len() {
            let stored = store.object(index);
            if !stored
                .file
                .symbols
                .iter()
                .any(|symbol| touched.contains(symbol.name))
            {
                continue;
            }
            for (symbol, section) in stored.file.functions() {
                let (mut refers, mut only_lines) = (false, true);
                let relocations = stored.file.relocations(section)?;
                let names =
                    names_behind(&stored.file, &stored.symbols, relocations, vec![section])?;
                for name in names.into_iter().filter(|name| touched.contains(*name)) {
                    refers = true;
                    only_lines &= refreshed.contains(name);
                }
                if !refers || known.contains(&(index, symbol)) {
                    continue;
                }
                let name = stored.file.symbols[symbol].name;
                if self.cut.is_some_and(|cut| cut.exposes(name)) {
                    continue;
                }
                let Some((old, _)) = self.names.old_function(name, None) else {
                    continue;
                };
                let has_slot = matches!(
                    self.live.function(old, &stored.id),
                    Ok(Some(Callable::Slot(_)))
                );
                if !has_slot && !is_spared(self.live, self.policy, old, &stored.id) {
                    continue;
                }
                known.insert((index, symbol));
                if only_lines {
                    refreshed.insert(name.to_owned());
                }
                replacements.push((
                    FunctionKey {
                        name: old.to_owned(),
                        object: Some(stored.id.clone()),
                    },
                    NewFunction {
                        key: FunctionKey {
                            name: name.to_owned(),
                            object: None,
                        },
                        object: index,
                        symbol,
                        section,
                    },
                ));
            }
        }
        Ok(())
    }
}
