//! The rules, each both ways, on what the real compiler writes.

mod bad_input;
mod bodies;
mod by_hand;
mod calls;
mod closures_and_coroutines;
mod erased;
mod numbered_blocks;
mod property;
mod rewritten;
mod static_items;
mod traits;
mod types;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use super::relocatable::{Memory, Relocatable, Relocation, Target};
use super::*;
use crate::object::reloc::{is_call, kind};

/// A program before and after an edit.
struct Edit<'a> {
    old: &'a str,
    new: &'a str,
    opt_level: &'a str,
    /// Leave out the evidence of unchanged callers.
    without_witness: bool,
    /// Pair functions by symbol only.
    without_paths: bool,
}

impl<'a> Edit<'a> {
    fn plain(old: &'a str, new: &'a str) -> Self {
        Self {
            old,
            new,
            opt_level: "0",
            without_witness: false,
            without_paths: false,
        }
    }
}

fn compile(directory: &Path, text: &str, name: &str, opt_level: &str) -> Vec<u8> {
    let source = directory.join("case.rs");
    std::fs::write(&source, text).expect("source");
    let object = directory.join(name);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args([
            "--crate-name=case",
            "--crate-type=lib",
            "--edition=2024",
            "--emit=obj",
            "-Cdebuginfo=2",
            "-Awarnings",
        ])
        .args([
            "-Csymbol-mangling-version=v0",
            "-Ccodegen-units=1",
            &format!("-Copt-level={opt_level}"),
        ])
        .arg(&source)
        .arg("-o")
        .arg(&object)
        .output()
        .expect("rustc runs");
    assert!(
        output.status.success(),
        "{}\n{text}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read(object).expect("object")
}

/// A function's code: canonical, and the symbols that it refers to and that it calls.
struct Instructions {
    text: String,
    references: HashSet<String>,
    calls: HashSet<String>,
}

fn functions(bytes: &[u8]) -> HashMap<String, Instructions> {
    let object = Relocatable::read(bytes).expect("object");
    let meaning = |relocation: &Relocation<'_>| -> String {
        match relocation.target {
            Target::Named(name) => name.to_owned(),
            Target::Place { section, offset } => {
                // PC-relative fields count from their own end.
                let shift = if relocation.width == 4 { 4 } else { 0 };
                let place = offset.wrapping_add_signed(relocation.addend + shift);
                let moved = Relocation {
                    target: Target::Place {
                        section,
                        offset: place,
                    },
                    addend: 0,
                    ..*relocation
                };
                object.meaning(&moved, 4).expect("content")
            }
        }
    };
    let mut found = HashMap::new();
    for symbol in object
        .symbols
        .iter()
        .filter(|symbol| symbol.named && symbol.size > 0)
    {
        let section = &object.sections[symbol.section];
        if section.memory != Memory::Code {
            continue;
        }
        let mut code = section.data.to_vec();
        let mut text = String::new();
        let (mut references, mut calls) = (HashSet::new(), HashSet::new());
        for relocation in &*object.relocations(symbol.section).expect("relocations") {
            let at = usize::try_from(relocation.offset).expect("offset");
            code[at..at + usize::from(relocation.width)].fill(0);
            let meaning = meaning(relocation);
            text.push_str(&format!("{at:x}:{meaning} "));
            if [kind::PLT32, kind::GOTPCREL]
                .iter()
                .any(|kind| is_call(section.data, relocation.offset, *kind))
            {
                calls.insert(meaning.clone());
            }
            references.insert(meaning);
        }
        text.push_str(&format!("{code:02x?}"));
        let code = Instructions {
            text,
            references,
            calls,
        };
        found.insert(symbol.name.to_owned(), code);
    }
    found
}

fn judge_edit(edit: &Edit<'_>) -> Verdict {
    judge_later(edit, &Departed::default())
}

