//! Differences between objects that the real compiler makes from two versions of a small library.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::*;
use crate::link::plan::pretty;

/// Compiles `source` as cargo's development profile does and returns the objects.
fn compile(source: &str, flags: &[&str]) -> Vec<(String, Vec<u8>)> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("lib.rs");
    std::fs::write(&file, source).expect("source is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc)
        .args([
            "--crate-name",
            "sample",
            "--edition=2021",
            "--crate-type=lib",
            "--emit=obj",
        ])
        .args([
            "-Cdebuginfo=2",
            "-Csymbol-mangling-version=v0",
            "-Ccodegen-units=4",
            "-Cmetadata=1",
            "-Adead_code",
        ])
        .args(flags)
        // The path is part of every panic location: it must not differ between two compiles.
        .arg(format!(
            "--remap-path-prefix={}=",
            directory.path().display()
        ))
        .arg("--out-dir")
        .arg(directory.path())
        .arg(&file)
        .status()
        .expect("rustc runs");
    assert!(status.success(), "rustc fails on:\n{source}");
    let mut objects = Vec::new();
    for entry in std::fs::read_dir(directory.path()).expect("the directory is read") {
        let path = entry.expect("an entry").path();
        if path.extension() == Some("o".as_ref()) {
            let name = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default()
                .to_owned();
            objects.push((name, std::fs::read(&path).expect("the object is read")));
        }
    }
    objects.sort();
    objects
}

fn parsed(objects: &[(String, Vec<u8>)]) -> Vec<(&str, ObjectFile<'_>)> {
    objects
        .iter()
        .map(|(name, bytes)| (name.as_str(), ObjectFile::parse(bytes).expect("an object")))
        .collect()
}

pub(super) fn compare(old: &str, new: &str, flags: &[&str]) -> Difference {
    let (old, new) = (compile(old, flags), compile(new, flags));
    let (old, new) = (parsed(&old), parsed(&new));
    let old: Vec<NamedObject<'_>> = old
        .iter()
        .map(|(id, file)| NamedObject { id, file })
        .collect();
    let new: Vec<NamedObject<'_>> = new
        .iter()
        .map(|(id, file)| NamedObject { id, file })
        .collect();
    diff(&old, &new).expect("a difference")
}

fn changed(difference: &Difference, change: Change) -> BTreeSet<String> {
    difference
        .changed
        .iter()
        .filter(|function| function.change == change)
        .map(|function| pretty(&function.new.key.name))
        .collect()
}

const SAMPLE: &str = r#"
use std::sync::atomic::{AtomicU32, Ordering};
static COUNT: AtomicU32 = AtomicU32::new(0);
static TABLE: [u32; 3] = [1, 2, 3];
pub trait Animal { fn name(&self) -> String; }
pub struct Dog;
impl Animal for Dog { fn name(&self) -> String { "dog".into() } }
pub fn count() -> u32 { COUNT.fetch_add(1, Ordering::Relaxed) }
pub fn look(i: usize) -> u32 { TABLE[i] }
pub fn greet(who: &str) -> String { format!("hello {who}") }
pub fn make() -> Box<dyn Animal> { Box::new(Dog) }
pub fn last() -> u32 { let f = |x: u32| x + 1; f(count()) }
mod inner { pub fn deep(n: u64) -> u64 { if n == 0 { 1 } else { n * deep(n - 1) } } }
pub fn outer() -> u64 { inner::deep(5) }
"#;

#[test]
fn the_same_source_differs_in_nothing() {
    let difference = compare(SAMPLE, SAMPLE, &[]);
    assert!(
        difference.is_empty() && difference.removed.is_empty(),
        "{difference:#?}"
    );
}

#[test]
fn a_comment_at_a_lines_end_differs_in_nothing() {
    let difference = compare(
        SAMPLE,
        &SAMPLE.replace("pub struct Dog;", "pub struct Dog; // a dog"),
        &[],
    );
    assert!(difference.is_empty(), "{difference:#?}");
}

#[test]
fn an_inserted_line_refreshes_what_is_below_it() {
    let difference = compare(
        SAMPLE,
        &SAMPLE.replace("static TABLE", "\n\nstatic TABLE"),
        &[],
    );
    assert_eq!(
        changed(&difference, Change::Code),
        BTreeSet::new(),
        "{difference:#?}"
    );
    let refreshed = changed(&difference, Change::LinesOnly);
    // `look` can panic, `count` cannot, but a debugger shows both; what is above stays.
    assert!(
        refreshed.contains("sample::look") && refreshed.contains("sample::count"),
        "{refreshed:?}"
    );
    let below = compare(SAMPLE, &SAMPLE.replace("mod inner", "\n\nmod inner"), &[]);
    assert!(
        !changed(&below, Change::LinesOnly).contains("sample::count"),
        "{below:#?}"
    );
}

