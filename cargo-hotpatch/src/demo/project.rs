//! The program of the demo, and what is done to it.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::event::OutcomeKind;

pub(super) const MANIFEST: &str = r#"[package]
name = "counter"
version = "0.1.0"
edition = "2021"

# Not a member of whatever workspace lies above.
[workspace]
"#;

pub(super) const SOURCE: &str = r#"use std::thread::sleep;
use std::time::Duration;

struct Counter {
    hits: u32,
}

fn describe(counter: &Counter) -> String {
    format!("counted {}", counter.hits)
}

fn main() {
    let mut counter = Counter { hits: 0 };
    loop {
        counter.hits += 1;
        println!("{}", describe(&counter));
        sleep(Duration::from_millis(50));
    }
}
"#;

/// One edit, and what it has to lead to.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) replace: &'static str,
    pub(super) with: &'static str,
    pub(super) outcome: OutcomeKind,
    /// What the program's lines begin with afterwards.
    pub(super) prefix: &'static str,
    /// Said when all went as it had to.
    pub(super) conclusion: &'static str,
}

pub(super) const STEPS: &[Step] = &[
    Step {
        title: "Another text, while it counts",
        replace: r#"format!("counted {}", counter.hits)"#,
        with: r#"format!("live: counted {}", counter.hits)"#,
        outcome: OutcomeKind::Patched,
        prefix: "live: counted ",
        conclusion: "the new code runs, and the count went on: the program's state was kept",
    },
    Step {
        title: "A mistake: a field that does not exist",
        replace: "counter.hits)",
        with: "counter.hitz)",
        outcome: OutcomeKind::CompileError,
        prefix: "live: counted ",
        conclusion: "the program goes on with the code that it had",
    },
    Step {
        title: "The mistake is corrected",
        replace: r#"format!("live: counted {}", counter.hitz)"#,
        with: r#"format!("corrected: counted {}", counter.hits)"#,
        outcome: OutcomeKind::Patched,
        prefix: "corrected: counted ",
        conclusion: "and still it counts on",
    },
    Step {
        title: "A type changes: values in memory have the old layout",
        replace: "hits: u32,",
        with: "hits: u64,",
        outcome: OutcomeKind::Restarted,
        prefix: "corrected: counted ",
        conclusion: "this cannot be patched safely, so it was restarted, and the reason said; it counts from the start",
    },
];

/// Writes the project into an empty directory.
pub(super) fn write(directory: &Path) -> Result<()> {
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    };
    std::fs::create_dir_all(directory.join("src"))
        .with_context(|| format!("cannot create `{}`", directory.join("src").display()))?;
    write("Cargo.toml", MANIFEST)?;
    write("src/main.rs", SOURCE)
}

/// Replaces the one place of `replace`, as an editor saves.
pub(super) fn edit(directory: &Path, replace: &str, with: &str) -> Result<()> {
    let path = directory.join("src/main.rs");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    anyhow::ensure!(
        text.matches(replace).count() == 1,
        "`{replace}` should be in `{}` once, found {} times",
        path.display(),
        text.matches(replace).count()
    );
    std::fs::write(&path, text.replace(replace, with))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edit_fits_the_text_before_it() {
        let mut text = SOURCE.to_owned();
        for step in STEPS {
            assert_eq!(text.matches(step.replace).count(), 1, "{}", step.title);
            text = text.replace(step.replace, step.with);
        }
        assert!(text.contains("corrected: counted") && text.contains("u64"));
    }
}
