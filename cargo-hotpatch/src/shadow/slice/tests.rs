//! What a slice has of small crates, and what it lacks.

use super::*;

/// The slice of `edited` (`file path`) of a crate, whose files stand behind lines `//- path`, in the same form; lines of blanks
/// are left out.
fn sliced(text: &str, edited: &str) -> String {
    sliced_with(text, edited, &[])
}

fn sliced_with(text: &str, edited: &str, asked_for: &[&str]) -> String {
    let learned = Learned {
        names: asked_for.iter().map(|name| (*name).to_owned()).collect(),
        ..Learned::default()
    };
    let (edited_file, edited_path) = edited.split_once(' ').expect("a file and a path");
    let parts: Vec<(&str, SourceFile)> = text
        .split("//- ")
        .skip(1)
        .filter_map(|part| part.split_once('\n'))
        .map(|(path, text)| (path, SourceFile::new(text.to_owned())))
        .collect();
    let files: Vec<FileOfCrate<'_>> = parts
        .iter()
        .map(|(path, file)| FileOfCrate {
            path: Path::new(path),
            is_root: *path == "main.rs",
            file,
            edited: (*path == edited_file)
                .then_some(edited_path)
                .into_iter()
                .collect(),
        })
        .collect();
    let (slices, share) = slice(&files, &learned, true);
    assert!(share > 0.0 && share <= 1.0);
    let mut out = String::new();
    for (file, slice) in files.iter().zip(&slices) {
        let kept: Vec<(usize, &str)> = file.edited.iter().copied().enumerate().collect();
        let text = file.file.shadow(&kept, true, Some(slice));
        assert_eq!(text.lines().count(), file.file.text().lines().count());
        syn::parse_file(&text).expect("a slice parses");
        out.push_str(&format!("//- {}\n", file.path.display()));
        let lines = text.lines().map(str::trim_end);
        lines
            .filter(|line| !line.is_empty())
            .for_each(|line| out.push_str(&format!("{line}\n")));
    }
    out
}

fn has(slice: &str, parts: &[&str]) {
    for part in parts {
        assert!(slice.contains(part), "{part} is not in:\n{slice}");
    }
}

fn lacks(slice: &str, parts: &[&str]) {
    for part in parts {
        assert!(!slice.contains(part), "{part} is in:\n{slice}");
    }
}

#[test]
fn what_an_edited_function_can_see_stays() {
    let slice = sliced(
        "//- main.rs\n\
         mod shapes;\nmod other;\nmod words;\n\
         use shapes::{Square, Circle};\n\
         fn main() { other::run(); }\n\
         //- shapes.rs\n\
         use crate::words::{Loud, quiet};\n\
         pub struct Square { pub side: Length }\n\
         pub struct Length(u64);\n\
         pub struct Circle;\n\
         impl Square {\n\
         pub fn area(&self) -> u64 { self.side.0.doubled() }\n\
         pub fn unused(&self) -> Circle { Circle }\n\
         }\n\
         impl Length {\n    pub fn get(&self) -> Unit { todo!() }\n}\n\
         impl Drop for Length {\n    fn drop(&mut self) {}\n}\n\
         impl Circle {\n    pub fn get(&self) {}\n}\n\
         //- other.rs\n\
         pub fn run() {}\n\
         pub struct Unit;\n\
         //- words.rs\n\
         pub trait Loud {\n    fn doubled(&self) -> u64;\n}\n\
         impl Loud for u64 {\n    fn doubled(&self) -> u64 { *self * 2 }\n}\n\
         pub trait Silent {}\n\
         impl Silent for u64 {}\n\
         pub fn quiet() {}\n",
        "shapes.rs Square::area",
    );
    has(
        &slice,
        &[
            "mod shapes;",
            "mod words;",
            "fn main()",
            "pub struct Square",
            "pub struct Length",
            "self.side.0.doubled()",
            "impl Drop for Length",
            // The trait is not named, its method is.
            "pub trait Loud",
            "impl Loud for u64",
            "use crate::words::{Loud",
            // Two empty `impl`s for one of `Circle` and one of `Silent`.
            "impl crate::__hotpatch::Shell{}",
        ],
    );
    lacks(
        &slice,
        &[
            "unused",
            "Circle",
            "mod other",
            "Unit",
            "run",
            "quiet",
            "Silent",
            "get",
        ],
    );
    assert_eq!(slice.matches("Shell").count(), 2);
}