#[test]
fn a_body_and_a_string_are_changes_of_their_function() {
    let difference = compare(
        SAMPLE,
        &SAMPLE.replace("hello {who}", "good day {who}"),
        &[],
    );
    assert_eq!(
        changed(&difference, Change::Code),
        BTreeSet::from(["sample::greet".to_owned()])
    );
    let difference = compare(SAMPLE, &SAMPLE.replace("x + 1", "x + 2"), &[]);
    assert_eq!(
        changed(&difference, Change::Code),
        BTreeSet::from(["sample::last::{closure#0}".to_owned()])
    );
}

#[test]
fn an_immutable_statics_new_value_is_a_change_of_its_readers() {
    let difference = compare(SAMPLE, &SAMPLE.replace("[1, 2, 3]", "[1, 2, 4]"), &[]);
    assert_eq!(difference.changed_constants.len(), 1, "{difference:#?}");
    assert_eq!(
        changed(&difference, Change::Code),
        BTreeSet::from(["sample::look".to_owned()])
    );
}

#[test]
fn a_mutable_statics_initial_value_is_no_change_of_code() {
    let difference = compare(
        SAMPLE,
        &SAMPLE.replace("AtomicU32::new(0)", "AtomicU32::new(7)"),
        &[],
    );
    assert!(difference.is_empty(), "{difference:#?}");
}

#[test]
fn an_impl_block_inserted_above_renames_without_change() {
    let old = SAMPLE.replace(
        "pub fn count()",
        "impl Dog { pub fn bark(&self) -> u32 { 3 } }\npub fn count()",
    );
    let new = old.replace(
        "pub struct Dog;",
        "pub struct Dog; impl Dog { pub fn sit(&self) {} }",
    );
    let difference = compare(&old, &new, &[]);
    assert_eq!(
        changed(&difference, Change::Code),
        BTreeSet::new(),
        "{difference:#?}"
    );
    assert!(
        difference
            .renamed
            .iter()
            .any(|(old, new)| old != new && pretty(&new.name) == "<sample::Dog>::bark")
    );
    assert_eq!(
        difference
            .added
            .iter()
            .map(|f| pretty(&f.key.name))
            .collect::<Vec<_>>(),
        ["<sample::Dog>::sit"]
    );
}

#[test]
fn added_and_removed_functions_are_told_apart_from_changed_ones() {
    let new = SAMPLE
        .replace(
            "pub fn outer()",
            "pub fn added() -> u32 { 4 }\npub fn outer()",
        )
        .replace("inner::deep(5)", "5");
    let difference = compare(SAMPLE, &new, &[]);
    assert!(
        difference
            .added
            .iter()
            .any(|function| pretty(&function.key.name) == "sample::added")
    );
    assert_eq!(
        changed(&difference, Change::Code),
        BTreeSet::from(["sample::outer".to_owned()])
    );
}

/// Each table has a label, as what assembly defines does.
#[test]
fn exception_tables_of_added_functions_are_no_assembly() {
    let added = "pub fn more(who: &str) -> usize { let held = String::from(who); greet(&held).len() + held.len() }";
    let difference = compare(SAMPLE, &format!("{SAMPLE}{added}"), &[]);
    assert!(difference.doubts.is_empty(), "{difference:#?}");
    let difference = compare(&format!("{SAMPLE}{added}"), SAMPLE, &[]);
    assert!(difference.doubts.is_empty(), "{difference:#?}");
    let assembly =
        "std::arch::global_asm!(\".globl sample_one\", \"sample_one:\", \"mov eax, 1\", \"ret\");";
    let difference = compare(SAMPLE, &format!("{SAMPLE}{assembly}"), &[]);
    assert_eq!(difference.doubts.len(), 1, "{difference:#?}");
}

#[test]
fn the_same_optimised_source_differs_in_nothing() {
    for level in ["-Copt-level=1", "-Copt-level=3"] {
        let difference = compare(SAMPLE, SAMPLE, &[level]);
        assert!(difference.is_empty(), "{level}: {difference:#?}");
    }
}

#[test]
fn callers_are_known_by_whether_they_changed() {
    let difference = compare(SAMPLE, &SAMPLE.replace("if n == 0", "if n <= 1"), &[]);
    let deep = difference.changed.first().expect("deep changed");
    assert!(
        !deep.unchanged_callers.is_empty() && deep.changed_callers.is_empty(),
        "{deep:?}"
    );
}

#[test]
fn who_takes_an_address_is_no_caller() {
    for level in ["0", "3"] {
        let flag = format!("-Copt-level={level}");
        let called = |user: &str| {
            let text = |number: u8| {
                format!(
                    "#[inline(never)] pub fn f(n: u8) -> u8 {{ std::hint::black_box(n) ^ {number} }} #[inline(never)] {user}"
                )
            };
            let difference = compare(&text(1), &text(2), &[&flag]);
            let found = difference
                .changed
                .iter()
                .find(|function| pretty(&function.old.name) == "sample::f")
                .expect("f changed");
            assert_eq!(found.unchanged_callers.len(), 1, "{level}: {user}");
            found.called_by_unchanged
        };
        assert!(called("pub fn user(n: u8) -> u8 { f(n) + 1 }"));
        // Optimised, a jump.
        assert!(called("pub fn user(n: u8) -> u8 { f(n) }"));
        assert!(!called("pub fn user() -> fn(u8) -> u8 { f }"));
        assert!(!called(
            "pub fn user() -> usize { f as *const () as usize }"
        ));
    }
}

