//! What is right, from a program that prints how its own types lie in memory.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;

use super::model::{Body, Pair, Program};
use super::probe::PROBE_SUPPORT;
use super::text::{Instance, Module, representations};

/// What must come of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expectation {
    /// All types that both versions have are as before.
    Same,
    /// The first thing that is not.
    Differs(String),
    /// All bytes that the probe can see are as before, but the type of an enum's tag was given another name. (A tag that
    /// tells nothing apart is never read, and whether a number is negative does not show in its byte.) Both are right.
    Open,
}

/// What the probe printed: by module, type, and what it is about.
type Printed = HashMap<(usize, String, String), String>;

/// Runs both versions of all pairs.
pub(super) fn expectations(pairs: &[Pair]) -> Vec<Expectation> {
    let new_programs: Vec<Program> = pairs.iter().map(Pair::new_program).collect();
    let old_programs: Vec<&Program> = pairs.iter().map(|pair| &pair.old).collect();
    let (old, new) = rayon::join(
        || printed(&old_programs),
        || printed(&new_programs.iter().collect::<Vec<_>>()),
    );
    pairs
        .iter()
        .zip(&new_programs)
        .enumerate()
        .map(|(number, (pair, program))| {
            let before = View {
                module: Module {
                    program: &pair.old,
                    number,
                },
                printed: &old,
            };
            let after = View {
                module: Module { program, number },
                printed: &new,
            };
            match difference(&before, &after) {
                Some(what) => Expectation::Differs(what),
                None if tags(&pair.old) != tags(program) => Expectation::Open,
                None => Expectation::Same,
            }
        })
        .collect()
}

/// For each enum what its `repr` says of its tag.
fn tags(program: &Program) -> Vec<&'static str> {
    let representations = representations(program).into_iter();
    representations
        .zip(&program.definitions)
        .filter(|(_, definition)| matches!(definition.body, Body::Enum { .. }))
        .map(|(text, _)| if text.starts_with("align") { "" } else { text })
        .collect()
}

fn printed(programs: &[&Program]) -> Printed {
    let mut text = PROBE_SUPPORT.to_owned();
    let mut calls = String::new();
    for (number, program) in programs.iter().enumerate() {
        text += &Module { program, number }.probed();
        calls += &format!("m{number}::probe();\n");
    }
    text += &format!("fn main() {{\n{calls}}}\n");
    let directory = tempfile::tempdir().expect("a directory");
    let (source, program) = (
        directory.path().join("probe.rs"),
        directory.path().join("probe"),
    );
    std::fs::write(&source, &text).expect("the source is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(rustc)
        .args(["--edition=2024", "-Awarnings", "-Cdebuginfo=0", "-o"])
        .arg(&program)
        .arg(&source)
        .output()
        .expect("rustc runs");
    assert!(
        compiled.status.success(),
        "{}\n{text}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let ran = Command::new(&program).output().expect("the probe runs");
    assert!(ran.status.success(), "{:?}\n{text}", ran.status);
    let lines = String::from_utf8(ran.stdout).expect("text");
    lines
        .lines()
        .map(|line| {
            let mut parts = line.splitn(4, '\t').map(str::to_owned);
            let mut part = || parts.next().expect("four parts");
            let number = part().parse().expect("a module's number");
            ((number, part(), part()), part())
        })
        .collect()
}

/// One version of one module, and what is known of its types.
struct View<'p> {
    module: Module<'p>,
    printed: &'p Printed,
}

/// A field as values have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    name: String,
    ty: String,
    offset: String,
}

impl View<'_> {
    fn said(&self, instance: &str, key: &str) -> String {
        let key = (self.module.number, instance.to_owned(), key.to_owned());
        self.printed
            .get(&key)
            .unwrap_or_else(|| panic!("nothing was printed for {key:?}"))
            .clone()
    }

    fn placed(
        &self,
        instance: &str,
        variant: &str,
        fields: &[(String, super::model::Ty)],
    ) -> Vec<Placed> {
        fields
            .iter()
            .map(|(name, ty)| Placed {
                name: name.clone(),
                ty: self.module.ty(ty, 0),
                offset: self.said(instance, &format!("{variant}.{name}")),
            })
            .collect()
    }
}

/// What differs first among the types that both versions lead to.
fn difference(before: &View<'_>, after: &View<'_>) -> Option<String> {
    let after_instances: BTreeMap<_, _> = after.module.instances();
    for (name, (_, old)) in before.module.instances() {
        let Some((_, new)) = after_instances.get(&name) else {
            continue;
        };
        for key in ["size", "align"] {
            let (was, is) = (before.said(&name, key), after.said(&name, key));
            if was != is {
                return Some(format!("{key} of {name}: {was}, then {is}"));
            }
        }
        let found = match (&old, new) {
            (Instance::Fields(old), Instance::Fields(new)) => differing_fields(
                &before.placed(&name, "", old),
                &after.placed(&name, "", new),
            ),
            (Instance::Variants(old), Instance::Variants(new)) => {
                differing_variants(before, after, &name, old, new)
            }
            _ => Some("another kind of type".to_owned()),
        };
        if let Some(found) = found {
            return Some(format!("{name}: {found}"));
        }
    }
    None
}

/// Fields of one name are the same field. Those without a counterpart must come in pairs at one place and of one type:
/// renamed to a name that nothing had.
fn differing_fields(before: &[Placed], after: &[Placed]) -> Option<String> {
    let named = |list: &[Placed], name: &str| list.iter().find(|field| field.name == name).cloned();
    let mut newcomers: Vec<&Placed> = after
        .iter()
        .filter(|field| named(before, &field.name).is_none())
        .collect();
    for field in before {
        match named(after, &field.name) {
            Some(now) if now == *field => {}
            Some(now) => return Some(format!("{field:?}, then {now:?}")),
            None => {
                let heir = newcomers
                    .iter()
                    .position(|now| now.ty == field.ty && now.offset == field.offset);
                match heir {
                    Some(at) => drop(newcomers.remove(at)),
                    None => return Some(format!("{field:?} is gone")),
                }
            }
        }
    }
    newcomers.first().map(|field| format!("{field:?} is new"))
}

type Variants = [(String, Vec<(String, super::model::Ty)>)];

fn differing_variants(
    before: &View<'_>,
    after: &View<'_>,
    instance: &str,
    old: &Variants,
    new: &Variants,
) -> Option<String> {
    let as_is = |view: &View<'_>, (name, fields): &(String, Vec<(String, super::model::Ty)>)| {
        (
            view.said(instance, name),
            view.placed(instance, name, fields),
        )
    };
    let same = |was: &_, is: &_| -> Option<String> {
        let (old_bytes, old_fields) = as_is(before, was);
        let (new_bytes, new_fields) = as_is(after, is);
        if old_bytes != new_bytes {
            return Some(format!("{}: {old_bytes}, then {new_bytes}", was.0));
        }
        differing_fields(&old_fields, &new_fields).map(|what| format!("{}: {what}", was.0))
    };
    let mut newcomers: Vec<_> = new
        .iter()
        .filter(|(name, _)| old.iter().all(|(other, _)| other != name))
        .collect();
    for variant in old {
        match new.iter().find(|(name, _)| *name == variant.0) {
            Some(now) => {
                if let Some(what) = same(variant, now) {
                    return Some(what);
                }
            }
            None => match newcomers
                .iter()
                .position(|now| same(variant, now).is_none())
            {
                Some(at) => drop(newcomers.remove(at)),
                None => return Some(format!("variant {} is gone", variant.0)),
            },
        }
    }
    newcomers
        .first()
        .map(|(name, _)| format!("variant {name} is new"))
}