#[test]
fn bodies_count_where_they_stay() {
    let slice = sliced(
        "//- main.rs\n\
         fn edited() { generic(1); plain(); }\n\
         fn generic<T>(it: T) { in_generic(); }\n\
         fn plain() { in_plain(); }\n\
         fn in_generic() {}\n\
         fn in_plain() {}\n\
         fn main() { in_main(); }\n\
         fn in_main() {}\n",
        "main.rs edited",
    );
    has(&slice, &["fn generic<T>(it: T) { in_generic(); }"]);
    has(
        &slice,
        &["fn plain() {crate", "fn in_generic()", "fn main() {crate"],
    );
    lacks(&slice, &["fn in_plain", "fn in_main"]);
}

#[test]
fn bodies_that_are_put_into_their_callers_stay_where_calls_can_lead() {
    let slice = sliced(
        "//- main.rs\n\
         fn edited(it: It) { first(1); it.method(); Self::A; }\n\
         fn first<T>(it: T) { second(it); }\n\
         #[inline(always)]\nfn second(it: u8) { third(); }\n\
         fn third() { plain(); }\n\
         fn fourth<T>(it: T) { fifth(); }\n\
         const A: fn(u8) = fourth;\n\
         fn fifth() {}\n\
         fn plain() {}\n\
         struct It;\n\
         impl Clone for It {\n    fn clone(&self) -> Self { in_clone() }\n}\n\
         impl<T> From<T> for It {\n    fn from(it: T) -> Self { in_from() }\n}\n\
         trait Method {\n\
         fn method(&self) { self.other(); }\n\
         fn other(&self) { in_other(); }\n\
         fn another(&self) { in_another(); }\n\
         }\n\
         impl Method for It {}\n\
         fn main() {}\n",
        "main.rs edited",
    );
    has(
        &slice,
        &[
            "second(it)",
            "third()",
            "fn fourth",
            "self.other()",
            "in_other()",
            "fn from",
            "fn another",
        ],
    );
    lacks(
        &slice,
        &["plain()", "fifth", "in_clone", "in_from", "in_another"],
    );
}

#[test]
fn numbers_of_impls_stay() {
    let slice = sliced(
        "//- main.rs\n\
         #[derive(Debug, Clone)]\nstruct Unseen {\n    a: Gone,\n}\n\
         #[derive(Debug)]\nenum Tag { A(Gone), B }\n\
         #[derive(Eq, Hash)]\nstruct Half(Kept);\n\
         #[derive(Debug)]\n#[repr(u8)]\nenum Byte { A }\n\
         #[derive(Debug)]\nstruct Seen;\n\
         struct Gone;\n\
         struct Kept;\n\
         impl PartialEq for Half {\n    fn eq(&self, other: &Self) -> bool { true }\n}\n\
         impl Gone {\n    fn f() {}\n}\n\
         #[cfg(test)]\nmod tests { use super::*; }\n\
         fn edited(_: Seen) {}\n\
         fn main() {}\n",
        "main.rs edited",
    );
    has(
        &slice,
        &[
            "#[derive(Debug, Clone)]\nstruct Unseen ;",
            "#[derive(Debug)]\nstruct Tag ;",
            // It asks for what was written by hand.
            "struct Half(Kept);",
            "impl PartialEq for Half",
            "struct Kept;",
            "enum Byte { A }",
            "impl crate::__hotpatch::Shell{}",
        ],
    );
    lacks(&slice, &["Gone", "tests"]);
    // Nothing is numbered where no `impl` stays.
    let slice = sliced(
        "//- main.rs\n\
         #[derive(Debug)]\nstruct Unseen(Gone);\n\
         struct Gone;\n\
         impl Gone {}\n\
         call! {}\n\
         fn edited() {}\n\
         fn main() {}\n",
        "main.rs edited",
    );
    lacks(&slice, &["derive", "Gone", "Shell", "call"]);
}