/// Where the function first differs after this edit of the sample.
fn first(edit: (&str, &str), function: &str) -> FirstDifference {
    assert!(SAMPLE.contains(edit.0), "{}", edit.0);
    let difference = compare(SAMPLE, &SAMPLE.replacen(edit.0, edit.1, 1), &[]);
    let found = difference
        .changed
        .iter()
        .find(|changed| pretty(&changed.new.key.name) == function);
    found
        .unwrap_or_else(|| panic!("`{function}` does not differ: {difference:#?}"))
        .first
        .clone()
}

#[test]
fn the_first_difference_is_an_instruction() {
    let found = first(("inner::deep(5)", "inner::deep(77)"), "sample::outer");
    let FirstDifference::Code { old, new, .. } = &found else {
        panic!("{found:?}")
    };
    assert!(old.starts_with("mov edi, 5"), "{found}");
    assert!(new.starts_with("mov edi, 0x4D"), "{found}");
    // A function that grows differs where it grows, and the instruction tells what it refers to.
    let found = first(
        ("{ inner::deep(5) }", "{ count(); inner::deep(5) }"),
        "sample::outer",
    );
    let FirstDifference::Code { new, .. } = &found else {
        panic!("{found:?}")
    };
    assert!(new.contains("→ sample::count"), "{found}");
}

#[test]
fn the_first_difference_is_a_reference() {
    // Equal signatures: the two calls are the same instruction.
    let old = "pub fn a() {} pub fn b() {} pub fn c() { a() }";
    let found = compare(old, &old.replace("{ a() }", "{ b() }"), &[]);
    let changed = &found.changed[0];
    assert_eq!(pretty(&changed.new.key.name), "sample::c");
    let FirstDifference::Reference { offset, old, new } = &changed.first else {
        panic!("{changed:?}")
    };
    assert!(*offset > 0);
    assert_eq!((old.as_str(), new.as_str()), ("sample::a", "sample::b"));

    let found = first(
        ("\"dog\"", "\"cat\""),
        "<sample::Dog as sample::Animal>::name",
    );
    let FirstDifference::Reference { old, new, .. } = &found else {
        panic!("{found:?}")
    };
    assert_eq!((old.as_str(), new.as_str()), ("\"dog\"", "\"cat\""));

    // The pieces of a format string stand between numbers.
    let found = first(("hello {who}", "welcome {who}"), "sample::greet");
    let text = found.to_string();
    assert!(
        text.contains("\"hello \"") && text.contains("\"welcome \""),
        "{text}"
    );
}

#[test]
fn the_first_difference_is_around_the_function() {
    assert_eq!(
        first(("= [1, 2, 3]", "= [1, 2, 4]"), "sample::look"),
        FirstDifference::Constant {
            name: "sample::TABLE".to_owned()
        }
    );
    let lines = ("pub struct Dog;", "pub struct Dog;\n\n");
    assert_eq!(first(lines, "sample::make"), FirstDifference::Lines);
    assert_eq!(first(lines, "sample::look"), FirstDifference::PanicLocation);
}

/// The forms of the functions of one compilation, and their whole digests.
fn forms(flags: &[&str]) -> BTreeMap<String, Fingerprint> {
    let objects = compile(SAMPLE, flags);
    let objects = parsed(&objects);
    let objects: Vec<NamedObject<'_>> = objects
        .iter()
        .map(|(id, file)| NamedObject { id, file })
        .collect();
    let scope = Scope {
        wanted: None,
        fingerprinted: &|_| true,
        ..Scope::default()
    };
    let difference = diff_among(&objects, &objects, scope).expect("a difference");
    difference.fingerprints.into_iter().collect()
}

#[test]
fn a_function_is_alike_however_its_crate_is_cut_into_objects() {
    let (one, many) = (
        forms(&["-Ccodegen-units=1"]),
        forms(&["-Ccodegen-units=64"]),
    );
    let (mut alike, mut same) = (0, 0);
    for (name, whole) in &one {
        let Some(other) = many.get(name) else {
            continue;
        };
        assert!(whole.is_alike(other), "{}", pretty(name));
        alike += 1;
        same += usize::from(whole == other);
    }
    assert!(same > 5 && alike > same, "{same} of {alike}");
    // Different functions are not: each is like itself only, but for those that have one code.
    let bodies = ["count", "look", "greet", "outer"].map(|name| {
        let found = one
            .iter()
            .find(|(symbol, _)| pretty(symbol) == format!("sample::{name}"));
        found.expect("it is there").1
    });
    for (index, body) in bodies.iter().enumerate() {
        let like = bodies.iter().filter(|other| body.is_alike(other)).count();
        assert_eq!(like, 1, "{index}");
    }
}
