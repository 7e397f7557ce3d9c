//! Generated types before and after generated edits: they are as before in memory if and only if the edit is patched.
//!
//! Each case is a module of types, functions that take some of them by reference and by value, and up to four acts of an
//! author: fields and variants come, go, change places, names, types and numbers, a `repr` or an array's length or an
//! alias changes, or nothing that a value shows. Many modules are compiled as one library, before and after, and judged
//! at once; the reasons name the modules.
//!
//! What is right is not asked of debug info, nor of anything in the judge: both versions also become a program that
//! prints size and alignment of every type, the offset of every field, and the bytes of a value of every variant. A
//! type is as before if each field of the same name has the same type at the same place, each variant of the same name
//! the same bytes, and if what lost its name stands where something with a name that nothing had before stands now.
//!
//! `HOTPATCH_PROPERTY_CASES=N` runs that many pairs, `HOTPATCH_PROPERTY_SEED=N` other ones. A pair on which the two
//! disagree is made smaller as long as they disagree, and printed as two sources.

mod model;
mod oracle;
mod probe;
mod text;

use std::collections::{BTreeMap, HashSet};

use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Edit, judge_edit};
use crate::codes;
use crate::judge::Verdict;
use model::Pair;
use oracle::Expectation;
use text::Module;

/// How many pairs are compiled together.
const TOGETHER: usize = 40;

/// Pairs that take less than half a minute on two cores.
const USUAL_CASES: usize = 160;

/// How often a pair that is judged wrongly is made smaller.
const SHRINKING_STEPS: usize = 60;

/// How many of them are made smaller.
const SHRUNK: usize = 3;

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What the judge said of one pair, and what would have been right.
struct Judged {
    reasons: Vec<(&'static str, String)>,
    expected: Expectation,
    /// A `repr` differs, so values may be passed in another way though they lie in memory as before.
    represented: bool,
}

/// How a verdict is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disagreement {
    /// Patched, and old values would be misread.
    Unsound,
    /// Restarted, and all old values would be read rightly.
    Needless,
}

impl Judged {
    /// All that is said is that nobody knows how the type is passed by value: so not even the unedited caller's code is
    /// as before.
    fn is_about_passing(&self) -> bool {
        let about_passing = |(code, _): &(&str, _)| *code == codes::ABI_DOUBT.id;
        self.represented && !self.reasons.is_empty() && self.reasons.iter().all(about_passing)
    }

    /// All that is said is that several names changed at once: the bytes do not say which took over which.
    fn is_about_renames(&self) -> bool {
        let about_renames = |(code, message): &(&str, String)| {
            *code == codes::TYPE_DOUBT.id && message.contains("may have changed places")
        };
        !self.reasons.is_empty() && self.reasons.iter().all(about_renames)
    }

    fn disagreement(&self) -> Option<Disagreement> {
        match (&self.expected, self.reasons.is_empty()) {
            (Expectation::Differs(_), true) => Some(Disagreement::Unsound),
            (Expectation::Same, false) if !self.is_about_passing() && !self.is_about_renames() => {
                Some(Disagreement::Needless)
            }
            _ => None,
        }
    }
}

/// Both texts of the library that is judged.
fn texts(pairs: &[Pair]) -> (String, String) {
    let (mut before, mut after) = (String::new(), String::new());
    for (number, pair) in pairs.iter().enumerate() {
        let new = pair.new_program();
        before += &Module {
            program: &pair.old,
            number,
        }
        .judged(1);
        after += &Module {
            program: &new,
            number,
        }
        .judged(2);
    }
    (before, after)
}

fn judge_pairs(pairs: &[Pair]) -> Vec<Judged> {
    let (before, after) = texts(pairs);
    let (verdict, expected) = rayon::join(
        || judge_edit(&Edit::plain(&before, &after)),
        || oracle::expectations(pairs),
    );
    let reasons = by_module(&verdict, pairs.len());
    reasons
        .into_iter()
        .zip(expected)
        .zip(pairs)
        .map(|((reasons, expected), pair)| Judged {
            reasons,
            expected,
            represented: text::representations(&pair.old)
                != text::representations(&pair.new_program()),
        })
        .collect()
}

