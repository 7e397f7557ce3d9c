//! The rules, each both ways, on what the real compiler writes.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use super::relocatable::{Memory, Relocatable, Relocation, Target};
use super::*;

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

/// Functions by symbol: canonical code, and the symbols that it refers to.
fn functions(bytes: &[u8]) -> HashMap<String, (String, HashSet<String>)> {
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
        let mut references = HashSet::new();
        for relocation in object.relocations(symbol.section).expect("relocations") {
            let at = usize::try_from(relocation.offset).expect("offset");
            code[at..at + usize::from(relocation.width)].fill(0);
            let meaning = meaning(&relocation);
            text.push_str(&format!("{at:x}:{meaning} "));
            references.insert(meaning);
        }
        text.push_str(&format!("{code:02x?}"));
        found.insert(symbol.name.to_owned(), (text, references));
    }
    found
}

fn judge_edit(edit: &Edit<'_>) -> Verdict {
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
        .filter(|(old, new)| before[old].0 != after[new].0)
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
                            && after[caller].1.contains(new)
                            && caller != new
                    })
                    .map(|(_, caller)| caller.clone())
                    .collect::<Vec<_>>()
            };
            ChangedFunction {
                old: old.clone(),
                new: new.clone(),
                caller_unchanged: !edit.without_witness && !callers(false).is_empty(),
                in_old_vtable: in_vtables.contains(old),
                changed_callers: callers(true),
                unchanged_callers: if edit.without_witness {
                    Vec::new()
                } else {
                    callers(false)
                },
            }
        })
        .collect();
    changed.sort_by(|a, b| a.new.cmp(&b.new));
    let source = directory.path().join("case.rs");
    let crates = ["case".to_owned()].into();
    judge(&Case {
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
        workspace_crates: &crates,
    })
    .expect("verdict")
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
    verdict
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

mod bodies {
    use super::*;

    #[test]
    fn nothing() {
        let verdict = patches("pub struct A { pub a: u32 } pub fn f(a: &A) -> u32 { a.a }");
        assert_eq!(verdict, Verdict::default());
    }

    #[test]
    fn bodies_constants_and_strings() {
        patches("pub fn f() -> u32 { @1=>>2@ } pub fn g() -> u32 { f() }");
        patches("const N: u32 = @1=>>2@; pub fn f() -> u32 { N } pub fn g() -> u32 { f() }");
        patches("pub fn f() { println!(\"@one=>>two@\"); } pub fn g() { f() }");
        patches(
            "macro_rules! m { () => { @1=>>2@ } } pub fn f() -> u32 { m!() } pub fn g() -> u32 { f() }",
        );
    }

    #[test]
    fn added_and_removed() {
        patches(
            "pub fn f() -> u32 { @1=>>h()@ } pub fn g() -> u32 { f() } @=>>fn h() -> u32 { 2 }@",
        );
        patches(
            "pub fn f() -> u32 { @h()=>>1@ } pub fn g() -> u32 { f() } @fn h() -> u32 { 2 }=>>@",
        );
        patches(
            "pub fn f() -> u32 { @1=>>h(2_u32)@ } pub fn g() -> u32 { f() } @=>>fn h<T>(t: T) -> T { t }@",
        );
    }

    #[test]
    fn generics_by_instance() {
        patches(
            "pub fn h<T: Copy>(t: T) -> (T, u32) { (t, @1=>>2@) } pub fn f() -> u32 { h(1_u8).1 + h(2_u16).1 }",
        );
    }
}

mod types {
    use super::*;

    const USE: &str = "pub fn f(a: &A) -> u32 { a.y as u32 } pub fn g(a: &A) -> u32 { f(a) }";

    #[test]
    fn a_field_grows() {
        let verdict = restarts(
            &codes::TYPE_LAYOUT,
            &format!("pub struct A {{ pub x: u8, pub y: @u32=>>u64@ }} {USE}"),
        );
        assert!(
            verdict.restart[0]
                .message
                .contains("field `y` was `u32`, now it is `u64`"),
            "{:?}",
            verdict.restart
        );
        assert_eq!(
            verdict.restart[0].span.as_ref().map(|span| span.line),
            Some(1)
        );
    }

