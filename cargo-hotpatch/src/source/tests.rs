//! Tests of the comparison of texts.

use super::index::TextIndex;
use super::*;

fn kinds(old: &str, new: &str) -> Vec<(ItemKind, Difference, String)> {
    let change = compare(old, new);
    assert_eq!(change.unparsable, None);
    change
        .items
        .into_iter()
        .map(|item| (item.kind, item.difference, item.path))
        .collect()
}

fn only_function(old: &str, new: &str) -> EditedFunction {
    let change = compare(old, new);
    assert_eq!(change.unparsable, None);
    assert_eq!(change.items, []);
    assert_eq!(change.edited.len(), 1, "{:?}", change.edited);
    change.edited[0].clone()
}

#[test]
fn comments_and_white_space_are_nothing() {
    let change = compare(
        "fn a() { 1; }\n",
        "// hello\n\nfn a() {\n    1; // x\n}\n/// docs\nfn b() {}"
            .split("/// docs")
            .next()
            .unwrap_or(""),
    );
    assert!(
        change.is_trivial() && change.only_plain_bodies(),
        "{change:?}"
    );
    assert!(
        compare(
            "/// one\nstruct A {/** x */ a: u8}",
            "/// two\nstruct A { a: u8 }"
        )
        .is_trivial()
    );
    assert!(
        !compare(
            "/// one\n#[derive(Parser)] struct A { a: u8 }",
            "/// two\n#[derive(Parser)] struct A { a: u8 }"
        )
        .is_trivial()
    );
}

#[test]
fn a_text_that_does_not_parse_says_so() {
    let change = compare("fn a() {}", "fn a( {}");
    assert!(
        change
            .unparsable
            .as_deref()
            .is_some_and(|why| why.contains("after the edit, line 1")),
        "{change:?}"
    );
    assert!(!change.is_trivial() && !change.only_plain_bodies() && !change.only_bodies());
}

#[test]
fn plain_bodies() {
    for (old, new) in [
        ("fn a() { 1; }", "fn a() { 2; }"),
        (
            "mod m { pub fn a<'x>(s: &'x str) { 1; } }",
            "mod m { pub fn a<'x>(s: &'x str) { 2; } }",
        ),
        (
            "impl A { fn a(&self) { 1; } }",
            "impl A { fn a(&self) { 2; } }",
        ),
        (
            "impl Drop for A { fn drop(&mut self) { 1; } }",
            "impl Drop for A { fn drop(&mut self) { 2; } }",
        ),
        (
            "fn a() { v.iter().map(|x| x + 1); }",
            "fn a() { v.iter().map(|x| x + 2); }",
        ),
        (
            "#[cold] #[allow(unused)] fn a() { info!(\"a {}\", 1); }",
            "#[cold] #[allow(unused)] fn a() { info!(\"b {}\", 1); }",
        ),
        (
            "#[unsafe(no_mangle)] extern \"C\" fn a() { 1; }",
            "#[unsafe(no_mangle)] extern \"C\" fn a() { 2; }",
        ),
    ] {
        let function = only_function(old, new);
        assert!(function.is_plain() && function.header_equal, "{old}");
        assert!(compare(old, new).only_plain_bodies());
    }
}

#[test]
fn what_other_crates_compile_has_its_place_in_their_code() {
    for moved in [
        "fn a<T>() { 1; }",
        "#[inline] fn a() { 1; }",
        "impl<T> A<T> { fn a(&self) { 1; } }",
        "trait A { fn a(&self) { 1; } }",
        "make! { a }",
    ] {
        for (old, new) in [
            (moved.to_owned(), format!("// a comment\n{moved}")),
            (
                format!("fn b() {{ 1; }}\n{moved}"),
                format!("fn b() {{ 1;\n2; }}\n{moved}"),
            ),
            (moved.to_owned(), moved.replace("{ ", "{  ")),
        ] {
            let change = compare(&old, &new);
            assert!(
                change.only_bodies() && !change.only_plain_bodies() && !change.displaced.is_empty(),
                "{old} -> {new}: {change:?}"
            );
        }
        // Below it, everything may move.
        let (old, new) = (
            format!("{moved}\nfn b() {{ 1; }}"),
            format!("{moved}\n\nfn b() {{ 2; }}"),
        );
        assert!(compare(&old, &new).only_plain_bodies(), "{moved}");
    }
    assert!(compare("fn a() { 1; }", "\n\nfn a() { 1; }").only_plain_bodies());
}

