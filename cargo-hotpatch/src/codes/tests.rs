//! The table is well formed, documented, and neither more nor less than what the tool issues and what is tested.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// Codes that no test project and no integration test demands, and what tests them instead, or why nothing can.
const WITHOUT_PROJECT: &[(&str, &str)] = &[
    (
        "HP0001",
        "another target is not installed everywhere; capture/tests.rs asks for one",
    ),
    (
        "HP0304",
        "needs a function that the cut before did not see: rustc puts those that make a closure beside it",
    ),
    (
        "HP0701",
        "needs a damaged object; judge/tests/bad_input.rs has the judge read some",
    ),
    ("HP0702", "compilers emit none with the small code model"),
    (
        "HP0703",
        "needs a symbol that nothing defines, which the full link would refuse as well",
    ),
    (
        "HP0704",
        "the stub reserves its arena near the program, or does not connect",
    ),
    (
        "HP0705",
        "needs two native objects with one local name, and a patch that refers to it",
    ),
    (
        "HP0706",
        "only a defect of the tool: every patch of every project is read back",
    ),
    (
        "HP0804",
        "needs a system that refuses a mapping; client/end_to_end has the stub refuse",
    ),
    (
        "HP0806",
        "a warning of the socket; client/tests.rs connects without the token",
    ),
    (
        "HP0901",
        "needs an object that is not understood; table/tests/mod.rs has some refused",
    ),
];

fn manifest() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        // What is built inside of a project is not the project.
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every Rust file below `directory` of the repository, concatenated by `of`.
fn texts(directory: &str, of: impl Fn(&Path, &str) -> String) -> String {
    let mut files = Vec::new();
    rust_files(&manifest().join(directory), &mut files);
    assert!(!files.is_empty(), "nothing in {directory}");
    let texts = files.iter().map(|path| {
        let text = fs::read_to_string(path).expect("a source file");
        of(path, &text)
    });
    texts.collect()
}

/// The constant of each code: `HP0101` is `TYPE_LAYOUT`.
fn constants() -> Vec<(&'static str, &'static str)> {
    let definitions = include_str!("../codes.rs").lines().filter_map(|line| {
        let (name, rest) = line.trim().split_once(" = \"HP")?;
        let id = rest.get(..4)?;
        let code = find(&format!("HP{id}"))?;
        Some((code.id, name))
    });
    let found: Vec<_> = definitions.collect();
    assert_eq!(found.len(), ALL.len());
    found
}

#[test]
fn codes_are_unique_sorted_and_well_formed() {
    for pair in ALL.windows(2) {
        assert!(
            pair[0].id < pair[1].id,
            "{} must come before {}",
            pair[0].id,
            pair[1].id
        );
    }
    for code in ALL {
        assert!(
            code.id.len() == 6 && code.id.starts_with("HP0"),
            "{}",
            code.id
        );
        assert!(!code.title.ends_with('.'), "{}", code.id);
        assert!(code.rule.ends_with('.'), "{}: {}", code.id, code.rule);
        assert!(code.remedy.ends_with('.'), "{}: {}", code.id, code.remedy);
        assert!(code.example.len() > 10, "{}: {}", code.id, code.example);
        // "Let it restart." alone says nothing to a person who wants to avoid it.
        assert!(
            code.remedy.split_whitespace().count() > 3,
            "{}: {}",
            code.id,
            code.remedy
        );
    }
    assert_eq!(
        GROUPS
            .iter()
            .map(|(digits, _)| ALL.iter().filter(|code| &code.id[2..4] == *digits).count())
            .sum::<usize>(),
        ALL.len(),
        "a code is in no group"
    );
}

#[test]
fn the_document_is_as_the_table() {
    let file = manifest().join("CODES.md");
    let document = document();
    if std::env::var_os("HOTPATCH_BLESS").is_some() {
        fs::write(&file, &document).expect("CODES.md is written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == document,
        "CODES.md is not what `src/codes.rs` says: HOTPATCH_BLESS=1 cargo test --lib codes"
    );
}

#[test]
fn every_code_is_issued() {
    let sources = texts("src", |path, text| {
        let is_test = path.ends_with("tests.rs")
            || path.components().any(|part| part.as_os_str() == "tests")
            || path
                .components()
                .any(|part| part.as_os_str() == "end_to_end");
        // Tests stand at the end of a file.
        let shipped = text.split("#[cfg(test)]\nmod tests {").next();
        if is_test {
            String::new()
        } else {
            shipped.unwrap_or_default().to_owned()
        }
    });
    let words: BTreeSet<&str> = sources
        .split(|character: char| !(character.is_alphanumeric() || "_:".contains(character)))
        .filter_map(|word| word.rsplit_once("codes::").map(|(_, name)| name))
        // `codes::PLACE.id` is how a code is compared, not how one is issued.
        .collect();
    for (id, name) in constants() {
        assert!(words.contains(name), "{id} ({name}) is never issued");
    }
}

#[test]
fn every_code_is_tested_or_says_why_not() {
    let projects = texts("../test-projects", |_, text| {
        let directives = text.lines().take_while(|line| line.starts_with("//@"));
        directives
            .filter(|line| line.starts_with("//@ code:") || line.starts_with("//@ warning:"))
            .flat_map(|line| [line, "\n"])
            .collect()
    });
    // In the manual of directives, codes are examples.
    let trials = texts("../tests/integration", |_, text| {
        text.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect()
    });
    for (id, name) in constants() {
        let is_tested = projects.contains(id)
            || trials.contains(id)
            || trials.contains(&format!("codes::{name}"));
        let reason = WITHOUT_PROJECT.iter().find(|(other, _)| *other == id);
        assert!(
            is_tested != reason.is_some(),
            "{id} ({name}): tested: {is_tested}, said to be untested: {reason:?}"
        );
    }
    for (id, _) in WITHOUT_PROJECT {
        assert!(find(id).is_some(), "{id} is no code");
    }
}
