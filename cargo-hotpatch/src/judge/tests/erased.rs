//! Values behind casts and `dyn Any`.

use super::*;

#[test]
fn a_cast_to_another_type_may_meet_old_values() {
    let verdict = restarts(
        &codes::TYPE_DOUBT,
        "pub struct @A=>>B@ { pub @x: u32=>>y: u64@ }
         pub fn f(p: *mut u8) -> u32 { unsafe { (*(p as *mut @A)).x=>>B)).y as u32@ } } pub fn g(p: *mut u8) -> u32 { f(p) }",
    );
    assert!(
        verdict.restart[0].message.contains("`f` takes memory")
            && verdict.restart[0].message.contains("for `B`"),
        "{:?}",
        verdict.restart
    );
    // Both types are as they were.
    restarts(
        &codes::TYPE_DOUBT,
        "pub struct A(u32); pub struct B(u64);
         pub fn f(p: *mut u8) -> u64 { unsafe { (*p.cast::<@A>()).0.into()=>>B>()).0@ } } pub fn g(p: *mut u8) -> u64 { f(p) }",
    );
    // The type is only known from its surroundings.
    restarts(
        &codes::TYPE_DOUBT,
        "pub struct A(u32); pub struct B(u64);
         pub fn f(p: *mut u8) -> u64 { let it: &mut @A=>>B@ = unsafe { &mut *p.cast() }; @it.0.into()=>>it.0@ } pub fn g(p: *mut u8) -> u64 { f(p) }",
    );
    restarts(
        &codes::TYPE_DOUBT,
        "pub struct A(u32); pub struct B(u64); type Data = @A=>>B@;
         pub fn f(p: *mut u8) -> u64 { unsafe { (*p.cast::<Data>()).0 as u64 } } pub fn g(p: *mut u8) -> u64 { f(p) }",
    );
}

#[test]
fn casts_that_stay_are_no_doubt() {
    patches(
        "pub struct A(u32);
         pub fn f(p: *mut u8) -> u32 { unsafe { (*(p as *mut A)).0 + @1=>>2@ } } pub fn g(p: *mut u8) -> u32 { f(p) }",
    );
    // One more, and another spelling of the same.
    patches(
        "pub struct A(u32); pub struct B(u8);
         pub fn f(p: *mut u8) -> u32 { unsafe { (*@(p as *mut A)).0=>>p.cast::<A>()).0 + u32::from((*(p as *const B)).0)@ } } pub fn g(p: *mut u8) -> u32 { f(p) }",
    );
    // Nothing raw about it.
    patches(
        "pub struct A(u32); pub struct B(u8);
         pub fn f(p: u8) -> u32 { @A(p.into()).0=>>B(p).0.into()@ } pub fn g(p: u8) -> u32 { f(p) }",
    );
}

#[test]
fn a_type_that_values_are_found_by_is_exchanged() {
    let text = "use std::any::Any; pub struct @A=>>B@(u32);
         pub fn make() -> Box<dyn Any> { Box::new(@A=>>B@(1)) }
         pub fn f(it: &dyn Any) -> u32 { it.downcast_ref::<@A=>>B@>().map_or(0, |it| it.0) } pub fn g(it: &dyn Any) -> u32 { f(it) + make().is::<u8>() as u32 }";
    let (old, new) = both(text);
    let verdict = check(&old, &new);
    assert!(
        verdict
            .restart
            .iter()
            .any(|reason| reason.code == codes::TYPE_DOUBT.id
                && reason.message.contains("`case::A` is gone")),
        "{:?}",
        verdict.restart
    );
    // One more type to be found by.
    patches(
        "use std::any::Any; pub struct A(u32); @=>>pub struct B(u8);@
         pub fn f(it: &dyn Any) -> u32 { it.downcast_ref::<A>().map_or(0, |it| it.0) @=>>+ u32::from(it.is::<B>())@ } pub fn g(it: &dyn Any) -> u32 { f(it) }",
    );
}

const KEPT: &str = "use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    pub mod x { pub struct A { pub n: u32 } } pub mod y { pub struct A { pub m: [u64; 2], pub n: u32 } }
    pub struct B { pub l: u64, pub n: u32 } pub static KEPT: AtomicUsize = AtomicUsize::new(0); ";

#[track_caller]
fn doubts(text: &str) -> Verdict {
    restarts(&codes::TYPE_DOUBT, &format!("{KEPT} {text}"))
}