#[test]
fn names_come_by_macros_globs_and_other_names() {
    let slice = sliced(
        "//- main.rs\n\
         mod flags;\nmod others;\nmod all;\nmod text;\n\
         use all::*;\n\
         use text::Long as Short;\n\
         use std::fmt::Write;\n\
         fn edited(out: &mut Short) { say!(out, shown); println!(\"{LIMIT}\"); out.write_str(FLAG); }\n\
         macro_rules! say { ($out:expr, $method:ident) => { $out.$method(helper()) }; }\n\
         macro_rules! unused { () => {} }\n\
         const LIMIT: u64 = 1;\n\
         fn helper() {}\n\
         fn main() {}\n\
         //- flags.rs\n\
         flags! { pub struct Flags: u8 { const FLAG = 1; } }\n\
         //- others.rs\n\
         flags! { pub struct Others: u8 { const OTHER = 1; } }\n\
         //- all.rs\n\
         pub use crate::flags::Flags;\n\
         pub use crate::others::Others;\n\
         //- text.rs\n\
         pub struct Long;\n\
         pub struct Longer;\n\
         impl Long {\n    pub fn shown(&self, _: ()) {}\n    pub fn hidden(&self) {}\n}\n",
        "main.rs edited",
    );
    has(
        &slice,
        &[
            "use all::*;",
            "use text::Long as Short;",
            "use std::fmt::Write;",
            "macro_rules! say",
            "const LIMIT",
            "fn helper()",
            "pub struct Long;",
            "pub fn shown",
            "const FLAG",
        ],
    );
    lacks(&slice, &["unused", "hidden", "Longer", "Others"]);
}

#[test]
fn what_an_unknown_attribute_may_write_stays_with_its_module() {
    let slice = sliced(
        "//- main.rs\n\
         mod other;\n\
         #[component]\nfn page() { used(); }\n\
         #[component]\nfn seen() {}\n\
         fn used() {}\n\
         #[instrument]\nfn traced() {}\n\
         #[attribute]\nimpl A {\n    fn a() {}\n}\n\
         struct A;\n\
         #[test]\nfn test() {}\n\
         fn edited() { seen(); }\n\
         fn main() {}\n\
         //- other.rs\n\
         #[component]\nfn other() {}\n\
         #[attribute]\nmod inner { fn more() {} }\n",
        "main.rs edited",
    );
    has(
        &slice,
        &[
            "fn page() { used(); }",
            "fn used()",
            "impl A",
            "fn a()",
            "struct A",
        ],
    );
    lacks(&slice, &["traced", "fn test", "fn other", "more"]);
}

#[test]
fn what_is_included_counts_as_a_whole() {
    let files = [
        (
            "main.rs",
            "fn edited() { include!(\"value.rs\"); }\nfn used() {}\nfn unused() {}\nfn main() {}\n",
        ),
        ("value.rs", "used()\n"),
    ]
    .map(|(path, text)| (path, SourceFile::new(text.to_owned())));
    let files = files.each_ref().map(|(path, file)| FileOfCrate {
        path: Path::new(path),
        is_root: *path == "main.rs",
        file,
        edited: (*path == "main.rs")
            .then_some("edited")
            .into_iter()
            .collect(),
    });
    let (slices, _) = slice(&files, &Learned::default(), true);
    let texts = files
        .iter()
        .zip(&slices)
        .map(|(file, slice)| file.file.shadow(&[], true, Some(slice)));
    let texts: Vec<String> = texts.collect();
    has(&texts[0], &["fn used()"]);
    lacks(&texts[0], &["fn unused()"]);
    assert_eq!(texts[1], "used()\n");
}

#[test]
fn what_the_compiler_asked_for_stays() {
    let text = "//- main.rs\n\
                fn edited() { make!(); }\n\
                struct Made;\n\
                impl Made {\n    fn by_macro(&self) {}\n}\n\
                fn main() {}\n";
    lacks(&sliced(text, "main.rs edited"), &["Made", "by_macro"]);
    let asked_for = ["by_macro", "Made"];
    let slice = sliced_with(text, "main.rs edited", &asked_for);
    has(&slice, &["struct Made;", "fn by_macro"]);
}

#[test]
fn the_function_is_found_in_an_impl_that_nobody_else_needs() {
    let slice = sliced(
        "//- main.rs\n\
         mod inner {\n\
         pub mod deep {\n\
         impl super::Named for super::super::Thing {\n    fn name(&self) -> u8 { 1 }\n}\n\
         }\n\
         pub trait Named {\n    fn name(&self) -> u8;\n}\n\
         mod empty { pub struct Nothing; }\n\
         }\n\
         struct Thing;\n\
         fn main() {}\n",
        "main.rs inner::deep::<super :: super :: Thing as super :: Named>::name",
    );
    has(
        &slice,
        &[
            "mod inner {",
            "pub mod deep {",
            "pub trait Named",
            "struct Thing;",
        ],
    );
    has(&slice, &["fn name(&self) -> u8 { 1 }", "__HOTPATCH_ROOT_0"]);
    lacks(&slice, &["empty", "Nothing"]);
}
