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
