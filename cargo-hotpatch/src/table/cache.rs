//! Rewritten objects, kept over links: an object that did not change is not rewritten twice, and mostly not even read.
//!
//! Two tables in `state.json`. By a file's identity (device, inode, length, time of its last change): which objects it
//! holds, with the hashes of their contents and what they do with functions that may need no slot; so an unchanged file is not read. By
//! content, object id, slot policy, and which of its functions are exceptions from that: the rewritten object,
//! `<key>.o`. What a link did not use is removed after it.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::archive::{self, Member};
use super::policy::SlotPolicy;
use super::rewrite::{REWRITER_VERSION, rewrite};
use super::spared::{Spared, exceptions, spared};
use crate::capture::record::{UnitKey, object_id, parse_object_name};

/// An object or rlib of a workspace unit, as it stands in the linker's arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) unit: UnitKey,
    pub(crate) is_archive: bool,
}

/// An object inside of an input.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// The codegen unit and the object's id; `None` for an object that rustc did not write (C code bundled in an rlib).
    pub(crate) codegen_unit: Option<(String, String)>,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// What the link gets instead.
    pub(crate) rewritten: PathBuf,
}

/// What became of the inputs.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// By input, in order.
    pub(crate) objects: Vec<Vec<Object>>,
    /// Functions with a slot.
    pub(crate) slots: usize,
    /// Functions that should have one.
    pub(crate) without_slot: Vec<String>,
    /// Objects that were rewritten, and those that were there already.
    pub(crate) rewritten: usize,
    pub(crate) reused: usize,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    version: u32,
    /// Of the slot policy that `files` were read with.
    policy: String,
    /// By the identity of a file.
    files: HashMap<String, Vec<HashedMember>>,
    /// By key.
    rewritten: HashMap<String, Facts>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct HashedMember {
    member: Member,
    hash: String,
    spared: Spared,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Facts {
    slots: usize,
    without_slot: Vec<String>,
}

/// The directory with rewritten objects of one link.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    state: State,
}