    #[test]
    fn a_field_is_added_or_removed() {
        let verdict = restarts(
            &codes::TYPE_LAYOUT,
            &format!("#[repr(C)] pub struct A {{ @=>>pub seed: u32,@ pub y: u32 }} {USE}"),
        );
        assert!(
            verdict.restart[0]
                .message
                .contains("field `y` moved from offset 0 to 4 (new field `seed: u32` before it)"),
            "{:?}",
            verdict.restart
        );
        let verdict = restarts(
            &codes::TYPE_LAYOUT,
            &format!("pub struct A {{ pub y: u32, @pub z: u8=>>@ }} {USE}"),
        );
        assert!(
            verdict.restart[0]
                .message
                .contains("field `z: u8` was removed"),
            "{:?}",
            verdict.restart
        );
        // Into padding: size and all other fields stay.
        restarts(
            &codes::TYPE_LAYOUT,
            &format!("pub struct A {{ pub y: u32, pub z: u8, @=>>pub w: u8@ }} {USE}"),
        );
        restarts(
            &codes::TYPE_LAYOUT,
            &format!("pub struct A {{ pub y: u32, @=>>pub w: ()@ }} {USE}"),
        );
    }

    #[test]
    fn a_field_changes_its_type_and_not_its_size() {
        restarts(
            &codes::TYPE_LAYOUT,
            &format!("pub struct A {{ pub y: @u32=>>i32@ }} {USE}"),
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct B; pub struct C; pub struct A { pub y: Box<@B=>>C@> } pub fn f(a: &A, _: &B, _: &C) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A { pub y: fn(@u32=>>i32@) } pub fn f(a: &A) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A { pub y: &'static @[u8]=>>str@ } pub fn f(a: &A) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A { pub y: Box<dyn Fn(@u32=>>i32@)> } pub fn f(a: &A) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A { pub y: [@u32; 2=>>u16; 4@] } pub fn f(a: &A) {}",
        );
    }

    #[test]
    fn fields_change_places() {
        restarts(
            &codes::TYPE_MEANING,
            &format!("pub struct A {{ @pub x: u32, pub y: u32=>>pub y: u32, pub x: u32@ }} {USE}"),
        );
        restarts(
            &codes::TYPE_MEANING,
            &format!("pub struct A {{ @pub x: u32, pub y=>>pub y: u32, pub z@: u32 }} {USE}"),
        );
        // Reordered in the text only: the compiler puts them where they were.
        patches(
            "pub struct A { @pub x: u8, pub y: u32=>>pub y: u32, pub x: u8@ } pub fn f(a: &A) -> u32 { a.y + @1=>>2@ } pub fn g(a: &A) -> u32 { f(a) }",
        );
    }

    #[test]
    fn a_field_is_renamed_in_place() {
        patches(
            "pub struct A { pub @y=>>z@: u32 } pub fn f(a: &A) -> u32 { a.@y + 1=>>z + 2@ } pub fn g(a: &A) -> u32 { f(a) }",
        );
    }

    #[test]
    fn by_value_inside_of_another() {
        let verdict = restarts(
            &codes::TYPE_LAYOUT,
            "pub struct B { pub b: @u8=>>u64@ } pub struct A { pub x: u8, pub y: B } pub fn f(a: &A, o: &Option<B>) {}",
        );
        assert!(
            verdict.restart[0].message.contains("`case::B`"),
            "{:?}",
            verdict.restart
        );
        assert!(
            verdict
                .restart
                .iter()
                .any(|reason| reason.message.contains("`case::A`")),
            "{:?}",
            verdict.restart
        );
        assert!(
            !verdict
                .restart
                .iter()
                .any(|reason| reason.message.contains("layout of `core::")),
            "{:?}",
            verdict.restart
        );
    }

    #[test]
    fn behind_a_pointer() {
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct B { pub b: @u8=>>u64@ } pub fn f(a: Box<B>) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct B { pub b: @u8=>>u64@ } pub fn f(a: &Vec<*const B>) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct B { pub b: @u8=>>u64@ } pub struct A { a: [(B, u8); 3] } pub fn f(a: &mut A) {}",
        );
    }

