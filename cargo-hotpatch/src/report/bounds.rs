//! How long a message may be: types of frameworks fill pages.

/// A list of generic arguments that is longer than this is shown as `‹…›`.
const LONGEST_ARGUMENTS: usize = 60;
/// A message that is longer than this is cut.
const LONGEST_MESSAGE: usize = 1_000;
/// What the compiler said is cut behind so many bytes.
const LONGEST_DIAGNOSTICS: usize = 16 << 10;

/// A message in which no type has long arguments (`Harness‹…›`), and which is not long itself.
#[must_use]
pub fn message(text: String) -> String {
    if text.len() <= LONGEST_ARGUMENTS {
        return text;
    }
    cut(types(&text), LONGEST_MESSAGE)
}

/// What the compiler said, up to the end of a line.
#[must_use]
pub fn diagnostics(text: String) -> String {
    cut(text, LONGEST_DIAGNOSTICS)
}

fn cut(mut text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    let mut end = longest;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(" …");
    text
}

/// `text` with `‹…›` for each outermost `<…>` that is long, and stands where arguments do: behind a word.
fn types(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, inside) = rest.split_at(open);
        short.push_str(before);
        let is_list = before
            .chars()
            .next_back()
            .is_some_and(|last| last.is_alphanumeric() || last == '_' || last == ':');
        match end_of_list(inside) {
            Some(end) if is_list && end > LONGEST_ARGUMENTS => {
                short.push_str("‹…›");
                rest = &inside[end..];
            }
            _ => {
                short.push('<');
                rest = &inside[1..];
            }
        }
    }
    short.push_str(rest);
    short
}

/// Behind the `>` that closes the `<` at the beginning. The arrow of a function type closes nothing.
fn end_of_list(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut last = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if last != '-' && last != '=' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        last = character;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_arguments_are_not_shown() {
        let long = format!(
            "layout of `warp::Filter<{}>` changed",
            "And<A, B>, ".repeat(20)
        );
        assert_eq!(message(long), "layout of `warp::Filter‹…›` changed");
        let nested = format!(
            "`{}Leaf{}` and `Vec<u8>`",
            "Map<fn(u8) -> Vec<u8>, ".repeat(300),
            ">".repeat(300)
        );
        assert_eq!(message(nested), "`Map‹…›` and `Vec<u8>`");
        let path = format!("`<app::Long{} as Tr>::f` was edited", "er".repeat(60));
        assert_eq!(message(path.clone()), path);
        let kept = "a < b, and `Option<Box<dyn Fn(u32) -> u32>>` stays as it is, since it is short"
            .to_owned();
        assert_eq!(message(kept.clone()), kept);
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let cut = message("ä".repeat(2_000));
        assert!(
            cut.len() <= LONGEST_MESSAGE + 4 && cut.ends_with('…'),
            "{}",
            cut.len()
        );
    }
}
