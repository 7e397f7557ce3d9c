//! Objects that are none.

use super::*;

#[test]
fn an_object_that_is_cut_short() {
    let directory = tempfile::tempdir().expect("directory");
    let object = compile(
        directory.path(),
        "pub struct A { pub a: u32 } pub fn f(a: &A) {}",
        "a.o",
        "0",
    );
    let crates = ["case".to_owned()].into();
    for length in (0..object.len()).step_by(object.len() / 97) {
        let case = Case {
            units: vec![UnitCase {
                key: "k",
                crate_name: "case",
                opt_level: "0",
                old: vec![&object],
                new: vec![&object[..length]],
            }],
            sources: vec![],
            changed: vec![],
            added: vec![],
            removed: vec![],
            renamed: HashMap::new(),
            exchanged: Vec::new(),
            workspace_crates: &crates,
            confined_to: None,
            texts: Box::new(NoTexts),
        };
        let error = judge(&case).expect_err("a part of an object is no object");
        assert!(
            format!("{error:#}").contains("debug info of the new objects of k"),
            "{error:#}"
        );
    }
    assert!(DebugFacts::read(&[b"not an object"]).is_err());
}
