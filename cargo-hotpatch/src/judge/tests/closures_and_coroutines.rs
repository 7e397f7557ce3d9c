//! Closures and coroutines.

use super::*;

const TAKE: &str =
    "pub fn take<F: Fn(u32) -> u32 + 'static>(f: F) -> Box<dyn Fn(u32) -> u32> { Box::new(f) }";

#[test]
fn edited_in_place() {
    patches(&format!(
        "{TAKE} pub fn f(a: u32) -> u32 {{ take(move |x| x + a + @1=>>2@)(1) }}"
    ));
    patches(&format!(
        "{TAKE} pub fn f() -> u32 {{ take(|x| x + 5)(1) + take(|x| x + @1=>>2@)(1) }}"
    ));
}

#[test]
fn captures() {
    for text in [
        "pub fn f(a: u32, b: u32) -> u32 { take(move |x| x + a@=>> + b@)(1) }",
        "pub fn f(a: u32, b: u32) -> u32 { take(move |x| x + @a=>>b@)(1) }",
        "pub fn f(a: u32, b: u32) -> u32 { take(move |x| x@ + a=>>@)(1) }",
    ] {
        let cut = cuts(&codes::CLOSURE_CAPTURES, &format!("{TAKE} {text}"));
        let reasons = cut.refused("");
        assert!(
            reasons[0].message.contains("closure 0 of `case::f`"),
            "{reasons:?}"
        );
    }
}

#[test]
fn numbering() {
    patches(&format!(
        "{TAKE} pub fn f() -> u32 {{ take(|x| x + 1)(1) @=>>+ take(|x| x * 2)(1)@ }}"
    ));
    patches(&format!(
        "{TAKE} pub fn f() -> u32 {{ take(|x| x + 1)(1) @+ take(|x| x * 2)(1)=>>@ }}"
    ));
    cuts(
        &codes::CLOSURE_PAIRING,
        &format!("{TAKE} pub fn f() -> u32 {{ @=>>take(|x| x * 2)(1) +@ take(|x| x + 1)(1) }}"),
    );
    cuts(
        &codes::CLOSURE_PAIRING,
        &format!("{TAKE} pub fn f() -> u32 {{ @take(|x| x * 2)(1) +=>>@ take(|x| x + 1)(1) }}"),
    );
    cuts(
        &codes::CLOSURE_PAIRING,
        &format!(
            "{TAKE} pub fn f() -> u32 {{ take(|x| x @+ 1=>>* 2@)(1) - take(|x| x @* 2=>>+ 1@)(1) }}"
        ),
    );
    cuts(
        &codes::CLOSURE_PAIRING,
        &format!(
            "{TAKE} pub fn f() -> u32 {{ println!(\"{{}}\", @1=>>take(|x| x * 2)(1)@); take(|x| x + 1)(1) }}"
        ),
    );
}

#[test]
fn inside_of_a_static() {
    restarts(
        &codes::CLOSURE_PAIRING,
        "pub static T: [fn(u32) -> u32; 2] = [|x| x @+ 1=>>* 2@, |x| x @* 2=>>+ 1@]; pub fn f() -> u32 { T[0](1) }",
    );
}

#[test]
fn hidden_in_a_macro() {
    let text = |body: &str| {
        format!(
            "{TAKE} macro_rules! m {{ ($e:expr) => {{ take(move |x| x + $e)(1) }} }} pub fn f() -> u32 {{ {body} }}"
        )
    };
    patches(&text("m!(1) + @2=>>3@"));
    patches(&text("m!(@1=>>3@) + m!(2)"));
    cuts(&codes::CLOSURE_PAIRING, &text("@=>>m!(5) +@ m!(1) + m!(2)"));
    cuts(&codes::CLOSURE_PAIRING, &text("m!(@1=>>2@) + m!(@2=>>1@)"));
}

#[test]
fn how_a_closure_takes_its_captures() {
    // `FnOnce` in one build, `Fn` in the other, with equal captures; the only caller changed as well.
    let verdict = check(
        "pub fn f(s: String) -> usize { let c = move || s.len(); c() }",
        "pub fn f(s: String) -> usize { let c = move || { let t = s; t.len() }; c() }",
    );
    assert_eq!(codes_of(&verdict), [codes::ABI_DOUBT.id], "{verdict:#?}");
}

const RUN: &str =
    "pub fn run<F: Future<Output = u32>>(f: F) -> Box<F> { Box::new(f) } pub async fn other() {}";

#[test]
fn coroutines() {
    cuts(
        &codes::COROUTINE,
        &format!(
            "{RUN} pub async fn a(x: u32) -> u32 {{ other().await; x + @1=>>2@ }}  pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ),
    );
    cuts(
        &codes::COROUTINE,
        &format!(
            "{RUN} pub async fn a(x: u32) -> u32 {{ let s = [0_u8; 9]; @=>>other().await;@ s[0] as u32 }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ),
    );
    cuts(
        &codes::COROUTINE,
        &format!(
            "{RUN} pub fn f() {{ let mut b = Box::pin(async {{ other().await; @1=>>2@ }}); let _: std::task::Poll<u32> = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ),
    );
    patches(&format!(
        "{RUN} pub async fn a(x: u32) -> u32 {{ other().await; h(x) }} pub fn h(x: u32) -> u32 {{ x + @1=>>2@ }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
    ));
    // Its text is as before, and only a constant around it changed.
    patches(&format!(
        "const N: u32 = @1=>>2@; {RUN} pub async fn a(x: u32) -> u32 {{ other().await; x + N }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
    ));
    // Its text is as before, but what it calls returns something else.
    cuts(
        &codes::COROUTINE,
        &format!(
            "{RUN} pub async fn a(x: u32) -> u32 {{ other().await; h(x) as u32 }} pub fn h(x: u32) -> @u32=>>u64@ {{ x.into() }} pub fn f() {{ let mut b = Box::pin(a(1)); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ),
    );
    // Its text is as before, but a call in it now moves what it used to borrow.
    cuts(
        &codes::COROUTINE,
        &format!(
            "{RUN} pub struct S(String); impl S {{ pub fn eat(@&self=>>self@) -> u32 {{ 1 }} }} pub async fn a(s: S) -> u32 {{ let n = s.eat(); other().await; n }} pub fn f() {{ let mut b = Box::pin(a(S(String::new()))); let _ = b.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())); }}"
        ),
    );
}
