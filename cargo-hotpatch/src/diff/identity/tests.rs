//! What is known of items of one path, in objects that the real compiler made.

use std::collections::BTreeSet;

use super::symbol::Spelling;
use super::{Doubt, DoubtKind};
use crate::diff::Difference;
use crate::diff::tests::compare;

/// A macro that makes items of one path in blocks: a function, a static and a type, each reached by way of a type of its own.
const BLOCKS: &str = r#"#![allow(unused)]
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
pub trait Part { fn part() -> fn() -> u32; fn count() -> u32; fn object() -> Box<dyn Show>; }
pub trait Show { fn show(&self) -> u32; }
pub struct A; pub struct B; pub struct C; pub struct D;
macro_rules! function { ($of:ident, $number:literal) => { const _: () = {
    fn part() -> u32 { $number }
    impl $of { pub fn part() -> fn() -> u32 { part } }
}; } }
macro_rules! memory { ($of:ident, $number:literal) => { const _: () = {
    static COUNT: AtomicU32 = AtomicU32::new($number);
    impl $of { pub fn count() -> u32 { COUNT.fetch_add(1, Relaxed) } }
}; } }
macro_rules! object { ($of:ident, $number:literal) => { const _: () = {
    struct Kept(u32);
    impl Show for Kept { fn show(&self) -> u32 { self.0 + $number } }
    impl $of { pub fn object() -> Box<dyn Show> { Box::new(Kept($number)) } }
}; } }
macro_rules! called { ($of:ident, $number:literal) => { const _: () = {
    fn part() -> u32 { $number }
    impl $of { pub fn part() -> u32 { part() } }
}; } }
"#;

fn blocks(old: &str, new: &str) -> Difference {
    compare(&format!("{BLOCKS}{old}"), &format!("{BLOCKS}{new}"), &[])
}

/// The kinds of doubt, without those that only the text settles.
fn kinds(difference: &Difference) -> BTreeSet<DoubtKind> {
    let doubts = difference.exchanged.iter().map(|doubt| doubt.kind);
    doubts.collect()
}

fn is_doubted(difference: &Difference) -> bool {
    let kinds = kinds(difference);
    !difference.doubts.is_empty()
        || kinds.contains(&DoubtKind::Moved)
        || kinds.contains(&DoubtKind::Replaced)
}

#[test]
fn an_exchange_is_a_doubt_whatever_the_items_are() {
    for made in ["function", "memory", "object"] {
        for (a, b) in [(1, 2), (7, 7)] {
            let (a, b) = (format!("{made}!(A, {a});"), format!("{made}!(B, {b});"));
            let difference = blocks(&format!("{a}{b}"), &format!("{b}{a}"));
            // Objects that are alike have nothing of their own: any code may handle any of them.
            assert!(is_doubted(&difference), "{a}{b}: {difference:#?}");
            let statics = difference.exchanged.iter().any(|doubt| doubt.is_static);
            assert_eq!(statics, made == "memory", "{a}{b}");
        }
    }
}

#[test]
fn a_ring_of_three_is_a_doubt() {
    for made in ["function", "memory", "object"] {
        let block = |of: &str, number: u32| format!("{made}!({of}, {number});");
        let (a, b, c) = (block("A", 1), block("B", 2), block("C", 3));
        let difference = blocks(&format!("{a}{b}{c}"), &format!("{b}{c}{a}"));
        assert!(is_doubted(&difference), "{made}: {difference:#?}");
    }
}

#[test]
fn one_that_goes_while_another_comes_does_not_inherit() {
    for made in ["function", "memory", "object"] {
        let block = |of: &str, number: u32| format!("{made}!({of}, {number});");
        let (a, b, c) = (block("A", 1), block("B", 1), block("C", 1));
        let difference = blocks(&format!("{a}{b}"), &format!("{b}{c}"));
        assert!(is_doubted(&difference), "{made}: {difference:#?}");
    }
}

#[test]
fn one_that_takes_the_place_of_another_is_a_doubt() {
    for made in ["function", "memory", "object"] {
        let block = |of: &str, number: u32| format!("{made}!({of}, {number});");
        for (old, new) in [("", ""), ("C", "C")] {
            let beside = |of: &str| {
                if of.is_empty() {
                    String::new()
                } else {
                    block(of, 3)
                }
            };
            let before = beside(old) + &block("A", 1);
            let after = beside(new) + &block("B", 2);
            let difference = blocks(&before, &after);
            assert!(
                is_doubted(&difference),
                "{before} to {after}: {difference:#?}"
            );
        }
    }
    // A static's value is its own, whatever it began with.
    let difference = blocks("memory!(A, 1);", "memory!(B, 1);");
    assert!(is_doubted(&difference), "{difference:#?}");
}

