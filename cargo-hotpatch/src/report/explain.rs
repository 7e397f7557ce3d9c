//! `cargo hotpatch explain`: what a code means and what can be done about it, and what became of a function.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::capture::cargo::find_workspace;
use crate::codes::{self, Code};
use crate::explain::{Done, Explained, ExplainedFunction, Found, find};
use crate::options::{ExplainOptions, exit_code};
use crate::report::text::{Style, clean, print_error, wrap};

/// How many instances of one generic function are shown.
const INSTANCES: usize = 5;

/// Prints one code, one function, or the table of all codes. Returns the exit code.
///
/// # Errors
/// When what is kept of functions cannot be read.
pub fn main(options: &ExplainOptions) -> Result<u8> {
    let style = Style {
        color: options.color,
    };
    let Some(what) = &options.what else {
        print(&table(style));
        return Ok(exit_code::OK);
    };
    if let Some(code) = codes::find(what) {
        print(&explanation(code, style));
        return Ok(exit_code::OK);
    }
    if is_like_a_code(what) {
        let hint = "(hint: `cargo hotpatch explain` lists all codes)";
        print_error(
            &anyhow::anyhow!("there is no code `{what}` {hint}"),
            options.color,
        );
        return Ok(exit_code::USAGE);
    }
    explain_function(what, options, style)
}

/// `HP` and digits only: meant as a code, not as a function.
fn is_like_a_code(what: &str) -> bool {
    what.get(..2)
        .is_some_and(|start| start.eq_ignore_ascii_case("hp"))
        && what.len() > 2
        && what[2..].bytes().all(|byte| byte.is_ascii_digit())
}

fn explain_function(what: &str, options: &ExplainOptions, style: Style) -> Result<u8> {
    let place = find_workspace(&options.directory, options.manifest_path.as_deref())?;
    let target_directory = options
        .target_dir
        .as_deref()
        .unwrap_or(&place.target_directory);
    let Some(explained) = Explained::newest(target_directory, &place.workspace_root)? else {
        bail!(
            "nothing is known of `{what}`: no save and no check was made in `{}` yet (hint: `cargo hotpatch check` makes one)",
            place.workspace_root.display()
        );
    };
    let concerned: BTreeSet<String> = explained
        .functions
        .iter()
        .map(|function| function.name.clone())
        .collect();
    let mut all = explained.names_in_image()?;
    all.extend(concerned.iter().cloned());
    // What was concerned is meant before what was not.
    let found = match find(what, &concerned) {
        Found::None(_) => find(what, &all),
        found => found,
    };
    match found {
        Found::One(name) => {
            print(&of_function(&name, &explained, SystemTime::now(), style));
            Ok(exit_code::OK)
        }
        Found::Several(names) => {
            let list = listed(&names);
            print_error(
                &anyhow::anyhow!("`{what}` may be one of several functions:\n{list}"),
                options.color,
            );
            Ok(exit_code::USAGE)
        }
        Found::None(near) => {
            let mut text = format!("the program has no function `{what}`");
            if !near.is_empty() {
                text.push_str(&format!("; these have similar names:\n{}", listed(&near)));
            }
            print_error(&anyhow::anyhow!(text), options.color);
            Ok(exit_code::USAGE)
        }
    }
}

fn listed(names: &[String]) -> String {
    let lines: Vec<String> = names.iter().map(|name| format!("    {name}")).collect();
    lines.join("\n")
}

/// What became of the function of this name; there may be several with one, instances of a generic one for types of one name.
fn of_function(name: &str, explained: &Explained, now: SystemTime, style: Style) -> String {
    let age = now
        .duration_since(UNIX_EPOCH + Duration::from_millis(explained.time))
        .unwrap_or_default();
    let which = if explained.is_check { "check" } else { "save" };
    let mut text = format!(
        "{}\n\n{}\n    the last {which}, {} ago: {}\n",
        style.bold(&clean(name)),
        style.green("In"),
        in_words(age),
        match (explained.outcome.as_str(), explained.is_check) {
            ("restart", _) => "a restart was needed",
            ("patched", true) => "it would be patched",
            ("unchanged", true) => "nothing would change",
            (other, _) => other,
        }
    );
    let instances: Vec<&ExplainedFunction> = explained
        .functions
        .iter()
        .filter(|function| function.name == name)
        .collect();
    if instances.is_empty() {
        text.push_str(&format!(
            "\n{}\n    nothing: it did not differ\n",
            style.green("Difference")
        ));
        return text;
    }
    for function in instances.iter().take(INSTANCES) {
        let difference = function
            .difference
            .as_deref()
            .unwrap_or(match function.done {
                Done::New => "it was not there before",
                Done::Removed => "it is gone",
                Done::Nothing => "it is only in one of the two versions",
                _ => "none",
            });
        text.push_str(&format!(
            "\n{}\n    {}\n\n{}\n",
            style.green("Difference"),
            clean(difference),
            style.green("What was done"),
        ));
        let done = done_in_words(function.done, explained.is_check);
        text.push_str(&wrap(done, 4, 100));
    }
    if instances.len() > INSTANCES {
        let more = instances.len() - INSTANCES;
        text.push_str(&format!("\n    … and {more} more of this name\n"));
    }
    if !explained.reasons.is_empty() {
        text.push_str(&format!("\n{}\n", style.green("Why")));
        for reason in &explained.reasons {
            text.push_str(&wrap(&clean(reason), 4, 100));
        }
    }
    text
}