#[test]
fn bodies_that_are_not_plain() {
    for (old, new) in [
        ("fn a<T>() { 1; }", "fn a<T>() { 2; }"),
        ("fn a(x: impl Fn()) { 1; }", "fn a(x: impl Fn()) { 2; }"),
        (
            "fn a() -> impl Fn() { || 1 }",
            "fn a() -> impl Fn() { || 2 }",
        ),
        ("const fn a() { 1; }", "const fn a() { 2; }"),
        ("async fn a() { 1; }", "async fn a() { 2; }"),
        ("#[inline] fn a() { 1; }", "#[inline] fn a() { 2; }"),
        (
            "#[tokio::main] fn a() { 1; }",
            "#[tokio::main] fn a() { 2; }",
        ),
        ("#[instrument] fn a() { 1; }", "#[instrument] fn a() { 2; }"),
        (
            "#[unsafe(naked)] extern \"C\" fn a() { 1; }",
            "#[unsafe(naked)] extern \"C\" fn a() { 2; }",
        ),
        (
            "fn a() { { static S: u8 = 1; } }",
            "fn a() { { static S: u8 = 2; } }",
        ),
        (
            "fn a() { thread_local! { static S: u8 = 1; } }",
            "fn a() { thread_local! { static S: u8 = 2; } }",
        ),
        (
            "impl<T> A<T> { fn a(&self) { 1; } }",
            "impl<T> A<T> { fn a(&self) { 2; } }",
        ),
        (
            "trait T { fn a(&self) { 1; } }",
            "trait T { fn a(&self) { 2; } }",
        ),
    ] {
        let function = only_function(old, new);
        assert!(!function.is_plain() && function.header_equal, "{old}");
        assert!(!compare(old, new).only_plain_bodies() && compare(old, new).only_bodies());
    }
}

#[test]
fn headers() {
    for (old, new) in [
        ("fn a() {}", "pub fn a() {}"),
        ("fn a(x: u8) {}", "fn a(x: u16) {}"),
        ("fn a(x: u8) {}", "#[track_caller] fn a(x: u8) {}"),
    ] {
        assert!(!only_function(old, new).header_equal, "{new}");
        assert!(!compare(old, new).only_bodies());
    }
}