    #[test]
    fn tuples_arrays_and_generics() {
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A(pub u32, pub @u8=>>u16@); pub fn f(a: &A) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A { a: [u8; @3=>>5@] } pub fn f(a: &A) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A<T> { a: T, b: @u8=>>u16@ } pub fn f(a: &A<u32>) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct A<const N: usize> { a: [u8; N], b: @u8=>>u16@ } pub fn f(a: &A<4>) {}",
        );
        // Another instance is another type.
        patches(
            "pub struct A<T> { pub a: T } pub fn f() -> u32 { (@A { a: 1_u8 }=>>A { a: 1_u16 }@).a as u32 } pub fn g() -> u32 { f() }",
        );
        patches("pub struct A<const N: usize>([u8; N]); pub fn h(a: &A<@3=>>4@>) {} ");
    }

    #[test]
    fn enums() {
        restarts(
            &codes::TYPE_LAYOUT,
            "pub enum E { A, B @=>>, C@ } pub fn f(e: E) -> u32 { e as u32 }",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub enum E { A(u32), B @=>>, C@ } pub fn f(e: &E) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub enum E { A(u32), B @, C=>>@ } pub fn f(e: &E) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub enum E { A(@u8=>>u16@), B(u32) } pub fn f(e: &E) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub enum E { A { x: u8, @=>>y: u8@ }, B(u32) } pub fn f(e: &E) {}",
        );
        restarts(
            &codes::TYPE_MEANING,
            "pub enum E { @A, B=>>B, A@ } pub fn f(e: E) -> u32 { e as u32 }",
        );
        restarts(
            &codes::TYPE_MEANING,
            "pub enum E { A = 1, B = @2=>>3@ } pub fn f(e: E) -> u32 { e as u32 }",
        );
        restarts(
            &codes::TYPE_MEANING,
            "pub enum E { @A(u32), B(u32)=>>B(u32), A(u32)@ } pub fn f(e: &E) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "#[repr(@u8=>>u16@)] pub enum E { A, B } pub fn f(e: E) -> u32 { e as u32 }",
        );
    }

    #[test]
    fn niches() {
        restarts(
            &codes::TYPE_LAYOUT,
            "pub enum E { A(@Box<u8>=>>u64@), B } pub fn f(e: &E) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "pub struct B(@bool=>>u8@); pub fn f(e: &Option<B>) {}",
        );
        patches(
            "pub enum E { A(Box<u8>), B } pub fn f(e: &E) -> u32 { match e { E::A(_) => 1, E::B => @2=>>3@ } } pub fn g(e: &E) -> u32 { f(e) }",
        );
    }

    #[test]
    fn variants_renamed_in_place() {
        patches(
            "pub enum E { A, @B=>>C@ } pub fn f(e: E) -> u32 { e as u32 + @1=>>2@ } pub fn g(e: E) -> u32 { f(e) }",
        );
        patches(
            "pub enum E { A(u32), @B=>>C@(u8) } pub fn f(e: &E) -> u32 { match e { E::A(x) => *x, _ => @1=>>2@ } } pub fn g(e: &E) -> u32 { f(e) }",
        );
        restarts(
            &codes::TYPE_MEANING,
            "pub enum E { @A, B=>>B, C@ } pub fn f(e: E) -> u32 { e as u32 }",
        );
    }

    #[test]
    fn unions_and_representations() {
        restarts(
            &codes::TYPE_LAYOUT,
            "pub union U { a: u32, b: @f32=>>u16@ } pub fn f(u: &U) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "#[repr(C@=>>, align(16)@)] pub struct A { a: u32 } pub fn f(a: &A) {}",
        );
        restarts(
            &codes::TYPE_LAYOUT,
            "#[repr(C@=>>, packed@)] pub struct A { a: u8, b: u32 } pub fn f(a: &A) {}",
        );
    }

    #[test]
    fn only_on_one_side() {
        patches(
            "@=>>pub struct N { n: u64 }@ pub fn f() -> u64 { @1=>>N { n: 2 }.n@ } pub fn g() -> u64 { f() }",
        );
        patches(
            "@pub struct N { n: u64 }=>>@ pub fn f() -> u64 { @N { n: 2 }.n=>>1@ } pub fn g() -> u64 { f() }",
        );
    }

    #[test]
    fn two_of_one_name() {
        let text = "pub fn f() -> u64 { { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a; } { struct L { b: @u32=>>u64@ } let l = std::hint::black_box(L { b: 1 }); l.b as u64 } } pub fn g() -> u64 { f() }";
        restarts(&codes::TYPE_DOUBT, text);
        patches(
            "pub fn f() -> u64 { { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a; } { struct L { b: u32 } let l = std::hint::black_box(L { b: @1=>>2@ }); l.b as u64 } } pub fn g() -> u64 { f() }",
        );
    }

    #[test]
    fn a_type_that_debug_info_does_not_show() {
        restarts(
            &codes::TYPE_DOUBT,
            "struct H { a: u32, b: @u32=>>u64@ } pub unsafe fn f(p: *const u8) -> u32 { unsafe { (*(p as *const H)).b as u32 } } pub unsafe fn g(p: *const u8) -> u32 { unsafe { f(p) } }",
        );
        patches(
            "struct H { a: @u32=>>u64@ } pub fn f() -> u32 { @1=>>2@ } pub fn g() -> u32 { f() }",
        );
    }
}

