//! `impl` blocks whose numbers move.

use super::*;

const TRAIT: &str =
    "pub trait T { fn a(&self) -> u32; }\npub struct Q(u32);\npub struct R;\npub struct P;\n";
const Q: &str = "impl T for Q { fn a(&self) -> u32 { let b = self.0; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b); c(1) } }\n";
const R: &str = "impl T for R { fn a(&self) -> u32 { let c: Box<dyn Fn(u32) -> u32> = Box::new(|x| x + 2); c(1) } }\n";
const P: &str = "impl T for P { fn a(&self) -> u32 { let b = 7_u32; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b); c(1) } }\n";

#[test]
fn a_block_in_front_gives_the_others_new_numbers() {
    must_patch(&format!("{TRAIT}{Q}{R}"), &format!("{TRAIT}{P}{Q}{R}"));
    must_patch(&format!("{TRAIT}{P}{Q}{R}"), &format!("{TRAIT}{Q}{R}"));
    must_patch(&format!("{TRAIT}{Q}{R}"), &format!("{TRAIT}{R}{Q}"));
}

#[test]
fn changed_captures_do_not_hide_behind_the_new_numbers() {
    // P's closure takes over the number and the looks of Q's, whose own now holds something else.
    let wide = Q
        .replace("self.0", "self.0 as u64")
        .replace("x + b", "x + b as u32");
    must_cut(
        &codes::CLOSURE_CAPTURES,
        &format!("{TRAIT}{Q}"),
        &format!("{TRAIT}{P}{wide}"),
    );
}

#[test]
fn blocks_that_a_macro_makes_are_told_apart_by_their_symbols() {
    let text = |numbers: &str| {
        format!(
            "{TRAIT}macro_rules! m {{ ($t:ty, $b:expr) => {{ impl T for $t {{ fn a(&self) -> u32 {{ let b = $b; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b as u32); c(1) }} }} }} }}\n{numbers}"
        )
    };
    must_patch(&text("m!(Q, 1_u32);"), &text("m!(P, 1_u32); m!(Q, 1_u32);"));
    must_cut(
        &codes::CLOSURE_CAPTURES,
        &text("m!(Q, 1_u32);"),
        &text("m!(P, 1_u32); m!(Q, 1_u64);"),
    );
}

#[test]
fn a_macro_used_for_another_type() {
    let text = |numbers: &str| {
        format!(
            "{TRAIT}macro_rules! m {{ ($t:ty, $b:expr) => {{ impl T for $t {{ fn a(&self) -> u32 {{ let b = $b; let c: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + b as u32); c(1) }} }} }} }}\n{numbers}"
        )
    };
    must_patch(&text("m!(Q, 1_u32);"), &text("m!(P, 1_u32);"));
}

#[test]
fn local_types_that_change_places() {
    must_restart(
        &codes::TYPE_DOUBT,
        "pub fn f() -> u64 { { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a; } { struct L { b: u64 } let l = std::hint::black_box(L { b: 1 }); l.b } }",
        "pub fn f() -> u64 { { struct L { b: u64 } let l = std::hint::black_box(L { b: 1 }); l.b; } { struct L { a: u8 } let l = std::hint::black_box(L { a: 1 }); l.a as u64 } }",
    );
}
