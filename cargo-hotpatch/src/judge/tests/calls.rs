//! Signatures and how functions are called.

use super::*;

#[track_caller]
fn renews(text: &str, path: &str) {
    let verdict = patches(text);
    let renewed: Vec<String> = verdict
        .renew
        .iter()
        .map(|symbol| names::canonical(symbol))
        .collect();
    assert!(renewed.contains(&path.to_owned()), "{renewed:?}");
}

#[test]
fn signatures() {
    renews(
        "pub fn h(a: u32@=>>, b: u32@) -> u32 { a@=>> + b@ } pub fn f() -> u32 { h(1@=>>, 2@) }",
        "case::h",
    );
    renews(
        "pub fn h(a: @u32=>>u64@) -> u32 { a as u32 } pub fn f() -> u32 { h(1) }",
        "case::h",
    );
    renews(
        "pub fn h(a: &u8) -> @u8=>>u64@ { *a as _ } pub fn f() -> u64 { h(&1) as u64 }",
        "case::h",
    );
    renews(
        "pub struct S; impl S { pub fn h(&self, _: @u32=>>u64@) -> u32 { @1=>>2@ } } pub fn f() -> u32 { S.h(1) }",
        "<case::S>::h",
    );
    renews(
        "pub fn h(a: u32) @=>>-> !@ { @=>>loop {}@ } pub fn f() { h(1) }",
        "case::h",
    );
}

#[test]
fn signatures_that_somebody_else_relies_on() {
    restarts(
        &codes::SIGNATURE,
        "#[unsafe(no_mangle)] pub fn h(a: @u32=>>u64@) -> u32 { a as u32 } pub fn f() -> u32 { h(1) }",
    );
    restarts(
        &codes::SIGNATURE,
        "pub extern \"C\" fn h(a: @u32=>>u64@) -> u32 { a as u32 } pub fn f() -> u32 { h(1) }",
    );
    // The caller's code is equal: it would go on calling the old function.
    let (old, new) =
        both("pub fn h(a: @u32=>>i32@) -> u32 { a as u32 + @1=>>2@ } pub fn f() -> u32 { h(1) }");
    let verdict = must_patch(&old, &new);
    let carried: Vec<String> = verdict
        .carry
        .iter()
        .map(|symbol| names::canonical(symbol))
        .collect();
    assert_eq!(carried, ["case::f"]);
}

#[test]
fn witnesses() {
    // Caller and callee both changed; the header is the same.
    patches("pub fn h(a: u32) -> u32 { a + @1=>>2@ } pub fn f() -> u32 { h(1) + @1=>>2@ }");
    patches(
        "pub fn h((a, b): (u32, u32)) -> u32 { a + @1=>>2@ } pub fn f() -> u32 { h((1, 2)) + @1=>>2@ }",
    );
    patches(
        "pub fn h(@a=>>b@: u32) -> u32 { @a=>>b@ + @1=>>2@ } pub fn f() -> u32 { h(1) + @1=>>2@ }",
    );
    patches(
        "macro_rules! m { () => { pub fn h(a: u32) -> u32 { a + @1=>>2@ } } } m!(); pub fn f() -> u32 { h(1) + @1=>>2@ }",
    );
    patches(
        "#[derive(Debug)] pub struct A { pub @a=>>b@: u32 } pub fn f(a: &A) -> String { format!(\"{a:?}@=>>!@\") }",
    );
    restarts(
        &codes::ABI_DOUBT,
        "@=>>#[track_caller]@ pub fn h(a: u32) -> u32 { a + @1=>>2@ } pub fn f() -> u32 { h(1) + @1=>>2@ }",
    );
    restarts(
        &codes::ABI_DOUBT,
        "pub @=>>extern \"sysv64\"@ fn h(a: u32) -> u32 { a + @1=>>2@ } pub fn f() -> u32 { h(1) + @1=>>2@ }",
    );
    restarts(
        &codes::ABI_DOUBT,
        "macro_rules! m { ($n:ident) => { pub fn $n(a: u32) -> u32 { a + @1=>>2@ } } } m!(h); pub fn f() -> u32 { h(1) + @1=>>2@ }",
    );
}

#[test]
fn who_takes_an_address_is_no_witness() {
    let text = |header: &str, use_of_it: &str| {
        format!(
            "use std::hint::black_box as kept; pub struct T(u64, u64, u64);\n{header}\npub fn f() -> u64 {{ h(T(1, 2, 3)) + @1=>>2@ }}\n{use_of_it}"
        )
    };
    let from_macro =
        "macro_rules! m { ($n:ident) => { pub fn $n(t: T) -> u64 { t.0 + @1=>>2@ } } } m!(h);";
    patches(&text(from_macro, "pub fn g() -> u64 { h(T(1, 2, 3)) }"));
    for address in [
        "pub fn g() { kept(h as *const ()); }",
        "pub fn g() -> fn(T) -> u64 { h }",
        "pub static G: fn(T) -> u64 = h;",
    ] {
        restarts(&codes::ABI_DOUBT, &text(from_macro, address));
    }
    // The two are the same code for a caller that passes a number.
    for (old, new) in [
        ("", "extern \"C\""),
        ("extern \"C\"", "extern \"C-unwind\""),
        ("extern \"C\"", "extern \"sysv64\""),
    ] {
        let header = format!("pub @{old}=>>{new}@ fn h(a: u64) -> u64 {{ a + @1=>>2@ }}");
        let caller = "pub fn f() -> u64 { h(1) }";
        restarts(&codes::ABI_DOUBT, &format!("{header} {caller}"));
    }
    patches(
        "pub @extern=>>extern \"C\"@ fn h(a: u64) -> u64 { a + @1=>>2@ } pub fn f() -> u64 { h(1) }",
    );
}

