//! The same source is the same program: rebuilt, rebuilt in another directory, or with other comments and white space, no
//! function of it counts as changed. At most lines are refreshed.
//!
//! For each project: cargo builds it through the tool, the recorded commands are replayed on the same files, on a copy
//! in another directory, and on files in which comments, empty lines and tabs stand wherever white space stood, and the
//! objects are compared as a session compares them. For some of them, a session is then told to save such files.
//!
//! `HOTPATCH_IDENTITY_PROJECTS=all` looks at every test project, and a list of names at these.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use cargo_hotpatch::diff::{Change, Difference};
use libtest_mimic::Trial;
use proc_macro2::{TokenStream, TokenTree};

use crate::phases::{Phases, difference};
use crate::project::{Change as FileChange, Edit, Project, SaveMode};
use crate::running::Running;
use crate::support::{projects_dir, trial};

/// Projects with much in them, for every day.
const USUAL: &[&str] = &[
    "async-suspended",
    "closure-stored",
    "const-generics",
    "dyn-method",
    "generic-dependent",
    "impl-trait-argument",
    "lazy-lock",
    "macro-rules",
    "opt-level-2",
    "thread-local",
    "two-crates",
    "unicode",
];

/// Of these a session is asked as well.
const WITH_SESSION: &[&str] = &["dyn-method", "hello"];

pub(crate) fn trials() -> Vec<Trial> {
    let wanted = std::env::var("HOTPATCH_IDENTITY_PROJECTS").unwrap_or_default();
    let names: Vec<String> = match wanted.as_str() {
        "" => USUAL.iter().map(|name| (*name).to_owned()).collect(),
        "all" => all_projects(),
        list => list.split(',').map(str::to_owned).collect(),
    };
    let mut trials: Vec<Trial> = names
        .into_iter()
        .map(|name| {
            trial(format!("identity::rebuilt::{name}"), move || {
                rebuilt(&Project::copy_of(&name)?, 1)
            })
        })
        .collect();
    trials.push(trial("identity::rebuilt::generated", || {
        rebuilt(&generated()?, 4)
    }));
    for name in WITH_SESSION {
        trials.push(trial(format!("identity::saved::{name}"), move || {
            saved(&Project::copy_of(name)?)
        }));
    }
    trials.push(trial("identity::saved::generated", || saved(&generated()?)));
    trials
}

/// Every test project that cargo can build as it is.
fn all_projects() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(projects_dir())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// What is compared without a session. `seeds`: how many ways of spreading comments are tried.
fn rebuilt(project: &Project, seeds: u64) -> Result<()> {
    let root = project.root().to_owned();
    let mut phases = Phases::build(&root, None)?;
    let base = phases.built.link.objects.clone();
    let mut summary = format!("identity: {} objects", base.len());

    let again = phases.compile()?;
    let (found, differing) = difference(&base, &again)?;
    nothing_but_lines(&found).context("the same source, compiled again")?;
    ensure!(
        found.changed.is_empty(),
        "the same source, compiled again, has other lines: {found:#?}"
    );
    let _ = write!(summary, "; again: {differing} differ in bytes");

    let folder = tempfile::Builder::new()
        .prefix("hotpatch-elsewhere-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let elsewhere = folder.path().canonicalize()?.join("another/place");
    for file in source_files(&root)? {
        let to = elsewhere.join(file.strip_prefix(&root)?);
        fs::create_dir_all(to.parent().context("a file lies in a directory")?)?;
        fs::copy(&file, to)?;
    }
    let mut moved = phases.elsewhere(&root, &elsewhere)?;
    let (found, differing) = difference(&base, &moved.compile()?)?;
    nothing_but_lines(&found).context("the same source in another directory")?;
    let _ = write!(
        summary,
        "; elsewhere: {differing} differ, {} functions refreshed",
        found.changed.len()
    );

    let mut originals = Vec::new();
    for file in source_files(&root)? {
        let has_lines = |text: &String| text.contains("line!") || text.contains("column!");
        if file.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&file)?;
            // Such a program says where it stands: then lines are code.
            if !has_lines(&text) {
                originals.push((file, text));
            }
        }
    }
    for seed in 0..seeds {
        let mut inserted = 0;
        for (file, text) in &originals {
            let (text, count) = with_comments(text, seed)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            inserted += count;
            fs::write(file, text)?;
        }
        let (found, _) = difference(&base, &phases.compile()?)?;
        nothing_but_lines(&found).with_context(|| format!("with comments, seed {seed}"))?;
        let _ = write!(
            summary,
            "; {inserted} comments: {} functions refreshed",
            found.changed.len()
        );
    }
    eprintln!("{summary}");
    Ok(())
}