#[test]
fn blocks_that_stay_are_no_doubt() {
    for made in ["function", "memory", "object"] {
        let block = |of: &str, number: u32| format!("{made}!({of}, {number});");
        let before = block("A", 1) + &block("B", 2);
        for after in [
            before.clone(),
            block("A", 1) + &block("B", 5),
            format!("pub fn more() -> u32 {{ 5 }} {before}"),
        ] {
            let difference = blocks(&before, &after);
            assert_eq!(
                kinds(&difference),
                BTreeSet::new(),
                "{after}: {difference:#?}"
            );
        }
    }
}

#[test]
fn what_is_only_called_may_change_places() {
    let (a, b) = ("called!(A, 1);", "called!(B, 2);");
    let difference = blocks(&format!("{a}{b}"), &format!("{b}{a}"));
    assert_eq!(difference.exchanged, Vec::<Doubt>::new());
}

#[test]
fn several_new_contents_are_left_to_the_text() {
    // Nothing that is alone with its path refers to one of them only.
    let text = |one: u32, two: u32| {
        format!(
            "pub fn all() -> [fn() -> u32; 2] {{
                let one: fn() -> u32 = {{ fn part() -> u32 {{ {one} }} part }};
                let two: fn() -> u32 = {{ fn part() -> u32 {{ {two} }} part }};
                [one, two]
            }}"
        )
    };
    let doubts = |old: (u32, u32), new: (u32, u32)| {
        let difference = compare(&text(old.0, old.1), &text(new.0, new.1), &[]);
        kinds(&difference)
    };
    assert_eq!(doubts((1, 2), (1, 2)), BTreeSet::new());
    assert_eq!(doubts((1, 2), (1, 3)), BTreeSet::new());
    assert_eq!(doubts((1, 2), (3, 4)), BTreeSet::from([DoubtKind::Several]));
    assert_eq!(doubts((1, 2), (2, 1)), BTreeSet::from([DoubtKind::Moved]));
    assert_eq!(doubts((1, 2), (2, 3)), BTreeSet::from([DoubtKind::Moved]));
    assert_eq!(doubts((1, 1), (1, 1)), BTreeSet::from([DoubtKind::Alike]));
    assert_eq!(doubts((1, 1), (1, 2)), BTreeSet::from([DoubtKind::Alike]));
}

/// Random rows of blocks before and after. Whatever pair of functions the diff makes: either both belong to one type, or there is
/// a doubt.
#[test]
fn no_pair_is_of_two_items_without_a_doubt() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (mut patched, mut doubted) = (0, 0);
    for _ in 0..60 {
        let mut row = || -> Vec<(char, u64)> {
            let mut left = vec!['A', 'B', 'C', 'D'];
            let length = 2 + random(3);
            (0..length)
                .map(|_| {
                    let at = usize::try_from(random(left.len() as u64)).expect("a small number");
                    (left.remove(at), random(3))
                })
                .collect()
        };
        let before = row();
        // Half of them keep their order.
        let mut after = row();
        if after.first().is_some_and(|(_, number)| *number != 0) {
            after = before.clone();
            if let Some(last) = after.last_mut() {
                last.1 += 1;
            }
        }
        let text = |row: &[(char, u64)]| -> String {
            let block = |(of, number): &(char, u64)| format!("function!({of}, {number});");
            row.iter().map(block).collect()
        };
        let difference = blocks(&text(&before), &text(&after));
        if is_doubted(&difference) {
            doubted += 1;
            continue;
        }
        patched += 1;
        let mut pairs: Vec<(usize, usize)> = (0..before.len().min(after.len()))
            .map(|number| (number, number))
            .collect();
        for key in &difference.removed {
            let number = number_of_part(&key.name);
            pairs.retain(|(old, _)| Some(*old) != number);
        }
        for (old, new) in &difference.renamed {
            let (Some(old), Some(new)) = (number_of_part(&old.name), number_of_part(&new.name))
            else {
                continue;
            };
            pairs.retain(|(other, number)| *other != old && *number != new);
            pairs.push((old, new));
        }
        for (old, new) in pairs {
            // Functions that do the same may stand for each other.
            if before[old].1 == after[new].1 {
                continue;
            }
            assert_eq!(
                before[old].0, after[new].0,
                "{before:?} to {after:?}: {difference:#?}"
            );
        }
    }
    assert!(patched >= 10 && doubted >= 10, "{patched} and {doubted}");
}

/// Which of the blocks a function `part` stands in, and not the method that leads to it.
fn number_of_part(symbol: &str) -> Option<usize> {
    if crate::diff::pairing::canonical(symbol).contains('<') {
        return None;
    }
    let spelling = Spelling::read(symbol)?;
    let number = spelling.numbers.iter().find(|number| **number != 0);
    usize::try_from(number.copied().unwrap_or_default()).ok()
}
