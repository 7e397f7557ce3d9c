//! The words of a text, by where they stand: what an item mentions can only be what has that name.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Where a word stands. A field or method is only ever meant behind a dot or colons, and any other item never behind a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// By itself: `name`.
    Alone,
    /// `path::name`.
    BehindColons,
    /// `value.name`.
    BehindDot,
}

/// A word and where it stands, as a number: of two words that share one, both are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Word(u64);

impl Word {
    fn new(standing: Standing, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.strip_prefix("r#").unwrap_or(text).hash(&mut hasher);
        Self((hasher.finish() << 2) | standing as u64)
    }

    /// The word by itself.
    pub(super) fn alone(text: &str) -> Self {
        Self::new(Standing::Alone, text)
    }

    /// Where whoever means an item of this name puts the name.
    pub(super) fn of_item(name: &str) -> [Self; 2] {
        [Standing::Alone, Standing::BehindColons].map(|standing| Self::new(standing, name))
    }

    /// Where whoever means a method, or another thing that belongs to a type or a trait, puts the name.
    pub(super) fn of_member(name: &str) -> [Self; 2] {
        [Standing::BehindColons, Standing::BehindDot].map(|standing| Self::new(standing, name))
    }

    /// Wherever the name may be put.
    pub(super) fn wherever(name: &str) -> [Self; 3] {
        let [alone, behind_colons] = Self::of_item(name);
        [alone, behind_colons, Self::new(Standing::BehindDot, name)]
    }

    /// True if it is the word by itself.
    pub(super) fn is_alone(self) -> bool {
        self.0 & 3 == Standing::Alone as u64
    }
}

/// The words of `tokens`, each once.
pub(super) fn words(tokens: TokenStream) -> Vec<Word> {
    let mut words = Vec::new();
    collect(tokens, Around::Code, &mut words);
    tidy(words)
}

/// Each once, in an order of their own.
pub(super) fn tidy(mut words: Vec<Word>) -> Vec<Word> {
    words.sort_unstable();
    words.dedup();
    words
}

/// The names of what a macro's call may define: the word behind each keyword that begins an item.
pub(super) fn defined(tokens: TokenStream) -> Vec<String> {
    const KEYWORDS: &[&str] = &[
        "struct",
        "enum",
        "union",
        "trait",
        "type",
        "fn",
        "mod",
        "const",
        "static",
        "ref",
        "mut",
        "macro_rules",
    ];
    let mut names = Vec::new();
    let mut is_behind_keyword = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                let is_keyword = KEYWORDS.contains(&text.as_str());
                if is_behind_keyword && !is_keyword {
                    names.push(text);
                }
                is_behind_keyword = is_keyword;
            }
            TokenTree::Group(group) => {
                is_behind_keyword = false;
                names.extend(defined(group.stream()));
            }
            // `macro_rules ! name`.
            TokenTree::Punct(punct) if punct.as_char() == '!' => {}
            TokenTree::Punct(_) | TokenTree::Literal(_) => is_behind_keyword = false,
        }
    }
    names
}

/// What slices of a crate lacked, as the compiler said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// Names that something asked for.
    pub(super) names: BTreeSet<String>,
    /// Names that a `use` brings and that are not there, since nobody asked for them: a macro defines them.
    pub(super) absent: BTreeSet<String>,
}

impl Learned {
    /// Takes in what the compiler says: the words in back quotes, in the headlines of its errors.
    pub(super) fn take_in(&mut self, rendered: &str) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        for line in rendered.lines().filter(|line| line.starts_with("error")) {
            let quoted = line.split('`').skip(1).step_by(2);
            if line.contains("unresolved import") {
                let last = quoted.filter_map(|path| path.rsplit("::").next());
                self.absent.extend(last.map(str::to_owned));
            } else {
                let words = quoted.flat_map(|quoted| quoted.split(|c| !is_word(c)));
                let words = words.filter(|word| !word.is_empty());
                self.names.extend(words.map(str::to_owned));
            }
        }
    }
}

/// What the tokens are part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Code,
    /// Of an attribute other than documentation: whatever reads it may take a string for a path.
    Attribute,
    /// Of a macro, or what it is called with: it may put a name wherever it likes.
    Macro,
}

