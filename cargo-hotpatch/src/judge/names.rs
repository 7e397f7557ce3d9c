//! Names as debug info and symbols spell them.

/// A symbol's path as a person reads it, without hashes and without the numbers that only tell equal paths apart.
pub(super) fn canonical(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// As [`canonical`], and a generic function is spelled alike whether it stands for itself (`f::<u8>`), within a type, or under a symbol
/// of the legacy mangling, as the standard library's own instances do (`f<u8>`).
pub(super) fn instance(symbol: &str) -> String {
    canonical(symbol).replace("::<", "<")
}

/// True if the symbol was made from a Rust path, and so is not a name that foreign code could ask for.
pub(super) fn is_mangled(symbol: &str) -> bool {
    rustc_demangle::try_demangle(symbol).is_ok()
}

/// Splits a full name at those `::` that are not inside of brackets.
pub(super) fn segments(name: &str) -> Vec<&str> {
    let bytes = name.as_bytes();
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0_i32, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            // The `>` of an arrow closes nothing.
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b':' if depth == 0 && bytes.get(at + 1) == Some(&b':') => {
                parts.push(&name[start..at]);
                at += 1;
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&name[start..]);
    parts
}

/// The last part of a full name, without generic arguments.
pub(super) fn identifier(name: &str) -> &str {
    let last = segments(name).pop().unwrap_or(name);
    last.split('<').next().unwrap_or(last)
}

/// The function that a closure's or coroutine's path stands in, without generic arguments.
pub(super) fn function_around(path: &str) -> Option<&str> {
    segments(path)
        .into_iter()
        .rev()
        .find(|segment| !segment.starts_with(['{', '<']))
        .and_then(|segment| segment.split('<').next())
}

/// What sort of compiler-made environment a full name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Environment {
    /// The captures of a closure.
    Closure,
    /// The state of a coroutine, or a part of it.
    Coroutine,
}

/// The environment that the type of this name is, or is a part of.
pub(super) fn environment(name: &str) -> Option<Environment> {
    segments(name).into_iter().find_map(|segment| {
        let inner = segment.strip_prefix('{')?;
        let (kind, _) = inner.split_once("_env#")?;
        Some(if kind == "closure" {
            Environment::Closure
        } else {
            Environment::Coroutine
        })
    })
}

/// True if the name that debug info gives a function is that of a coroutine's body.
pub(super) fn is_coroutine_function(name: &str) -> bool {
    name.starts_with('{')
        && name.contains('#')
        && !name.starts_with("{closure#")
        && !name.starts_with("{impl#")
}

/// True if one of the paths in this name begins in one of `crates`.
pub(super) fn mentions_crate(name: &str, crates: &std::collections::HashSet<String>) -> bool {
    let bytes = name.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        let begins = start < 2 || &bytes[start - 2..start] != b"::";
        if begins && bytes[at..].starts_with(b"::") && crates.contains(&name[start..at]) {
            return true;
        }
    }
    false
}

/// True if `name` contains `inner` as a whole, and not as a part of a longer name.
pub(super) fn mentions(name: &str, inner: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    name.match_indices(inner).any(|(at, _)| {
        let before = name[..at].chars().next_back();
        let after = name[at + inner.len()..].chars().next();
        !before.is_some_and(|c| is_word(c) || c == ':') && !after.is_some_and(is_word)
    })
}

/// True if `text` (tokens) contains this identifier.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    words(text, word).next().is_some()
}

/// How often a text has a word.
pub(super) fn count_words(text: &str, word: &str) -> usize {
    words(text, word).count()
}

/// Where a text has a word, in bytes.
fn words(text: &str, word: &str) -> impl Iterator<Item = usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            !text[..*at].chars().next_back().is_some_and(is_word)
                && !text[at + word.len()..].chars().next().is_some_and(is_word)
        })
}

/// True if some part of a symbol's path carries a number that tells it from another of the same path.
pub(super) fn is_numbered(symbol: &str, path: &str) -> bool {
    segments(path).into_iter().skip(1).any(|segment| {
        let plain = format!("{}{segment}", segment.len());
        let separated = format!("{}_{segment}", segment.len());
        [plain, separated].iter().any(|encoded| {
            symbol.match_indices(encoded.as_str()).any(|(at, _)| {
                let Some(before) = symbol[..at].strip_suffix('_') else {
                    return false;
                };
                before
                    .trim_end_matches(|c: char| {
                        c.is_ascii_digit()
                            || c.is_ascii_uppercase()
                            || c.is_ascii_lowercase() && c != 's'
                    })
                    .ends_with('s')
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(
            segments("a::B<c::D, fn(e::F) -> g::H>::i"),
            ["a", "B<c::D, fn(e::F) -> g::H>", "i"]
        );
        assert_eq!(identifier("a::B<c::D>"), "B");
        assert_eq!(
            environment("a::f::{closure_env#0}<u8>"),
            Some(Environment::Closure)
        );
        assert_eq!(
            environment("a::f::{async_fn_env#0}::Suspend0"),
            Some(Environment::Coroutine)
        );
        assert_eq!(
            environment("core::option::Option<a::f::{closure_env#0}>"),
            None
        );
    }

    #[test]
    fn crates_are_found_only_where_paths_begin() {
        let crates = ["app".to_owned()].into();
        assert!(mentions_crate("core::option::Option<app::State>", &crates));
        assert!(!mentions_crate("core::app::Option<u8>", &crates));
        assert!(!mentions_crate("my_app::State", &crates));
        assert!(
            mentions("Option<app::State>", "app::State")
                && !mentions("Option<app::States>", "app::State")
        );
    }

    #[test]
    fn numbers_of_equal_paths_are_seen() {
        assert!(!is_numbered("_RNvNvCs4Q2Qx8jI5j6_1a1f1S", "a::f::S"));
        assert!(is_numbered("_RNvNvCs4Q2Qx8jI5j6_1a1fs_1S", "a::f::S"));
        assert!(is_numbered("_RNvNvCs4Q2Qx8jI5j6_1a1fs0_1S", "a::f::S"));
    }
}