/// The reasons that name each module. A reason that names none would be lost, so there may be none.
fn by_module(verdict: &Verdict, count: usize) -> Vec<Vec<(&'static str, String)>> {
    let mut modules = vec![Vec::new(); count];
    for reason in &verdict.restart {
        let mut named = false;
        for (number, reasons) in modules.iter_mut().enumerate() {
            // A reason that is known from the source alone has only the type's identifier, `M1A`.
            let identifier = format!("`M{number}");
            let is_identifier = reason.message.split_once(&identifier);
            let is_identifier = is_identifier
                .is_some_and(|(_, rest)| rest.starts_with(|next: char| next.is_ascii_uppercase()));
            if is_identifier || reason.message.contains(&format!("::m{number}::")) {
                reasons.push((reason.code, reason.message.clone()));
                named = true;
            }
        }
        assert!(named, "a reason that names no module: {reason:?}");
    }
    modules
}

/// The smallest pair that is found on which the two disagree in this way.
fn smallest(tree: &mut impl ValueTree<Value = Pair>, how: Disagreement) -> Pair {
    let disagrees =
        |pair: &Pair| judge_pairs(std::slice::from_ref(pair))[0].disagreement() == Some(how);
    let mut found = tree.current();
    if !disagrees(&found) {
        // Only together with the other modules.
        return found;
    }
    for _ in 0..SHRINKING_STEPS {
        if disagrees(&tree.current()) {
            found = tree.current();
            if !tree.simplify() {
                break;
            }
        } else if !tree.complicate() {
            break;
        }
    }
    found
}

#[test]
fn a_layout_is_as_before_if_and_only_if_the_edit_is_patched() {
    let cases = number_from_environment("HOTPATCH_PROPERTY_CASES")
        .and_then(|cases| usize::try_from(cases).ok())
        .unwrap_or(USUAL_CASES);
    let seed = number_from_environment("HOTPATCH_PROPERTY_SEED").unwrap_or(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
    );
    let strategy = model::any_pair();
    let (mut same, mut differs, mut open, mut about_passing) = (0, 0, 0, 0);
    let mut disagreements = Vec::new();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut done = 0;
    while done < cases {
        let count = TOGETHER.min(cases - done);
        let mut trees: Vec<_> = (0..count)
            .map(|_| strategy.new_tree(&mut runner).expect("a pair"))
            .collect();
        let pairs: Vec<Pair> = trees.iter().map(ValueTree::current).collect();
        for (judged, tree) in judge_pairs(&pairs).iter().zip(&mut trees) {
            match judged.expected {
                Expectation::Same => same += 1,
                Expectation::Differs(_) => differs += 1,
                Expectation::Open => open += 1,
            }
            about_passing +=
                usize::from(judged.expected == Expectation::Same && judged.is_about_passing());
            let named: HashSet<&str> = judged.reasons.iter().map(|(code, _)| *code).collect();
            for code in named {
                *codes.entry(code).or_default() += 1;
            }
            if let Some(how) = judged.disagreement() {
                let smallest = if disagreements.len() < SHRUNK {
                    smallest(tree, how)
                } else {
                    tree.current()
                };
                let (before, after) = texts(std::slice::from_ref(&smallest));
                let judged = judge_pairs(std::slice::from_ref(&smallest)).remove(0);
                let acts: Vec<_> = smallest.mutations.iter().map(|m| m.act).collect();
                let text = format!(
                    "{how:?} {acts:?}\n{:?}\n{:?}\n--- before\n{before}--- after\n{after}",
                    judged.expected, judged.reasons
                );
                eprintln!("{text}");
                disagreements.push(text);
            }
        }
        done += count;
        if done % (5 * TOGETHER) == 0 {
            eprintln!("{done} pairs, {} judged wrongly", disagreements.len());
        }
    }
    eprintln!(
        "{done} pairs: {same} as before ({about_passing} of them restarted because a `repr` may change how a value is \
         passed), {differs} not, {open} open; by code: {codes:?}; {} judged wrongly",
        disagreements.len()
    );
    assert!(
        disagreements.is_empty(),
        "{} of {done} pairs are judged wrongly, the first one:\n{}",
        disagreements.len(),
        disagreements[0]
    );
    // Both sides of the rule were looked at.
    assert!(cases < USUAL_CASES || same > cases / 8 && differs > cases / 8);
}