#[test]
fn headers_made_by_a_macro_prove_nothing() {
    restarts(
        &codes::ABI_DOUBT,
        "const K: u32 = @1=>>2@; macro_rules! m { ($n:ident) => { pub fn $n(a: u32) -> u32 { a + K } } } m!(h); pub fn f() -> u32 { h(1) + K }",
    );
}

#[test]
fn representations() {
    // Layout and debug info are equal, how C passes it is not.
    let text = |argument: &str| {
        format!(
            "#[repr(@C=>>transparent@)] #[derive(Clone, Copy)] pub struct W(f32); pub fn h(a: {argument}) -> u32 {{ @1=>>2@ }} pub fn f(a: {argument}) -> u32 {{ h(a) + @1=>>2@ }}"
        )
    };
    for argument in ["W", "(W, u8)", "[W; 2]", "Option<W>"] {
        restarts(&codes::ABI_DOUBT, &text(argument));
    }
    patches(&text("&W"));
}

#[test]
fn what_debug_info_does_not_show() {
    // As it would be if a parameter had no place in the body: the header is equal, what it means is not.
    let old = "use a::A; pub fn h(A(..): A, c: u32) {}";
    let new = "use b::A; pub fn h(A(..): A, c: u32) {}";
    let crates = HashSet::new();
    let path = Path::new("/w/src/case.rs");
    let doubt = |new: &str, shown: &[&str]| {
        let case = Case {
            units: vec![],
            sources: vec![SourceCase {
                path,
                old: Some(old),
                new: Some(new),
            }],
            changed: vec![],
            added: vec![],
            removed: vec![],
            renamed: HashMap::new(),
            exchanged: Vec::new(),
            workspace_crates: &crates,
            confined_to: None,
            texts: Box::new(NoTexts),
        };
        let function = debug::FunctionFacts {
            name: "h".into(),
            scope: "a".into(),
            parameters: shown.iter().map(|name| (*name).into()).collect(),
            result: "()".into(),
            no_return: false,
            place: Some(debug::Place {
                file: "/w/src/case.rs".into(),
                line: 1,
            }),
            declared: false,
            is_method: false,
            handled: Vec::new(),
        };
        let facts = || {
            let mut facts = DebugFacts::default();
            facts.functions.insert("_RNvC1a1h".into(), function.clone());
            facts
        };
        let evidence = Evidence {
            case: &case,
            old: facts().into(),
            new: facts().into(),
            sources: Sources::read(&case.sources),
        };
        let changed = ChangedFunction {
            old: "_RNvC1a1h".into(),
            new: "_RNvC1a1h".into(),
            ..ChangedFunction::default()
        };
        let mut verdict = Verdict::default();
        functions::judge_calls(
            &evidence,
            &changed,
            (Some(&function), Some(&function)),
            &mut verdict,
        );
        codes_of(&verdict)
    };
    assert_eq!(doubt(new, &["u32"]), [codes::ABI_DOUBT.id]);
    assert_eq!(doubt(new, &["A", "u32"]), [""; 0]);
    assert_eq!(
        doubt("use a::A; pub fn h(A(..): A, c: u32) { 1; }", &["u32"]),
        [""; 0]
    );
}

#[test]
fn optimised() {
    let text = "#[inline(never)] pub fn h(a: u32) -> u32 { a.wrapping_mul(@3=>>5@) } #[inline(never)] pub fn f(a: u32) -> u32 { h(a).wrapping_add(1) }";
    let (old, new) = both(text);
    let verdict = judge_edit(&Edit {
        opt_level: "2",
        ..Edit::plain(&old, &new)
    });
    assert_eq!(verdict.restart, []);
    // The callee ignores its argument now, and the caller, which nobody edited, no longer passes it.
    let text = "#[inline(never)] fn h(a: &mut u32, b: u32) -> u32 { *a += @b=>>7@; *a } #[inline(never)] pub fn f(a: &mut u32, b: u32) -> u32 { h(a, b ^ 5) + 1 }";
    let (old, new) = both(text);
    let verdict = judge_edit(&Edit {
        opt_level: "2",
        ..Edit::plain(&old, &new)
    });
    assert!(
        codes_of(&verdict).contains(&codes::OPTIMISED_CALLEE.id),
        "{verdict:?}"
    );
    // The same with an edited caller is no sign of anything.
    let text = "#[inline(never)] pub fn h(a: u32) -> u32 { a.wrapping_mul(@3=>>5@) } #[inline(never)] pub fn f(a: u32) -> u32 { h(a).wrapping_add(@1=>>2@) }";
    let (old, new) = both(text);
    let verdict = judge_edit(&Edit {
        opt_level: "2",
        ..Edit::plain(&old, &new)
    });
    assert_eq!(verdict.restart, []);
}
