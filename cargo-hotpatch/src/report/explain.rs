//! `cargo hotpatch explain`: what a code means, and what can be done about it.

use std::io::Write;

use crate::codes::{self, Code};
use crate::options::exit_code;
use crate::report::text::{Style, wrap};

/// Prints one code, or with `None` the table of all. Returns the exit code.
pub fn main(code: Option<&str>, color: bool) -> u8 {
    let style = Style { color };
    match code {
        None => print(&table(style)),
        Some(id) => match codes::find(id) {
            Some(code) => print(&explanation(code, style)),
            None => {
                let hint = "(hint: `cargo hotpatch explain` lists all codes)";
                crate::report::text::print_error(
                    &anyhow::anyhow!("there is no code `{id}` {hint}"),
                    color,
                );
                return exit_code::USAGE;
            }
        },
    }
    exit_code::OK
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
    fn the_table_has_all_codes() {
        let table = table(Style { color: false });
        for code in codes::ALL {
            assert!(table.contains(&format!("  {}  {}\n", code.id, code.title)));
        }
    }
}