mod closures_and_coroutines {
    use super::*;

    const TAKE: &str =
        "pub fn take<F: Fn(u32) -> u32 + 'static>(f: F) -> Box<dyn Fn(u32) -> u32> { Box::new(f) }";

    #[test]
    fn edited_in_place() {
        patches(&format!(
            "{TAKE} pub fn f(a: u32) -> u32 {{ take(move |x| x + a + @1=>>2@)(1) }}"
        ));
        patches(&format!(
            "{TAKE} pub fn f() -> u32 {{ take(|x| x + 5)(1) + take(|x| x + @1=>>2@)(1) }}"
        ));
    }

    #[test]
    fn captures() {
        for text in [
            "pub fn f(a: u32, b: u32) -> u32 { take(move |x| x + a@=>> + b@)(1) }",
            "pub fn f(a: u32, b: u32) -> u32 { take(move |x| x + @a=>>b@)(1) }",
            "pub fn f(a: u32, b: u32) -> u32 { take(move |x| x@ + a=>>@)(1) }",
        ] {
            let verdict = restarts(&codes::CLOSURE_CAPTURES, &format!("{TAKE} {text}"));
            assert!(
                verdict.restart[0]
                    .message
                    .contains("closure 0 of `case::f`"),
                "{:?}",
                verdict.restart
            );
        }
    }

    #[test]
    fn numbering() {
        patches(&format!(
            "{TAKE} pub fn f() -> u32 {{ take(|x| x + 1)(1) @=>>+ take(|x| x * 2)(1)@ }}"
        ));
        patches(&format!(
            "{TAKE} pub fn f() -> u32 {{ take(|x| x + 1)(1) @+ take(|x| x * 2)(1)=>>@ }}"
        ));
        restarts(
            &codes::CLOSURE_PAIRING,
            &format!("{TAKE} pub fn f() -> u32 {{ @=>>take(|x| x * 2)(1) +@ take(|x| x + 1)(1) }}"),
        );
        restarts(
            &codes::CLOSURE_PAIRING,
            &format!("{TAKE} pub fn f() -> u32 {{ @take(|x| x * 2)(1) +=>>@ take(|x| x + 1)(1) }}"),
        );
        restarts(
            &codes::CLOSURE_PAIRING,
            &format!(
                "{TAKE} pub fn f() -> u32 {{ take(|x| x @+ 1=>>* 2@)(1) - take(|x| x @* 2=>>+ 1@)(1) }}"
            ),
        );
        restarts(
            &codes::CLOSURE_PAIRING,
            &format!(
                "{TAKE} pub fn f() -> u32 {{ println!(\"{{}}\", @1=>>take(|x| x * 2)(1)@); take(|x| x + 1)(1) }}"
            ),
        );
    }

    #[test]
    fn inside_of_a_static() {
        restarts(
            &codes::CLOSURE_PAIRING,
            "pub static T: [fn(u32) -> u32; 2] = [|x| x @+ 1=>>* 2@, |x| x @* 2=>>+ 1@]; pub fn f() -> u32 { T[0](1) }",
        );
    }