#[test]
fn other_items() {
    use Difference::{Added, Edited, Removed};
    let text = str::to_owned;
    for (old, new, expected) in [
        (
            "",
            "fn a() {}",
            vec![(ItemKind::Function, Added, text("a"))],
        ),
        (
            "mod m { fn a() {} }",
            "mod m {}",
            vec![(ItemKind::Function, Removed, text("m::a"))],
        ),
        (
            "struct A { a: u8 }",
            "struct A { a: u16 }",
            vec![(ItemKind::Type, Edited, text("A"))],
        ),
        (
            "struct A;",
            "#[repr(C)] struct A;",
            vec![(ItemKind::Type, Edited, text("A"))],
        ),
        (
            "enum A { B }",
            "enum A { B, C }",
            vec![(ItemKind::Type, Edited, text("A"))],
        ),
        (
            "static A: u8 = 1;",
            "static A: u8 = 2;",
            vec![(ItemKind::Static, Edited, text("A"))],
        ),
        (
            "static A: u8 = 1;",
            "static mut A: u8 = 1;",
            vec![(ItemKind::Static, Edited, text("A"))],
        ),
        (
            "const A: u8 = 1;",
            "const A: u8 = 2;",
            vec![(ItemKind::Const, Edited, text("A"))],
        ),
        (
            "type A = u8;",
            "type A = u16;",
            vec![(ItemKind::TypeAlias, Edited, text("A"))],
        ),
        (
            "macro_rules! m { () => { 1 } }",
            "macro_rules! m { () => { 2 } }",
            vec![(ItemKind::Macro, Edited, text("m"))],
        ),
        (
            "m!(1);",
            "m!(2);",
            vec![(ItemKind::MacroCall, Edited, text("m!"))],
        ),
        (
            "trait T { fn a(&self); }",
            "trait T { fn a(&self); fn b(&self); }",
            vec![(ItemKind::Trait, Edited, text("T"))],
        ),
        (
            "trait T { fn a(&self); }",
            "trait T: Send { fn a(&self); }",
            vec![(ItemKind::Trait, Edited, text("T"))],
        ),
        (
            "trait T { fn a(&self); }",
            "trait T { fn a(&self) {} }",
            vec![
                (ItemKind::Trait, Edited, text("T")),
                (ItemKind::Function, Added, text("T::a")),
            ],
        ),
        (
            "impl<T> A<T> {}",
            "impl<T: Copy> A<T> {}",
            vec![(ItemKind::ImplHeader, Edited, text("A < T >"))],
        ),
        (
            "use a::b;",
            "use a::c;",
            vec![
                (ItemKind::Use, Removed, text("use a :: b ;")),
                (ItemKind::Use, Added, text("use a :: c ;")),
            ],
        ),
        (
            "#![allow(x)]",
            "#![allow(y)]",
            vec![(ItemKind::Attributes, Edited, text(""))],
        ),
        (
            "mod a;",
            "mod b;",
            vec![
                (ItemKind::Module, Removed, text("a")),
                (ItemKind::Module, Added, text("b")),
            ],
        ),
        (
            "fn a() {} fn b() {}",
            "fn b() {} fn a() {}",
            vec![(ItemKind::Order, Edited, text("b"))],
        ),
    ] {
        let mut found = kinds(old, new);
        found.sort_by_key(|item| expected.iter().position(|other| other == item));
        assert_eq!(found, expected, "{old} -> {new}");
        assert!(!compare(old, new).only_plain_bodies());
    }
}

#[test]
fn functions_are_found_by_line_also_in_macros() {
    let index = TextIndex::of(
        "#[track_caller]\npub(crate) unsafe extern \"C\" fn one<T: Fn() -> [u8; {3}]>(a: T, (b, c): (u8, u8)) -> u8 { 1 }\n\
         macro_rules! m { ($n:ident) => {\n  fn $n() {}\n  fn two(x: u8) {} } }\n\
         struct A;\nimpl A {\n  /// docs\n  fn\n  three(&self) { fn inner() {} }\n}\n#[derive(Debug, Clone)]\nstruct B;",
    );
    let one = index.function_at("one", 2).expect("one");
    assert!(one.header.contains("track_caller") && one.call_shape.contains("track_caller"));
    assert!(!one.call_shape.contains("crate") && one.foreign_callers);
    assert_eq!(one.inputs, Some(2));
    assert_eq!(one.body, "1");
    assert!(
        index
            .function_at("two", 5)
            .is_some_and(|two| !two.depends_on_macro)
    );
    assert!(
        index
            .function_at("anything", 4)
            .is_some_and(|any| any.depends_on_macro)
    );
    assert!(
        index
            .function_at("three", 9)
            .is_some_and(|three| !three.header.contains("docs"))
    );
    assert!(
        index.function_around("inner", 10).is_some()
            && index.function_around("three", 10).is_some()
    );
    assert!(index.function_around("inner", 9).is_none());
    assert!(index.function_at("one", 1).is_none());
    assert!(index.is_builtin_derive(12) && !index.is_builtin_derive(13));
}

