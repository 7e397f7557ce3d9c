//! Answers each line with one line. What is held was made before the first request.

use std::cell::RefCell;
use std::io::{BufRead as _, stdin};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use strsim::{
    damerau_levenshtein, hamming, jaro, jaro_winkler, levenshtein, normalized_damerau_levenshtein,
    normalized_levenshtein, osa_distance,
};

/// The crate has functions only: held are pointers to them, taken before the first request.
struct Held {
    distances: Vec<(&'static str, fn(&str, &str) -> usize)>,
    similarities: Vec<(&'static str, Box<dyn Fn(&str, &str) -> f64>)>,
}

impl Held {
    fn new() -> Self {
        Self {
            distances: vec![
                ("levenshtein", levenshtein),
                ("osa", osa_distance),
                ("damerau", damerau_levenshtein),
            ],
            similarities: vec![
                ("jaro", Box::new(jaro)),
                ("winkler", Box::new(jaro_winkler)),
                ("normalized", Box::new(normalized_levenshtein)),
                (
                    "normalized-damerau",
                    Box::new(normalized_damerau_levenshtein),
                ),
            ],
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
    let (left, right) = line.split_once('|').unwrap_or((line, ""));
    let distances = held
        .distances
        .iter()
        .map(|(name, of)| format!("{name} {}", of(left, right)));
    let similarities = held
        .similarities
        .iter()
        .map(|(name, of)| format!("{name} {:.6}", of(left, right)));
    let hamming = match hamming(left, right) {
        Ok(distance) => format!("hamming {distance}"),
        Err(error) => format!("hamming: {error:?}"),
    };
    let direct = format!(
        "{} {} {} {:.3} {:.3} {:.3}",
        levenshtein(left, right),
        osa_distance(left, right),
        damerau_levenshtein(left, right),
        jaro(left, right),
        jaro_winkler(left, right),
        normalized_levenshtein(left, right)
    );
    let all: Vec<String> = distances
        .chain(similarities)
        .chain([hamming, direct])
        .collect();
    all.join(", ")
}