/// Nothing may differ but lines.
fn nothing_but_lines(found: &Difference) -> Result<()> {
    let code: Vec<&str> = found
        .changed
        .iter()
        .filter(|function| function.change == Change::Code)
        .map(|function| function.new.key.name.as_str())
        .collect();
    ensure!(code.is_empty(), "changed functions: {code:#?}");
    ensure!(
        found.added.is_empty() && found.removed.is_empty(),
        "added {:#?}, removed {:#?}",
        found.added,
        found.removed
    );
    ensure!(
        found.changed_constants.is_empty() && found.renamed_statics.is_empty(),
        "constants: {:?}, statics: {:?}",
        found.changed_constants,
        found.renamed_statics
    );
    ensure!(found.doubts.is_empty(), "doubts: {:?}", found.doubts);
    ensure!(found.renamed.is_empty(), "renamed: {:?}", found.renamed);
    Ok(())
}

/// Through the whole tool: such saves are `unchanged`, and the process stays.
fn saved(project: &Project) -> Result<()> {
    let main = project.read("src/main.rs")?;
    Running::session(project, &[], &[], &[])?.with_report(|session| {
        session.wait_for_start()?;
        session.wait_for_line("ready")?;
        let pid = session.program_pid()?;
        let body = main
            .lines()
            .position(|line| !line.starts_with("//@"))
            .unwrap_or(0);
        let mut texts: Vec<String> = Vec::new();
        for seed in 0..2 {
            texts.push(with_comments(&main, seed)?.0);
        }
        ensure!(body < main.lines().count(), "the program is empty");
        texts.push(main.clone());
        for (number, text) in texts.into_iter().enumerate() {
            let mark = session.mark();
            let edit = Edit {
                file: "src/main.rs".to_owned(),
                change: FileChange::Write(text),
            };
            project.save(&[edit], SaveMode::InPlace)?;
            let outcome = session.wait_for_outcome(mark)?;
            ensure!(outcome.outcome() == "unchanged", "save {number}: {outcome}");
            let other = outcome
                .functions()
                .into_iter()
                .find(|(_, kind)| *kind != "refreshed");
            ensure!(other.is_none(), "save {number}: {other:?}");
        }
        ensure!(session.program_pid()? == pid, "the program was restarted");
        session.check_one_outcome_per_save()
    })
}

/// Everything that belongs to the sources of a project.
fn source_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory)
            .with_context(|| format!("cannot list `{}`", directory.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name() != Some("target".as_ref()) {
                    left.push(path);
                }
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The text with comments, empty lines and other white space in places where white space stands between two tokens,
/// and how many there are. No token changes, nor whether two of them touch, which macros can see.
fn with_comments(text: &str, seed: u64) -> Result<(String, usize)> {
    let tokens = TokenStream::from_str(text).map_err(|error| anyhow!("{error}"))?;
    let mut starts = Vec::new();
    token_starts(tokens, &mut starts);
    starts.sort_unstable();
    starts.dedup();
    let mut out = String::with_capacity(text.len() * 2);
    let (mut written, mut count) = (0, 0);
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    for start in starts {
        // xorshift: the same places for the same seed, on every machine.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let Some(before) = text.get(..start) else {
            bail!("a token begins inside of a character");
        };
        // The head of a file stays: `//@` lines must be on top, and so must a `#!`.
        if start == 0 || !before.ends_with([' ', '\n', '\t']) || random.is_multiple_of(3) {
            continue;
        }
        out.push_str(&text[written..start]);
        written = start;
        count += 1;
        out.push_str(match random >> 8 & 7 {
            0 => "\n",
            1 => "/* a { comment \" */ ",
            2 => "// a comment: fn f() {}\n",
            3 => "\n\n\n    // two lines\n    // of it\n",
            4 => "\t\t ",
            5 => "/* one\n   /* in another */\n*/\n",
            6 => "    \n",
            _ => "/**/",
        });
    }
    out.push_str(&text[written..]);
    out.push_str("\n// the end");
    Ok((out, count))
}

fn token_starts(tokens: TokenStream, starts: &mut Vec<usize>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                starts.push(group.span_open().byte_range().start);
                starts.push(group.span_close().byte_range().start);
                token_starts(group.stream(), starts);
            }
            other => starts.push(other.span().byte_range().start),
        }
    }
}

/// How many modules the generated project has.
const MODULES: usize = 12;

/// A project in which many ways of writing functions come together, several times, next to each other.
fn generated() -> Result<Project> {
    let mut main = String::from("//! Generated.\n");
    let mut calls = String::new();
    for number in 0..MODULES {
        let module = include_str!("identity_module.rs.txt").replace("7007", &number.to_string());
        let _ = write!(main, "\nmod m{number} {{\n{module}\n}}\n");
        let _ = writeln!(
            calls,
            "    total = total.wrapping_add(m{number}::all(total));"
        );
    }
    let _ = write!(
        main,
        "\nfn total() -> u64 {{\n    let mut total = 1_u64;\n{calls}    total\n}}\n\n\
         fn main() {{\n    println!(\"ready\");\n    for line in std::io::stdin().lines().map_while(Result::ok) {{\n        \
         println!(\"{{line}} {{}}\", total());\n    }}\n}}\n"
    );
    let manifest =
        "[package]\nname = \"generated\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    Project::with_files(
        "generated",
        &[("Cargo.toml", manifest), ("src/main.rs", &main)],
    )
}