fn done_in_words(done: Done, is_check: bool) -> &'static str {
    match (done, is_check) {
        (Done::InPlace, false) => {
            "patched: its place in the jump table leads to the new code, so that every new call reaches it"
        }
        (Done::InPlace, true) => {
            "it would be patched: its place in the jump table would lead to the new code"
        }
        (Done::NewPlace, false) => {
            "it got a new place in the jump table, and who calls it was patched to go there; the old place keeps the old code, for \
             those who still call it as it was"
        }
        (Done::NewPlace, true) => {
            "it would get a new place in the jump table, and who calls it would be patched to go there"
        }
        (Done::New, false) => {
            "new code came into the program with the patch, if something in it refers to it"
        }
        (Done::New, true) => {
            "new code would come into the program with the patch, if something in it refers to it"
        }
        (Done::Refreshed, false) => "refreshed: patched for its line numbers, it does what it did",
        (Done::Refreshed, true) => {
            "it would be refreshed: patched for its line numbers, it does what it did"
        }
        (Done::Follows, false) => {
            "patched, because something that it refers to has another place now"
        }
        (Done::Follows, true) => {
            "it would be patched, because something that it refers to would have another place"
        }
        (Done::Absent, _) => "nothing: it is not part of the program, since nothing calls it",
        (Done::Removed, _) => "nothing: its old code stays for those who may still call it",
        (Done::Nothing, false) => "nothing was patched: the edit needs a restart",
        (Done::Nothing, true) => "nothing would be patched: the edit needs a restart",
    }
}

fn in_words(age: Duration) -> String {
    let (number, unit) = match age.as_secs() {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7200 => (seconds / 60, "minute"),
        seconds => (seconds / 3600, "hour"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn print(text: &str) {
    // A pager that was closed early is no error.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn table(style: Style) -> String {
    let mut text = String::from("Why an edit was not patched in place:\n\n");
    for code in codes::ALL {
        text.push_str(&format!("  {}  {}\n", style.bold(code.id), code.title));
    }
    text.push_str("\n`cargo hotpatch explain CODE` says more about one of them.\n");
    text
}

fn explanation(code: &Code, style: Style) -> String {
    let mut text = format!(
        "{} {}\n",
        style.bold(&format!("{}:", code.id)),
        style.bold(code.title)
    );
    for (heading, content) in [
        ("Why", code.rule),
        ("For example", code.example),
        ("What to do", code.remedy),
    ] {
        text.push_str(&format!(
            "\n{}\n{}",
            style.green(heading),
            wrap(content, 4, 100)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_explained() {
        let expected = "\
HP0101: the layout of a type changed

Why
    Values built before the edit keep the old layout; code compiled for the new one would read them
    wrongly.

For example
    struct Counter { hits: u32 } becomes struct Counter { hits: u64 }

What to do
    Let it restart, or keep the new data in a separate type.
";
        assert_eq!(
            explanation(&codes::TYPE_LAYOUT, Style { color: false }),
            expected
        );
    }

    #[test]
    fn a_function_is_explained() {
        let mut explained: Explained = serde_json::from_value(serde_json::json!({
            "version": 1, "workspace_root": "/w", "image": "/i", "time": 1_000_000, "is_check": false,
            "outcome": "patched", "reasons": [],
            "functions": [{
                "name": "app::f", "symbol": "_f", "done": "in-place",
                "difference": "at byte 0x4, `mov eax, 1` became `mov eax, 2`",
            }],
        }))
        .expect("the form in which it is kept");
        let now = UNIX_EPOCH + Duration::from_secs(1012);
        let plain = Style { color: false };
        assert_eq!(
            of_function("app::f", &explained, now, plain),
            "app::f\n\nIn\n    the last save, 12 seconds ago: patched\n\nDifference\n    at byte 0x4, \
             `mov eax, 1` became `mov eax, 2`\n\nWhat was done\n    patched: its place in the jump table leads to the \
             new code, so that every new call reaches it\n"
        );
        let other = of_function("app::g", &explained, now, plain);
        assert!(other.contains("it did not differ"), "{other}");
        explained.outcome = "restart".to_owned();
        explained.functions[0].done = Done::Nothing;
        explained.reasons = vec!["[HP0101] the layout of `S` changed".to_owned()];
        let text = of_function("app::f", &explained, now, plain);
        assert!(
            text.contains("a restart was needed")
                && text.ends_with("Why\n    [HP0101] the layout of `S` changed\n"),
            "{text}"
        );
    }

    #[test]
    fn codes_are_told_from_functions() {
        assert!(is_like_a_code("HP9999") && is_like_a_code("hp1"));
        assert!(!is_like_a_code("hp::f") && !is_like_a_code("hp") && !is_like_a_code("é"));
    }

    #[test]
    fn the_table_has_all_codes() {
        let table = table(Style { color: false });
        for code in codes::ALL {
            assert!(table.contains(&format!("  {}  {}\n", code.id, code.title)));
        }
    }
}