#[test]
fn parameter_names_and_visibility_do_not_decide_how_a_function_is_called() {
    let shape = |text: &str| TextIndex::of(text).functions()[0].call_shape.clone();
    assert_eq!(
        shape("fn a(x: u8) {}"),
        shape("#[must_use] /** d */ pub fn a((y): u8) {}")
    );
    assert_eq!(
        shape("fn a(x: u8) {}"),
        shape("const unsafe fn a(x: u8) {}")
    );
    assert_eq!(
        shape("fn a(self, t: &str, p: P<u8>) -> &[Q] {}"),
        shape("fn a<'a, 'b>(mut self, t: &'a str, p: P<'b, u8>) -> &'static [Q<'_>] {}")
    );
    assert_eq!(
        shape("fn a<T, U>(x: T, u: U) where T: P<U> {}"),
        shape("fn a<T, U,>(x: T, u: U,) where T: P<U>, {}")
    );
    // A comma makes a tuple.
    assert_ne!(shape("fn a(x: (u8)) {}"), shape("fn a(x: (u8,)) {}"));
    assert_ne!(
        shape("fn a<T>(x: &T) {}"),
        shape("fn a<'a, T>(x: &'a mut T) {}")
    );
    for other in [
        "fn a(x: u16) {}",
        "#[track_caller] fn a(x: u8) {}",
        "extern \"C\" fn a(x: u8) {}",
        "fn a(x: u8) -> ! {}",
    ] {
        assert_ne!(shape("fn a(x: u8) {}"), shape(other), "{other}");
    }
}

#[test]
fn closures_keep_their_order() {
    use super::closures::{EntryKind, Pairing, pair};
    let entries = |body: &str| {
        TextIndex::of(&format!("fn f() {{ {body} }}")).functions()[0]
            .entries
            .clone()
    };
    let count = |kind| {
        matches!(
            kind,
            EntryKind::Closure | EntryKind::Async | EntryKind::Opaque
        )
    };
    let certain =
        |old: &str, new: &str| pair(&entries(old), &entries(new), &count) == Pairing::Certain;
    assert!(
        certain("a(|x| 1); b(|y| 2);", "a(|x| 1); b(|y| 3);"),
        "edited in place"
    );
    assert!(certain("a(|x| 1);", "a(|x| 1); b(|y| 2);"), "appended");
    assert!(certain("a(|x| 1); b(|y| 2);", "a(|x| 1);"), "last removed");
    assert!(
        !certain("a(|x| 1); b(|y| 2);", "b(|y| 2);"),
        "first removed"
    );
    assert!(
        !certain("b(|y| 2);", "a(|x| 1); b(|y| 2);"),
        "inserted in front"
    );
    assert!(
        !certain("a(|x| 1); b(|y| 2);", "b(|y| 2); a(|x| 1);"),
        "exchanged"
    );
    assert!(
        !certain("a(|x| 1);", "a(|x| 3); b(|y| 2);"),
        "edited and appended"
    );
    assert!(
        !certain(
            "println!(\"{}\", f(|y| 2));",
            "f(|x| 1); println!(\"{}\", f(|y| 2));"
        ),
        "inside of a macro's arguments"
    );
    assert!(
        !certain("a(|x| { b(|y| 2) });", "a(|x| { b(|z| 1); b(|y| 2) });"),
        "nested"
    );
    assert!(
        !certain(
            "let c = async { 1 };",
            "let d = async { 2 }; let c = async { 1 };"
        ),
        "async blocks"
    );
    assert!(
        !certain(
            "select! { x = y => |a| 1 }",
            "f(|x| 1); select! { x = y => |a| 1 }"
        ),
        "unknown macros"
    );
}

