//! Answers each line with one line. What is held was made before the first request.

use std::cell::RefCell;
use std::io::{BufRead as _, stdin};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use textwrap::core::{Word, display_width};
use textwrap::{Options, dedent, fill, indent, wrap, wrap_columns};

/// Options of each kind inside of closures: their type has other parameters in other releases.
struct Held {
    fills: Vec<(&'static str, Box<dyn Fn(&str) -> String>)>,
    words: Vec<Word<'static>>,
}

impl Held {
    fn new() -> Self {
        let plain = Options::new(18);
        let indented = Options::new(20)
            .initial_indent("* ")
            .subsequent_indent("  ");
        let whole = Options::new(7).break_words(false);
        let narrow = Options::new(3);
        Self {
            fills: vec![
                ("plain", Box::new(move |text| fill(text, &plain))),
                ("indented", Box::new(move |text| fill(text, &indented))),
                ("whole", Box::new(move |text| fill(text, &whole))),
                (
                    "narrow",
                    Box::new(move |text| wrap(text, &narrow).join("/")),
                ),
            ],
            words: ["Hello ", "wörld  ", "日本", "a-b", ""]
                .map(Word::from)
                .to_vec(),
        }
    }
}

fn main() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place.unwrap_or_default());
    }));
    let mut held = Held::new();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&mut held, &line)));
        let answer = answer.unwrap_or_else(|_| format!("panic at {}", PLACE.take()));
        println!("{}", answer.escape_debug());
    }
}

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}
fn answer(held: &mut Held, line: &str) -> String {
    let (word, text) = line.split_once(' ').unwrap_or((line, ""));
    let text = text.replace("\\n", "\n").replace("\\t", "\t");
    match word {
        "held" => {
            let words = held.words.iter().map(|word| format!("{word:?}"));
            words.collect::<Vec<_>>().join(" ")
        }
        "held-broken" => {
            let broken = held.words.iter().flat_map(|word| word.break_apart(2));
            broken
                .map(|word| format!("{:?}", &*word))
                .collect::<Vec<_>>()
                .join(" ")
        }
        "fill" => {
            let all = held
                .fills
                .iter()
                .map(|(name, fill)| format!("{name}: {}", fill(&text)));
            all.collect::<Vec<_>>().join("\n")
        }
        "wrap" => (1..40)
            .step_by(6)
            .map(|width| format!("{:?}", wrap(&text, width)))
            .collect::<Vec<_>>()
            .join(" "),
        "columns" => wrap_columns(&text, 3, 40, "| ", " ~ ", " |").join("\n"),
        "dedent" => dedent(&text),
        "indent" => indent(&text, "> "),
        "width" => display_width(&text).to_string(),
        _ => "?".to_owned(),
    }
}
