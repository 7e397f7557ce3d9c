//! Which new contents of a static leave references into it valid.

use super::super::rewritten::{Content, keeps_references};
use super::compile;
use crate::object::read::ObjectFile;

/// Bytes, and offsets of references, of the static `S`.
fn held(object: &[u8]) -> (String, Vec<u8>, Vec<u64>) {
    let file = ObjectFile::parse(object).expect("an object");
    let symbol = file
        .symbols
        .iter()
        .find(|symbol| symbol.name.ends_with("1S"))
        .expect("the static");
    let section = symbol.section().expect("a section");
    let start = usize::try_from(symbol.value).expect("an offset");
    let end = start + usize::try_from(symbol.size).expect("a size");
    let relocations = file.relocations(section).expect("relocations");
    (
        symbol.name.to_owned(),
        file.sections[section].data[start..end].to_vec(),
        relocations
            .iter()
            .map(|relocation| relocation.offset - symbol.value)
            .collect(),
    )
}

fn keeps(declaration: &str, old: &str, new: &str) -> bool {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [before, after] = [old, new].map(|value| {
        let text = format!(
            "#![allow(dead_code)] {} = {value}; pub fn f() -> usize {{ &raw const S as usize }}",
            declaration.replace("S:", "pub static S:")
        );
        compile(directory.path(), &text, "case.o", "0")
    });
    let (name, old_bytes, old_references) = held(&before);
    let (_, new_bytes, new_references) = held(&after);
    let content = |bytes, references| Content { bytes, references };
    keeps_references(
        &before,
        &name,
        content(&old_bytes, &old_references),
        content(&new_bytes, &new_references),
    )
    .expect("debug info")
}

#[test]
fn numbers_pointers_and_structs_of_them_stay_readable() {
    for (declaration, old, new) in [
        ("S: u32", "1", "2"),
        ("S: &str", "\"a\"", "\"bcd\""),
        (
            "S: [(u8, &str); 2]",
            "[(1, \"a\"), (2, \"b\")]",
            "[(3, \"c\"), (2, \"d\")]",
        ),
        (
            "struct T { a: &'static [u8], b: f64 } S: T",
            "T { a: &[1], b: 1.0 }",
            "T { a: &[], b: 2.0 }",
        ),
        (
            "#[derive(Clone, Copy)] enum E { A, B } S: [E; 2]",
            "[E::A, E::B]",
            "[E::B, E::A]",
        ),
        ("S: &(dyn std::fmt::Debug + Sync)", "&1_u8", "&\"text\""),
        (
            "S: [fn(&str) -> usize; 1]",
            "[str::len as fn(&str) -> usize]",
            "[|_| 3]",
        ),
    ] {
        assert!(
            keeps(declaration, old, new),
            "{declaration}: {old} to {new}"
        );
    }
}

#[test]
fn a_variant_with_data_must_stay() {
    const SHAPE: &str =
        "enum T { Unit, One(u32), Two { a: &'static str, b: Option<&'static str> } } S: T";
    for (declaration, old, new, expected) in [
        ("S: Option<u32>", "None", "Some(1)", true),
        ("S: Option<u32>", "Some(1)", "Some(2)", true),
        ("S: Option<u32>", "Some(1)", "None", false),
        ("S: Option<&str>", "None", "Some(\"a\")", true),
        ("S: Option<&str>", "Some(\"a\")", "Some(\"bc\")", true),
        ("S: Option<&str>", "Some(\"a\")", "None", false),
        (
            "S: [Option<u8>; 3]",
            "[None, Some(1), None]",
            "[None, Some(2), Some(3)]",
            true,
        ),
        (
            "S: [Option<u8>; 3]",
            "[None, Some(1), None]",
            "[None, None, None]",
            false,
        ),
        (
            "S: (u8, Option<&'static u8>)",
            "(1, Some(&2))",
            "(1, None)",
            false,
        ),
        (SHAPE, "T::Unit", "T::One(1)", true),
        (SHAPE, "T::One(1)", "T::Unit", false),
        (SHAPE, "T::One(1)", "T::Two { a: \"\", b: None }", false),
        (
            SHAPE,
            "T::Two { a: \"x\", b: None }",
            "T::Two { a: \"\", b: Some(\"y\") }",
            true,
        ),
        (
            SHAPE,
            "T::Two { a: \"x\", b: Some(\"y\") }",
            "T::Two { a: \"x\", b: None }",
            false,
        ),
    ] {
        assert_eq!(
            keeps(declaration, old, new),
            expected,
            "{declaration}: {old} to {new}"
        );
    }
}

#[test]
fn a_union_must_hold_the_same_bytes() {
    const UNION: &str = "#[derive(Clone, Copy)] union U { a: u32, b: f32 } struct T(u8, U); S: T";
    assert!(keeps(UNION, "T(1, U { a: 5 })", "T(2, U { a: 5 })"));
    assert!(!keeps(UNION, "T(1, U { a: 5 })", "T(1, U { b: 5.0 })"));
}
