//! Rules whose case the compiler does not write alone, on facts made by hand.

use std::sync::Arc;

use super::debug::{FunctionFacts, Member, StaticFacts, TypeKind, TypeShape, Variant, Variants};
use super::*;

fn evidence_of<R>(
    old: DebugFacts,
    new: DebugFacts,
    look: impl FnOnce(&Evidence<'_, '_>) -> R,
) -> R {
    let crates = HashSet::new();
    let case = Case {
        units: vec![],
        sources: vec![],
        changed: vec![],
        added: vec![],
        removed: vec![],
        renamed: HashMap::new(),
        exchanged: Vec::new(),
        workspace_crates: &crates,
        confined_to: None,
    };
    look(&Evidence {
        case: &case,
        old: old.into(),
        new: new.into(),
        sources: Sources::read(&[]),
    })
}

fn shape() -> TypeShape {
    let member = |name: &str, offset, type_name: &str| Member {
        name: name.into(),
        offset,
        type_name: type_name.into(),
    };
    TypeShape {
        kind: TypeKind::Struct,
        size: Some(8),
        align: Some(4),
        members: vec![],
        variants: Some(Variants {
            discriminant: Some(member("", 0, "u32")),
            variants: vec![Variant {
                discriminant: Some(0),
                member: Some(member("A", 0, "case::E::A")),
            }],
        }),
        enumerators: vec![],
        underlying: None,
    }
}

fn faults(change: impl FnOnce(&mut TypeShape)) -> usize {
    let facts = |shape: TypeShape| {
        let mut facts = DebugFacts::default();
        facts.types.insert("case::E".into(), vec![shape]);
        facts
    };
    let mut after = shape();
    change(&mut after);
    layout::compare(&facts(shape()), &facts(after)).len()
}

#[test]
fn each_part_of_a_shape_counts() {
    assert_eq!(faults(|_| {}), 0);
    assert_eq!(faults(|shape| shape.size = Some(16)), 1);
    assert_eq!(faults(|shape| shape.align = Some(8)), 1);
    let variants = |shape: &mut TypeShape, change: &dyn Fn(&mut Variants)| {
        if let Some(variants) = &mut shape.variants {
            change(variants);
        }
    };
    assert_eq!(
        faults(|shape| variants(shape, &|variants| variants
            .discriminant
            .as_mut()
            .expect("some")
            .offset = 4)),
        1
    );
    assert_eq!(
        faults(|shape| variants(shape, &|variants| {
            variants.variants[0].member.as_mut().expect("some").offset = 4;
        })),
        1
    );
    assert_eq!(
        faults(|shape| variants(shape, &|variants| variants.variants[0].discriminant = None)),
        1
    );
}

#[test]
fn signatures_that_old_callers_rely_on() {
    let function = |parameter: &str| FunctionFacts {
        name: "h".into(),
        scope: "case".into(),
        parameters: vec![parameter.into()],
        result: "()".into(),
        no_return: false,
        place: None,
        declared: true,
        is_method: false,
        handled: Vec::new(),
    };
    let (old, new) = (function("u32"), function("u64"));
    let judged = |changed: ChangedFunction| {
        evidence_of(DebugFacts::default(), DebugFacts::default(), |evidence| {
            let mut verdict = Verdict::default();
            functions::judge_calls(evidence, &changed, (Some(&old), Some(&new)), &mut verdict);
            (codes_of(&verdict), verdict.renew.len(), verdict.carry.len())
        })
    };
    let changed = ChangedFunction {
        old: "_RNvC4case1h".into(),
        new: "_RNvC4case1h".into(),
        ..Default::default()
    };
    assert_eq!(judged(changed.clone()), (vec![], 1, 0));
    assert_eq!(
        judged(ChangedFunction {
            in_old_vtable: true,
            ..changed.clone()
        }),
        (vec![codes::SIGNATURE.id], 0, 0)
    );
    assert_eq!(
        judged(ChangedFunction {
            caller_unchanged: true,
            ..changed.clone()
        }),
        (vec![codes::SIGNATURE.id], 0, 0)
    );
    let known = vec!["_RNvC4case1f".to_owned()];
    assert_eq!(
        judged(ChangedFunction {
            caller_unchanged: true,
            unchanged_callers: known,
            ..changed
        }),
        (vec![], 1, 1)
    );
}

#[test]
fn a_numbered_static_whose_siblings_are_in_unchanged_objects() {
    let facts = |symbols: &[&str]| {
        let mut facts = DebugFacts::default();
        for symbol in symbols {
            let fact = StaticFacts {
                type_name: "u32".into(),
                place: None,
                memory: Memory::Writable,
                look: 0,
                initial: String::new(),
            };
            facts.statics.insert(Arc::from(*symbol), fact);
        }
        facts
    };
    let judged = |old: &[&str], new: &[&str]| {
        evidence_of(facts(old), facts(new), |evidence| {
            let mut verdict = Verdict::default();
            statics::judge(evidence, &mut verdict);
            codes_of(&verdict)
        })
    };
    assert_eq!(judged(&[], &["_RNvNvC4case1f1S"]), [""; 0]);
    assert_eq!(
        judged(&[], &["_RNvNvC4case1fs_1S"]),
        [codes::STATIC_PAIRING.id]
    );
    assert_eq!(
        judged(&["_RNvNvC4case1fs_1S"], &[]),
        [codes::STATIC_PAIRING.id]
    );
}