    #[test]
    fn hidden_in_a_macro() {
        let text = |body: &str| {
            format!(
                "{TAKE} macro_rules! m {{ ($e:expr) => {{ take(move |x| x + $e)(1) }} }} pub fn f() -> u32 {{ {body} }}"
            )
        };
        patches(&text("m!(1) + @2=>>3@"));
        patches(&text("m!(@1=>>3@) + m!(2)"));
        restarts(&codes::CLOSURE_PAIRING, &text("@=>>m!(5) +@ m!(1) + m!(2)"));
        restarts(&codes::CLOSURE_PAIRING, &text("m!(@1=>>2@) + m!(@2=>>1@)"));
    }

    #[test]
    fn how_a_closure_takes_its_captures() {
        // `FnOnce` in one build, `Fn` in the other, with equal captures; the only caller changed as well.
        let verdict = check(
            "pub fn f(s: String) -> usize { let c = move || s.len(); c() }",
            "pub fn f(s: String) -> usize { let c = move || { let t = s; t.len() }; c() }",
        );
        assert_eq!(codes_of(&verdict), [codes::ABI_DOUBT.id], "{verdict:#?}");
    }

    const RUN: &str = "pub fn run<F: Future<Output = u32>>(f: F) -> Box<F> { Box::new(f) } pub async fn other() {}";