#[track_caller]
fn keeps(text: &str) {
    patches(&format!("{KEPT} {text}"));
}

#[test]
fn what_a_generic_reader_is_asked_for_shows_in_its_symbol() {
    let readers = [
        "pub fn view<T>() -> &'static T { unsafe { &*(KEPT.load(Relaxed) as *const T) } }",
        "pub fn view<T>() -> &'static T { let at = KEPT.load(Relaxed); inner::<T>(at) } fn inner<T>(at: usize) -> &'static T { unsafe { &*(at as *const T) } }",
        "pub trait View { fn look() -> &'static Self; } impl<T> View for T { fn look() -> &'static T { unsafe { &*(KEPT.load(Relaxed) as *const T) } } } pub fn view<T>() -> &'static T { T::look() }",
    ];
    for reader in readers {
        // Both are asked for elsewhere as well.
        let others = "pub fn h() -> u32 { view::<x::A>().n + view::<B>().n }";
        let verdict = doubts(&format!(
            "{reader} pub fn f() -> u32 {{ view::<@x::A=>>B@>().n }} pub fn g() -> u32 {{ f() }} {others}"
        ));
        assert!(
            verdict.restart[0]
                .message
                .contains("`case::f` takes memory for `case::B`"),
            "{:?}",
            verdict.restart
        );
        keeps(&format!(
            "{reader} pub fn f() -> u32 {{ view::<x::A>().n @=>>+ view::<B>().n@ }} pub fn g() -> u32 {{ f() }} {others}"
        ));
    }
    // By value, by a closure, and as its own type.
    for text in [
        "pub fn get<T: Copy>() -> T { unsafe { *(KEPT.load(Relaxed) as *const T) } } pub fn f() -> u32 { get::<@u32=>>u64@>() as u32 }",
        "pub fn with<T, R>(f: impl FnOnce(&T) -> R) -> R { f(unsafe { &*(KEPT.load(Relaxed) as *const T) }) } pub fn f() -> u32 { with(|it: &@x::A=>>B@| it.n) }",
        "impl x::A { pub fn open(at: usize) -> &'static x::A { unsafe { &*(at as *const x::A) } } }
         impl B { pub fn open(at: usize) -> &'static B { unsafe { &*(at as *const B) } } }
         pub fn h() -> u32 { x::A::open(1).n + B::open(1).n } pub fn f() -> u32 { @x::A=>>B@::open(KEPT.load(Relaxed)).n }",
    ] {
        doubts(&format!("{text} pub fn g() -> u32 {{ f() }}"));
    }
    // What makes new values obtains none.
    for text in [
        "pub fn make<T: Default>() -> T { T::default() } pub fn f() -> u32 { make::<@u32=>>u64@>() as u32 }",
        "pub fn f() -> usize { Vec::<@x::A=>>B@>::new().len() }",
        "pub fn f() -> u32 { \"1\".parse::<@u32=>>u64@>().map_or(0, |n| n as u32) }",
        "pub fn first<T>(list: &[T]) -> &T { &list[0] } pub fn h(a: &[x::A], b: &[B]) -> u32 { first(a).n + first(b).n } pub fn f(a: &[x::A], b: &[B]) -> u32 { first(@a=>>b@).n }
         pub fn g2(a: &[x::A], b: &[B]) -> u32 { f(a, b) }",
    ] {
        let text = if text.contains("g2") { text.to_owned() } else { format!("{text} pub fn g() -> usize {{ f() as usize }}") };
        keeps(&text);
    }
}

#[test]
fn what_the_standard_library_takes_memory_for() {
    for call in [
        "Box::from_raw(at as *mut _) : Box<@x::A=>>B@>",
        "&*std::ptr::with_exposed_provenance::<@x::A=>>B@>(at as usize) : &_",
        "&std::slice::from_raw_parts(at.cast::<@x::A=>>B@>(), 1)[0] : &_",
        "std::ptr::read(at.cast()) : @x::A=>>B@",
        "&*at.cast() : &@x::A=>>B@",
        "std::mem::transmute_copy(&at) : &@x::A=>>B@",
    ] {
        let (value, ty) = call.rsplit_once(" : ").expect("a type");
        doubts(&format!(
            "pub fn f() -> u32 {{ let at = KEPT.load(Relaxed) as *mut u8; let it: {ty} = unsafe {{ {value} }}; it.n }} pub fn g() -> u32 {{ f() }}"
        ));
    }
    doubts(
        "use std::alloc::Layout; pub fn f() { unsafe { std::alloc::dealloc(KEPT.load(Relaxed) as *mut u8, Layout::new::<@x::A=>>B@>()) } } pub fn g() { f() }",
    );
    // Another function than before takes it.
    doubts(
        "@pub fn f() -> u32 { unsafe { std::ptr::with_exposed_provenance::<x::A>(KEPT.load(Relaxed)).read().n } }=>>fn fresh() -> u32 { unsafe { std::ptr::with_exposed_provenance::<B>(KEPT.load(Relaxed)).read().n } }@
         pub fn g() -> u32 { @f=>>fresh@() } pub fn h() -> u32 { g() }",
    );
    doubts(
        "use std::any::Any; pub fn h(it: &dyn Any) -> bool { it.is::<x::A>() || it.is::<B>() } pub fn f(it: &dyn Any) -> u32 { it.downcast_ref::<@x::A=>>B@>().map_or(0, |it| it.n) } pub fn g(it: &dyn Any) -> u32 { f(it) }",
    );
}

#[test]
fn names_in_casts_that_mean_something_else() {
    for text in [
        "use @x=>>y@::A; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const A)).n } }",
        "use @x=>>y@::A as Data; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const Data)).n } }",
        "pub fn f() -> u32 { use @x=>>y@::A; unsafe { (*(KEPT.load(Relaxed) as *const A)).n } }",
        "use @x=>>y@::*; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const A)).n } }",
        "type Outer = Inner; type Inner = @x::A=>>B@; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const Outer)).n } }",
        "const N: usize = M + 1; const M: usize = @1=>>2@; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const [u32; N])).iter().sum() } }",
        "pub type Data = @x::A=>>B@; fn get() -> *const Data { KEPT.load(Relaxed) as *const Data } pub fn f() -> u32 { unsafe { (*get()).n } }",
        "type Data = @*const x::A=>>*const B@; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as Data)).n } }",
        "const fn n() -> usize { @1=>>2@ } pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const [u32; n()])).len() as u32 } }",
    ] {
        doubts(&format!("{text} pub fn g() -> u32 {{ f() }}"));
    }
    // The edited names have nothing to do with the cast.
    for text in [
        "const LIMIT: u32 = @1=>>2@; pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const B)).n + LIMIT } }",
        "@=>>use std::fmt::Write;@ pub fn f() -> u32 { unsafe { (*(KEPT.load(Relaxed) as *const B)).n + @1=>>2@ } }",
    ] {
        keeps(&format!("{text} pub fn g() -> u32 {{ f() }}"));
    }
}

#[test]
fn functions_behind_numbers() {
    for text in [
        "let f: @fn(u32) -> u32=>>fn(u32) -> i8@ = unsafe { std::mem::transmute(KEPT.load(Relaxed)) }; f(1) as u32",
        "unsafe { std::mem::transmute::<usize, @fn(u32) -> u32=>>fn(u32) -> i8@>(KEPT.load(Relaxed))(1) as u32 }",
        "unsafe { std::mem::transmute::<_, Handler>(KEPT.load(Relaxed))(1) as u32 }",
    ] {
        doubts(&format!(
            "type Handler = @fn(u32) -> u32=>>fn(u32) -> i8@; pub fn f() -> u32 {{ {text} }} pub fn g() -> u32 {{ f() }}"
        ));
    }
}

#[test]
fn casts_that_a_macro_hides() {
    let text = "macro_rules! at { ($t:ty) => { unsafe { &*(KEPT.load(Relaxed) as *const $t) } } }";
    doubts(&format!(
        "{text} pub fn f() -> u32 {{ at!(@x::A=>>B@).n }} pub fn g() -> u32 {{ f() }} pub fn h(a: &x::A, b: &B) {{}}"
    ));
    doubts(
        "macro_rules! at { () => { unsafe { &*(KEPT.load(Relaxed) as *const @x::A=>>B@) } } } pub fn f() -> u32 { at!().n } pub fn g() -> u32 { f() }",
    );
    keeps(&format!(
        "{text} pub fn f() -> u32 {{ at!(B).n + @1=>>2@ }} pub fn g() -> u32 {{ f() }} pub fn h(a: &x::A, b: &B) {{}}"
    ));
}
