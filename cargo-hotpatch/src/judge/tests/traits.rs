//! Traits and vtables.

use super::*;

const REST: &str = "pub struct Q(pub u32); pub fn d(q: Q) -> Box<dyn T> { Box::new(q) } pub fn c(t: &dyn T) -> u32 { t.a() }";

#[test]
fn method_bodies() {
    patches(&format!(
        "pub trait T {{ fn a(&self) -> u32; }} impl T for Q {{ fn a(&self) -> u32 {{ self.0 + @1=>>2@ }} }} {REST}"
    ));
    patches(&format!(
        "pub trait T {{ fn a(&self) -> u32 {{ @1=>>2@ }} }} impl T for Q {{ }} {REST}"
    ));
}

#[test]
fn method_lists() {
    restarts(
        &codes::VTABLE,
        &format!(
            "pub trait T {{ fn a(&self) -> u32; @=>>fn b(&self) {{}}@ }} impl T for Q {{ fn a(&self) -> u32 {{ 1 }} }} {REST}"
        ),
    );
    restarts(
        &codes::VTABLE,
        &format!(
            "pub trait T {{ @fn a(&self) -> u32; fn b(&self) -> u32=>>fn b(&self) -> u32; fn a(&self) -> u32@; }} impl T for Q {{ fn a(&self) -> u32 {{ 1 }} fn b(&self) -> u32 {{ 2 }} }} {REST}"
        ),
    );
    restarts(
        &codes::VTABLE,
        &format!(
            "pub trait S {{ fn s(&self); }} impl S for Q {{ fn s(&self) {{}} }} pub trait T@=>>: S@ {{ fn a(&self) -> u32; }} impl T for Q {{ fn a(&self) -> u32 {{ 1 }} }} {REST}"
        ),
    );
    // No object of it exists.
    patches(
        "pub trait T { fn a(&self) -> u32; @=>>fn b(&self) {}@ } pub struct Q; impl T for Q { fn a(&self) -> u32 { @1=>>2@ } } pub fn c(q: &Q) -> u32 { q.a() }",
    );
}

#[test]
fn slots() {
    // The same path in the same slot, but another function: fine if the diff has paired them.
    let (old, new) = both(&format!(
        "pub trait T {{ fn a(&self) -> u32 {{ 1 }} }} impl T for Q {{ @=>>fn a(&self) -> u32 {{ 2 }}@ }} {REST}"
    ));
    must_patch(&old, &new);
    let verdict = judge_edit(&Edit {
        without_paths: true,
        ..Edit::plain(&old, &new)
    });
    assert_eq!(codes_of(&verdict).first(), Some(&codes::VTABLE.id));
    restarts(
        &codes::VTABLE,
        &format!(
            "pub trait T {{ fn a(&self) -> u32 {{ 1 }} }} impl T for Q {{ }} @=>>impl Drop for Q {{ fn drop(&mut self) {{}} }}@ {REST}"
        ),
    );
}

#[test]
fn function_items_are_types() {
    let text = |made: &str| {
        format!(
            "pub trait T {{ fn a(&self) -> u32; }} pub fn one() -> u32 {{ 1 }} pub fn two() -> u32 {{ 2 }} pub struct W<F>(F); \
             impl<F: Fn() -> u32> T for W<F> {{ fn a(&self) -> u32 {{ (self.0)() }} }} \
             pub fn d() -> Box<dyn T> {{ {made} }} pub fn c(t: &dyn T) -> u32 {{ t.a() }}"
        )
    };
    // Another type of the same name: objects of the old one keep their vtable.
    patches(&text("Box::new(W(@one=>>two@))"));
    // The same type, by the same name, with another destructor; the function item only makes the name vague.
    restarts(
        &codes::VTABLE,
        &format!(
            "{} @=>>impl<F> Drop for W<F> {{ fn drop(&mut self) {{}} }}@",
            text("Box::new(W(one))")
        ),
    );
    restarts(
        &codes::VTABLE,
        &text("Box::new(W(one))").replace(
            "fn a(&self) -> u32;",
            "fn a(&self) -> u32; @=>>fn b(&self) {}@",
        ),
    );
}

#[test]
fn signatures_in_vtables() {
    restarts(
        &codes::VTABLE,
        "pub trait T { fn a(&self, x: @u32=>>u64@) -> u32; } impl T for Q { fn a(&self, x: @u32=>>u64@) -> u32 { x as u32 } } pub struct Q(pub u32); pub fn d(q: Q) -> Box<dyn T> { Box::new(q) } pub fn c(t: &dyn T) -> u32 { t.a(1) }",
    );
    // Through a subtrait.
    restarts(
        &codes::VTABLE,
        "pub trait S { fn a(&self, x: @u32=>>u64@) -> u32; } pub trait T: S {} impl T for Q {} impl S for Q { fn a(&self, x: @u32=>>u64@) -> u32 { x as u32 } } pub struct Q(pub u32); pub fn d(q: Q) -> Box<dyn T> { Box::new(q) } pub fn c(t: &dyn T) -> u32 { t.a(1) }",
    );
}

#[test]
fn a_slot_is_a_witness() {
    // Nobody refers to the method but the vtable, and its parameter's type hides behind a renamed pattern.
    let (old, new) = both(&format!(
        "pub trait T {{ fn a(&self) -> u32; }} impl T for Q {{ fn a(&self) -> u32 {{ self.0 + @1=>>2@ }} }} {REST}"
    ));
    let verdict = judge_edit(&Edit {
        without_witness: true,
        ..Edit::plain(&old, &new)
    });
    assert_eq!(verdict.restart, []);
}