/// What the pieces of a text hold is what the text holds.
fn check_pieces(path: &std::path::Path, text: &str) {
    let whole = cut::Piece {
        text,
        first_line: 1,
    };
    let Ok(items) = items::parse(&whole) else {
        return;
    };
    let pieces = cut::pieces(text).unwrap_or_else(|| panic!("{} cannot be cut", path.display()));
    let together: String = pieces.iter().map(|piece| piece.text).collect();
    assert_eq!(together, text);
    let mut found = Vec::new();
    let mut contents = functions::Contents::default();
    for piece in &pieces {
        let parsed = items::parse(piece);
        let parsed =
            parsed.unwrap_or_else(|error| panic!("{}: {error:?} in {piece:?}", path.display()));
        found.extend(parsed);
        contents.append(
            functions::Contents::of(piece.text, piece.first_line - 1)
                .unwrap_or_else(|| panic!("{}: no tokens in {piece:?}", path.display())),
        );
    }
    assert!(found == items, "{}: other items", path.display());
    let expected = functions::Contents::of(text, 0);
    assert!(
        Some(contents) == expected,
        "{}: other contents",
        path.display()
    );
    forget_spans();
}

fn sources_below(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Sources of this crate, or all of what `HOTPATCH_TEST_SOURCES` names.
#[test]
fn pieces_of_real_sources_are_the_whole() {
    let directory = std::env::var("HOTPATCH_TEST_SOURCES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/src/judge").to_owned());
    let mut sources = Vec::new();
    sources_below(directory.as_ref(), &mut sources);
    assert!(sources.len() > 15, "{} sources", sources.len());
    for path in sources {
        if let Ok(text) = std::fs::read_to_string(&path) {
            check_pieces(&path, &text);
        }
    }
}

#[test]
fn texts_are_cut_behind_items_and_nowhere_else() {
    let cut = |text: &str| -> Option<Vec<(usize, String)>> {
        let pieces = cut::pieces(text)?;
        let shown = pieces
            .iter()
            .map(|piece| (piece.first_line, piece.text.to_owned()));
        Some(shown.collect())
    };
    let one = |text: &str| vec![(1, text.to_owned())];
    for whole in [
        "",
        "#!/usr/bin/env run'me\nfn a() {}",
        "#![allow(x)]\nfn a() {}\n",
        "fn a() {\n  b();\n}",
        "const A: char = '\'';",
        "const A: &str = \"}\n}\";",
        "const A: &str = r#\"\"}\n;\"#;\n",
        "/* }\n /* } */ ;\n */ fn a<'a>(c: char) -> bool { c == '{' || c == '\\u{7d}' }\n",
        "fn a() {} fn r#fn() {\n}\n",
        "fn a(x: &'static str) { b'\\''; b\"\\\"}\"; br\"\\\"; }\n",
        "const A: B = B {\n    c: || 1,\n}\n// d\n.with(|| 2);\n",
        "const A: u8 = if B { 1 }\nelse { 2 };\n",
        "const A: u8 = { 1 }\nas u8;\n",
        "const A: u8 = { 1 }\n\n;\n",
    ] {
        let expected = if whole.is_empty() {
            Vec::new()
        } else {
            one(whole)
        };
        assert_eq!(cut(whole), Some(expected), "{whole}");
    }
    assert_eq!(
        cut("use a;\n// b\nfn c() {\n}\n\nfn d() {}"),
        Some(vec![
            (1, "use a;\n".to_owned()),
            (2, "// b\nfn c() {\n}\n".to_owned()),
            (5, "\nfn d() {}".to_owned())
        ])
    );
    for open in ["fn a() {", "fn a() }", "\"a", "/* a", "'\\", "r#\"a\""] {
        assert_eq!(cut(open), None, "{open}");
    }
}