    #[test]
    fn coroutines() {
        restarts(
            &codes::COROUTINE,
            &format!(
                "{RUN} pub async fn a(x: u32) -> u32 {{ other().await; x + @1=>>2@ }}  pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
            ),
        );
        restarts(
            &codes::COROUTINE,
            &format!(
                "{RUN} pub async fn a(x: u32) -> u32 {{ let s = [0_u8; 9]; @=>>other().await;@ s[0] as u32 }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
            ),
        );
        restarts(
            &codes::COROUTINE,
            &format!(
                "{RUN} pub fn f() {{ let mut b = Box::pin(async {{ other().await; @1=>>2@ }}); let _: std::task::Poll<u32> = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
            ),
        );
        patches(&format!(
            "{RUN} pub async fn a(x: u32) -> u32 {{ other().await; h(x) }} pub fn h(x: u32) -> u32 {{ x + @1=>>2@ }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ));
        // Its text is as before, and only a constant around it changed.
        patches(&format!(
            "const N: u32 = @1=>>2@; {RUN} pub async fn a(x: u32) -> u32 {{ other().await; x + N }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ));
        // Its text is as before, but a call in it now moves what it used to borrow.
        restarts(
            &codes::COROUTINE,
            &format!(
                "{RUN} pub struct S(String); impl S {{ pub fn eat(@&self=>>self@) -> u32 {{ 1 }} }} pub async fn a(s: S) -> u32 {{ let n = s.eat(); other().await; n }} pub fn f() {{ let mut b = Box::pin(a(S(String::new()))); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
            ),
        );
    }
}

mod numbered_blocks {
    use super::*;

    const TRAIT: &str =
        "pub trait T { fn a(&self) -> u32; }\npub struct Q(u32);\npub struct R;\npub struct P;\n";
    const Q: &str = "impl T for Q { fn a(&self) -> u32 { let b = self.0; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b); c(1) } }\n";
    const R: &str = "impl T for R { fn a(&self) -> u32 { let c: Box<dyn Fn(u32) -> u32> = Box::new(|x| x + 2); c(1) } }\n";
    const P: &str = "impl T for P { fn a(&self) -> u32 { let b = 7_u32; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b); c(1) } }\n";

    #[test]
    fn a_block_in_front_gives_the_others_new_numbers() {
        must_patch(&format!("{TRAIT}{Q}{R}"), &format!("{TRAIT}{P}{Q}{R}"));
        must_patch(&format!("{TRAIT}{P}{Q}{R}"), &format!("{TRAIT}{Q}{R}"));
        must_patch(&format!("{TRAIT}{Q}{R}"), &format!("{TRAIT}{R}{Q}"));
    }

    #[test]
    fn changed_captures_do_not_hide_behind_the_new_numbers() {
        // P's closure takes over the number and the looks of Q's, whose own now holds something else.
        let wide = Q
            .replace("self.0", "self.0 as u64")
            .replace("x + b", "x + b as u32");
        must_restart(
            &codes::CLOSURE_CAPTURES,
            &format!("{TRAIT}{Q}"),
            &format!("{TRAIT}{P}{wide}"),
        );
    }

    #[test]
    fn blocks_that_cannot_be_told_apart() {
        // A macro makes them: the text does not say which is which.
        let text = |numbers: &str| {
            format!(
                "{TRAIT}macro_rules! m {{ ($t:ty, $b:expr) => {{ impl T for $t {{ fn a(&self) -> u32 {{ let b = $b; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b as u32); c(1) }} }} }} }}\n{numbers}"
            )
        };
        must_restart(
            &codes::TYPE_DOUBT,
            &text("m!(Q, 1_u32);"),
            &text("m!(P, 1_u32); m!(Q, 1_u32);"),
        );
    }

    #[test]
    fn local_types_that_change_places() {
        must_restart(
            &codes::TYPE_DOUBT,
            "pub fn f() -> u64 { { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a; } { struct L { b: u64 } let l = std::hint::black_box(L { b: 1 }); l.b } }",
            "pub fn f() -> u64 { { struct L { b: u64 } let l = std::hint::black_box(L { b: 1 }); l.b; } { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a as u64 } }",
        );
    }
}

mod traits {
    use super::*;

    const REST: &str = "pub struct Q(pub u32); pub fn d(q: Q) -> Box<dyn T> { Box::new(q) } pub fn c(t: &dyn T) -> u32 { t.a() }";

    #[test]
    fn method_bodies() {
        patches(&format!(
            "pub trait T {{ fn a(&self) -> u32; }} impl T for Q {{ fn a(&self) -> u32 {{ self.0 + @1=>>2@ }} }} {REST}"
        ));
        patches(&format!(
            "pub trait T {{ fn a(&self) -> u32 {{ @1=>>2@ }} }} impl T for Q {{ }} {REST}"
        ));
    }

    #[test]
    fn method_lists() {
        restarts(
            &codes::VTABLE,
            &format!(
                "pub trait T {{ fn a(&self) -> u32; @=>>fn b(&self) {{}}@ }} impl T for Q {{ fn a(&self) -> u32 {{ 1 }} }} {REST}"
            ),
        );
        restarts(
            &codes::VTABLE,
            &format!(
                "pub trait T {{ @fn a(&self) -> u32; fn b(&self) -> u32=>>fn b(&self) -> u32; fn a(&self) -> u32@; }} impl T for Q {{ fn a(&self) -> u32 {{ 1 }} fn b(&self) -> u32 {{ 2 }} }} {REST}"
            ),
        );
        restarts(
            &codes::VTABLE,
            &format!(
                "pub trait S {{ fn s(&self); }} impl S for Q {{ fn s(&self) {{}} }} pub trait T@=>>: S@ {{ fn a(&self) -> u32; }} impl T for Q {{ fn a(&self) -> u32 {{ 1 }} }} {REST}"
            ),
        );
        // No object of it exists.
        patches(
            "pub trait T { fn a(&self) -> u32; @=>>fn b(&self) {}@ } pub struct Q; impl T for Q { fn a(&self) -> u32 { @1=>>2@ } } pub fn c(q: &Q) -> u32 { q.a() }",
        );
    }

    #[test]
    fn slots() {
        // The same path in the same slot, but another function: fine if the diff has paired them.
        let (old, new) = both(&format!(
            "pub trait T {{ fn a(&self) -> u32 {{ 1 }} }} impl T for Q {{ @=>>fn a(&self) -> u32 {{ 2 }}@ }} {REST}"
        ));
        must_patch(&old, &new);
        let verdict = judge_edit(&Edit {
            without_paths: true,
            ..Edit::plain(&old, &new)
        });
        assert_eq!(codes_of(&verdict).first(), Some(&codes::VTABLE.id));
        restarts(
            &codes::VTABLE,
            &format!(
                "pub trait T {{ fn a(&self) -> u32 {{ 1 }} }} impl T for Q {{ }} @=>>impl Drop for Q {{ fn drop(&mut self) {{}} }}@ {REST}"
            ),
        );
    }

    #[test]
    fn signatures_in_vtables() {
        restarts(
            &codes::VTABLE,
            "pub trait T { fn a(&self, x: @u32=>>u64@) -> u32; } impl T for Q { fn a(&self, x: @u32=>>u64@) -> u32 { x as u32 } } pub struct Q(pub u32); pub fn d(q: Q) -> Box<dyn T> { Box::new(q) } pub fn c(t: &dyn T) -> u32 { t.a(1) }",
        );
        // Through a subtrait.
        restarts(
            &codes::VTABLE,
            "pub trait S { fn a(&self, x: @u32=>>u64@) -> u32; } pub trait T: S {} impl T for Q {} impl S for Q { fn a(&self, x: @u32=>>u64@) -> u32 { x as u32 } } pub struct Q(pub u32); pub fn d(q: Q) -> Box<dyn T> { Box::new(q) } pub fn c(t: &dyn T) -> u32 { t.a(1) }",
        );
    }

    #[test]
    fn a_slot_is_a_witness() {
        // Nobody refers to the method but the vtable, and its parameter's type hides behind a renamed pattern.
        let (old, new) = both(&format!(
            "pub trait T {{ fn a(&self) -> u32; }} impl T for Q {{ fn a(&self) -> u32 {{ self.0 + @1=>>2@ }} }} {REST}"
        ));
        let verdict = judge_edit(&Edit {
            without_witness: true,
            ..Edit::plain(&old, &new)
        });
        assert_eq!(verdict.restart, []);
    }
}

mod statics {
    use super::*;

    #[test]
    fn types() {
        restarts(
            &codes::STATIC_TYPE,
            "use std::sync::atomic::*; pub static N: Atomic@U32=>>U64@ = Atomic@U32=>>U64@::new(1); pub fn f() { N.fetch_add(1, Ordering::SeqCst); }",
        );
        restarts(
            &codes::STATIC_TYPE,
            "pub static mut N: @u32=>>i32@ = 1; pub fn f() { unsafe { N += 1; } }",
        );
        let verdict = restarts(
            &codes::TYPE_LAYOUT,
            "use std::sync::Mutex; pub struct A { a: @u8=>>u64@ } pub static N: Mutex<Vec<A>> = Mutex::new(Vec::new()); pub fn f() -> usize { N.lock().unwrap().len() }",
        );
        assert!(codes_of(&verdict).contains(&codes::STATIC_TYPE.id));
        patches(
            "use std::sync::atomic::*; pub static N: AtomicU32 = AtomicU32::new(1); pub fn f() { N.fetch_add(@1=>>2@, Ordering::SeqCst); } pub fn g() { f() }",
        );
    }

    #[test]
    fn thread_locals() {
        restarts(
            &codes::STATIC_TYPE,
            "use std::cell::Cell; thread_local! { pub static N: Cell<@u32=>>i32@> = const { Cell::new(1) }; } pub fn f() { N.set(2); }",
        );
        restarts(
            &codes::STATIC_TYPE,
            "use std::cell::Cell; thread_local! { pub static N: Cell<Vec<@u32=>>i32@>> = Cell::new(vec![]); } pub fn f() { N.set(vec![]); }",
        );
        let verdict = patches(
            "use std::cell::Cell; thread_local! { pub static N: Cell<u32> = const { Cell::new(@1=>>2@) }; } pub fn f() { N.set(@3=>>4@); } pub fn g() { f() }",
        );
        assert!(
            verdict
                .notes
                .iter()
                .any(|note| note.contains("`case::N` keeps its live value")),
            "{:?}",
            verdict.notes
        );
        let verdict = patches(
            "use std::cell::Cell; thread_local! { pub static N: Cell<u32> = Cell::new(h(@1=>>2@)); } fn h(x: u32) -> u32 { x } pub fn f() { N.set(3); }",
        );
        assert!(
            verdict
                .notes
                .iter()
                .any(|note| note.contains("`case::N` keeps its live value")),
            "{:?}",
            verdict.notes
        );
    }

    #[test]
    fn memory() {
        restarts(
            &codes::STATIC_SECTION,
            "pub static @=>>mut@ N: u32 = 1; pub fn f() -> u32 { unsafe { N } }",
        );
        let verdict = restarts(
            &codes::TYPE_LAYOUT,
            "use std::cell::UnsafeCell; pub struct A(@u32=>>UnsafeCell<u32>@); unsafe impl Sync for A {} pub static N: A = A(@1=>>UnsafeCell::new(1)@); pub fn f() -> *const A { &N }",
        );
        assert!(codes_of(&verdict).contains(&codes::STATIC_SECTION.id));
    }

    #[test]
    fn initial_values() {
        let verdict =
            patches("pub static mut N: u32 = @1=>>2@; pub fn f() -> u32 { unsafe { N } }");
        assert!(
            verdict.notes[0].contains("keeps its live value"),
            "{:?}",
            verdict.notes
        );
        let verdict = patches(
            "pub static N: u32 = @1=>>2@; pub fn f() -> u32 { N } pub fn g() -> &'static u32 { &N }",
        );
        assert!(
            verdict.notes[0].contains("has a new value"),
            "{:?}",
            verdict.notes
        );
        patches(
            "pub static mut N: &str = \"@a=>>b@\"; pub fn f() -> &'static str { unsafe { N } }",
        );
    }

    #[test]
    fn added_and_removed() {
        patches(
            "use std::sync::atomic::*; @=>>static M: AtomicU8 = AtomicU8::new(0);@ pub fn f() { @=>>M.store(1, Ordering::SeqCst);@ } pub fn g() { f() }",
        );
        patches(
            "use std::sync::atomic::*; @static M: AtomicU8 = AtomicU8::new(0);=>>@ pub fn f() { @M.store(1, Ordering::SeqCst);=>>@ } pub fn g() { f() }",
        );
    }

    const LOG: &str = "use std::sync::atomic::*; macro_rules! log { ($e:expr) => { { static N: AtomicU32 = AtomicU32::new(0); N.fetch_add($e, Ordering::SeqCst); } } }";

    #[test]
    fn several_of_one_path() {
        patches(&format!(
            "{LOG} pub fn f() -> u32 {{ log!(1); log!(2); @1=>>2@ }} pub fn g() -> u32 {{ f() }}"
        ));
        patches(&format!(
            "{LOG} pub fn f() {{ log!(1); log!(@2=>>3@); }} pub fn g() {{ f() }}"
        ));
        restarts(
            &codes::STATIC_PAIRING,
            &format!("{LOG} pub fn f() {{ @=>>log!(5);@ log!(1); log!(2); }} pub fn g() {{ f() }}"),
        );
        restarts(
            &codes::STATIC_PAIRING,
            &format!("{LOG} pub fn f() {{ @=>>log!(5);@ log!(1); }} pub fn g() {{ f() }}"),
        );
        restarts(
            &codes::STATIC_PAIRING,
            &format!("{LOG} pub fn f() {{ @log!(5);=>>@ log!(1); }} pub fn g() {{ f() }}"),
        );
        restarts(
            &codes::STATIC_PAIRING,
            &format!("{LOG} pub fn f() {{ log!(@1=>>2@); log!(@2=>>1@); }} pub fn g() {{ f() }}"),
        );
    }

    #[test]
    fn registries() {
        restarts(
            &codes::REGISTRY,
            "extern \"C\" fn a() {} extern \"C\" fn b() {} #[used] #[unsafe(link_section = \".init_array\")] pub static I: extern \"C\" fn() = @a=>>b@;",
        );
        restarts(
            &codes::REGISTRY,
            "@=>>#[used] #[unsafe(link_section = \"my_list\")] pub static I: u32 = 1;@ pub fn f() {}",
        );
        patches(
            "extern \"C\" fn a() { let x = @1=>>2@; } #[used] #[unsafe(link_section = \".init_array\")] pub static I: extern \"C\" fn() = a; pub fn g() { a() }",
        );
    }
}

mod calls {
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
        let (old, new) = both(
            "pub fn h(a: @u32=>>i32@) -> u32 { a as u32 + @1=>>2@ } pub fn f() -> u32 { h(1) }",
        );
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
                workspace_crates: &crates,
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
            };
            let facts = || {
                let mut facts = DebugFacts::default();
                facts.functions.insert("_RNvC1a1h".into(), function.clone());
                facts
            };
            let evidence = Evidence {
                case: &case,
                old: facts(),
                new: facts(),
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
}

mod bad_input {
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
                workspace_crates: &crates,
            };
            let error = judge(&case).expect_err("a part of an object is no object");
            assert!(
                format!("{error:#}").contains("debug info of the new objects of k"),
                "{error:#}"
            );
        }
        assert!(DebugFacts::read(&[b"not an object"]).is_err());
    }
}