impl Cache {
    /// Opens or creates a cache. A state that cannot be read is forgotten: everything can be made again.
    pub(crate) fn open(directory: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("failed to create {}", directory.display()))?;
        let state = std::fs::read(directory.join("state.json"))
            .ok()
            .and_then(|text| serde_json::from_slice::<State>(&text).ok())
            .filter(|state| state.version == REWRITER_VERSION)
            .unwrap_or_else(|| State {
                version: REWRITER_VERSION,
                ..State::default()
            });
        Ok(Self { directory, state })
    }

    /// Rewrites what is not yet rewritten. The exceptions of `policy` are found. `listed` gets the objects, by input, as soon as
    /// they are known.
    pub(crate) fn provide(
        &mut self,
        inputs: &[Input],
        policy: &mut SlotPolicy,
        listed: &mut dyn FnMut(&[Vec<Object>]) -> Result<()>,
    ) -> Result<Outcome> {
        let fingerprint = policy.fingerprint();
        if self.state.policy != fingerprint {
            self.state.policy.clone_from(&fingerprint);
            self.state.files.clear();
        }
        let identities = inputs
            .iter()
            .map(|input| identity(&input.path))
            .collect::<Result<Vec<_>>>()?;
        let files: Vec<Vec<HashedMember>> = inputs
            .par_iter()
            .zip(&identities)
            .map(|(input, identity)| match self.state.files.get(identity) {
                Some(members) => Ok(members.clone()),
                None => hash_members(input, policy)
                    .with_context(|| format!("failed to read {}", input.path.display())),
            })
            .collect::<Result<_>>()?;

        policy.exceptions = exceptions(files.iter().flatten().map(|member| &member.spared));
        let policy = &*policy;
        let mut outcome = Outcome::default();
        let mut jobs = Vec::new();
        let mut known = HashMap::new();
        for (input, members) in inputs.iter().zip(&files) {
            let mut objects = Vec::with_capacity(members.len());
            for HashedMember {
                member,
                hash,
                spared,
            } in members
            {
                let codegen_unit = match parse_object_name(&member.name) {
                    Some((unit, cgu)) if unit == input.unit => {
                        Some((cgu.to_owned(), object_id(unit, cgu)))
                    }
                    _ => None,
                };
                let id = codegen_unit.as_ref().map_or("", |(_, id)| id);
                let key = cache_key(hash, id, &fingerprint, &exceptions_in(spared, policy));
                let rewritten = self.directory.join(format!("{key}.o"));
                match self
                    .state
                    .rewritten
                    .get(&key)
                    .filter(|_| rewritten.exists())
                {
                    Some(facts) => {
                        outcome.reused += 1;
                        known.insert(key.clone(), facts.clone());
                    }
                    None => jobs.push((input, member, id.to_owned(), key.clone())),
                }
                objects.push(Object {
                    codegen_unit,
                    offset: member.offset,
                    len: member.len,
                    rewritten,
                });
            }
            outcome.objects.push(objects);
        }
        listed(&outcome.objects)?;
        outcome.rewritten = jobs.len();
        // The largest first, so that no core is left with one at the end.
        jobs.sort_by_key(|(_, member, ..)| std::cmp::Reverse(member.len));
        let made = jobs
            .into_par_iter()
            .map(|(input, member, id, key)| {
                let facts = self
                    .make(input, member, &id, &key, policy)
                    .with_context(|| {
                        format!(
                            "failed to rewrite {} of {}",
                            member.name,
                            input.path.display()
                        )
                    })?;
                Ok((key, facts))
            })
            .collect::<Result<Vec<_>>>()?;
        known.extend(made);

        for facts in known.values() {
            outcome.slots += facts.slots;
            outcome
                .without_slot
                .extend(facts.without_slot.iter().cloned());
        }
        outcome.without_slot.sort_unstable();
        outcome.without_slot.dedup();
        self.state.rewritten = known;
        self.state.files = identities.into_iter().zip(files).collect();
        Ok(outcome)
    }

    fn make(
        &self,
        input: &Input,
        member: &Member,
        id: &str,
        key: &str,
        policy: &SlotPolicy,
    ) -> Result<Facts> {
        let file = archive::map(&input.path)?;
        let start = usize::try_from(member.offset)?;
        let bytes = start
            .checked_add(usize::try_from(member.len)?)
            .and_then(|end| file.get(start..end))
            .context("it changed while it was read")?;
        let target = self.directory.join(format!("{key}.o"));
        if id.is_empty() {
            write_atomically(&target, bytes)?;
            return Ok(Facts::default());
        }
        let result = rewrite(bytes, id, policy)?;
        write_atomically(&target, &result.bytes)?;
        Ok(Facts {
            slots: result.slots.len(),
            without_slot: result.without_slot,
        })
    }

    /// Writes the state, and removes rewritten objects that the last [`Cache::provide`] did not use.
    pub(crate) fn save(&self) -> Result<()> {
        let state = serde_json::to_vec(&self.state).context("failed to write the cache's state")?;
        write_atomically(&self.directory.join("state.json"), &state)?;
        for entry in std::fs::read_dir(&self.directory).context("failed to list the cache")? {
            let path = entry.context("failed to list the cache")?.path();
            let stale = path.extension().is_some_and(|extension| extension == "o")
                && path
                    .file_stem()
                    .and_then(|stem| stem.to_str())
                    .is_some_and(|key| !self.state.rewritten.contains_key(key));
            if stale {
                // It costs space, and nothing else.
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }
}

/// Which of an object's functions get a slot by way of exception.
fn exceptions_in(spared: &Spared, policy: &SlotPolicy) -> Vec<u8> {
    let mut found: Vec<u64> = spared
        .defined
        .iter()
        .copied()
        .filter(|function| policy.exceptions.contains(function))
        .collect();
    found.sort_unstable();
    found.into_iter().flat_map(u64::to_le_bytes).collect()
}

fn cache_key(hash: &str, id: &str, policy: &str, exceptions: &[u8]) -> String {
    let mut key = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        key.update(&(part.len() as u64).to_le_bytes());
        key.update(part);
    };
    add(hash.as_bytes());
    add(id.as_bytes());
    // What rustc did not write is not rewritten, whatever the policy.
    if !id.is_empty() {
        add(policy.as_bytes());
        add(exceptions);
    }
    key.finalize().to_hex()[..32].to_owned()
}

/// What tells a file from any other, and from itself before it was changed. A hard link has the same.
fn identity(path: &Path) -> Result<String> {
    let metadata =
        std::fs::metadata(path).with_context(|| format!("failed to read {}", path.display()))?;
    let (device, inode, length) = (metadata.dev(), metadata.ino(), metadata.len());
    Ok(format!(
        "{device}:{inode}:{length}:{}.{:09}",
        metadata.mtime(),
        metadata.mtime_nsec()
    ))
}

fn hash_members(input: &Input, policy: &SlotPolicy) -> Result<Vec<HashedMember>> {
    let bytes = archive::map(&input.path)?;
    let members = if input.is_archive {
        archive::members(&bytes)?
    } else {
        let name = input
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        vec![Member {
            name,
            offset: 0,
            len: bytes.len() as u64,
        }]
    };
    members
        .into_par_iter()
        .map(|member| {
            let start = usize::try_from(member.offset)?;
            let data = &bytes[start..start + usize::try_from(member.len)?];
            let hash = blake3::hash(data).to_hex().to_string();
            // What C code takes the address of has a name of C, and so a slot.
            let spared = match parse_object_name(&member.name) {
                Some(_) => {
                    spared(data, policy).with_context(|| format!("the object {}", member.name))?
                }
                None => Spared::default(),
            };
            Ok(HashedMember {
                member,
                hash,
                spared,
            })
        })
        .collect()
}

/// Writes a file under a temporary name and renames it, so that nobody ever sees half of it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let directory = path.parent().context("a file without a directory")?;
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}