/// An edit is the same for whole texts and for pieces, wherever it stands.
#[test]
fn differences_of_pieces_are_those_of_whole_texts() {
    let text = "//! a\nuse b;\n\nstruct C { d: u8 }\n\nimpl C {\n    fn d(&self) -> u8 { self.d }\n    fn e() {}\n}\n\n\
                /// f\nfn f() {\n    1;\n}\n\nmod g {\n    fn f() {\n        1;\n    }\n}\n\nstatic H: u8 = 1;\n";
    for (from, to) in [
        ("1;\n}", "2;\n}"),
        ("1;\n    }", "2;\n    }"),
        ("//! a\n", "#![allow(a)]\n"),
        ("use b;\n", ""),
        ("use b;", "use b;\nuse c;"),
        ("d: u8 }", "d: u16 }"),
        ("fn e() {}", "fn e() { 1 }\n    fn i() {}"),
        ("H: u8 = 1;\n", "H: u8 = 2;"),
        ("static H: u8 = 1;\n", ""),
        ("/// f\n", "/// f\n/// g\n\n"),
        ("/// f\nfn f() {\n    1;\n}\n\n", ""),
        ("self.d }", "self.d + 1 }"),
        ("mod g {", "#[cfg(x)] mod g {"),
        ("", "// begin\n"),
    ] {
        let edited = text.replacen(from, to, 1);
        for (old, new) in [(text, &*edited), (&*edited, text)] {
            let mut pieces = compare_pieces(old, new).expect("pieces");
            let mut whole = compare_whole(old, new);
            assert!(
                pieces.within.0.1 <= whole.within.0.1 && pieces.within.1.1 <= whole.within.1.1,
                "{pieces:?}"
            );
            (pieces.within, whole.within) = Default::default();
            assert_eq!(pieces, whole, "{from} -> {to}");
        }
    }
}

#[test]
fn only_what_differs_is_read() {
    let old = "fn a() { 1 }\n\nfn b() { not ) rust }\n".replace(" ) ", " ");
    let new = old.replace('1', "2");
    // The second function is no Rust, but nobody looks at it.
    let change = compare(&old, &new);
    assert!(change.only_plain_bodies(), "{change:?}");
    assert_eq!(change.within, ((1, 1), (1, 1)));
    assert_eq!(change.edited[0].path, "a");
}

#[test]
fn what_memory_holds_tells_edits_of_types_apart() {
    let is_reshaped = |old: &str, new: &str| {
        let change = compare(old, new);
        assert_eq!(change.unparsable, None);
        change.items.iter().any(|item| item.is_reshaped)
    };
    for (old, new) in [
        ("struct A { a: u8 }", "struct A { a: u8, b: u8 }"),
        ("struct A { a: u8, b: u8 }", "struct A { b: u8 }"),
        ("struct A(u8);", "struct A(u16);"),
        ("struct A;", "struct A(u16);"),
        ("mod m { struct A(u8); }", "mod m { struct A(i8); }"),
        ("enum A { B, C }", "enum A { B, C, D }"),
        ("enum A { B(u8), C }", "enum A { B(u8), C { c: u8 } }"),
        ("union A { a: u8 }", "union A { a: u8, b: u32 }"),
        ("static A: u8 = 1;", "static A: u16 = 1;"),
        ("type A = u8;", "type A = u16;"),
    ] {
        assert!(is_reshaped(old, new), "{old} → {new}");
    }
    for (old, new) in [
        ("struct A { a: u8 }", "#[derive(Debug)] struct A { a: u8 }"),
        ("struct A { a: u8 }", "pub struct A { pub b: u8 }"),
        ("struct A(u8);", "struct A { a: u8 }"),
        ("struct A { a: u8, b: u64 }", "struct A { b: u64, a: u8 }"),
        ("enum A { B(u8), C }", "enum A { D(u8), C }"),
        ("static A: u8 = 1;", "static A: u8 = 2;"),
        ("struct A(u8);", "struct A(u8); struct B(u8);"),
        ("struct A(u8); struct B(u8);", "struct A(u8);"),
        (
            "mod m { struct A(u8); }",
            "#[allow(dead_code)] mod m { struct A(u8); }",
        ),
        ("fn a() {}", "fn a(a: u8) {}"),
        ("const A: u8 = 1;", "const A: u16 = 1;"),
    ] {
        assert!(!is_reshaped(old, new), "{old} → {new}");
    }
}