fn collect(tokens: TokenStream, around: Around, words: &mut Vec<Word>) {
    const NO_MACROS: &[&str] = &["if", "while", "match", "return", "in", "else", "break"];
    let mut before = [' '; 2];
    // What the next group belongs to: `#`, `name!`, or `macro_rules! name`.
    let mut is_attribute = false;
    let mut is_call = false;
    let mut is_definition = false;
    for token in tokens {
        let mut now = ' ';
        match token {
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                match before {
                    [_, '\''] => {}
                    _ if around == Around::Macro => everywhere(&text, words),
                    // `0..end` is no field.
                    [other, '.'] if other != '.' => {
                        words.push(Word::new(Standing::BehindDot, &text));
                    }
                    [':', ':'] => words.push(Word::new(Standing::BehindColons, &text)),
                    _ => words.push(Word::alone(&text)),
                }
                is_call &= is_definition;
                is_definition |= text == "macro_rules";
                is_attribute = false;
                now = if NO_MACROS.contains(&text.as_str()) {
                    'k'
                } else {
                    'i'
                };
            }
            TokenTree::Punct(punct) => {
                now = punct.as_char();
                is_attribute = now == '#' || (is_attribute && now == '!');
                is_call = now == '!' && before[1] == 'i';
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                match around {
                    Around::Attribute => in_string(&text, words),
                    Around::Macro => in_format(&text, words),
                    Around::Code => {}
                }
                (is_attribute, is_call) = (false, false);
            }
            TokenTree::Group(group) => {
                let inner = if is_attribute && group.delimiter() == Delimiter::Bracket {
                    Around::Attribute
                } else if is_call {
                    Around::Macro
                } else {
                    around
                };
                let is_documentation = inner == Around::Attribute
                    && around != Around::Attribute
                    && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc");
                if !is_documentation {
                    collect(group.stream(), inner, words);
                }
                (is_attribute, is_call, is_definition) = (false, false, false);
                now = ')';
            }
        }
        before = [before[1], now];
    }
}

fn everywhere(text: &str, words: &mut Vec<Word>) {
    words.extend(
        [Standing::Alone, Standing::BehindColons, Standing::BehindDot]
            .map(|standing| Word::new(standing, text)),
    );
}

fn in_string(text: &str, words: &mut Vec<Word>) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for word in text.split(|c| !is_word(c)).filter(|word| !word.is_empty()) {
        everywhere(word, words);
    }
}

/// `"{name:width$}"`: what stands in braces is looked up where the macro is called.
fn in_format(text: &str, words: &mut Vec<Word>) {
    for part in text.split('{').skip(1) {
        in_string(part.split('}').next().unwrap_or_default(), words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Word> {
        words(text.parse().expect("tokens"))
    }

    #[test]
    fn a_word_counts_where_it_stands() {
        let words = of("let a = 0..b; c.d(e::f::<g>()); 'h: loop {} h!(i.j, \"{k:l$} m\")");
        for name in ["a", "b", "c", "e", "g"] {
            assert!(words.contains(&Word::alone(name)), "{name}");
        }
        let [behind_colons, behind_dot] = Word::of_member("f");
        assert!(words.contains(&behind_colons) && !words.contains(&behind_dot));
        let [behind_colons, behind_dot] = Word::of_member("d");
        assert!(!words.contains(&behind_colons) && words.contains(&behind_dot));
        assert!(!words.contains(&Word::alone("d")) && !words.contains(&Word::alone("m")));
        // A macro may do with a name what it likes.
        for name in ["i", "j", "k", "l"] {
            for word in Word::of_item(name).into_iter().chain(Word::of_member(name)) {
                assert!(words.contains(&word), "{name}");
            }
        }
        let words = of("if !a { b.c } macro_rules! d { () => { e } }");
        assert!(!words.contains(&Word::alone("c")));
        assert!(words.contains(&Word::of_member("e")[1]));
        // A label is not a name.
        assert_eq!(of("'a: loop {}"), of("loop {}"));
    }

    #[test]
    fn strings_in_attributes_are_paths_and_documentation_is_not() {
        let words = of("#[serde(default = \"module::make\")] /// Some words.\n struct A;");
        assert!(words.contains(&Word::alone("make")));
        assert!(!words.contains(&Word::alone("Some")));
    }

    #[test]
    fn what_the_compiler_misses_is_what_it_quotes() {
        let rendered = "error[E0599]: no method named `shown` found for struct `Foo<Bar>` in it\n  --> `a.rs`\nwarning: `no`\n\
                        error[E0432]: unresolved imports `crate::a::One`, `Two`\n";
        let mut learned = Learned::default();
        learned.take_in(rendered);
        assert_eq!(
            learned.names.into_iter().collect::<Vec<_>>(),
            ["Bar", "Foo", "shown"]
        );
        assert_eq!(
            learned.absent.into_iter().collect::<Vec<_>>(),
            ["One", "Two"]
        );
    }

    #[test]
    fn a_call_of_a_macro_tells_what_it_defines() {
        let defined = |text: &str| defined(text.parse().expect("tokens"));
        assert_eq!(
            defined("pub struct A: u8 { const B = 1; } static ref C: D = E;"),
            ["A", "B", "C"]
        );
        assert_eq!(defined("A, b::C"), [""; 0]);
    }
}