fn judge_later(edit: &Edit<'_>, departed: &Departed) -> Verdict {
    let directory = tempfile::tempdir().expect("directory");
    let old = compile(directory.path(), edit.old, "old.o", edit.opt_level);
    let new = compile(directory.path(), edit.new, "new.o", edit.opt_level);
    let (before, after) = (functions(&old), functions(&new));
    // Equal names first, then paths that occur once on either side, as the diff does.
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut paths: HashMap<String, (Vec<&String>, Vec<&String>)> = HashMap::new();
    for symbol in before.keys() {
        if after.contains_key(symbol) {
            pairs.push((symbol.clone(), symbol.clone()));
        } else {
            paths
                .entry(names::canonical(symbol))
                .or_default()
                .0
                .push(symbol);
        }
    }
    for symbol in after.keys().filter(|symbol| !before.contains_key(*symbol)) {
        paths
            .entry(names::canonical(symbol))
            .or_default()
            .1
            .push(symbol);
    }
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for (old, new) in paths.into_values() {
        match (old.as_slice(), new.as_slice()) {
            ([old], [new]) if !edit.without_paths => pairs.push(((*old).clone(), (*new).clone())),
            (old, new) => {
                removed.extend(old.iter().map(|symbol| (*symbol).clone()));
                added.extend(new.iter().map(|symbol| (*symbol).clone()));
            }
        }
    }
    let differs: HashSet<&String> = pairs
        .iter()
        .filter(|(old, new)| before[old].text != after[new].text)
        .map(|(_, new)| new)
        .collect();
    let facts = DebugFacts::read(&[&old]).expect("debug info");
    let in_vtables: HashSet<String> = facts
        .vtables
        .values()
        .flatten()
        .flatten()
        .filter_map(|slot| match slot {
            debug::VtableSlot::Symbol(symbol) => Some(symbol.to_string()),
            _ => None,
        })
        .collect();
    let mut changed: Vec<ChangedFunction> = pairs
        .iter()
        .filter(|(_, new)| differs.contains(new))
        .map(|(old, new)| {
            let callers = |wanted: bool| {
                pairs
                    .iter()
                    .filter(|(_, caller)| {
                        differs.contains(caller) == wanted
                            && after[caller].references.contains(new)
                            && caller != new
                    })
                    .map(|(_, caller)| caller.clone())
                    .collect::<Vec<_>>()
            };
            ChangedFunction {
                old: old.clone(),
                new: new.clone(),
                caller_unchanged: !edit.without_witness
                    && callers(false)
                        .iter()
                        .any(|caller| after[caller].calls.contains(new)),
                in_old_vtable: in_vtables.contains(old),
                changed_callers: callers(true),
                unchanged_callers: if edit.without_witness {
                    Vec::new()
                } else {
                    callers(false)
                },
                cut_since: Vec::new(),
            }
        })
        .collect();
    changed.sort_by(|a, b| a.new.cmp(&b.new));
    let source = directory.path().join("case.rs");
    let crates = ["case".to_owned()].into();
    let case = Case {
        units: vec![UnitCase {
            key: "case-0000",
            crate_name: "case",
            opt_level: edit.opt_level,
            old: vec![&old],
            new: vec![&new],
        }],
        sources: vec![SourceCase {
            path: &source,
            old: Some(edit.old),
            new: Some(edit.new),
        }],
        changed,
        added,
        removed,
        renamed: HashMap::new(),
        exchanged: Vec::new(),
        workspace_crates: &crates,
        confined_to: None,
    };
    judge_with(&case, departed, &NoMemory).expect("verdict")
}

fn check(old: &str, new: &str) -> Verdict {
    judge_edit(&Edit::plain(old, new))
}

/// The names of the codes, each once, in the order of the reasons.
fn codes_of(verdict: &Verdict) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for reason in &verdict.restart {
        if !codes.contains(&reason.code) {
            codes.push(reason.code);
        }
    }
    codes
}

#[track_caller]
fn must_patch(old: &str, new: &str) -> Verdict {
    let verdict = check(old, new);
    assert!(
        verdict.restart.is_empty(),
        "{old}\n{new}\n{:#?}",
        verdict.restart
    );
    assert!(
        verdict.cut.is_none(),
        "{old}\n{new}\n{:#?}",
        verdict.cut.map(|cut| cut.notes())
    );
    verdict
}

/// The old and the new version will live side by side, if nothing in the program lets them meet.
#[track_caller]
fn cuts(first: &Code, text: &str) -> Cut {
    let (old, new) = both(text);
    must_cut(first, &old, &new)
}

#[track_caller]
fn must_cut(first: &Code, old: &str, new: &str) -> Cut {
    let verdict = check(old, new);
    assert!(
        verdict.restart.is_empty(),
        "{old}\n{new}\n{:#?}",
        verdict.restart
    );
    let cut = verdict
        .cut
        .unwrap_or_else(|| panic!("no cut\n{old}\n{new}"));
    let reasons = cut.refused("");
    assert_eq!(reasons[0].code, first.id, "{old}\n{new}\n{reasons:#?}");
    cut
}

#[track_caller]
fn must_restart(first: &Code, old: &str, new: &str) -> Verdict {
    let verdict = check(old, new);
    assert_eq!(
        codes_of(&verdict).first(),
        Some(&first.id),
        "{old}\n{new}\n{:#?}",
        verdict.restart
    );
    assert!(verdict.renew.is_empty());
    verdict
}

/// A pair of texts from one, in which `@old=>new@` marks what changes.
fn both(text: &str) -> (String, String) {
    let mut old = String::new();
    let mut new = String::new();
    for (index, part) in text.split('@').enumerate() {
        if index % 2 == 0 {
            old.push_str(part);
            new.push_str(part);
        } else {
            let (before, after) = part.split_once("=>>").expect("a mark is `@old=>>new@`");
            old.push_str(before);
            new.push_str(after);
        }
    }
    (old, new)
}

#[track_caller]
fn patches(text: &str) -> Verdict {
    let (old, new) = both(text);
    must_patch(&old, &new)
}

#[track_caller]
fn restarts(first: &Code, text: &str) -> Verdict {
    let (old, new) = both(text);
    must_restart(first, &old, &new)
}
